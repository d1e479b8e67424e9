//! Labels by number: names with their values, of which series share most.

use hashbrown::HashTable;

use super::symbols::Symbols;
use crate::fingerprint::{Fingerprint, Seeds};
use crate::remote_write::Message;
use crate::remote_write::encode::put_label;

/// The labels of all series that are kept, each once.
#[derive(Debug)]
pub(super) struct Pairs {
    message: Message,
    numbers: HashTable<(Fingerprint, u32)>,
    /// Where each ends in `bytes`.
    ends: Vec<usize>,
    /// 1.0: the fields as they stand in a series.
    bytes: Vec<u8>,
    /// 2.0: the symbols of name and value.
    symbols: Vec<[u32; 2]>,
    scratch: Vec<u8>,
}

impl Pairs {
    pub(super) const fn new(message: Message) -> Self {
        Self {
            message,
            numbers: HashTable::new(),
            ends: Vec::new(),
            bytes: Vec::new(),
            symbols: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// How long the fields are together.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The number of a label, which is new if no series has had it.
    pub(super) fn intern(
        &mut self,
        seeds: &Seeds,
        symbols: &mut Symbols,
        name: &str,
        value: &str,
    ) -> u32 {
        self.scratch.clear();
        put_label(&mut self.scratch, name, value);
        let key = seeds.of(&self.scratch);
        if let Some((_, known)) = self.numbers.find(key.hash(), |(known, _)| *known == key) {
            return *known;
        }
        let number = self.numbers.len() as u32;
        match self.message {
            Message::V1 => {
                self.bytes.extend_from_slice(&self.scratch);
                self.ends.push(self.bytes.len());
            }
            Message::V2 => self
                .symbols
                .push([symbols.intern(name), symbols.intern(value)]),
        }
        self.numbers
            .insert_unique(key.hash(), (key, number), |(known, _)| known.hash());
        number
    }

    /// The field of a label as it stands in a series of 1.0.
    #[inline]
    pub(super) fn encoded(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let from = at
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .map_or(0, |end| *end);
        let to = self.ends.get(at).map_or(from, |end| *end);
        &self.bytes[from..to]
    }

    /// The symbols of name and value, for 2.0.
    #[inline]
    pub(super) fn symbols(&self, number: u32) -> [u32; 2] {
        self.symbols
            .get(number as usize)
            .copied()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_kept_once_and_comes_back_as_it_was() {
        let seeds = Seeds::random();
        let mut symbols = Symbols::default();
        let mut pairs = Pairs::new(Message::V1);
        let mut number = |name, value| pairs.intern(&seeds, &mut symbols, name, value);
        let first = number("a", "b");
        assert_eq!(number("c", ""), 1);
        assert_eq!(number("a", "b"), first);
        assert_eq!(number("ab", ""), 2);
        for (number, (name, value)) in [("a", "b"), ("c", ""), ("ab", "")].iter().enumerate() {
            let mut field = Vec::new();
            put_label(&mut field, name, value);
            assert_eq!(pairs.encoded(number as u32), field);
        }
        assert_eq!(pairs.len(), 3);
    }
}
