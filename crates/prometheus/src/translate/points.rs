//! From points to records.

use headwater_core::pdata::view::{
    Attributes, Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, InstrumentationScope,
    Messages, Metric, NumberDataPoint, NumberValue, Resource, SummaryDataPoint,
};

use super::cache::{Cache, NONE, Source};
use super::custom::custom_histogram;
use super::labels::series_labels;
use super::names::{NameError, metric_name};
use super::native::{NativeError, native_histogram};
use super::options::Options;
use super::records::{Record, RecordKind, Records};
use super::units::unit_name;
use super::walk::{Kind, Number, attributes_of, entry_text, metric_type};
use super::{milliseconds, number_label};
use crate::Labels;
use crate::fingerprint::Fingerprint;
use crate::remote_write::encode::put_label;
use crate::remote_write::{Histogram, STALE_NAN};

/// The labels of an exemplar may have as many letters together. Source: OpenMetrics 1.0.
const EXEMPLAR_LETTERS: usize = 128;
/// Bit of a point's flags: there is no value.
const NO_RECORDED_VALUE: u64 = 1;

/// Why a point was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum PointError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Native(#[from] NativeError),
}

impl PointError {
    /// A short constant, for counting.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Name(_) => "invalid_name",
            Self::Native(_) => "unsupported_histogram",
        }
    }
}

/// The metric that points belong to.
pub(super) struct Context<'a> {
    pub(super) options: &'a Options,
    pub(super) resource: Resource<'a>,
    pub(super) scope: InstrumentationScope<'a>,
    pub(super) metric: Metric<'a>,
    pub(super) kind: Kind,
    /// Of all of the above.
    pub(super) identity: Fingerprint,
}

impl Context<'_> {
    /// Name and family of the metric; only asked for when a series is first seen.
    fn family(&self, cache: &mut Cache) -> Result<(String, u32), NameError> {
        let metric = self.metric;
        let unit = metric.unit().to_lossy();
        let name = metric_name(
            self.options.strategy,
            &self.options.namespace,
            &metric.name().to_lossy(),
            &unit,
            self.kind.name_kind(),
        )?;
        let family = cache.family_of(
            metric_type(self.kind, metric.metadata()),
            &name,
            &metric.description().to_lossy(),
            &unit_name(&unit),
        );
        Ok((name, family))
    }

    fn labels(&self, attributes: Attributes<'_>) -> Result<Labels, NameError> {
        series_labels(self.options, self.resource, self.scope, attributes)
    }
}

/// Buffers that points share.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    bytes: Vec<u8>,
    numbers: Vec<f64>,
    counts: Vec<u64>,
    series: Vec<u32>,
}

/// What points are added to.
pub(super) struct Target<'a> {
    pub(super) cache: &'a mut Cache,
    pub(super) records: &'a mut Records,
    pub(super) scratch: &'a mut Scratch,
}

const fn or_stale(stale: bool, value: f64) -> u64 {
    if stale { STALE_NAN } else { value.to_bits() }
}

