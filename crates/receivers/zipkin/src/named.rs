//! Values by name, in the order in which they came.

use std::borrow::Cow;
use std::collections::HashMap;

/// From how many names on they are looked up in a table.
const MANY: usize = 32;

/// Few names, usually: they are looked up one by one. A name that is put again keeps its place.
#[derive(Debug)]
pub(crate) struct Named<'a, V> {
    entries: Vec<Option<(Cow<'a, str>, V)>>,
    index: HashMap<Cow<'a, str>, usize>,
}

impl<V> Default for Named<'_, V> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            index: HashMap::new(),
        }
    }
}

impl<'a, V> Named<'a, V> {
    fn position(&self, name: &str) -> Option<usize> {
        if self.entries.len() > MANY {
            return self.index.get(name).copied();
        }
        let is_it = |entry: &Option<(Cow<'a, str>, V)>| {
            entry.as_ref().is_some_and(|(known, _)| known == name)
        };
        self.entries.iter().position(is_it)
    }

    pub(crate) fn put(&mut self, name: Cow<'a, str>, value: V) {
        if let Some(position) = self.position(&name) {
            self.entries[position] = Some((name, value));
            return;
        }
        let position = self.entries.len();
        if position == MANY {
            let known = self.entries.iter().enumerate();
            let known = known.filter_map(|(position, entry)| {
                entry.as_ref().map(|(name, _)| (name.clone(), position))
            });
            self.index = known.collect();
        }
        if position >= MANY {
            self.index.insert(name.clone(), position);
        }
        self.entries.push(Some((name, value)));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        let position = self.position(name)?;
        self.entries[position].as_ref().map(|(_, value)| value)
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<V> {
        let position = self.position(name)?;
        self.index.remove(name);
        self.entries[position].take().map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        let entries = self.entries.iter().flatten();
        entries.map(|(name, value)| (&**name, value))
    }
}

impl<'a, V> IntoIterator for Named<'a, V> {
    type Item = (Cow<'a, str>, V);
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Option<(Cow<'a, str>, V)>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_last_value_at_its_first_place_however_many_there_are() {
        for count in [3, 31, 32, 33, 200] {
            let mut named = Named::default();
            for round in 0..2 {
                for number in 0..count {
                    named.put(format!("n{number}").into(), number + round);
                }
            }
            assert_eq!(named.remove("n1"), Some(2), "{count}");
            assert_eq!(named.remove("n1"), None);
            assert_eq!(named.get("n2"), Some(&3));
            named.put("n1".into(), 7);
            let all: Vec<_> = named
                .iter()
                .map(|(name, value)| (name.to_owned(), *value))
                .collect();
            assert_eq!(all.len(), count);
            assert_eq!(all[0], ("n0".to_owned(), 1));
            assert_eq!(all[count - 1], ("n1".to_owned(), 7));
        }
    }
}
