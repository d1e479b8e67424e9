//! A map with a bound: what was not used for a while is forgotten.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

/// Two generations of entries. When the young one is full it becomes the old one, and what of the
/// old one was not used in the meantime is gone. Holds at most twice its size.
#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    size: usize,
}

impl<K: Hash + Eq, V> Generations<K, V> {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            size: size.max(1),
        }
    }

    /// The value of a key, made by `new` if there is none; and whether a generation has passed.
    pub(crate) fn get_or_insert(&mut self, key: K, new: impl FnOnce() -> V) -> (&mut V, bool) {
        let mut passed = false;
        if !self.young.contains_key(&key) && self.young.len() == self.size {
            self.old = std::mem::take(&mut self.young);
            passed = true;
        }
        let old = &mut self.old;
        let value = match self.young.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let value = old.remove(place.key()).unwrap_or_else(new);
                place.insert(value)
            }
        };
        (value, passed)
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten() {
        let mut map = Generations::new(2);
        *map.get_or_insert(1, || 0).0 = 10;
        for key in 2..10 {
            map.get_or_insert(key, || 0);
            assert_eq!(map.get_or_insert(1, || 0).0, &10, "{key}");
            assert!(map.young.len() <= 2 && map.old.len() <= 2);
        }
        assert!(map.get(&2).is_none());
    }
}
