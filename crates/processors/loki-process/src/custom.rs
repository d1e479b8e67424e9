//! Metrics that users make of lines. Series that do not change are forgotten, and there is a bound
//! on how many there may be.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use headwater_core::telemetry::{OpenFamily, OpenKind, OpenLabels, OpenSource, OpenValue};
use tokio::time::Instant;

use crate::entry::Entry;

/// How long the labels of a series may be together: more than Loki takes in its default limits. Unit:
/// bytes.
const LONGEST: usize = 16 << 10;

/// What a metric is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    /// Upper bounds, ascending.
    Histogram(Vec<f64>),
}

#[derive(Debug)]
enum State {
    Number(f64),
    Histogram { counts: Vec<u64>, sum: f64 },
}

#[derive(Debug)]
struct Series {
    labels: OpenLabels,
    state: State,
    changed: Instant,
}

/// One metric.
#[derive(Debug)]
pub(crate) struct Metric {
    name: String,
    description: String,
    kind: Kind,
    bounds: Arc<[f64]>,
    idle: Duration,
    most: usize,
    series: Mutex<HashMap<u64, Series>>,
    complained: AtomicBool,
}

impl Metric {
    fn series(&self) -> MutexGuard<'_, HashMap<u64, Series>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the series of an entry's labels, without those that begin with `__`.
    fn change(&self, entry: &Entry<'_>, now: Instant, change: impl FnOnce(&mut State)) {
        let key = entry.fingerprint();
        let mut all = self.series();
        if let Some(series) = all.get_mut(&key) {
            series.changed = now;
            change(&mut series.state);
            return;
        }
        let lengths = entry.labels().map(|(name, value)| name.len() + value.len());
        let is_long = lengths.sum::<usize>() > LONGEST;
        if all.len() >= self.most {
            all.retain(|_, series| now.saturating_duration_since(series.changed) < self.idle);
        }
        if is_long || all.len() >= self.most {
            if !self.complained.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    metric = %self.name,
                    max_series = self.most,
                    is_long,
                    "A metric has too many series, or one has labels of more than 16 KiB: new ones \
                     are not counted. Drop labels before the metrics stage, or raise max_series"
                );
            }
            return;
        }
        let mut labels: OpenLabels = entry
            .labels()
            .filter(|(name, _)| !name.starts_with("__"))
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        labels.sort();
        let mut state = match &self.kind {
            Kind::Counter | Kind::Gauge => State::Number(0.0),
            Kind::Histogram(bounds) => State::Histogram {
                counts: vec![0; bounds.len() + 1],
                sum: 0.0,
            },
        };
        change(&mut state);
        let series = Series {
            labels,
            state,
            changed: now,
        };
        all.insert(key, series);
    }

    /// Adds to a counter or gauge; a counter never goes down.
    pub(crate) fn add(&self, entry: &Entry<'_>, by: f64, now: Instant) {
        if self.kind == Kind::Counter && (by < 0.0 || by.is_nan()) {
            return;
        }
        self.change(entry, now, |state| {
            if let State::Number(number) = state {
                *number += by;
            }
        });
    }

    /// Sets a gauge.
    pub(crate) fn set(&self, entry: &Entry<'_>, to: f64, now: Instant) {
        self.change(entry, now, |state| {
            if let State::Number(number) = state {
                *number = to;
            }
        });
    }

    /// Records a value in a histogram.
    pub(crate) fn observe(&self, entry: &Entry<'_>, value: f64, now: Instant) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.change(entry, now, |state| {
            if let State::Histogram { counts, sum } = state {
                counts[bucket] += 1;
                *sum += value;
            }
        });
    }

    /// The metric as it is now. What has not changed for long is shown once more and forgotten, as
    /// upstream.
    fn family(&self, now: Instant) -> OpenFamily {
        let mut all = self.series();
        let series = all.values().map(|series| {
            let value = match &series.state {
                State::Number(number) => OpenValue::Number(*number),
                State::Histogram { counts, sum } => OpenValue::Histogram {
                    bounds: Arc::clone(&self.bounds),
                    counts: counts.clone(),
                    sum: *sum,
                },
            };
            (series.labels.clone(), value)
        });
        let series = series.collect();
        all.retain(|_, series| now.saturating_duration_since(series.changed) < self.idle);
        OpenFamily {
            name: self.name.clone(),
            description: self.description.clone(),
            kind: match self.kind {
                Kind::Counter => OpenKind::Counter,
                Kind::Gauge => OpenKind::Gauge,
                Kind::Histogram(_) => OpenKind::Histogram,
            },
            series,
        }
    }
}

