//! Texts by number: those that are kept, and those of one request of 2.0.

use std::collections::HashMap;
use std::sync::Arc;

use crate::remote_write::encode::put_symbol;

/// The texts of all series that are kept.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
    bytes: usize,
}

impl Symbols {
    /// The number of `text`, which is new if nobody has used it yet.
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        let text: Arc<str> = text.into();
        self.bytes += text.len();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// How long they are together.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The symbols of the request that is being written.
#[derive(Debug, Default)]
pub(super) struct RequestSymbols {
    /// Which request; entries of others do not count.
    request: u32,
    /// Request and symbol, by number of a kept text.
    kept: Vec<(u32, u32)>,
    /// Texts that are not kept: what exemplars hold.
    others: HashMap<Box<str>, u32>,
    count: u32,
    /// The fields, as they stand in the request.
    pub(super) encoded: Vec<u8>,
}

impl RequestSymbols {
    /// Begins with the empty symbol.
    pub(super) fn begin(&mut self) {
        self.request = self.request.wrapping_add(1);
        if self.request == 0 {
            self.kept.clear();
            self.request = 1;
        }
        self.others.clear();
        self.encoded.clear();
        self.count = 0;
        self.add("");
    }

    fn add(&mut self, text: &str) -> u32 {
        put_symbol(&mut self.encoded, text);
        self.count += 1;
        self.count - 1
    }

    /// The symbol of a kept text.
    #[inline]
    pub(super) fn of(&mut self, symbols: &Symbols, number: u32) -> u32 {
        let at = number as usize;
        if let Some((request, symbol)) = self.kept.get(at)
            && *request == self.request
        {
            return *symbol;
        }
        if self.kept.len() <= at {
            self.kept.resize(symbols.len().max(at + 1), (0, 0));
        }
        let symbol = match symbols.texts.get(at) {
            Some(text) if !text.is_empty() => {
                put_symbol(&mut self.encoded, text);
                self.count += 1;
                self.count - 1
            }
            _ => 0,
        };
        self.kept[at] = (self.request, symbol);
        symbol
    }

    /// The symbol of any text.
    pub(super) fn of_text(&mut self, symbols: &Symbols, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        if let Some(number) = symbols.find(text) {
            return self.of(symbols, number);
        }
        if let Some(symbol) = self.others.get(text) {
            return *symbol;
        }
        let symbol = self.add(text);
        self.others.insert(text.into(), symbol);
        symbol
    }
}
