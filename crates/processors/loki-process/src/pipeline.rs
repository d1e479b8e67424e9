//! Stages in a row, and how an entry goes through them.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use headwater_core::{Budget, Context, Ticket};
use tokio::time::Instant;

use crate::custom::CustomMetrics;
use crate::entry::Entry;
use crate::stages::{Cri, Limit, Match, Multiline, SplitJson};

/// What becomes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes on.
    Keep,
    /// It is dropped; the stage has counted why.
    Drop,
}

/// A stage that gives each entry on at once, or drops it.
pub(crate) trait Edit: Send + Sync + fmt::Debug {
    /// Changes the entry.
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, run: &mut Run) -> Verdict;
}

/// A stage.
#[derive(Debug)]
pub(crate) enum Stage {
    /// One entry in, at most that one out.
    Edit(Box<dyn Edit>),
    /// The same, and the caller has to wait.
    Waiting(Limit),
    /// Holds partial lines.
    Cri(Cri),
    /// Holds blocks of lines.
    Multiline(Multiline),
    /// Makes several entries of one.
    SplitJson(SplitJson),
    /// Runs other stages on some entries.
    Match(Match),
}

impl Stage {
    /// The `limit` stage, which may make the caller wait.
    pub(crate) fn of_limit(limit: Limit) -> Self {
        if limit.waits() {
            Self::Waiting(limit)
        } else {
            Self::Edit(Box::new(limit))
        }
    }
}

/// How many items went where, beside those that went on.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Dropped, or joined with others.
    pub(crate) filtered: usize,
    /// Made by splitting.
    pub(crate) created: usize,
    /// By how many more are held than before.
    pub(crate) held: isize,
    /// Whether something held was added to or taken.
    pub(crate) touched: bool,
}

/// One call of the pipeline.
#[derive(Debug)]
pub(crate) struct Run {
    /// What the entry in hand came with.
    pub(crate) context: Context,
    /// What is charged for entries that are held.
    pub(crate) budget: Budget,
    /// How long the caller has to wait, for stages that slow down.
    pub(crate) delay: Duration,
    /// Where the items went.
    pub(crate) tally: Tally,
    now: Option<(Instant, i64)>,
}

impl Run {
    pub(crate) fn new(context: Context, budget: Budget) -> Self {
        Self {
            context,
            budget,
            delay: Duration::ZERO,
            tally: Tally::default(),
            now: None,
        }
    }

    fn times(&mut self) -> (Instant, i64) {
        *self
            .now
            .get_or_insert_with(|| (Instant::now(), headwater_logs::now()))
    }

    /// The present; the same for all of a call.
    pub(crate) fn instant(&mut self) -> Instant {
        self.times().0
    }

    /// The present by the wall clock, in nanoseconds since 1970.
    pub(crate) fn clock(&mut self) -> i64 {
        self.times().1
    }

    /// A number that two entries share if they have the same labels and the same tenant.
    pub(crate) fn stream(&self, entry: &Entry<'_>) -> u64 {
        let labels = entry.fingerprint();
        let Some(tenant) = self.context.tenant() else {
            return labels;
        };
        let mut hasher = DefaultHasher::new();
        tenant.hash(&mut hasher);
        labels.hash(&mut hasher);
        hasher.finish()
    }
}

/// An entry made of lines that were held.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) entry: Entry<'static>,
    pub(crate) context: Context,
    /// How many lines it was made of.
    pub(crate) lines: usize,
    /// Its bytes.
    pub(crate) ticket: Ticket,
}

/// What takes the entries at the end.
pub(crate) type Sink<'s, 'a> = dyn FnMut(&mut Entry<'a>, &mut Run) + 's;

/// What is to be given on of what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    /// What has waited long enough.
    Due(Instant),
    /// Everything.
    All,
}

/// Stages in a row.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    stages: Vec<Stage>,
    /// Metrics are shown as long as the pipeline lives.
    metrics: Option<Arc<CustomMetrics>>,
}

impl Pipeline {
    pub(crate) const fn new(stages: Vec<Stage>) -> Self {
        Self {
            stages,
            metrics: None,
        }
    }