impl Target<'_> {
    /// A number. Returns its time, in nanoseconds.
    #[inline]
    pub(super) fn number(&mut self, cx: &Context<'_>, point: &[u8]) -> Result<u64, PointError> {
        let number = Number::read(point);
        let attributes =
            number
                .attributes
                .bytes(point, Number::ATTRIBUTES, &mut self.scratch.bytes);
        let identity = self.cache.seeds.add(cx.identity, attributes);
        let series = match self.cache.source(identity) {
            Some(Source::One(series)) => *series,
            _ => self.new_number(cx, point, identity)?,
        };
        let value = if number.flags & NO_RECORDED_VALUE != 0 {
            STALE_NAN
        } else {
            number.value
        };
        let start = match cx.kind {
            Kind::Sum { monotonic: true } => milliseconds(number.start),
            _ => 0,
        };
        let times = (milliseconds(number.time), start);
        self.records.sample(self.cache, series, value, times, true);
        if number.exemplars && matches!(cx.kind, Kind::Sum { .. }) {
            let exemplars = NumberDataPoint::new(point).exemplars();
            self.exemplars(exemplars, times.0, |_| series);
        }
        Ok(number.time)
    }

    #[cold]
    fn new_number(
        &mut self,
        cx: &Context<'_>,
        point: &[u8],
        identity: Fingerprint,
    ) -> Result<u32, PointError> {
        let (name, family) = cx.family(self.cache)?;
        let mut labels = cx.labels(NumberDataPoint::new(point).attributes())?;
        labels.set("__name__", &name);
        let series = self.cache.series_of(&labels, family);
        self.cache.keep(identity, Source::One(series));
        Ok(series)
    }

    /// A histogram with explicit bounds: `_count`, `_sum` and a `_bucket` per bound.
    pub(super) fn histogram(&mut self, cx: &Context<'_>, bytes: &[u8]) -> Result<u64, PointError> {
        let point = HistogramDataPoint::new(bytes);
        let Scratch {
            numbers,
            counts,
            bytes: scratch,
            ..
        } = &mut *self.scratch;
        counts.clear();
        counts.extend(point.bucket_counts());
        numbers.clear();
        numbers.extend(point.explicit_bounds().take(counts.len()));
        let attributes = attributes_of(bytes, 9).bytes(bytes, 9, scratch);
        let mut identity = self.cache.seeds.add(cx.identity, attributes);
        for bound in numbers.iter() {
            identity = self.cache.seeds.add(identity, &bound.to_le_bytes());
        }
        self.series_of(identity, |this| this.new_histogram(cx, point.attributes()))?;

        let stale = u64::from(point.flags()) & NO_RECORDED_VALUE != 0;
        let time = point.time_unix_nano();
        let times = (
            milliseconds(time),
            milliseconds(point.start_time_unix_nano()),
        );
        let total = or_stale(stale, point.count() as f64);
        let Scratch { counts, series, .. } = &*self.scratch;
        let [count, sum, buckets @ .., last] = series.as_slice() else {
            return Ok(time);
        };
        let (records, cache) = (&mut *self.records, &mut *self.cache);
        records.sample(cache, *count, total, times, true);
        if let Some(value) = point.sum() {
            records.sample(cache, *sum, or_stale(stale, value), times, false);
        }
        let mut cumulative = 0_u64;
        for (series, count) in buckets.iter().zip(counts) {
            cumulative = cumulative.wrapping_add(*count);
            let value = or_stale(stale, cumulative as f64);
            records.sample(cache, *series, value, times, false);
        }
        records.sample(cache, *last, total, times, false);

        // An exemplar belongs to the first bucket that it fits into.
        let numbers = std::mem::take(&mut self.scratch.numbers);
        let series = std::mem::take(&mut self.scratch.series);
        self.exemplars(point.exemplars(), times.0, |value| {
            let bucket = numbers.iter().position(|bound| value <= *bound);
            series[2 + bucket.unwrap_or(numbers.len())]
        });
        self.scratch.numbers = numbers;
        self.scratch.series = series;
        Ok(time)
    }

    /// Puts the series of an identity into the scratch buffer, which `make` fills the first time.
    fn series_of(
        &mut self,
        identity: Fingerprint,
        make: impl FnOnce(&mut Self) -> Result<(), PointError>,
    ) -> Result<(), PointError> {
        self.scratch.series.clear();
        if let Some(Source::Many(series)) = self.cache.source(identity) {
            self.scratch.series.extend_from_slice(series);
            return Ok(());
        }
        make(self)?;
        let series = self.scratch.series.as_slice().into();
        self.cache.keep(identity, Source::Many(series));
        Ok(())
    }

    #[cold]
    fn new_histogram(
        &mut self,
        cx: &Context<'_>,
        attributes: Attributes<'_>,
    ) -> Result<(), PointError> {
        let (name, family) = cx.family(self.cache)?;
        let mut labels = cx.labels(attributes)?;
        for suffix in ["_count", "_sum"] {
            labels.set("__name__", &format!("{name}{suffix}"));
            let series = self.cache.series_of(&labels, family);
            self.scratch.series.push(series);
        }
        labels.set("__name__", &format!("{name}_bucket"));
        for bound in self.scratch.numbers.iter().chain([&f64::INFINITY]) {
            labels.set("le", &number_label(*bound));
            let series = self.cache.series_of(&labels, family);
            self.scratch.series.push(series);
        }
        Ok(())
    }

    /// A summary: `_count`, `_sum` and a series per quantile.
    pub(super) fn summary(&mut self, cx: &Context<'_>, bytes: &[u8]) -> Result<u64, PointError> {
        let point = SummaryDataPoint::new(bytes);
        let attributes = attributes_of(bytes, 7).bytes(bytes, 7, &mut self.scratch.bytes);
        let mut identity = self.cache.seeds.add(cx.identity, attributes);
        for quantile in point.quantile_values() {
            identity = self
                .cache
                .seeds
                .add(identity, &quantile.quantile().to_le_bytes());
        }
        self.series_of(identity, |this| this.new_summary(cx, &point))?;
        let stale = u64::from(point.flags()) & NO_RECORDED_VALUE != 0;
        let time = point.time_unix_nano();
        let times = (
            milliseconds(time),
            milliseconds(point.start_time_unix_nano()),
        );
        let [count, sum, quantiles @ ..] = self.scratch.series.as_slice() else {
            return Ok(time);
        };
        let (records, cache) = (&mut *self.records, &mut *self.cache);
        let total = or_stale(stale, point.count() as f64);
        records.sample(cache, *count, total, times, true);
        records.sample(cache, *sum, or_stale(stale, point.sum()), times, false);
        for (series, quantile) in quantiles.iter().zip(point.quantile_values()) {
            let value = or_stale(stale, quantile.value());
            records.sample(cache, *series, value, times, false);
        }
        Ok(time)
    }

    #[cold]
    fn new_summary(
        &mut self,
        cx: &Context<'_>,
        point: &SummaryDataPoint<'_>,
    ) -> Result<(), PointError> {
        let (name, family) = cx.family(self.cache)?;
        let mut labels = cx.labels(point.attributes())?;
        for suffix in ["_count", "_sum"] {
            labels.set("__name__", &format!("{name}{suffix}"));
            let series = self.cache.series_of(&labels, family);
            self.scratch.series.push(series);
        }
        labels.set("__name__", &name);
        for quantile in point.quantile_values() {
            labels.set("quantile", &number_label(quantile.quantile()));
            let series = self.cache.series_of(&labels, family);
            self.scratch.series.push(series);
        }
        Ok(())
    }

    /// An exponential histogram: one native histogram.
    pub(super) fn exponential(
        &mut self,
        cx: &Context<'_>,
        bytes: &[u8],
    ) -> Result<u64, PointError> {
        let point = ExponentialHistogramDataPoint::new(bytes);
        let histogram = native_histogram(&point)?;
        let attributes = attributes_of(bytes, 1).bytes(bytes, 1, &mut self.scratch.bytes);
        let identity = self.cache.seeds.add(cx.identity, attributes);
        self.native(cx, identity, point.attributes(), &histogram, true)
            .map(|series| self.exemplars(point.exemplars(), histogram.timestamp, |_| series))?;
        Ok(point.time_unix_nano())
    }

    /// A histogram with explicit bounds as one native histogram. `item`: it stands for its point when
    /// points are counted.
    pub(super) fn custom(
        &mut self,
        cx: &Context<'_>,
        bytes: &[u8],
        item: bool,
    ) -> Result<u64, PointError> {
        let point = HistogramDataPoint::new(bytes);
        let histogram = custom_histogram(&point)?;
        let attributes = attributes_of(bytes, 9).bytes(bytes, 9, &mut self.scratch.bytes);
        let identity = self.cache.seeds.add(cx.identity, attributes);
        // Not that of the classic form.
        let identity = self.cache.seeds.add(identity, b"native");
        self.native(cx, identity, point.attributes(), &histogram, item)
            .map(|series| self.exemplars(point.exemplars(), histogram.timestamp, |_| series))?;
        Ok(point.time_unix_nano())
    }

    /// Adds a native histogram to its series, which it returns.
    fn native(
        &mut self,
        cx: &Context<'_>,
        identity: Fingerprint,
        attributes: Attributes<'_>,
        histogram: &Histogram,
        item: bool,
    ) -> Result<u32, PointError> {
        let series = match self.cache.source(identity) {
            Some(Source::One(series)) => *series,
            _ => {
                let (name, family) = cx.family(self.cache)?;
                let mut labels = cx.labels(attributes)?;
                labels.set("__name__", &name);
                let series = self.cache.series_of(&labels, family);
                self.cache.keep(identity, Source::One(series));
                series
            }
        };
        let from = self.records.bytes.len();
        histogram.put(&mut self.records.bytes);
        let record = Record {
            timestamp: histogram.timestamp,
            start: histogram.start,
            value: self.records.range_since(from),
            next: NONE,
            kind: RecordKind::Histogram,
            item,
        };
        self.records.add(self.cache, series, record);
        Ok(series)
    }

    fn exemplars<'v>(
        &mut self,
        exemplars: Messages<'v, Exemplar<'v>>,
        time: i64,
        series_of: impl Fn(f64) -> u32,
    ) {
        for exemplar in exemplars {
            let value = match exemplar.value() {
                Some(NumberValue::Double(value)) => value,
                Some(NumberValue::Int(value)) => value as f64,
                None => 0.0,
            };
            let from = self.records.bytes.len();
            self.records.bytes.extend_from_slice(&value.to_le_bytes());
            put_exemplar_labels(&mut self.records.bytes, &exemplar);
            let own = milliseconds(exemplar.time_unix_nano());
            let record = Record {
                timestamp: if own == 0 { time } else { own },
                start: 0,
                value: self.records.range_since(from),
                next: NONE,
                kind: RecordKind::Exemplar,
                item: false,
            };
            self.records.add(self.cache, series_of(value), record);
        }
    }
}

/// `trace_id`, `span_id`, then the attributes unless that makes them too long together.
fn put_exemplar_labels(out: &mut Vec<u8>, exemplar: &Exemplar<'_>) {
    let mut letters = 0;
    for (name, id) in [
        ("trace_id", exemplar.trace_id()),
        ("span_id", exemplar.span_id()),
    ] {
        if id.iter().any(|byte| *byte != 0) {
            let mut hex = String::with_capacity(2 * id.len());
            for byte in id {
                for half in [byte >> 4, byte & 15] {
                    hex.extend(char::from_digit(u32::from(half), 16));
                }
            }
            letters += name.len() + hex.len();
            put_label(out, name, &hex);
        }
    }
    let attributes: Vec<_> = exemplar
        .filtered_attributes()
        .iter()
        .map(|entry| entry_text(&entry))
        .collect();
    let more = attributes
        .iter()
        .map(|(name, value)| name.chars().count() + value.chars().count());
    if letters + more.sum::<usize>() <= EXEMPLAR_LETTERS {
        for (name, value) in &attributes {
            put_label(out, name, value);
        }
    }
}
