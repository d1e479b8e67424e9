//! Protobuf: `io.prometheus.client.MetricFamily` messages, each behind its length.
//!
//! Source of field numbers: Prometheus's `metrics.proto`.

use std::borrow::Cow;
use std::ops::Range;

use headwater_core::pdata::wire::{WireError, read_varint};

use super::entry::{Entry, Exemplar, Histogram, Series, Source};
use super::error::{ParseError, Problem, excerpt};
use super::guess::Guess;
use super::native::{NativeHistogram, Scratch, compact_counts, compact_deltas};
use super::series::SeriesLabels;
use crate::metric_type::MetricType;

mod bounds;
mod family;
mod histogram;
mod message;
mod metric;
mod part;

use bounds::Bounds;
use family::Family;
use metric::Metric;
use part::Part;

/// The byte between the parts of a key. It is in no UTF-8.
const SEPARATOR: u8 = 0xff;

/// How histograms are shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Histograms {
    /// Native histograms are not looked at.
    pub ignore_native: bool,
    /// A histogram that is both comes as both.
    pub keep_classic: bool,
}

/// A parser of delimited protobuf.
#[derive(Debug)]
pub(super) struct Protobuf<'a> {
    body: &'a [u8],
    /// Where the next family's length is.
    at: usize,
    /// Families read.
    families: usize,
    /// Where the family's length was.
    family_start: usize,
    histograms: Histograms,
    state: State,
    family: Family,
    metric: Metric,
    part: Part,
    bounds: Bounds,
    scratch: Scratch,
    key: Vec<u8>,
    /// The labels of the metric as they stand in a key.
    key_labels: Vec<u8>,
}

/// What was returned last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// All of a family, or nothing yet.
    Family,
    Help,
    Unit,
    Type,
    Sample,
    /// The end, or an error.
    Done,
}

/// What [`Protobuf::advance`] found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Help,
    Unit,
    Type,
    Sample { expected: bool },
}

impl<'a> Protobuf<'a> {
    pub(super) fn new(body: &'a [u8], histograms: Histograms) -> Self {
        Self {
            body,
            at: 0,
            families: 0,
            family_start: 0,
            histograms,
            state: State::Family,
            family: Family::default(),
            metric: Metric::default(),
            part: Part::Value,
            bounds: Bounds::default(),
            scratch: Scratch::default(),
            key: Vec::new(),
            key_labels: Vec::new(),
        }
    }

    pub(super) fn advance(&mut self, guess: impl Guess) -> Result<Option<Step>, ParseError> {
        let step = self
            .step(guess)
            .map_err(|what| ParseError::protobuf(self.families, self.family_start, what));
        if !matches!(step, Ok(Some(_))) {
            self.state = State::Done;
        }
        step
    }

    fn step(&mut self, guess: impl Guess) -> Result<Option<Step>, Problem> {
        match self.state {
            State::Done => return Ok(None),
            State::Family => return self.next_family(),
            State::Help if !self.family.unit.is_empty() => {
                self.state = State::Unit;
                return Ok(Some(Step::Unit));
            }
            State::Help | State::Unit => {
                self.state = State::Type;
                return Ok(Some(Step::Type));
            }
            State::Type => {
                self.state = State::Sample;
                self.begin_metric()?;
            }
            State::Sample => {
                let keep = self.histograms.keep_classic;
                match self.part.next(&self.metric, self.family.kind, keep) {
                    Some(part) => self.part = part,
                    None if self.read_metric()? => self.begin_metric()?,
                    None => return self.next_family(),
                }
            }
        }
        self.make_key();
        Ok(Some(Step::Sample {
            expected: self.key.len() == guess.length() && guess.is(&self.key),
        }))
    }

    /// Reads the next family that has a metric, and that metric.
    fn next_family(&mut self) -> Result<Option<Step>, Problem> {
        loop {
            self.family_start = self.at;
            if self.at == self.body.len() {
                return Ok(None);
            }
            self.families += 1;
            let message = self.delimited()?;
            if self.family.read(self.body, message)? {
                break;
            }
        }
        self.read_metric()?;
        self.family.check(self.body)?;
        self.state = State::Help;
        Ok(Some(Step::Help))
    }

    /// The message at which we are, without its length.
    fn delimited(&mut self) -> Result<Range<usize>, Problem> {
        /// What a length of 32 bits takes.
        const LONGEST: usize = 5;
        let mut at = self.at;
        let length = read_varint(self.body, &mut at).map_err(Problem::Wire)?;
        if at - self.at > LONGEST {
            return Err(Problem::Wire(WireError::VarintTooLong));
        }
        let left = self.body.len() - at;
        let Some(end) = usize::try_from(length)
            .ok()
            .filter(|length| *length <= left)
        else {
            return Err(Problem::Length { length, left });
        };
        self.at = at + end;
        Ok(at..self.at)
    }

    /// Reads the next metric of the family, if there is one.
    fn read_metric(&mut self) -> Result<bool, Problem> {
        let Some(message) = self.family.next_metric(self.body)? else {
            return Ok(false);
        };
        self.metric.read(self.body, message)?;
        Ok(true)
    }

