//! Bounds and ranks as text. All metrics of a family have the same, so each is written once.

use std::ops::Range;

use crate::exposition::number::put_openmetrics_float;

/// The texts of the last bounds, by their place in the histogram or summary.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    known: Vec<(u64, Range<usize>)>,
    text: Vec<u8>,
}

impl Bounds {
    /// The text of the bound that stands at `at`.
    pub(super) fn text(&mut self, at: usize, bound: f64) -> &[u8] {
        let bits = bound.to_bits();
        if self.known.get(at).is_none_or(|known| known.0 != bits) {
            // They come in order, so what lies behind belongs to another family.
            self.known.truncate(at);
            let start = self.known.last().map_or(0, |known| known.1.end);
            self.text.truncate(start);
            put_openmetrics_float(&mut self.text, bound);
            self.known.push((bits, start..self.text.len()));
        }
        self.known(at)
    }

    /// The text of a bound that [`Bounds::text`] was asked for last.
    pub(super) fn known(&self, at: usize) -> &[u8] {
        self.known
            .get(at)
            .map_or(&[], |known| &self.text[known.1.clone()])
    }
}
