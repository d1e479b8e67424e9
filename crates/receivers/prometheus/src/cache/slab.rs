//! A list with holes that are filled again, so that indices stay.

use std::ops::{Index, IndexMut};

/// Values by index. What is removed leaves its default behind.
#[derive(Debug, Default)]
pub(crate) struct Slab<T> {
    values: Vec<T>,
    free: Vec<u32>,
}

impl<T: Default> Slab<T> {
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if let Some(at) = self.free.pop() {
            self.values[at as usize] = value;
            return at;
        }
        self.values.push(value);
        (self.values.len() - 1) as u32
    }

    pub(crate) fn remove(&mut self, at: u32) -> T {
        self.free.push(at);
        std::mem::take(&mut self.values[at as usize])
    }

    /// The values in use.
    pub(crate) fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    /// Every place, also those that are free.
    pub(crate) fn places(&self) -> u32 {
        self.values.len() as u32
    }

    /// Gives memory back when most places are free at the end of the list.
    pub(crate) fn shrink(&mut self) {
        if self.len() == 0 && !self.values.is_empty() {
            *self = Self {
                values: Vec::new(),
                free: Vec::new(),
            };
        }
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: u32) -> &T {
        &self.values[at as usize]
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, at: u32) -> &mut T {
        &mut self.values[at as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::Slab;

    #[test]
    fn a_hole_is_filled_before_the_list_grows() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert("a"), slab.insert("b"));
        assert_eq!(slab.remove(a), "a");
        assert_eq!((slab.len(), slab.places()), (1, 2));
        let c = slab.insert("c");
        assert_eq!((c, slab[b], slab[c]), (a, "b", "c"));
    }
}
