//! Warns of labels with too many values, before Loki refuses streams.
//!
//! Bounded: so many hashes of streams, of label names and of values of each.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use headwater_core::config::format_duration;
use headwater_loki::label::parse_label_set;

use crate::config::CardinalityConfig;

/// How many label names are watched.
const MOST_LABELS: usize = 128;

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Warning {
    /// A label has many values.
    Label {
        /// Its name.
        name: String,
        /// How many.
        values: usize,
        /// One of them.
        example: String,
    },
    /// There are many streams.
    Streams {
        /// How many.
        streams: usize,
        /// The labels with the most values, and how many those are.
        labels: String,
    },
}

#[derive(Debug, Default)]
struct Values {
    seen: HashSet<u64>,
    warned: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Guard {
    most_values: usize,
    most_streams: usize,
    window: Duration,
    hasher: RandomState,
    began: Instant,
    streams: HashSet<u64>,
    warned: bool,
    labels: HashMap<String, Values>,
}

impl Guard {
    pub(crate) fn new(config: &CardinalityConfig) -> Self {
        Self {
            most_values: config.warn_label_values as usize,
            most_streams: config.warn_streams as usize,
            window: config.window,
            hasher: RandomState::new(),
            began: Instant::now(),
            streams: HashSet::new(),
            warned: false,
            labels: HashMap::new(),
        }
    }

    const fn is_on(&self) -> bool {
        self.most_values > 0 || self.most_streams > 0
    }

    /// How many streams are remembered: enough for every label to reach its limit.
    fn room(&self) -> usize {
        self.most_streams.max(self.most_values)
    }

    /// Looks at the label set of a stream.
    pub(crate) fn see(&mut self, tenant: Option<&str>, labels: &str, found: &mut Vec<Warning>) {
        if !self.is_on() {
            return;
        }
        if self.began.elapsed() >= self.window {
            self.began = Instant::now();
            self.streams.clear();
            self.labels.clear();
            self.warned = false;
        }
        let hash = self.hasher.hash_one((tenant, labels));
        if self.streams.contains(&hash) {
            return;
        }
        if self.streams.len() < self.room() {
            self.streams.insert(hash);
        }
        self.values(labels, found);
        if self.most_streams > 0 && !self.warned && self.streams.len() >= self.most_streams {
            self.warned = true;
            found.push(Warning::Streams {
                streams: self.streams.len(),
                labels: self.largest(),
            });
        }
    }

    fn values(&mut self, labels: &str, found: &mut Vec<Warning>) {
        if self.most_values == 0 {
            return;
        }
        for (name, value) in parse_label_set(labels).unwrap_or_default() {
            if !self.labels.contains_key(name) {
                if self.labels.len() == MOST_LABELS {
                    continue;
                }
                self.labels.insert(name.to_owned(), Values::default());
            }
            let Some(values) = self.labels.get_mut(name) else {
                continue;
            };
            if values.warned {
                continue;
            }
            values.seen.insert(self.hasher.hash_one(&*value));
            if values.seen.len() >= self.most_values {
                values.warned = true;
                found.push(Warning::Label {
                    name: name.to_owned(),
                    values: values.seen.len(),
                    example: value.chars().take(100).collect(),
                });
            }
        }
    }

    /// The three labels with the most values.
    fn largest(&self) -> String {
        let mut all: Vec<_> = self
            .labels
            .iter()
            .map(|(name, values)| (values.seen.len(), name))
            .collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        let largest: Vec<_> = all
            .into_iter()
            .take(3)
            .map(|(values, name)| format!("{name} ({values} values)"))
            .collect();
        largest.join(", ")
    }

    /// Says it.
    pub(crate) fn log(&self, span: &tracing::Span, warning: &Warning) {
        let window = format_duration(self.window);
        match warning {
            Warning::Label {
                name,
                values,
                example,
            } => tracing::warn!(
                parent: span,
                label = name,
                values,
                example,
                window = %window,
                help = "write it below `structured_metadata` instead of `labels`, or leave it out \
                        of `loki.attribute.labels` and `loki.resource.labels`",
                "A label has too many values: each is a stream of its own, and Loki takes 5000 \
                 streams of a tenant by default."
            ),
            Warning::Streams { streams, labels } => tracing::warn!(
                parent: span,
                streams,
                labels,
                window = %window,
                help = "have fewer labels, or labels with fewer values",
                "There are too many streams: Loki takes 5000 of a tenant by default."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(values: u32, streams: u32) -> Guard {
        Guard::new(&CardinalityConfig {
            warn_label_values: values,
            warn_streams: streams,
            ..CardinalityConfig::default()
        })
    }

    #[test]
    fn the_label_that_is_to_blame_is_named_once() {
        let mut guard = guard(10, 0);
        let mut found = Vec::new();
        for pod in 0..100 {
            let labels = format!("{{app=\"a\", pod=\"p{pod}\", zone=\"z{}\"}}", pod % 3);
            guard.see(None, &labels, &mut found);
            guard.see(None, &labels, &mut found);
        }
        let expected = Warning::Label {
            name: "pod".to_owned(),
            values: 10,
            example: "p9".to_owned(),
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn many_streams_are_told_with_the_labels_that_make_them() {
        let mut guard = guard(100, 12);
        let mut found = Vec::new();
        for index in 0..50 {
            let labels = format!("{{a=\"{}\", b=\"{}\"}}", index % 4, index / 4);
            guard.see(None, &labels, &mut found);
        }
        let [Warning::Streams { streams, labels }] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(
            (*streams, labels.as_str()),
            (12, "a (4 values), b (3 values)")
        );
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let mut guard = guard(50, 100);
        let mut found = Vec::new();
        for index in 0..10_000 {
            let labels = format!("{{l{index}=\"x\", v=\"{index}\"}}");
            guard.see(None, &labels, &mut found);
        }
        assert!(guard.streams.len() <= 100 && guard.labels.len() <= MOST_LABELS);
        assert!(guard.labels.values().all(|values| values.seen.len() <= 50));
        assert_eq!(found.len(), 2);
    }
}
