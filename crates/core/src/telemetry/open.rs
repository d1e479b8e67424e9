//! Metrics whose names and labels are only known at run time: made of what users configure and of
//! what telemetry says. They are read from their owner, who bounds them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// How an [`OpenFamily`] behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenKind {
    /// Only ever grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
}

/// The value of a series.
#[derive(Debug, Clone, PartialEq)]
pub enum OpenValue {
    /// Of a counter or gauge.
    Number(f64),
    /// Of a histogram.
    Histogram {
        /// Upper bounds, ascending; the last bucket has none.
        bounds: Arc<[f64]>,
        /// Values per bucket (not cumulative), one more than bounds.
        counts: Vec<u64>,
        /// The sum of all values.
        sum: f64,
    },
}

/// Names and values of labels, by name.
pub type OpenLabels = Vec<(String, String)>;

/// One metric with all its series.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenFamily {
    /// The name, shown as it is.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// How it behaves.
    pub kind: OpenKind,
    /// Its series.
    pub series: Vec<(OpenLabels, OpenValue)>,
}

/// Who has such metrics.
pub trait OpenSource: Send + Sync {
    /// The metrics as they are now.
    fn families(&self) -> Vec<OpenFamily>;
}

/// The owners that live.
#[derive(Clone, Default)]
pub(super) struct OpenSources(Arc<Mutex<Vec<Weak<dyn OpenSource>>>>);

impl OpenSources {
    pub(super) fn attach(&self, source: Weak<dyn OpenSource>) {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sources.retain(|source| source.strong_count() > 0);
        sources.push(source);
    }

    /// Every metric by name. Of a series that two owners have, that of the later one is read, as
    /// during a reload; so is the kind of the metric.
    pub(super) fn read(&self) -> Vec<OpenFamily> {
        let sources: Vec<_> = {
            let sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            sources.iter().filter_map(Weak::upgrade).collect()
        };
        let mut all: BTreeMap<String, (OpenFamily, BTreeMap<OpenLabels, OpenValue>)> =
            BTreeMap::new();
        for family in sources.iter().flat_map(|source| source.families()) {
            let OpenFamily {
                name,
                description,
                kind,
                series,
            } = family;
            let (known, known_series) = all.entry(name.clone()).or_insert_with(|| {
                let family = OpenFamily {
                    name,
                    description: description.clone(),
                    kind,
                    series: Vec::new(),
                };
                (family, BTreeMap::new())
            });
            if known.kind != kind {
                known.kind = kind;
                known.description = description;
                known_series.clear();
            }
            known_series.extend(series);
        }
        all.into_values()
            .map(|(mut family, series)| {
                family.series = series.into_iter().collect();
                family
            })
            .collect()
    }
}

impl fmt::Debug for OpenSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenSources")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(f64, OpenKind);

    impl OpenSource for One {
        fn families(&self) -> Vec<OpenFamily> {
            vec![OpenFamily {
                name: "lines".to_owned(),
                description: "Lines".to_owned(),
                kind: self.1,
                series: vec![(Vec::new(), OpenValue::Number(self.0))],
            }]
        }
    }

    #[test]
    fn the_latest_owner_that_lives_is_read() {
        let sources = OpenSources::default();
        let attach = |value, kind| -> Arc<dyn OpenSource> {
            let source: Arc<dyn OpenSource> = Arc::new(One(value, kind));
            sources.attach(Arc::downgrade(&source));
            source
        };
        let first = attach(1.0, OpenKind::Counter);
        let second = attach(2.0, OpenKind::Gauge);
        let read = || {
            let families = sources.read();
            families
                .first()
                .map(|family| (family.kind, family.series[0].1.clone()))
        };
        assert_eq!(read(), Some((OpenKind::Gauge, OpenValue::Number(2.0))));
        drop(second);
        assert_eq!(read(), Some((OpenKind::Counter, OpenValue::Number(1.0))));
        drop(first);
        assert_eq!(read(), None);
    }
}
