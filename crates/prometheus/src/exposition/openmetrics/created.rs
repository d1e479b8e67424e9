//! Start times: the `_created` line of a metric stands behind its samples.

use std::ops::Range;

use super::OpenMetrics;
use crate::exposition::scan::{Piece, Rules};
use crate::exposition::series::raw_text_name;
use crate::metric_type::MetricType;

/// The first `_created` line at or behind `from`, before the family ends. `to` is where that line, or
/// the family's end, is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ahead {
    from: usize,
    to: usize,
    created: Option<Created>,
}

/// A `_created` line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Created {
    start: usize,
    end: usize,
    time: i64,
}

impl OpenMetrics<'_> {
    pub(super) fn is_created(&self, key: &Range<usize>) -> bool {
        let key = &self.body[key.clone()];
        // Looked for in the whole text first, because nearly no series has it.
        memchr::memmem::find(key, b"_created").is_some()
            && raw_text_name(key, Rules::OpenMetrics).ends_with(b"_created")
    }

    /// When the sample with this key, at which the parser is, began.
    pub(in super::super) fn start_timestamp(&self, key: &[u8]) -> Option<i64> {
        if !self.kind.has_start() {
            self.matched.set(None);
            return None;
        }
        if let Some(created) = self.matched.get()
            && self.belongs(key, created)
        {
            return Some(created.time);
        }
        let mut ahead = self.ahead.get();
        if !(ahead.from..=ahead.to).contains(&self.at) || ahead.to == 0 {
            ahead = self.look_ahead();
            self.ahead.set(ahead);
        }
        let created = ahead
            .created
            .filter(|created| created.time != 0 && self.belongs(key, *created));
        self.matched.set(created);
        created.map(|created| created.time)
    }

    /// Looks for the next `_created` line of this family.
    fn look_ahead(&self) -> Ahead {
        let mut ahead = Ahead {
            from: self.at,
            to: self.at,
            created: None,
        };
        while self.body.get(ahead.to).is_some_and(|byte| *byte != b'#') {
            let sample = self
                .series_end(ahead.to)
                .and_then(|end| self.read_sample(ahead.to, end));
            let Ok(sample) = sample else {
                break;
            };
            if self.is_created(&sample.key) {
                ahead.created = Some(Created {
                    start: sample.key.start,
                    end: sample.key.end,
                    time: (sample.value * 1000.0) as i64,
                });
                break;
            }
            ahead.to = sample.next;
        }
        ahead
    }

    /// Whether a `_created` line is about the metric of this sample.
    fn belongs(&self, key: &[u8], created: Created) -> bool {
        let created = &self.body[created.start..created.end];
        let name = raw_text_name(key, Rules::OpenMetrics);
        let family = raw_text_name(created, Rules::OpenMetrics);
        let family = family.strip_suffix(b"_created").unwrap_or(family);
        name.get(..self.family) == Some(family) && self.own_labels(key).eq(self.own_labels(created))
    }

    /// The labels of a series, raw, without those that tell the parts of one metric apart.
    fn own_labels<'k>(
        &self,
        key: &'k [u8],
    ) -> impl Iterator<Item = (&'k [u8], &'k [u8])> + use<'k> {
        let part: &[u8] = match self.kind {
            MetricType::Histogram => b"le",
            MetricType::Summary => b"quantile",
            _ => b"",
        };
        let mut at = memchr::memchr(b'{', key).map_or(key.len(), |brace| brace + 1);
        std::iter::from_fn(move || {
            while at < key.len() {
                match Rules::OpenMetrics.piece(key, &mut at) {
                    Ok(Piece::Label { name, value, .. }) if &key[name.clone()] != part => {
                        return Some((&key[name], &key[value]));
                    }
                    Ok(Piece::Label { .. } | Piece::MetricName(_)) => {}
                    Ok(Piece::End) | Err(_) => at = key.len(),
                }
            }
            None
        })
    }
}
