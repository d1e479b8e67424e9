//! Label sets: what names a series or a target.

use std::fmt;

/// A label: a name and a value, both any UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// The name, for example `job`.
    pub name: Box<str>,
    /// The value. Never empty inside of a [`Labels`].
    pub value: Box<str>,
}

/// Labels in the order of their names, each name once. An empty value is the same as no label, as in
/// Prometheus's data model.
///
/// Meant for targets and for series when they are first seen; what happens for every sample works on
/// encoded bytes instead.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Vec<Label>);

impl Labels {
    /// No labels.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of a label, or the empty string.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.find(name).map_or("", |at| &self.0[at].value)
    }

    /// Whether there is a label of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: &str, value: &str) {
        match (self.find(name), value.is_empty()) {
            (Ok(at), true) => {
                self.0.remove(at);
            }
            (Ok(at), false) => self.0[at].value = value.into(),
            (Err(_), true) => {}
            (Err(at), false) => self.0.insert(
                at,
                Label {
                    name: name.into(),
                    value: value.into(),
                },
            ),
        }
    }

    /// Sets a label unless there is one of that name.
    pub fn set_default(&mut self, name: &str, value: &str) {
        if !self.contains(name) {
            self.set(name, value);
        }
    }

    /// Removes a label and says whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.find(name).map(|at| self.0.remove(at)).is_ok()
    }

    /// Keeps the labels that `keep` answers `true` for; it is given name and value.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) {
        self.0.retain(|label| keep(&label.name, &label.value));
    }

    /// Name and value of each label, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + '_ {
        self.0.iter().map(|label| (&*label.name, &*label.value))
    }

    /// How many labels there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|label| (*label.name).cmp(name))
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(labels: I) -> Self {
        let mut all = Self::new();
        all.extend(labels);
        all
    }
}

impl<N: AsRef<str>, V: AsRef<str>> Extend<(N, V)> for Labels {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, labels: I) {
        for (name, value) in labels {
            self.set(name.as_ref(), value.as_ref());
        }
    }
}

/// As Prometheus writes them: `{job="node", instance="localhost:9100"}`.
impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::Labels;

    #[test]
    fn labels_are_in_order_and_unique() {
        let labels: Labels = [("job", "a"), ("instance", "b"), ("job", "c")]
            .into_iter()
            .collect();
        assert_eq!(
            labels.iter().collect::<Vec<_>>(),
            [("instance", "b"), ("job", "c")]
        );
        assert_eq!(format!("{labels:?}"), r#"{instance="b", job="c"}"#);
    }

    #[test]
    fn an_empty_value_is_no_label() {
        let mut labels: Labels = [("job", "a"), ("env", "")].into_iter().collect();
        assert!(!labels.contains("env"));
        labels.set("job", "");
        assert!(labels.is_empty());
        assert_eq!(labels.get("job"), "");
    }

    #[test]
    fn a_default_does_not_replace() {
        let mut labels: Labels = [("job", "a")].into_iter().collect();
        labels.set_default("job", "b");
        labels.set_default("instance", "c");
        assert!(labels.remove("instance"));
        assert!(!labels.remove("instance"));
        assert_eq!(labels.get("job"), "a");
    }
}
