//! Instruments for own telemetry: what a component counts about itself.
//!
//! A counter is one atomic; nothing is hashed or allocated when it is incremented. The service
//! reads a [`Telemetry::snapshot`] and renders it. Names carry the Collector's prefix
//! (`otelcol_…`) and no unit or type suffix: the reader adds those.

mod histogram;
mod open;
mod receiver;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

pub use histogram::{Histogram, HistogramSnapshot};
pub use open::{OpenFamily, OpenKind, OpenLabels, OpenSource, OpenValue};
pub use receiver::ReceiverInstruments;

/// From which `service.telemetry.metrics.level` on an instrument is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing is shown.
    None,
    /// What every deployment needs.
    Basic,
    /// The default.
    Normal,
    /// Everything, also what costs.
    Detailed,
}

/// How an instrument behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InstrumentKind {
    /// Only ever grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution with these upper bounds, ascending.
    Histogram(&'static [f64]),
}

/// What an instrument is; one `const` per instrument.
#[derive(Debug, Clone, Copy)]
pub struct Instrument {
    /// The full name: `otelcol_exporter_sent_spans`.
    pub name: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// UCUM unit: `{span}`, `By`, `s`.
    pub unit: &'static str,
    /// How it behaves.
    pub kind: InstrumentKind,
    /// From which level on it is shown.
    pub level: Level,
}

/// Label names and values of one series, in a fixed order.
pub type Attributes = Vec<(&'static str, String)>;

/// A growing count.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds `n`.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The count so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A value that goes up and down.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    /// Adds `n`, which may be negative.
    #[inline]
    pub fn add(&self, n: i64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Sets the value.
    #[inline]
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The value.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

type Callback = Box<dyn Fn() -> f64 + Send + Sync>;

/// Keeps a callback instrument alive; dropping it removes the series.
pub struct Observation(#[expect(dead_code, reason = "held for its Drop")] Arc<Callback>);

impl fmt::Debug for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observation")
    }
}

enum Series {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Histogram),
    /// The last one that is alive counts: during a reload the pipelines before and after
    /// observe the same series.
    Callbacks(Vec<Weak<Callback>>),
}

#[derive(Default)]
struct Registered {
    families: BTreeMap<&'static str, (Instrument, BTreeMap<Attributes, Series>)>,
}

/// One series as a reader sees it.
#[derive(Debug, Clone, PartialEq)]
pub enum SeriesValue {
    /// A counter or gauge.
    Number(f64),
    /// A histogram.
    Histogram(HistogramSnapshot),
}

/// One instrument with all its series, ordered by attributes.
#[derive(Debug, Clone)]
pub struct Family {
    /// What it is.
    pub instrument: Instrument,
    /// Its series.
    pub series: Vec<(Attributes, SeriesValue)>,
}

/// Where instruments are made and read. Cheap to clone; clones share the instruments.
#[derive(Clone, Default)]
pub struct Telemetry(Arc<Mutex<Registered>>, open::OpenSources);

impl Telemetry {
    /// The counter of `instrument` with `attributes`; asking again gives the same counter.
    #[must_use]
    pub fn counter(&self, instrument: Instrument, attributes: Attributes) -> Counter {
        let fresh = Counter::default();
        self.with(instrument, attributes, |slot| match slot {
            Some(Series::Counter(known)) => known.clone(),
            slot => {
                *slot = Some(Series::Counter(fresh.clone()));
                fresh
            }
        })
    }

    /// The gauge of `instrument` with `attributes`; asking again gives the same gauge.
    #[must_use]
    pub fn gauge(&self, instrument: Instrument, attributes: Attributes) -> Gauge {
        let fresh = Gauge::default();
        self.with(instrument, attributes, |slot| match slot {
            Some(Series::Gauge(known)) => known.clone(),
            slot => {
                *slot = Some(Series::Gauge(fresh.clone()));
                fresh
            }
        })
    }