#[derive(Debug)]
struct Counts {
    counts: Mutex<HashMap<(String, String), f64>>,
    most: usize,
}

/// How many lines were dropped, by the value of a label.
#[derive(Debug, Clone)]
pub(crate) struct LabelCounters(Arc<Counts>);

impl LabelCounters {
    fn counts(&self) -> MutexGuard<'_, HashMap<(String, String), f64>> {
        let counts = self.0.counts.lock();
        counts.unwrap_or_else(PoisonError::into_inner)
    }

    /// One more.
    pub(crate) fn add(&self, label: &str, value: &str) {
        let mut counts = self.counts();
        let key = (label.to_owned(), value.to_owned());
        if counts.len() < self.0.most || counts.contains_key(&key) {
            *counts.entry(key).or_default() += 1.0;
        }
    }

    /// Forgets all values: others have taken their place.
    pub(crate) fn reset(&self) {
        self.counts().clear();
    }
}

/// The metrics of one processor.
#[derive(Debug, Default)]
pub(crate) struct CustomMetrics {
    metrics: Mutex<Vec<Arc<Metric>>>,
    counters: Mutex<Vec<Weak<Counts>>>,
}

impl CustomMetrics {
    /// Makes a metric, or gives the one of that name and kind that another stage has made.
    pub(crate) fn metric(
        &self,
        name: String,
        description: String,
        kind: Kind,
        idle: Duration,
        most: usize,
    ) -> Arc<Metric> {
        let mut metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        let known = metrics.iter().find(|m| m.name == name && m.kind == kind);
        if let Some(known) = known {
            return Arc::clone(known);
        }
        let bounds = match &kind {
            Kind::Histogram(bounds) => bounds.as_slice().into(),
            Kind::Counter | Kind::Gauge => [].into(),
        };
        let metric = Arc::new(Metric {
            name,
            description,
            kind,
            bounds,
            idle,
            most,
            series: Mutex::default(),
            complained: AtomicBool::new(false),
        });
        metrics.push(Arc::clone(&metric));
        metric
    }

    /// Makes counters by label for at most so many values.
    pub(crate) fn label_counters(&self, most: usize) -> LabelCounters {
        let counts = Arc::new(Counts {
            counts: Mutex::default(),
            most,
        });
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.push(Arc::downgrade(&counts));
        LabelCounters(counts)
    }
}

impl OpenSource for CustomMetrics {
    fn families(&self) -> Vec<OpenFamily> {
        let now = Instant::now();
        let metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        let mut families: Vec<_> = metrics.iter().map(|metric| metric.family(now)).collect();
        families.retain(|family| !family.series.is_empty());
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut series = Vec::new();
        for counts in counters.iter().filter_map(Weak::upgrade) {
            for ((label, value), count) in LabelCounters(counts).counts().iter() {
                let labels = [("label_name", label), ("label_value", value)];
                let labels = labels.map(|(name, value)| (name.to_owned(), value.clone()));
                series.push((labels.to_vec(), OpenValue::Number(*count)));
            }
        }
        if !series.is_empty() {
            families.push(OpenFamily {
                name: "loki_process_dropped_lines_by_label_total".to_owned(),
                description: "A count of all log lines dropped as a result of a pipeline stage"
                    .to_owned(),
                kind: OpenKind::Counter,
                series,
            });
        }
        families
    }
}
