//! From a body to samples.

mod convert;

use std::iter::once;

use headwater_prometheus::exposition::{
    CUSTOM_BUCKETS, Entry, Exemplars, Format, Histogram, LabelRef, NativeHistogram, Parser,
    ParserOptions, STALE_NAN, Series,
};

use self::convert::{Classic, Convert, Taken};
use crate::cache::{Cache, Kind, NONE, Role, Shape};
use crate::encode::native::{Problem, Resolution};
use crate::encode::{exemplar, nanoseconds, native};
use crate::failure::Failure;
use crate::rules::{NAME, SeriesRules};
use crate::samples::{Samples, is_written};

/// Samples later than this from now are out of bounds, in milliseconds. Source: Prometheus
/// `scrape.maxAheadTime`.
const MOST_AHEAD: i64 = 10 * 60 * 1000;

/// What a target's configuration says about its samples.
#[derive(Debug, Clone, Default)]
pub(crate) struct SampleRules {
    pub(crate) series: SeriesRules,
    pub(crate) honor_timestamps: bool,
    pub(crate) track_timestamps_staleness: bool,
    /// The most samples that relabelling leaves; 0 for any number.
    pub(crate) sample_limit: u64,
    pub(crate) resolution: Resolution,
    /// `convert_classic_histograms_to_nhcb`.
    pub(crate) convert: bool,
}

/// What was counted, also when the scrape failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Samples that the target showed.
    pub(crate) scraped: u64,
    /// Those that relabelling left.
    pub(crate) kept: u64,
    /// Series that were not known before.
    pub(crate) added: u64,
    /// Samples of a series that was there already.
    pub(crate) duplicates: u64,
    /// Samples too far in the future.
    pub(crate) out_of_bounds: u64,
    /// Native histograms and others that OTLP cannot hold.
    pub(crate) untranslatable: u64,
}

/// What a target has answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) format: Format,
    pub(crate) options: ParserOptions,
}

/// Reads a body and adds the markers of series that it does not show any more. On a failure `samples` holds what was read until then, which is to be thrown away.
///
/// `time` is that of the scrape, `now` the moment, both in milliseconds.
pub(crate) fn collect(
    body: &Body<'_>,
    cache: &mut Cache,
    samples: &mut Samples,
    rules: &SampleRules,
    time: i64,
    now: i64,
) -> (Counts, Result<(), Failure>) {
    let mut collector = Collector {
        cache,
        samples,
        rules,
        time,
        latest: now.saturating_add(MOST_AHEAD),
        counts: Counts::default(),
        limited: false,
        starts: body.format == Format::Protobuf,
        // Where the classic form is kept it is the same OTLP point.
        convert: (rules.convert && !body.options.keep_classic_histograms).then(Convert::default),
    };
    let outcome = collector.read(Parser::new(body.bytes, body.format, body.options));
    let limited = collector.limited.then_some(Failure::SampleLimit);
    let outcome = outcome.and(limited.map_or(Ok(()), Err));
    if outcome.is_ok() {
        collector.finish();
    }
    (collector.counts, outcome)
}

struct Collector<'a> {
    cache: &'a mut Cache,
    samples: &'a mut Samples,
    rules: &'a SampleRules,
    time: i64,
    latest: i64,
    counts: Counts,
    limited: bool,
    /// Whether the format knows start times besides `_created` lines.
    starts: bool,
    convert: Option<Convert>,
}

