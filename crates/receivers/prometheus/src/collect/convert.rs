//! `convert_classic_histograms_to_nhcb`: the series of a classic histogram become one native histogram
//! with the same buckets before rules and limits see them.
//!
//! Source: Prometheus 3.10 `textparse.NHCBParser` and `convertnhcb`: what belongs together stands
//! together; what follows a native histogram of the same labels is not converted.

use headwater_prometheus::exposition::{
    CUSTOM_BUCKETS, Counts, Histogram, LabelRef, MetricType, NativeHistogram, Series, Span,
};

use crate::cache::Kind;
use crate::encode::exemplar;
use crate::rules::NAME;

const BOUND: &str = "le";

/// What the series of a classic histogram have said so far.
#[derive(Debug)]
pub(super) struct Classic {
    /// What names it from scrape to scrape. No series of a body has such a key.
    pub(super) key: Vec<u8>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) timestamp: Option<i64>,
    /// Milliseconds since 1970.
    pub(super) start: Option<i64>,
    /// Encoded, each in a field of its own.
    pub(super) exemplars: Vec<u8>,
    buckets: Vec<(f64, f64)>,
    sum: f64,
    count: Option<f64>,
}

enum Part {
    Bucket(f64),
    Sum,
    Count,
}

/// Collates series.
#[derive(Debug, Default)]
pub(super) struct Convert {
    /// The family that is described as a histogram, or nothing.
    family: Option<String>,
    open: Option<Classic>,
    /// The key of the native histogram that came last.
    native: Vec<u8>,
}

/// What became of a series.
pub(super) enum Taken {
    /// It is no part of a classic histogram.
    No,
    /// It was added to one.
    Yes,
}

impl Convert {
    /// A family is described.
    pub(super) fn family(&mut self, name: &str, kind: MetricType) {
        self.family = (kind == MetricType::Histogram).then(|| name.to_owned());
    }

    /// A native histogram has come: its classic form, which may follow, is not converted.
    pub(super) fn native(&mut self, histogram: &Histogram<'_>) {
        self.native = key(&histogram.name(), histogram.labels());
    }

    /// Adds a series to the histogram that it is part of. If that is another one than before, the one
    /// before is complete and comes back.
    pub(super) fn take(&mut self, series: &Series<'_>, now: i64) -> (Taken, Option<Classic>) {
        let Some((part, family)) = self.part(series) else {
            self.native.clear();
            return (Taken::No, self.open.take());
        };
        let others = || series.labels().filter(|label| label.name != BOUND);
        let key = key(&family, others());
        if key == self.native {
            return (Taken::No, self.open.take());
        }
        self.native.clear();
        let done = self.open.take_if(|open| open.key != key);
        let open = self.open.get_or_insert_with(|| Classic {
            key,
            labels: labels(&family, others()),
            timestamp: series.timestamp(),
            start: series.start_timestamp(),
            exemplars: Vec::new(),
            buckets: Vec::new(),
            sum: 0.0,
            count: None,
        });
        let value = series.value();
        match part {
            Part::Bucket(bound) => open.buckets.push((bound, value)),
            Part::Sum => open.sum = value,
            Part::Count => open.count = Some(value),
        }
        if let Some(field) = exemplar::field(Kind::Histogram) {
            for exemplar in series.exemplars() {
                exemplar::put(&mut open.exemplars, field, &exemplar, now);
            }
        }
        (Taken::Yes, done)
    }

    /// Something else has come: the histogram that was being collated is complete.
    pub(super) fn end(&mut self) -> Option<Classic> {
        self.open.take()
    }

    fn part(&self, series: &Series<'_>) -> Option<(Part, String)> {
        let family = self.family.as_ref()?;
        let name = series.name();
        let part = match name.strip_prefix(family.as_str())? {
            "_sum" => Part::Sum,
            "_count" => Part::Count,
            "_bucket" => {
                let bound = series.labels().find(|label| label.name == BOUND)?;
                Part::Bucket(
                    bound
                        .value
                        .parse()
                        .ok()
                        .filter(|bound: &f64| !bound.is_nan())?,
                )
            }
            _ => return None,
        };
        Some((part, family.clone()))
    }
}

impl Classic {
    /// Hands the histogram to `each`; `None` if it is not one.
    pub(super) fn convert<T>(&mut self, each: impl FnOnce(&NativeHistogram<'_>) -> T) -> Option<T> {
        self.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        // Of two of the same bound the first counts.
        self.buckets
            .dedup_by(|(later, _), (bound, _)| later == bound);
        let highest = self.buckets.last().map_or(0.0, |(_, count)| *count);
        let count = self.count.unwrap_or(highest);
        if self
            .buckets
            .last()
            .is_none_or(|(bound, _)| *bound != f64::INFINITY)
        {
            self.buckets.push((f64::INFINITY, count));
        }
        let mut before = 0.0;
        let mut counts = Vec::with_capacity(self.buckets.len());
        for (_, cumulative) in &self.buckets {
            if cumulative.is_nan() || *cumulative < before {
                return None;
            }
            counts.push(cumulative - before);
            before = *cumulative;
        }
        if count != before {
            return None;
        }
        let bounds: Vec<f64> = self.buckets[..self.buckets.len() - 1]
            .iter()
            .map(|(bound, _)| *bound)
            .collect();
        Some(each(&NativeHistogram {
            gauge: false,
            schema: CUSTOM_BUCKETS,
            zero_threshold: 0.0,
            sum: self.sum,
            positive_spans: &[Span {
                offset: 0,
                length: counts.len() as u32,
            }],
            negative_spans: &[],
            counts: Counts::Float {
                count,
                zero_count: 0.0,
                positive: &counts,
                negative: &[],
            },
            custom_bounds: &bounds,
        }))
    }
}

fn key<'p>(family: &str, labels: impl Iterator<Item = LabelRef<'p>>) -> Vec<u8> {
    // A text begins with no NUL.
    let mut key = vec![0];
    key.extend_from_slice(family.as_bytes());
    for label in labels {
        for text in [&label.name, &label.value] {
            key.push(0xff);
            key.extend_from_slice(text.as_bytes());
        }
    }
    key
}

fn labels<'p>(family: &str, labels: impl Iterator<Item = LabelRef<'p>>) -> Vec<(String, String)> {
    std::iter::once((NAME.to_owned(), family.to_owned()))
        .chain(labels.map(|label| (label.name.into_owned(), label.value.into_owned())))
        .collect()
}