    /// Prepares what all samples of a metric share.
    fn begin_metric(&mut self) -> Result<(), Problem> {
        self.metric.check_labels(self.body)?;
        self.key_labels.clear();
        for label in &self.metric.labels {
            self.key_labels.push(SEPARATOR);
            self.key_labels
                .extend_from_slice(&self.body[label.name.clone()]);
            self.key_labels.push(SEPARATOR);
            self.key_labels
                .extend_from_slice(&self.body[label.value.clone()]);
        }
        let ignore = self.histograms.ignore_native;
        self.part = Part::first(&self.metric, self.family.kind, ignore);
        if self.part == Part::Native {
            let histogram = &mut self.metric.histogram;
            histogram
                .check_spans()
                .map_err(|(side, want, have)| Problem::Spans {
                    metric: excerpt(&self.body[self.family.name.clone()]),
                    side,
                    want,
                    have,
                })?;
            let float = histogram.is_float();
            for side in [&mut histogram.positive, &mut histogram.negative] {
                if float {
                    compact_counts(&mut side.spans, &mut side.counts, &mut self.scratch);
                } else {
                    compact_deltas(&mut side.spans, &mut side.deltas, &mut self.scratch);
                }
            }
        }
        Ok(())
    }

    fn make_key(&mut self) {
        self.key.clear();
        self.key
            .extend_from_slice(&self.body[self.family.name.clone()]);
        self.key.extend_from_slice(self.suffix().as_bytes());
        self.key.extend_from_slice(&self.key_labels);
        if let Some((label, at, bound)) = self.part.bound(&self.metric) {
            let text = self.bounds.text(at, bound);
            self.key.push(SEPARATOR);
            self.key.extend_from_slice(label.as_bytes());
            self.key.push(SEPARATOR);
            self.key.extend_from_slice(text);
        }
    }

    fn suffix(&self) -> &'static str {
        self.part.suffix()
    }

    pub(super) fn entry(&self, step: Step) -> Entry<'_> {
        let name = || String::from_utf8_lossy(&self.body[self.family.name.clone()]);
        match step {
            Step::Help => Entry::Help {
                name: name(),
                text: String::from_utf8_lossy(&self.body[self.family.help.clone()]),
            },
            Step::Unit => Entry::Unit {
                name: name(),
                unit: String::from_utf8_lossy(&self.body[self.family.unit.clone()]),
            },
            Step::Type => Entry::Type {
                name: name(),
                kind: self.family.kind,
            },
            Step::Sample { expected } => {
                let timestamp = Some(self.metric.timestamp).filter(|time| *time != 0);
                if self.part == Part::Native {
                    Entry::Histogram(Histogram {
                        key: &self.key,
                        timestamp,
                        expected,
                        parser: self,
                    })
                } else {
                    Entry::Series(Series {
                        key: &self.key,
                        value: self.part.value(&self.metric, self.family.kind),
                        timestamp,
                        expected,
                        source: Source::Protobuf(self),
                    })
                }
            }
        }
    }

    /// The native histogram at which the parser is.
    pub(super) fn native(&self) -> NativeHistogram<'_> {
        let gauge = self.family.kind == MetricType::GaugeHistogram;
        self.metric.histogram.native(gauge)
    }

    pub(super) fn sample_name(&self) -> Cow<'_, str> {
        let name = String::from_utf8_lossy(&self.body[self.family.name.clone()]);
        match self.suffix() {
            "" => name,
            suffix => Cow::Owned(name.into_owned() + suffix),
        }
    }

    pub(super) fn sample_labels(&self) -> SeriesLabels<'_> {
        let extra = self
            .part
            .bound(&self.metric)
            .map(|(label, at, _)| (label, self.bounds.known(at)));
        SeriesLabels::of_protobuf(self.body, &self.metric.labels, extra)
    }

    pub(super) fn start_timestamp(&self) -> Option<i64> {
        let start = match self.family.kind {
            MetricType::Counter => self.metric.counter.start,
            MetricType::Summary => self.metric.summary.start,
            MetricType::Histogram | MetricType::GaugeHistogram => self.metric.histogram.start,
            _ => 0,
        };
        Some(start).filter(|start| *start != 0)
    }

    pub(super) fn exemplars(&self) -> ExemplarWalk<'_> {
        ExemplarWalk {
            parser: self,
            at: 0,
        }
    }

    /// The place of the exemplar that comes `at`-th; `Some(None)` where others may follow.
    fn exemplar(&self, at: usize) -> Option<Option<usize>> {
        let histogram = &self.metric.histogram;
        match self.part {
            Part::Value if self.family.kind == MetricType::Counter && at == 0 => {
                Some(self.metric.counter.exemplar)
            }
            Part::Bucket(bucket) if at == 0 => Some(
                histogram
                    .buckets
                    .get(bucket)
                    .and_then(|bucket| bucket.exemplar),
            ),
            Part::Native if histogram.exemplars.is_empty() => histogram
                .buckets
                .get(at)
                .map(|bucket| self.timed(bucket.exemplar)),
            Part::Native => histogram.exemplars.get(at).map(|at| self.timed(Some(*at))),
            _ => None,
        }
    }

    /// Exemplars of native histograms need a time.
    fn timed(&self, exemplar: Option<usize>) -> Option<usize> {
        exemplar.filter(|at| self.metric.exemplars[*at].timestamp.is_some())
    }
}

/// The exemplars of a sample in protobuf.
#[derive(Debug, Clone)]
pub(super) struct ExemplarWalk<'p> {
    parser: &'p Protobuf<'p>,
    at: usize,
}

impl<'p> Iterator for ExemplarWalk<'p> {
    type Item = Exemplar<'p>;

    fn next(&mut self) -> Option<Exemplar<'p>> {
        loop {
            let found = self.parser.exemplar(self.at)?;
            self.at += 1;
            if let Some(found) = found {
                let metric = &self.parser.metric;
                let exemplar = &metric.exemplars[found];
                return Some(Exemplar {
                    labels: SeriesLabels::of_protobuf(
                        self.parser.body,
                        &metric.exemplar_labels[exemplar.labels.clone()],
                        None,
                    ),
                    value: exemplar.value,
                    timestamp: exemplar.timestamp,
                });
            }
        }
    }
}
