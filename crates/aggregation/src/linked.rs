//! A map that keeps its entries in an order: of arrival, or of use.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use hashbrown::DefaultHashBuilder;

const NONE: u32 = u32::MAX;

#[derive(Debug, Clone)]
struct Node<K, V> {
    key: K,
    value: V,
    before: u32,
    after: u32,
}

/// A map whose entries stand in a line. A new entry, or one that was touched, goes to the end;
/// the front is what has waited longest. Every operation but iteration takes constant time.
///
/// It has no bound of its own: whoever fills it asks [`LinkedMap::len`] and takes from the front.
#[derive(Debug, Clone)]
pub struct LinkedMap<K, V, S = DefaultHashBuilder> {
    places: HashMap<K, u32, S>,
    nodes: Vec<Option<Node<K, V>>>,
    free: Vec<u32>,
    front: u32,
    back: u32,
}

impl<K, V, S: Default> Default for LinkedMap<K, V, S> {
    fn default() -> Self {
        Self {
            places: HashMap::default(),
            nodes: Vec::new(),
            free: Vec::new(),
            front: NONE,
            back: NONE,
        }
    }
}

impl<K: Hash + Eq + Clone, V, S: BuildHasher> LinkedMap<K, V, S> {
    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The value of `key`, wherever it stands.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = *self.places.get(key)?;
        self.node(place).map(|node| &mut node.value)
    }

    /// The value of `key`, which goes to the end of the line.
    pub fn touch(&mut self, key: &K) -> Option<&mut V> {
        let place = *self.places.get(key)?;
        if place != self.back {
            self.unlink(place);
            self.link(place);
        }
        self.node(place).map(|node| &mut node.value)
    }

    /// Puts `value` at the end of the line, and gives back what was there under the same key.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let old = self.remove(&key);
        let node = Some(Node {
            key: key.clone(),
            value,
            before: NONE,
            after: NONE,
        });
        let place = match self.free.pop() {
            Some(place) => {
                self.nodes[place as usize] = node;
                place
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
        };
        self.places.insert(key, place);
        self.link(place);
        old
    }

    /// Takes out the entry of `key`.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.places.remove(key)?;
        self.unlink(place);
        self.free.push(place);
        self.nodes[place as usize].take().map(|node| node.value)
    }

    /// The entry that has waited longest.
    #[must_use]
    pub fn front(&self) -> Option<(&K, &V)> {
        let node = self.nodes.get(self.front as usize)?.as_ref()?;
        Some((&node.key, &node.value))
    }

    /// Takes out the entry that has waited longest.
    pub fn pop_front(&mut self) -> Option<(K, V)> {
        let key = self.front()?.0.clone();
        let value = self.remove(&key)?;
        Some((key, value))
    }

    /// Every value, in no order.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.nodes.iter_mut().flatten().map(|node| &mut node.value)
    }

    /// Removes the entries for which `keep` says no.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for place in 0..self.nodes.len() as u32 {
            let Some(node) = self.node(place) else {
                continue;
            };
            if !keep(&node.key, &mut node.value) {
                let key = node.key.clone();
                self.remove(&key);
            }
        }
    }

    /// Removes everything and gives its memory back.
    pub fn clear(&mut self)
    where
        S: Default,
    {
        *self = Self::default();
    }

    fn node(&mut self, place: u32) -> Option<&mut Node<K, V>> {
        self.nodes.get_mut(place as usize)?.as_mut()
    }

    fn unlink(&mut self, place: u32) {
        let Some(node) = self.node(place) else {
            return;
        };
        let (before, after) = (node.before, node.after);
        match self.node(before) {
            Some(node) => node.after = after,
            None => self.front = after,
        }
        match self.node(after) {
            Some(node) => node.before = before,
            None => self.back = before,
        }
    }

    fn link(&mut self, place: u32) {
        let back = self.back;
        if let Some(node) = self.node(place) {
            (node.before, node.after) = (back, NONE);
        }
        match self.node(back) {
            Some(node) => node.after = place,
            None => self.front = place,
        }
        self.back = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(map: &mut LinkedMap<u32, u32>) -> Vec<u32> {
        std::iter::from_fn(|| map.pop_front().map(|(key, _)| key)).collect()
    }

    #[test]
    fn entries_leave_in_the_order_in_which_they_came_or_were_touched() {
        let mut map: LinkedMap<u32, u32> = LinkedMap::default();
        for key in 0..5 {
            map.insert(key, key * 10);
        }
        assert_eq!(map.touch(&1), Some(&mut 10));
        assert_eq!(map.get_mut(&0), Some(&mut 0));
        assert_eq!(map.touch(&4), Some(&mut 40));
        assert_eq!(map.remove(&2), Some(20));
        assert_eq!(map.insert(3, 31), Some(30));
        map.insert(9, 90);
        assert_eq!(map.len(), 5);
        assert_eq!(drain(&mut map), [0, 1, 4, 3, 9]);
        assert!(map.is_empty() && map.front().is_none());
        map.insert(7, 70);
        assert_eq!(map.front(), Some((&7, &70)));
    }

    #[test]
    fn what_is_not_kept_leaves_no_gap() {
        let mut map: LinkedMap<u32, u32> = LinkedMap::default();
        for key in 0..10 {
            map.insert(key, key);
        }
        map.retain(|key, value| {
            *value += 1;
            key % 3 == 0
        });
        assert_eq!(map.values_mut().map(|value| *value).sum::<u32>(), 22);
        assert_eq!(drain(&mut map), [0, 3, 6, 9]);
    }

    #[test]
    fn places_are_used_again() {
        let mut map: LinkedMap<u32, u32> = LinkedMap::default();
        for key in 0..1000 {
            map.insert(key, key);
            if map.len() > 4 {
                map.pop_front();
            }
        }
        assert!(map.nodes.len() <= 5);
        assert_eq!(drain(&mut map), [996, 997, 998, 999]);
    }
}