    /// The histogram of `instrument` with `attributes`; its bounds come from the kind.
    #[must_use]
    pub fn histogram(&self, instrument: Instrument, attributes: Attributes) -> Histogram {
        let bounds = match instrument.kind {
            InstrumentKind::Histogram(bounds) => bounds,
            InstrumentKind::Counter | InstrumentKind::Gauge => &[],
        };
        let fresh = Histogram::new(bounds);
        self.with(instrument, attributes, |slot| match slot {
            Some(Series::Histogram(known)) => known.clone(),
            slot => {
                *slot = Some(Series::Histogram(fresh.clone()));
                fresh
            }
        })
    }

    /// A series whose value is computed when it is read. It lives as long as the observation;
    /// of several observations of one series the latest is read.
    #[must_use]
    pub fn observe(
        &self,
        instrument: Instrument,
        attributes: Attributes,
        value: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Observation {
        let callback: Arc<Callback> = Arc::new(Box::new(value));
        let weak = Arc::downgrade(&callback);
        self.with(instrument, attributes, |slot| match slot {
            Some(Series::Callbacks(callbacks)) => callbacks.push(weak),
            slot => *slot = Some(Series::Callbacks(vec![weak])),
        });
        Observation(callback)
    }

    /// Shows the metrics of `source` as long as it lives.
    pub fn attach(&self, source: &Arc<impl OpenSource + 'static>) {
        let weak = Arc::downgrade(source);
        self.1.attach(weak);
    }

    /// The metrics of everybody who was attached and lives, by name.
    #[must_use]
    pub fn open_families(&self) -> Vec<OpenFamily> {
        self.1.read()
    }

    fn with<R>(
        &self,
        instrument: Instrument,
        attributes: Attributes,
        act: impl FnOnce(&mut Option<Series>) -> R,
    ) -> R {
        let mut registered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, series) = registered
            .families
            .entry(instrument.name)
            .or_insert_with(|| (instrument, BTreeMap::new()));
        let mut slot = series.remove(&attributes);
        let result = act(&mut slot);
        if let Some(slot) = slot {
            series.insert(attributes, slot);
        }
        result
    }

    /// Every instrument shown at `level`, ordered by name; series whose observation is gone are
    /// forgotten. Attributes that begin with `error.` are shown from [`Level::Detailed`] on; below
    /// it, series that differ in nothing else are one. Source: Go `exporterhelper`, obsReport.
    #[must_use]
    pub fn snapshot(&self, level: Level) -> Vec<Family> {
        let mut registered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut families = Vec::new();
        for (instrument, series) in registered.families.values_mut() {
            series.retain(|_, series| series.is_alive());
            if instrument.level > level || level == Level::None || series.is_empty() {
                continue;
            }
            let series = series
                .iter()
                .filter_map(|(attributes, series)| Some((attributes.clone(), series.read()?)))
                .collect();
            families.push(Family {
                instrument: *instrument,
                series: at_level(level, series),
            });
        }
        families
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let registered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(registered.families.keys()).finish()
    }
}

/// Leaves out the attributes that are not shown at `level` and merges what is then the same.
fn at_level(
    level: Level,
    series: Vec<(Attributes, SeriesValue)>,
) -> Vec<(Attributes, SeriesValue)> {
    let is_shown = |name: &str| level >= Level::Detailed || !name.starts_with("error.");
    let mut attributes = series.iter().flat_map(|(attributes, _)| attributes);
    if attributes.all(|(name, _)| is_shown(name)) {
        return series;
    }
    let mut merged: BTreeMap<Attributes, SeriesValue> = BTreeMap::new();
    for (mut attributes, value) in series {
        attributes.retain(|(name, _)| is_shown(name));
        match (merged.get_mut(&attributes), value) {
            (Some(SeriesValue::Number(sum)), SeriesValue::Number(more)) => *sum += more,
            (_, value) => {
                merged.insert(attributes, value);
            }
        }
    }
    merged.into_iter().collect()
}

