//! Label and field selectors.

use serde_json::Value;

/// What a request asks for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) namespace: Option<String>,
    pub(super) label: String,
    pub(super) field: String,
}

impl Wanted {
    pub(super) fn matches(&self, object: &Value) -> bool {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        let here = self.namespace.as_deref().is_none_or(|one| one == namespace);
        let label = |name: &str| object["metadata"]["labels"][name].as_str();
        let field = |path: &str| {
            let found = path.split('.').fold(object, |value, name| &value[name]);
            Some(found.as_str().unwrap_or_default())
        };
        here && requirements(&self.label).all(|one| holds(one, label))
            && requirements(&self.field).all(|one| holds(one, field))
    }
}

/// The parts between commas that are in no parentheses.
fn requirements(selector: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    let parts = selector.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

fn holds<'a>(requirement: &str, value: impl Fn(&str) -> Option<&'a str>) -> bool {
    let set = |list: &str, name: &str| {
        let list = list.trim().trim_start_matches('(').trim_end_matches(')');
        let wanted = value(name.trim());
        list.split(',').any(|one| Some(one.trim()) == wanted)
    };
    if let Some((name, list)) = requirement.split_once(" notin ") {
        !set(list, name)
    } else if let Some((name, list)) = requirement.split_once(" in ") {
        set(list, name)
    } else if let Some((name, unwanted)) = requirement.split_once("!=") {
        value(name.trim()) != Some(unwanted.trim())
    } else if let Some((name, wanted)) = requirement.split_once('=') {
        value(name.trim()) == Some(wanted.trim_start_matches('=').trim())
    } else if let Some(name) = requirement.strip_prefix('!') {
        value(name.trim()).is_none()
    } else {
        value(requirement).is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Wanted;

    #[test]
    fn selectors_select() {
        let object = json!({
            "metadata": {"name": "p", "namespace": "n", "labels": {"app": "web", "tier": "front"}},
            "spec": {"nodeName": "one"},
        });
        for (label, field, expected) in [
            ("", "", true),
            ("app=web", "", true),
            ("app==web,tier!=back", "", true),
            ("app in (a, web),tier", "spec.nodeName=one", true),
            ("app notin (web)", "", false),
            ("!app", "", false),
            ("!zone", "metadata.name!=p", false),
            ("zone", "", false),
        ] {
            let wanted = Wanted {
                namespace: None,
                label: label.to_owned(),
                field: field.to_owned(),
            };
            assert_eq!(wanted.matches(&object), expected, "{label} {field}");
        }
    }
}