impl Collector<'_> {
    fn read(&mut self, mut parser: Parser<'_>) -> Result<(), Failure> {
        while let Some(entry) = parser.next_expecting(self.cache.guess())? {
            if self.convert.is_some() && !self.pass(&entry)? {
                continue;
            }
            match entry {
                Entry::Series(series) => self.number(&series)?,
                Entry::Histogram(histogram) => self.histogram(&histogram)?,
                Entry::Type { name, kind } => self.cache.set_type(&name, kind),
                Entry::Help { name, text } => self.cache.set_help(&name, &text),
                Entry::Unit { name, unit } => self.cache.set_unit(&name, &unit),
                Entry::Comment(_) => {}
            }
        }
        let last = self.convert.as_mut().and_then(Convert::end);
        last.map_or(Ok(()), |classic| self.converted(classic))
    }

    /// Takes the series of classic histograms out; says whether the entry is still to be looked at.
    fn pass(&mut self, entry: &Entry<'_>) -> Result<bool, Failure> {
        let Some(convert) = &mut self.convert else {
            return Ok(true);
        };
        let (taken, done) = match entry {
            Entry::Series(series) => convert.take(series, self.time),
            other => {
                match other {
                    Entry::Type { name, kind } => convert.family(name, *kind),
                    Entry::Histogram(histogram) => convert.native(histogram),
                    _ => {}
                }
                (Taken::No, convert.end())
            }
        };
        if let Some(done) = done {
            self.converted(done)?;
        }
        Ok(matches!(taken, Taken::No))
    }

    /// A classic histogram is complete.
    fn converted(&mut self, mut classic: Classic) -> Result<(), Failure> {
        let (labels, exemplars) = (
            std::mem::take(&mut classic.labels),
            std::mem::take(&mut classic.exemplars),
        );
        let (key, timestamp) = (std::mem::take(&mut classic.key), classic.timestamp);
        let start = classic.start;
        let written =
            classic.convert(|value| self.native(&key, || labels, value, (timestamp, start)));
        let Some(written) = written else {
            self.counts.untranslatable += 1;
            return Ok(());
        };
        if let Some((place, _)) = written?
            && !exemplars.is_empty()
        {
            self.samples
                .push_exemplar(place, |out| out.extend_from_slice(&exemplars));
        }
        Ok(())
    }

    /// The scrape has succeeded.
    fn finish(&mut self) {
        for sample in &self.samples.list {
            self.cache.confirm(sample.series);
        }
        let mut gone = Vec::new();
        self.cache.take_gone(|at| gone.push(at));
        mark_stale(&gone, self.cache, self.samples, self.time);
    }

    #[inline]
    fn number(&mut self, series: &Series<'_>) -> Result<(), Failure> {
        self.counts.scraped += 1;
        let found = if series.is_expected() {
            self.cache.accept_guess()
        } else {
            self.cache.find(self.cache.text(series.key()))
        };
        let at = match found {
            Some(at) if self.cache.is_current(at, Shape::Float) => at,
            found => {
                let labels = labels(&series.name(), series.labels());
                self.resolve(found, series.key(), &labels, Shape::Float)?
            }
        };
        let role = self.cache.series(at).role;
        let Some(time) = self.admit(at, role, series.timestamp()) else {
            return Ok(());
        };
        if !is_written(role) {
            self.unwritten(at, role, series.value());
            return Ok(());
        }
        if self.starts
            && let Some(start) = series.start_timestamp()
        {
            self.start(at, nanoseconds(start));
        }
        let place = self.samples.push(self.cache, at, series.value(), time);
        self.exemplars(place, at, series.exemplars());
        Ok(())
    }

    fn histogram(&mut self, histogram: &Histogram<'_>) -> Result<(), Failure> {
        let labels = || labels(&histogram.name(), histogram.labels());
        let times = (histogram.timestamp(), histogram.start_timestamp());
        let written = self.native(histogram.key(), labels, &histogram.value(), times)?;
        if let Some((place, at)) = written {
            self.exemplars(place, at, histogram.exemplars());
        }
        Ok(())
    }

    /// Takes a native histogram with its timestamp and start. Returns the place of its sample and its
    /// series, if there is one.
    fn native(
        &mut self,
        key: &[u8],
        labels: impl FnOnce() -> Vec<(String, String)>,
        value: &NativeHistogram<'_>,
        (timestamp, start): (Option<i64>, Option<i64>),
    ) -> Result<Option<(u32, u32)>, Failure> {
        self.counts.scraped += 1;
        let shape = if value.schema == CUSTOM_BUCKETS {
            Shape::Custom
        } else {
            Shape::Exponential
        };
        let text = self.cache.text(key);
        let at = match self.cache.find(text) {
            Some(at) if self.cache.is_current(at, shape) => at,
            found => self.resolve(found, key, &labels(), shape)?,
        };
        let role = self.cache.series(at).role;
        let Some(time) = self.admit(at, role, timestamp) else {
            return Ok(None);
        };
        let mut outcome = Ok(());
        let body = self.samples.push_histogram(|out| {
            outcome = native::put(out, value, self.rules.resolution);
        });
        match outcome {
            Ok(()) => {}
            Err(Problem::TooManyBuckets) => return Err(Failure::BucketLimit),
            Err(Problem::Malformed) => {
                self.counts.untranslatable += 1;
                return Ok(None);
            }
        }
        if let Some(start) = start {
            self.start(at, nanoseconds(start));
        }
        Ok(Some((self.samples.push(self.cache, at, body, time), at)))
    }

    /// Relabels and translates a series that is new or means something else than before.
    #[cold]
    fn resolve(
        &mut self,
        found: Option<u32>,
        key: &[u8],
        labels: &[(String, String)],
        shape: Shape,
    ) -> Result<u32, Failure> {
        let rules = &self.rules.series;
        let labels = labels.iter().map(|(name, value)| (name, value));
        match found {
            Some(at) => self.cache.renew(at, labels, shape, rules).map(|()| at),
            None => {
                let text = self.cache.text(key);
                let at = self.cache.add(text, labels, shape, rules)?;
                self.counts.added += u64::from(self.cache.series(at).role != Role::Dropped);
                Ok(at)
            }
        }
    }

    /// Counts a sample and decides whether it is taken, and with what time.
    #[inline]
    fn admit(&mut self, at: u32, role: Role, timestamp: Option<i64>) -> Option<i64> {
        let again = self.cache.see(at);
        if role == Role::Dropped {
            return None;
        }
        self.counts.kept += 1;
        let timestamp = timestamp.filter(|_| self.rules.honor_timestamps);
        if timestamp.is_none() && (again || self.cache.see_shared(at)) {
            self.counts.duplicates += 1;
            return None;
        }
        if self.rules.sample_limit > 0 && self.counts.kept > self.rules.sample_limit {
            self.limited = true;
            return None;
        }
        let Some(timestamp) = timestamp else {
            self.cache.set_tracked(at, true);
            return Some(self.time);
        };
        if timestamp > self.latest {
            self.counts.out_of_bounds += 1;
            return None;
        }
        self.cache
            .set_tracked(at, self.rules.track_timestamps_staleness);
        Some(timestamp)
    }

    fn unwritten(&mut self, at: u32, role: Role, value: f64) {
        match role {
            Role::Info => self.cache.saw_info(at),
            Role::NumberCreated => self.cache.set_number_start(at, seconds(value)),
            Role::GroupCreated => {
                let group = self.cache.series(at).group;
                self.cache.group_mut(group).start = seconds(value);
            }
            _ => self.counts.untranslatable += 1,
        }
    }

    fn start(&mut self, at: u32, start: u64) {
        let series = self.cache.series(at);
        let (role, group, stream) = (series.role, series.group, series.stream);
        match role {
            Role::Native => self.cache.series_mut(at).aux = start,
            Role::Number if matches!(self.cache.stream(stream).kind, Kind::Sum { .. }) => {
                self.cache.series_mut(at).aux = start;
            }
            _ if group != NONE => self.cache.group_mut(group).start = start,
            _ => {}
        }
    }

    #[inline]
    fn exemplars(&mut self, place: u32, at: u32, exemplars: Exemplars<'_>) {
        for exemplar in exemplars {
            let kind = self.cache.stream(self.cache.series(at).stream).kind;
            if let Some(field) = exemplar::field(kind) {
                let time = self.time;
                self.samples
                    .push_exemplar(place, |out| exemplar::put(out, field, &exemplar, time));
            }
        }
    }
}