impl Series {
    /// Forgets observations that are gone; false if none is left.
    fn is_alive(&mut self) -> bool {
        let Self::Callbacks(callbacks) = self else {
            return true;
        };
        callbacks.retain(|callback| callback.strong_count() > 0);
        !callbacks.is_empty()
    }

    fn read(&self) -> Option<SeriesValue> {
        Some(match self {
            Self::Counter(counter) => SeriesValue::Number(counter.get() as f64),
            Self::Gauge(gauge) => SeriesValue::Number(gauge.get() as f64),
            Self::Histogram(histogram) => SeriesValue::Histogram(histogram.read()),
            Self::Callbacks(callbacks) => {
                let callback = callbacks.iter().rev().find_map(Weak::upgrade)?;
                SeriesValue::Number(callback())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: Instrument = Instrument {
        name: "otelcol_exporter_sent_spans",
        description: "Number of spans successfully sent to destination.",
        unit: "{span}",
        kind: InstrumentKind::Counter,
        level: Level::Basic,
    };

    #[test]
    fn asking_for_the_same_series_gives_the_same_counter() {
        let telemetry = Telemetry::default();
        let attributes = || vec![("exporter", "otlp".to_owned())];
        telemetry.counter(SENT, attributes()).add(2);
        telemetry.counter(SENT, attributes()).add(3);
        let snapshot = telemetry.snapshot(Level::Normal);
        assert_eq!(
            snapshot[0].series,
            [(attributes(), SeriesValue::Number(5.0))]
        );
    }

    #[test]
    fn levels_hide_what_is_above_them() {
        let telemetry = Telemetry::default();
        let detailed = Instrument {
            name: "otelcol_x",
            level: Level::Detailed,
            ..SENT
        };
        telemetry.counter(detailed, Vec::new()).add(1);
        assert!(telemetry.snapshot(Level::Normal).is_empty());
        assert_eq!(telemetry.snapshot(Level::Detailed).len(), 1);
        assert!(telemetry.snapshot(Level::None).is_empty());
    }

    #[test]
    fn the_latest_observation_that_lives_is_read() {
        let telemetry = Telemetry::default();
        let gauge = Instrument {
            name: "otelcol_z",
            kind: InstrumentKind::Gauge,
            ..SENT
        };
        let read = || telemetry.snapshot(Level::Basic)[0].series[0].1.clone();
        let running = telemetry.observe(gauge, Vec::new(), || 1.0);
        let tried = telemetry.observe(gauge, Vec::new(), || 2.0);
        assert_eq!(read(), SeriesValue::Number(2.0));
        drop(tried);
        assert_eq!(read(), SeriesValue::Number(1.0));
        drop(running);
    }

    #[test]
    fn kinds_of_errors_are_shown_at_the_highest_level_only() {
        let telemetry = Telemetry::default();
        let exporter = ("exporter", "otlp".to_owned());
        let with = |error: &str| vec![exporter.clone(), ("error.type", error.to_owned())];
        telemetry.counter(SENT, vec![exporter.clone()]).add(1);
        telemetry.counter(SENT, with("Unavailable")).add(2);
        telemetry.counter(SENT, with("Internal")).add(4);
        let normal = telemetry.snapshot(Level::Normal);
        let sum = SeriesValue::Number(7.0);
        assert_eq!(normal[0].series, [(vec![exporter.clone()], sum)]);
        assert_eq!(telemetry.snapshot(Level::Detailed)[0].series.len(), 3);
    }

    #[test]
    fn an_observation_lives_as_long_as_its_guard() {
        let telemetry = Telemetry::default();
        let gauge = Instrument {
            name: "otelcol_y",
            kind: InstrumentKind::Gauge,
            ..SENT
        };
        let guard = telemetry.observe(gauge, Vec::new(), || 7.0);
        assert_eq!(
            telemetry.snapshot(Level::Basic)[0].series[0].1,
            SeriesValue::Number(7.0)
        );
        drop(guard);
        assert!(telemetry.snapshot(Level::Basic).is_empty());
    }
}