    /// Keeps the metrics of its stages.
    pub(crate) fn keep_alive(&mut self, metrics: Arc<CustomMetrics>) {
        self.metrics = Some(metrics);
    }

    /// Whether a stage may hold entries, make several of one, or let the caller wait.
    pub(crate) fn is_plain(&self) -> bool {
        self.stages.iter().all(|stage| match stage {
            Stage::Edit(_) => true,
            Stage::Match(stage) => stage.inner().is_none_or(Self::is_plain),
            Stage::Waiting(_) | Stage::Cri(_) | Stage::Multiline(_) | Stage::SplitJson(_) => false,
        })
    }

    /// Runs the stages from `from` on.
    pub(crate) fn run<'a>(
        &'a self,
        from: usize,
        entry: &mut Entry<'a>,
        run: &mut Run,
        sink: &mut Sink<'_, 'a>,
    ) {
        for (at, stage) in self.stages.iter().enumerate().skip(from) {
            match stage {
                Stage::Edit(stage) => {
                    if stage.edit(entry, run) == Verdict::Drop {
                        run.tally.filtered += 1;
                        return;
                    }
                }
                Stage::Waiting(stage) => {
                    stage.edit(entry, run);
                }
                Stage::Match(stage) => {
                    if !stage.matches(entry) {
                        continue;
                    }
                    let Some(inner) = stage.inner() else {
                        run.tally.filtered += 1;
                        return;
                    };
                    entry.begin_nested();
                    inner.run(0, entry, run, &mut |entry, run| {
                        self.run(at + 1, entry, run, sink);
                    });
                    return;
                }
                Stage::Cri(stage) => {
                    let (flushed, goes_on) = stage.take(entry, run);
                    self.give_on(at + 1, flushed, run, sink);
                    if !goes_on {
                        return;
                    }
                }
                Stage::Multiline(stage) => {
                    let (flushed, goes_on) = stage.take(entry, run);
                    self.give_on(at + 1, flushed, run, sink);
                    if !goes_on {
                        return;
                    }
                }
                Stage::SplitJson(stage) => {
                    let Some(mut parts) = stage.split(entry) else {
                        continue;
                    };
                    let Some(last) = parts.pop() else {
                        run.tally.filtered += 1;
                        return;
                    };
                    for line in parts {
                        run.tally.created += 1;
                        let mut part = entry.clone();
                        part.line = line;
                        self.run(at + 1, &mut part, run, sink);
                    }
                    entry.line = last;
                }
            }
        }
        sink(entry, run);
    }

    /// Runs the stages from `from` on with entries that were held.
    fn give_on<'a>(
        &'a self,
        from: usize,
        flushed: Vec<Held>,
        run: &mut Run,
        sink: &mut Sink<'_, 'a>,
    ) {
        for held in flushed {
            run.tally.touched = true;
            run.tally.held -= held.lines.cast_signed();
            run.tally.filtered += held.lines.saturating_sub(1);
            let mut entry: Entry<'a> = held.entry;
            let context = std::mem::replace(&mut run.context, held.context);
            self.run(from, &mut entry, run, sink);
            run.context = context;
            drop(held.ticket);
        }
    }

    /// Gives on what is held.
    pub(crate) fn flush<'a>(&'a self, what: Flush, run: &mut Run, sink: &mut Sink<'_, 'a>) {
        for (at, stage) in self.stages.iter().enumerate() {
            let flushed = match (stage, what) {
                (Stage::Multiline(stage), Flush::Due(now)) => stage.take_due(now),
                (Stage::Multiline(stage), Flush::All) => stage.take_all(),
                (Stage::Cri(stage), Flush::All) => stage.take_all(),
                (Stage::Match(stage), _) => {
                    if let Some(inner) = stage.inner() {
                        inner.flush(what, run, &mut |entry, run| {
                            self.run(at + 1, entry, run, sink);
                        });
                    }
                    continue;
                }
                _ => continue,
            };
            self.give_on(at + 1, flushed, run, sink);
        }
    }

    /// When something held has waited long enough; none if nothing waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        let due = self.stages.iter().filter_map(|stage| match stage {
            Stage::Multiline(stage) => stage.due(),
            Stage::Match(stage) => stage.inner().and_then(Self::due),
            _ => None,
        });
        due.min()
    }
}