/// Adds the markers of all live series: the scrape has failed, or was the last. Throws away what
/// `samples` held.
pub(crate) fn collect_stale(cache: &mut Cache, samples: &mut Samples, time: i64) -> u64 {
    samples.clear();
    let mut gone = Vec::new();
    cache.take_all(|at| gone.push(at));
    mark_stale(&gone, cache, samples, time);
    gone.len() as u64
}

fn mark_stale(gone: &[u32], cache: &mut Cache, samples: &mut Samples, time: i64) {
    for at in gone {
        if is_written(cache.series(*at).role) {
            samples.push(cache, *at, STALE_NAN, time);
        }
    }
}

/// All labels of a series, its name among them.
fn labels<'p>(name: &str, labels: impl Iterator<Item = LabelRef<'p>>) -> Vec<(String, String)> {
    once((NAME.to_owned(), name.to_owned()))
        .filter(|(_, name)| !name.is_empty())
        .chain(labels.map(|label| (label.name.into_owned(), label.value.into_owned())))
        .collect()
}

/// Seconds since 1970 as nanoseconds, to the microsecond: a double knows no more of our times, and
/// what it is off by must not turn 0.461 s into 0.460 s. What is no time is 0.
fn seconds(value: f64) -> u64 {
    if value.is_finite() && value > 0.0 {
        ((value * 1e6).round() as u64).saturating_mul(1000)
    } else {
        0
    }
}
