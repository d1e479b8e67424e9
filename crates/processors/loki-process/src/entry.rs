//! The entry that stages work on.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::value::Value;

/// Text that is a slice of the request or of the configuration, or of its own.
pub(crate) type Text<'a> = Cow<'a, str>;

/// One label: its value now, and the value that the extracted map was given at the beginning of
/// the pipeline.
#[derive(Debug, Clone, PartialEq)]
struct Slot<'a> {
    name: Text<'a>,
    now: Option<Text<'a>>,
    began: Option<Text<'a>>,
}

/// One log entry. Everything it holds is a slice of the request or of the configuration until a
/// stage has to make something new.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry<'a> {
    /// When it happened, in nanoseconds since 1970.
    pub(crate) timestamp: i64,
    /// The line.
    pub(crate) line: Text<'a>,
    /// Structured metadata: names once each, in order.
    pub(crate) metadata: Vec<(Text<'a>, Text<'a>)>,
    /// The fields of the record that stages do not see, as they came.
    pub(crate) rest: Cow<'a, [u8]>,
    labels: Vec<Slot<'a>>,
    /// What stages have extracted; `None` was there at the beginning and is deleted. Behind it,
    /// the labels of the beginning.
    extracted: Vec<(Text<'a>, Option<Value<'a>>)>,
}

impl<'a> Entry<'a> {
    /// Makes this an entry without labels; the room for them is used again.
    pub(crate) fn reset(&mut self, timestamp: i64, line: Text<'a>, rest: Cow<'a, [u8]>) {
        self.timestamp = timestamp;
        self.line = line;
        self.rest = rest;
        self.metadata.clear();
        self.labels.clear();
        self.extracted.clear();
    }

    /// Adds a label that is known not to be there, before the first stage.
    pub(crate) fn push_label(&mut self, name: Text<'a>, value: Text<'a>) {
        self.labels.push(Slot {
            name,
            began: Some(value.clone()),
            now: Some(value),
        });
    }

    /// Sets a label before the first stage.
    pub(crate) fn begin_label(&mut self, name: Text<'a>, value: Text<'a>) {
        match self.labels.iter_mut().find(|slot| slot.name == name) {
            Some(slot) => {
                slot.began = Some(value.clone());
                slot.now = Some(value);
            }
            None => self.push_label(name, value),
        }
    }

    /// Copies the labels of now into the extracted map, as a nested pipeline does when it begins.
    pub(crate) fn begin_nested(&mut self) {
        for slot in &mut self.labels {
            if let Some(now) = &slot.now {
                slot.began = Some(now.clone());
                let name = &slot.name;
                self.extracted.retain(|(known, _)| known != name);
            }
        }
    }

