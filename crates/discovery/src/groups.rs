//! Lists of groups as files and servers have them:
//! `[{"targets": ["host:port"], "labels": {"name": "value"}}]`.

use std::collections::BTreeMap;

use headwater_config::{parse_yaml, render_human};
use headwater_core::config::{
    Config, DecodeContext, Diagnostics, Origin, Source, SourceKind, Value,
};
use headwater_prometheus::scrape_config::StaticConfig;
use headwater_prometheus::{Labels, Text};
use serde::Deserialize;
use thiserror::Error;

use crate::TargetGroup;

/// Why a text is no list of groups.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct InvalidGroups(String);

/// A group in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonGroup {
    #[serde(default)]
    targets: Option<Vec<String>>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

/// Reads a list in JSON. The groups are known by `source` and their number, and each has the label
/// `meta` with the value `source`.
///
/// # Errors
/// [`InvalidGroups`] if it is not one; nothing of it counts then.
pub fn groups_from_json(
    text: &[u8],
    source: &str,
    meta: &str,
) -> Result<Vec<TargetGroup>, InvalidGroups> {
    let list: Option<Vec<Option<JsonGroup>>> =
        serde_json::from_slice(text).map_err(|error| InvalidGroups(error.to_string()))?;
    let mut groups = Vec::new();
    for (index, group) in list.unwrap_or_default().into_iter().enumerate() {
        let group = group.ok_or_else(|| InvalidGroups("nil target group item found".to_owned()))?;
        let labels = group.labels.unwrap_or_default();
        let targets = group.targets.unwrap_or_default();
        let labels = labels.iter().map(|(name, value)| (&**name, &**value));
        let targets = targets.iter().map(String::as_str);
        groups.push(made((source, meta, index), targets, labels)?);
    }
    Ok(groups)
}

/// As [`groups_from_json`], in YAML.
///
/// # Errors
/// As [`groups_from_json`]; the message shows the place.
pub fn groups_from_yaml(
    text: &str,
    source: &str,
    meta: &str,
) -> Result<Vec<TargetGroup>, InvalidGroups> {
    let place = Source::new(SourceKind::File, source, text);
    let mut diagnostics = Diagnostics::new();
    let node = parse_yaml(&place, &mut diagnostics).unwrap_or_default();
    if let Value::Seq(items) = &node.value
        && items.iter().any(|item| item.is_null())
    {
        return Err(InvalidGroups("nil target group item found".to_owned()));
    }
    let mut list = Vec::<StaticConfig>::new();
    let origin = Origin::Default;
    list.decode(
        &node,
        &mut DecodeContext::new(&mut diagnostics, "", &origin),
    );
    if diagnostics.has_errors() {
        return Err(InvalidGroups(render_human(&diagnostics, false)));
    }
    let groups = list.iter().enumerate().map(|(index, group)| {
        let labels = group.labels.iter().map(|(name, value)| (name, &**value));
        let targets = group.targets.iter().map(Text::as_str);
        made((source, meta, index), targets, labels)
    });
    groups.collect()
}

fn made<'a>(
    (source, meta, index): (&str, &str, usize),
    targets: impl Iterator<Item = &'a str>,
    labels: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<TargetGroup, InvalidGroups> {
    let mut all = Labels::new();
    for (name, value) in labels {
        if name.is_empty() {
            return Err(InvalidGroups(format!("{name:?} is not a valid label name")));
        }
        all.set(name, value);
    }
    all.set(meta, source);
    let target = |address| [("__address__", address)].into_iter().collect();
    Ok(TargetGroup {
        source: format!("{source}:{index}").into(),
        targets: targets.map(target).collect(),
        labels: all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"[
        {"targets": ["a:1", "b:2"], "labels": {"env": "prod", "none": ""}},
        {"targets": [], "labels": null},
        {"labels": {}}
    ]"#;

    #[test]
    fn json_and_yaml_say_the_same() {
        let json = groups_from_json(JSON.as_bytes(), "file", "__meta_filepath").unwrap();
        assert_eq!(json.len(), 3);
        assert_eq!(&*json[1].source, "file:1");
        assert_eq!(
            format!("{:?}", json[0].labels),
            r#"{__meta_filepath="file", env="prod"}"#
        );
        assert_eq!(
            format!("{:?}", json[0].targets),
            r#"[{__address__="a:1"}, {__address__="b:2"}]"#
        );
        let yaml = groups_from_yaml(JSON, "file", "__meta_filepath").unwrap();
        assert_eq!(json, yaml);
        let yaml = "- targets: ['a:1', 'b:2']\n  labels: {env: prod}\n- targets: []\n- labels:\n";
        assert_eq!(
            groups_from_yaml(yaml, "file", "__meta_filepath").unwrap(),
            json
        );
    }

    #[test]
    fn nothing_is_an_empty_list() {
        assert_eq!(groups_from_json(b"[]", "x", "m").unwrap(), []);
        assert_eq!(groups_from_json(b"null", "x", "m").unwrap(), []);
        assert_eq!(groups_from_yaml("", "x", "m").unwrap(), []);
    }

    #[test]
    fn garbage_is_refused_as_a_whole() {
        for text in [
            "",
            "{}",
            "[{\"targets\": [1]}]",
            "[{\"targets\": [\"a\"], \"lables\": {}}]",
            "[null]",
            "[{\"targets\": [\"a\"]}",
            "[{\"targets\": [\"a\"], \"labels\": {\"\": \"x\"}}]",
            "<html>",
        ] {
            assert!(
                groups_from_json(text.as_bytes(), "x", "m").is_err(),
                "{text}"
            );
        }
        for text in [
            "{}",
            "a: b",
            "- targets: a",
            "- target: [a]",
            "-",
            "- [",
            "x",
        ] {
            assert!(groups_from_yaml(text, "x", "m").is_err(), "{text}");
        }
    }
}
