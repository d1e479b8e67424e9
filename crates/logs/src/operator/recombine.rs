//! `recombine`: joins entries that belong together.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::expr::Expr;
use crate::operator::Failure;
use crate::program::LONGEST;
use crate::{Entry, Field, Origin, Value};

/// What the texts that wait may take, of all sources together; with more all of them are sent as they
/// are. A thousand sources of 64 KiB fit. Unit: bytes.
const MOST_WAITING: usize = 64 << 20;

/// The bucket of entries without a source.
const SHARED: &str = "";

/// Which entries begin or end what belongs together.
#[derive(Debug)]
pub(crate) enum Edge {
    /// The expression is true for the first.
    First(Expr),
    /// The expression is true for the last.
    Last(Expr),
    /// The attribute `logtag` is `F` for the last, as container runtimes write it.
    LogTag,
}

/// Joins entries of one source.
#[derive(Debug)]
pub(crate) struct Recombine {
    pub(crate) edge: Edge,
    pub(crate) combine_field: Field,
    pub(crate) combine_with: String,
    pub(crate) source: Field,
    /// Entries in one batch; 0 means no limit.
    pub(crate) max_batch_size: usize,
    /// Entries in a batch of which none was an edge; 0 means no limit.
    pub(crate) max_unmatched_batch_size: usize,
    pub(crate) overwrite_with_newest: bool,
    pub(crate) force_flush_period: Duration,
    pub(crate) max_sources: usize,
    /// Bytes of joined text from which on it is sent; 0 means no limit.
    pub(crate) max_log_size: usize,
    pub(crate) slot: usize,
}

/// What happens after an entry was taken.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// These are complete and go on.
    pub(crate) before: Vec<Entry<'static>>,
    /// The entry itself goes on behind them.
    pub(crate) pass: bool,
}

#[derive(Debug)]
struct Batch {
    base: Entry<'static>,
    text: String,
    entries: usize,
    matched: bool,
    since: Instant,
    until: Instant,
    /// The first entry of each reader's file in it.
    origins: Vec<Origin>,
}

/// Entries that wait, by source.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    batches: HashMap<String, Batch>,
    /// What the texts take.
    bytes: usize,
}

impl Pending {
    pub(crate) fn oldest(&self, source: u32) -> Option<u64> {
        let origins = self.batches.values().flat_map(|batch| &batch.origins);
        let own = origins.filter(|origin| origin.source == source);
        own.map(|origin| origin.offset).min()
    }

    pub(crate) fn entries(&self) -> usize {
        self.batches.values().map(|batch| batch.entries).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.batches.values().map(|batch| batch.until).min()
    }
}

impl Recombine {
    /// Takes an entry. What was made of it or before it goes on as the outcome says.
    pub(crate) fn take(
        &self,
        entry: &mut Entry<'_>,
        pending: &mut Pending,
    ) -> Result<Outcome, Failure> {
        let (matches, first) = match &self.edge {
            Edge::First(expr) => (expr.is_true(entry)?, true),
            Edge::Last(expr) => (expr.is_true(entry)?, false),
            Edge::LogTag => {
                let tag = entry.attributes.get("logtag").and_then(Value::as_str);
                (tag == Some("F"), false)
            }
        };
        let source = self
            .source
            .get(entry)
            .and_then(Value::as_str)
            .unwrap_or(SHARED);
        if matches && !first && !pending.batches.contains_key(source) {
            // Complete by itself: nothing is copied.
            return Ok(Outcome {
                before: Vec::new(),
                pass: true,
            });
        }
        let text = self.combine_field.get(entry).and_then(Value::as_str);
        let Some(text) = text else {
            return Err(Failure::new(
                "entry does not contain the combine_field as a string",
            ));
        };
        let mut outcome = Outcome::default();
        if matches && first {
            outcome.before.extend(self.remove(pending, source));
        }
        match pending.batches.get_mut(source) {
            Some(batch) => {
                batch.entries += 1;
                batch.matched |= matches;
                let before = batch.text.len();
                if !batch.text.is_empty() {
                    batch.text.push_str(&self.combine_with);
                }
                batch.text.push_str(text);
                pending.bytes += batch.text.len() - before;
                let origin = entry.origin;
                if batch
                    .origins
                    .iter()
                    .all(|known| known.source != origin.source)
                {
                    batch.origins.push(origin);
                }
            }
            None => {
                if pending.batches.len() >= self.max_sources.max(1) {
                    outcome.before.extend(self.flush(pending, None));
                }
                let batch = self.begin(entry, text, matches);
                let source = source.to_owned();
                let full = self.is_full(&batch) || (matches && !first);
                pending.bytes += batch.text.len();
                pending.batches.insert(source.clone(), batch);
                if full {
                    outcome.before.extend(self.remove(pending, &source));
                }
                self.bound(pending, &mut outcome);
                return Ok(outcome);
            }
        }
        let source = source.to_owned();
        if let Some(batch) = pending.batches.get_mut(&source) {
            if self.overwrite_with_newest {
                batch.base = std::mem::take(entry).into_owned();
            }
            if (matches && !first) || self.is_full(batch) {
                outcome.before.extend(self.remove(pending, &source));
            }
        }
        self.bound(pending, &mut outcome);
        Ok(outcome)
    }

    /// Sends everything that waits if that takes too much memory.
    fn bound(&self, pending: &mut Pending, outcome: &mut Outcome) {
        if pending.bytes > MOST_WAITING {
            outcome.before.extend(self.flush(pending, None));
        }
    }

    fn begin(&self, entry: &Entry<'_>, text: &str, matched: bool) -> Batch {
        let since = Instant::now();
        let period = if self.force_flush_period.is_zero() {
            LONGEST
        } else {
            self.force_flush_period
        };
        Batch {
            text: text.to_owned(),
            base: entry.clone().into_owned(),
            entries: 1,
            matched,
            since,
            until: since + period.min(LONGEST),
            origins: vec![entry.origin],
        }
    }

    fn is_full(&self, batch: &Batch) -> bool {
        let unmatched = self.max_unmatched_batch_size;
        (self.max_log_size > 0 && batch.text.len() > self.max_log_size)
            || (self.max_batch_size > 0 && batch.entries >= self.max_batch_size)
            || (!batch.matched && unmatched > 0 && batch.entries >= unmatched)
    }

    fn remove(&self, pending: &mut Pending, source: &str) -> Option<Entry<'static>> {
        let batch = pending.batches.remove(source)?;
        pending.bytes -= batch.text.len();
        Some(self.finish(batch))
    }

    fn finish(&self, batch: Batch) -> Entry<'static> {
        let mut entry = batch.base;
        // The field was read as text from each entry, so it can be written.
        if let Some(value) = self.combine_field.get_mut(&mut entry) {
            *value = Value::from(batch.text);
        }
        entry
    }

    /// The entries that are due, or all, in the order in which they began.
    pub(crate) fn flush(&self, pending: &mut Pending, due: Option<Instant>) -> Vec<Entry<'static>> {
        let is_due = |batch: &Batch| due.is_none_or(|now| batch.until <= now);
        let mut sources: Vec<_> = pending
            .batches
            .iter()
            .filter(|(_, batch)| is_due(batch))
            .map(|(source, batch)| (batch.since, source.clone()))
            .collect();
        sources.sort();
        let removed = sources
            .iter()
            .filter_map(|(_, source)| self.remove(pending, source));
        removed.collect()
    }
}
