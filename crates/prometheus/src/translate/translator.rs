//! [`Translator`]: a batch in, requests out.

use headwater_core::pdata::Payload;
use headwater_core::pdata::view::{InstrumentationScope, Resource, ResourceMetrics, ScopeMetrics};
use headwater_core::pdata::wire::WireType;

use super::cache::{Cache, NONE, Source};
use super::custom::ExplicitHistograms;
use super::labels::target_info_labels;
use super::milliseconds;
use super::options::Options;
use super::points::{Context, PointError, Scratch, Target};
use super::records::Records;
use super::requests::{Request, Slice, Writer};
use super::walk::{Header, Kind, Walk};
use crate::fingerprint::Fingerprint;
use crate::remote_write::{Message, MetricType};

/// Points that have no form in Prometheus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// A short constant, for counting.
    pub reason: &'static str,
    /// How many points. 0 if they were written in another form.
    pub points: usize,
    /// What is wrong with the first of them.
    pub example: String,
}

/// How a translation went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Points that were translated.
    pub points: usize,
    /// Series that they are written to, `target_info` included.
    pub series: usize,
    /// Points that were not, by reason.
    pub refused: Vec<Refused>,
}

impl Outcome {
    fn refuse(&mut self, reason: &'static str, points: usize, example: impl FnOnce() -> String) {
        match self.refused.iter_mut().find(|known| known.reason == reason) {
            Some(known) => known.points += points,
            None => self.refused.push(Refused {
                reason,
                points,
                example: example(),
            }),
        }
    }
}

/// Translates batches of OTLP metrics into requests of remote write.
///
/// It remembers series (see [`Options::series_cache_size`]); one that it knows costs a look-up
/// and a copy. Not for several threads at once.
#[derive(Debug)]
pub struct Translator {
    options: Options,
    message: Message,
    cache: Cache,
    records: Records,
    scratch: Scratch,
    writer: Writer,
    identity: Vec<u8>,
}

impl Translator {
    /// A translator that knows no series yet.
    #[must_use]
    pub fn new(options: Options, message: Message) -> Self {
        Self {
            cache: Cache::new(message, options.series_cache_size),
            options,
            message,
            records: Records::default(),
            scratch: Scratch::default(),
            writer: Writer::default(),
            identity: Vec::new(),
        }
    }

    /// Which message it writes.
    #[must_use]
    pub const fn message(&self) -> Message {
        self.message
    }

    /// Writes the other message from now on. What was translated is lost.
    pub fn set_message(&mut self, message: Message) {
        if self.message != message {
            *self = Self::new(self.options.clone(), message);
        }
    }

    /// Forgets the series that have not come since the call before.
    pub fn sweep(&mut self) {
        self.records.begin(&mut self.cache);
        self.cache.sweep();
    }

    /// How many series it remembers.
    #[must_use]
    pub fn known_series(&self) -> usize {
        self.cache.len()
    }

    /// Translates a batch; [`Translator::requests`] writes it.
    pub fn translate(&mut self, payload: &Payload) -> Outcome {
        self.cache.make_room();
        self.records.begin(&mut self.cache);
        let mut outcome = Outcome::default();
        for segment in payload.segments() {
            for entry in Walk::new(segment).messages(1) {
                self.resource(entry, &mut outcome);
            }
            self.records.end_segment();
        }
        outcome.series = self.records.series.len();
        outcome
    }

