//! Which series a metric is shown as, one after the other.

use super::metric::Metric;
use crate::metric_type::MetricType;

/// A series of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The metric itself.
    Value,
    /// A native histogram.
    Native,
    /// `_count`.
    Count,
    /// `_sum`.
    Sum,
    /// A bucket of a classic histogram; the one behind the last is that of +Inf.
    Bucket(usize),
    /// A quantile of a summary.
    Quantile(usize),
}

const fn is_histogram(kind: MetricType) -> bool {
    matches!(kind, MetricType::Histogram | MetricType::GaugeHistogram)
}

impl Part {
    pub(super) fn first(metric: &Metric, kind: MetricType, ignore_native: bool) -> Self {
        if is_histogram(kind) {
            if !ignore_native && metric.histogram.is_native() {
                Self::Native
            } else {
                Self::Count
            }
        } else if kind == MetricType::Summary {
            Self::Count
        } else {
            Self::Value
        }
    }

    pub(super) fn next(
        self,
        metric: &Metric,
        kind: MetricType,
        keep_classic: bool,
    ) -> Option<Self> {
        let buckets = &metric.histogram.buckets;
        let quantiles = metric.summary.quantiles.len();
        match self {
            Self::Native => (keep_classic && !buckets.is_empty()).then_some(Self::Count),
            Self::Count => Some(Self::Sum),
            Self::Sum if is_histogram(kind) => Some(Self::Bucket(0)),
            Self::Sum => (quantiles > 0).then_some(Self::Quantile(0)),
            Self::Bucket(at) => {
                let last = buckets.get(at).is_none_or(|b| b.upper == f64::INFINITY);
                (!last).then_some(Self::Bucket(at + 1))
            }
            Self::Quantile(at) => (at + 1 < quantiles).then_some(Self::Quantile(at + 1)),
            Self::Value => None,
        }
    }

    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Value | Self::Native | Self::Quantile(_) => "",
            Self::Count => "_count",
            Self::Sum => "_sum",
            Self::Bucket(_) => "_bucket",
        }
    }

    /// The label that only this series has: its name, which one it is, and its value.
    pub(super) fn bound(self, metric: &Metric) -> Option<(&'static str, usize, f64)> {
        match self {
            Self::Bucket(at) => {
                let bound = metric.histogram.buckets.get(at).map(|bucket| bucket.upper);
                Some(("le", at, bound.unwrap_or(f64::INFINITY)))
            }
            Self::Quantile(at) => {
                let quantile = metric.summary.quantiles.get(at)?;
                Some(("quantile", at, quantile.0))
            }
            _ => None,
        }
    }

    pub(super) fn value(self, metric: &Metric, kind: MetricType) -> f64 {
        let (histogram, summary) = (&metric.histogram, &metric.summary);
        match self {
            Self::Value | Self::Native => match kind {
                MetricType::Counter => metric.counter.value,
                MetricType::Gauge => metric.gauge,
                _ => metric.untyped,
            },
            Self::Count if is_histogram(kind) => histogram.classic_count(),
            Self::Count => summary.count as f64,
            Self::Sum if is_histogram(kind) => histogram.sum,
            Self::Sum => summary.sum,
            Self::Bucket(at) => histogram
                .buckets
                .get(at)
                .map_or_else(|| histogram.classic_count(), |bucket| bucket.cumulative()),
            Self::Quantile(at) => summary.quantiles.get(at).map_or(0.0, |pair| pair.1),
        }
    }
}