    /// The value of a label.
    pub(crate) fn label(&self, name: &str) -> Option<&Text<'a>> {
        self.labels
            .iter()
            .find(|slot| slot.name == name)
            .and_then(|slot| slot.now.as_ref())
    }

    /// Sets a label.
    pub(crate) fn set_label(&mut self, name: impl Into<Text<'a>>, value: impl Into<Text<'a>>) {
        let (name, value) = (name.into(), value.into());
        match self.labels.iter_mut().find(|slot| slot.name == name) {
            Some(slot) => slot.now = Some(value),
            None => self.labels.push(Slot {
                name,
                now: Some(value),
                began: None,
            }),
        }
    }

    /// Takes a label away.
    pub(crate) fn remove_label(&mut self, name: &str) -> Option<Text<'a>> {
        let slot = self.labels.iter_mut().find(|slot| slot.name == name)?;
        slot.now.take()
    }

    /// Keeps the labels that `keep` says yes to.
    pub(crate) fn retain_labels(&mut self, mut keep: impl FnMut(&str) -> bool) {
        for slot in &mut self.labels {
            if slot.now.is_some() && !keep(&slot.name) {
                slot.now = None;
            }
        }
    }

    /// The labels.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&Text<'a>, &Text<'a>)> {
        let present = |slot: &'_ Slot<'a>| slot.now.is_some();
        self.labels
            .iter()
            .filter(move |slot| present(slot))
            .filter_map(|slot| Some((&slot.name, slot.now.as_ref()?)))
    }

    /// Each label's value to change it; what `change` answers becomes the value.
    pub(crate) fn change_labels(&mut self, mut change: impl FnMut(&str, &str) -> Option<String>) {
        for slot in &mut self.labels {
            if let Some(now) = &mut slot.now
                && let Some(changed) = change(&slot.name, now)
            {
                *now = Cow::Owned(changed);
            }
        }
    }

    /// A number that two entries share if they have the same labels, whatever their order.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.labels().fold(0, |sum, (name, value)| {
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            value.hash(&mut hasher);
            hasher.finish().wrapping_add(sum)
        })
    }

    /// Sets a value of the extracted map.
    pub(crate) fn extract(&mut self, name: impl Into<Text<'a>>, value: impl Into<Value<'a>>) {
        self.put(name.into(), Some(value.into()));
    }

    /// Deletes a value of the extracted map.
    pub(crate) fn unextract(&mut self, name: &'a str) {
        self.put(Cow::Borrowed(name), None);
    }

    fn put(&mut self, name: Text<'a>, value: Option<Value<'a>>) {
        match self.extracted.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.extracted.push((name, value)),
        }
    }

    /// A value of the extracted map; cheap as long as it is a slice.
    pub(crate) fn extracted(&self, name: &str) -> Option<Value<'a>> {
        if let Some((_, value)) = self.extracted.iter().find(|(known, _)| *known == name) {
            return value.clone();
        }
        let slot = self.labels.iter().find(|slot| slot.name == name)?;
        slot.began.clone().map(Value::Str)
    }

    /// Whether the extracted map has a value of that name.
    pub(crate) fn has_extracted(&self, name: &str) -> bool {
        match self.extracted.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => value.is_some(),
            None => self
                .labels
                .iter()
                .any(|slot| slot.name == name && slot.began.is_some()),
        }
    }

    /// A value of the extracted map as text; none if it is null or not there.
    pub(crate) fn extracted_text(&self, name: &str) -> Option<Text<'a>> {
        self.extracted(name)?.text()
    }

    /// Every value of the extracted map: labels of the beginning first.
    pub(crate) fn all_extracted(&self) -> impl Iterator<Item = (&Text<'a>, Value<'a>)> {
        let own = |name: &str| self.extracted.iter().any(|(known, _)| known == name);
        self.labels
            .iter()
            .filter(move |slot| !own(&slot.name))
            .filter_map(|slot| Some((&slot.name, Value::Str(slot.began.clone()?))))
            .chain(
                self.extracted
                    .iter()
                    .filter_map(|(name, value)| Some((name, value.clone()?))),
            )
    }

    /// Sets structured metadata; a name that is there keeps its place.
    pub(crate) fn set_metadata(&mut self, name: impl Into<Text<'a>>, value: impl Into<Text<'a>>) {
        let (name, value) = (name.into(), value.into());
        match self.metadata.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.metadata.push((name, value)),
        }
    }

    /// The same entry, independent of the request. The extracted map comes along.
    pub(crate) fn to_owned_entry(&self) -> Entry<'static> {
        let own = |text: &Text<'a>| Cow::Owned(text.clone().into_owned());
        Entry {
            timestamp: self.timestamp,
            line: own(&self.line),
            metadata: self
                .metadata
                .iter()
                .map(|(name, value)| (own(name), own(value)))
                .collect(),
            rest: Cow::Owned(self.rest.clone().into_owned()),
            labels: self
                .labels
                .iter()
                .map(|slot| Slot {
                    name: own(&slot.name),
                    now: slot.now.as_ref().map(own),
                    began: slot.began.as_ref().map(own),
                })
                .collect(),
            extracted: self
                .extracted
                .iter()
                .map(|(name, value)| (own(name), value.clone().map(Value::into_owned)))
                .collect(),
        }
    }

    /// How many bytes the entry holds, nearly.
    pub(crate) fn size(&self) -> usize {
        let labels: usize = self
            .labels
            .iter()
            .map(|slot| {
                let length = |text: &Option<Text<'a>>| text.as_ref().map_or(0, |t| t.len());
                slot.name.len() + length(&slot.now) + length(&slot.began) + 96
            })
            .sum();
        let pairs = self.metadata.iter().map(|(n, v)| n.len() + v.len() + 48);
        self.line.len()
            + self.rest.len()
            + labels
            + pairs.sum::<usize>()
            + 128 * self.extracted.len()
    }
}

/// A part of a text; a slice of the request as long as the text is one.
pub(crate) fn part<'a>(text: &Text<'a>, range: std::ops::Range<usize>) -> Text<'a> {
    match text {
        Cow::Borrowed(text) => lossy(text, range),
        Cow::Owned(text) => Cow::Owned(lossy(text, range).into_owned()),
    }
}

/// What a pattern of bytes found may end inside of a character.
fn lossy(text: &str, range: std::ops::Range<usize>) -> Cow<'_, str> {
    match text.get(range.clone()) {
        Some(part) => Cow::Borrowed(part),
        None => String::from_utf8_lossy(text.as_bytes().get(range).unwrap_or_default()),
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Str(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Str(Cow::Owned(text))
    }
}

impl<'a> From<Text<'a>> for Value<'a> {
    fn from(text: Text<'a>) -> Self {
        Self::Str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extracted_map_begins_with_the_labels_and_keeps_them() {
        let mut entry = Entry::default();
        entry.push_label("app".into(), "web".into());
        entry.remove_label("app");
        assert_eq!(entry.label("app"), None);
        assert_eq!(entry.extracted_text("app").unwrap(), "web");
        entry.set_label("app", "other");
        assert_eq!(entry.extracted_text("app").unwrap(), "web");
        entry.begin_nested();
        assert_eq!(entry.extracted_text("app").unwrap(), "other");
        entry.unextract("app");
        assert!(!entry.has_extracted("app"));
        assert_eq!(entry.all_extracted().count(), 0);
    }

    #[test]
    fn entries_with_the_same_labels_have_the_same_fingerprint() {
        let (mut a, mut b) = (Entry::default(), Entry::default());
        a.set_label("a", "1");
        a.set_label("b", "2");
        b.set_label("b", "2");
        b.set_label("c", "3");
        b.set_label("a", "1");
        assert_ne!(a.fingerprint(), b.fingerprint());
        b.remove_label("c");
        assert_eq!(a.fingerprint(), b.fingerprint());
    }
}