    /// Writes what was translated last into requests of about `limit` bytes, and hands each to
    /// `each`. All samples of a series are in one request, in the order of their times.
    pub fn requests(&mut self, limit: usize, each: impl FnMut(Request<'_>)) {
        let Self {
            options,
            cache,
            records,
            writer,
            ..
        } = self;
        writer.write(self.message, cache, records, limit, options.metadata, each);
    }

    /// Writes some of what [`Translator::requests`] has written last into a request of its own,
    /// however long that is, and hands it to `each`; nothing if there is nothing in it. Points that
    /// were duplicates there are not in it.
    pub fn slice(&mut self, slice: &Slice, each: impl FnMut(Request<'_>)) {
        let Self {
            cache,
            records,
            writer,
            ..
        } = self;
        writer.write_slice(self.message, cache, records, slice, each);
    }

    /// Whether [`Translator::slice`] would write nothing.
    #[must_use]
    pub fn is_empty(&self, slice: &Slice) -> bool {
        let range = self.records.of_segments(&slice.segments);
        let series = self.records.series.get(slice.series.clone());
        !series.is_some_and(|series| {
            let first = |number: &u32| self.cache.series[*number as usize].first;
            series
                .iter()
                .any(|number| self.records.has_any(first(number), &range))
        })
    }

    fn resource(&mut self, entry: &[u8], outcome: &mut Outcome) {
        let seeds = self.cache.seeds;
        let mut identity = seeds.start();
        for resource in Walk::new(entry).messages(1) {
            identity = seeds.add(identity, resource);
        }
        // The number of a field that once held the scopes counts if the new one is not there.
        let current = Walk::new(entry).messages(2).next().is_some();
        let resource = ResourceMetrics::new(entry).resource();
        let mut newest = 0;
        for scope in Walk::new(entry).messages(if current { 2 } else { 1000 }) {
            newest = newest.max(self.scope(resource, scope, identity, outcome));
        }
        if self.options.target_info && newest != 0 {
            self.target_info(resource, identity, newest);
        }
    }

    fn target_info(&mut self, resource: Resource<'_>, identity: Fingerprint, newest: u64) {
        let identity = self.cache.seeds.add(identity, b"target_info");
        let series = if let Some(Source::One(series)) = self.cache.source(identity) {
            *series
        } else {
            let series = match target_info_labels(&self.options, resource) {
                Ok(Some(labels)) => {
                    let name = labels.get("__name__").to_owned();
                    let kind = MetricType::Gauge;
                    let family = self.cache.family_of(kind, &name, "Target metadata", "");
                    self.cache.series_of(&labels, family)
                }
                // A name that Prometheus has not got: the points have said it.
                Ok(None) | Err(_) => NONE,
            };
            self.cache.keep(identity, Source::One(series));
            series
        };
        if series != NONE {
            let times = (milliseconds(newest), 0);
            let value = 1.0_f64.to_bits();
            self.records
                .sample(&mut self.cache, series, value, times, false);
        }
    }

    /// Returns the newest time of its points, in nanoseconds.
    fn scope(
        &mut self,
        resource: Resource<'_>,
        scope: &[u8],
        mut identity: Fingerprint,
        outcome: &mut Outcome,
    ) -> u64 {
        for bytes in Walk::new(scope).messages(1) {
            identity = self.cache.seeds.add(identity, bytes);
        }
        // Found once: it may stand behind thousands of metrics.
        let from = (resource, ScopeMetrics::new(scope).scope());
        let mut newest = 0;
        let mut data = Vec::new();
        for metric in Walk::new(scope).messages(2) {
            let header = Header::read(metric, std::mem::take(&mut self.identity), data);
            newest = newest.max(self.metric(from, &header, identity, outcome));
            self.identity = header.identity;
            data = header.data;
        }
        newest
    }

    fn metric(
        &mut self,
        (resource, scope): (Resource<'_>, InstrumentationScope<'_>),
        header: &Header<'_>,
        identity: Fingerprint,
        outcome: &mut Outcome,
    ) -> u64 {
        let Some(kind) = header.kind else {
            return 0;
        };
        let name = || header.metric.name().to_lossy();
        if !matches!(kind, Kind::Gauge | Kind::Summary) && header.temporality != 2 {
            let points = header.points().count();
            if points == 0 {
                return 0;
            }
            if header.temporality == 1 {
                outcome.refuse("delta_temporality", points, || {
                    format!(
                        "metric {:?} has delta temporality, and remote write has only cumulative \
                         values: put the `deltatocumulative` processor before this exporter, or \
                         take out the `cumulativetodelta` processor that made it so",
                        name()
                    )
                });
            } else {
                outcome.refuse("invalid_temporality", points, || {
                    format!(
                        "metric {:?} does not say whether it is cumulative (aggregation \
                         temporality {})",
                        name(),
                        header.temporality
                    )
                });
            }
            return newest_of(header);
        }
        let cx = Context {
            options: &self.options,
            resource,
            scope,
            metric: header.metric,
            kind,
            identity: self.cache.seeds.add(identity, &header.identity),
        };
        let mut target = Target {
            cache: &mut self.cache,
            records: &mut self.records,
            scratch: &mut self.scratch,
        };
        let mut newest = 0;
        let describe = |error: &PointError| format!("metric {:?}: {error}", name());
        for point in header.points() {
            let done = match kind {
                Kind::Gauge | Kind::Sum { .. } => target.number(&cx, point),
                Kind::Histogram => match cx.options.explicit_histograms {
                    ExplicitHistograms::Classic => target.histogram(&cx, point),
                    ExplicitHistograms::Native => target.custom(&cx, point, true),
                    ExplicitHistograms::Both => {
                        let native = target.custom(&cx, point, false);
                        let classic = target.histogram(&cx, point);
                        if let (Err(error), Ok(_)) = (native, &classic) {
                            // The point is there, but only in one form.
                            outcome.refuse(error.reason(), 0, || describe(&error));
                        }
                        classic
                    }
                },
                Kind::ExponentialHistogram => target.exponential(&cx, point),
                Kind::Summary => target.summary(&cx, point),
            };
            match done {
                Ok(time) => {
                    outcome.points += 1;
                    newest = newest.max(time);
                }
                Err(error) => {
                    outcome.refuse(error.reason(), 1, || describe(&error));
                }
            }
        }
        newest
    }
}

/// The newest time of points that are not translated: it counts for `target_info` all the same.
fn newest_of(header: &Header<'_>) -> u64 {
    // Field 3 in every kind of point.
    let time = |point: &[u8]| {
        Walk::new(point)
            .filter(|field| field.number == 3 && field.wire_type == WireType::Fixed64)
            .last()
            .map_or(0, |field| field.bits(point))
    };
    header.points().map(time).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
