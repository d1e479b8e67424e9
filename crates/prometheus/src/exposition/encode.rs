//! Writing bodies: text 0.0.4, OpenMetrics and protobuf.

use std::borrow::Cow;

use thiserror::Error;

use super::names::{
    escape_label_name, escape_metric_name, is_legacy_label_name, is_legacy_metric_name,
};
use super::native::NativeHistogram;
use super::negotiate::ResponseFormat;
use crate::metric_type::MetricType;
use crate::scrape_config::{NameEscaping, ScrapeProtocol};

mod protobuf;
mod text;

/// What is said once about the metrics of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilyHead<'a> {
    /// The name, for counters with `_total`. Any UTF-8.
    pub name: &'a str,
    /// The help text.
    pub help: Option<&'a str>,
    /// The type.
    pub kind: MetricType,
    /// The unit. Written in OpenMetrics only if the name ends with it, because a scrape fails
    /// otherwise.
    pub unit: Option<&'a str>,
}

/// A metric: one value and what tells it from the others of its family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricPoint<'a> {
    /// Names and values.
    pub labels: &'a [(&'a str, &'a str)],
    /// The value.
    pub value: PointValue<'a>,
    /// The time of the sample in milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// When the metric began, in milliseconds since 1970. Not in text 0.0.4, nor with gauges.
    pub created: Option<i64>,
}

/// The value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PointValue<'a> {
    /// Of counters, gauges, infos, states and what is unknown.
    Number {
        /// The number.
        value: f64,
        /// Of counters only. Not in text 0.0.4.
        exemplar: Option<ExemplarPoint<'a>>,
    },
    /// Of summaries.
    Summary {
        /// How many observations there are.
        count: u64,
        /// Their sum.
        sum: f64,
        /// Ranks and values.
        quantiles: &'a [(f64, f64)],
    },
    /// Of histograms.
    Histogram {
        /// How many observations there are.
        count: f64,
        /// Their sum.
        sum: f64,
        /// The classic buckets, by their bounds. That of +Inf need not be there.
        buckets: &'a [BucketPoint<'a>],
        /// The native part (protobuf only). Custom buckets have no form on the wire.
        native: Option<NativeHistogram<'a>>,
        /// The exemplars of the native part; those without a time are left out.
        exemplars: &'a [ExemplarPoint<'a>],
    },
}

/// A classic bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BucketPoint<'a> {
    /// The upper bound, inclusive.
    pub upper_bound: f64,
    /// How many observations are in this bucket and those below it.
    pub cumulative_count: f64,
    /// Not in text 0.0.4.
    pub exemplar: Option<ExemplarPoint<'a>>,
}

/// An exemplar. OpenMetrics leaves it out if it has no labels, or labels of more than
/// [`EXEMPLAR_MAX_RUNES`](super::EXEMPLAR_MAX_RUNES) characters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExemplarPoint<'a> {
    /// Names and values.
    pub labels: &'a [(&'a str, &'a str)],
    /// The value observed.
    pub value: f64,
    /// When, in milliseconds since 1970.
    pub timestamp: Option<i64>,
}

/// A metric has a value that metrics of its type do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a {kind} has no such value")]
pub struct EncodeError {
    /// The type of the family.
    pub kind: MetricType,
}

/// Writes the families of one body. Only names that need it are escaped: with the scheme `dots`, too,
/// underscores stay as they are in a name without dots.
///
/// ```
/// use headwater_prometheus::exposition::{
///     Encoder, FamilyHead, MetricPoint, MetricType, PointValue, ResponseFormat,
/// };
///
/// let mut body = Vec::new();
/// let mut encoder = Encoder::new(ResponseFormat::default());
/// let head = FamilyHead { name: "up", help: None, kind: MetricType::Gauge, unit: None };
/// let labels = [("job", "node")];
/// let point = MetricPoint {
///     labels: &labels,
///     value: PointValue::Number { value: 1.0, exemplar: None },
///     timestamp: None,
///     created: None,
/// };
/// encoder.family(&mut body, &head, [point])?;
/// encoder.finish(&mut body);
/// assert_eq!(body, b"# TYPE up gauge\nup{job=\"node\"} 1\n");
/// # Ok::<(), headwater_prometheus::exposition::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    format: ResponseFormat,
    /// What a metric is written to first.
    metric: Vec<u8>,
}

impl Encoder {
    /// An encoder of bodies in this format.
    #[must_use]
    pub const fn new(format: ResponseFormat) -> Self {
        Self {
            format,
            metric: Vec::new(),
        }
    }

    /// Appends a family. All metrics of a name belong into one; one without any is left out.
    ///
    /// # Errors
    /// [`EncodeError`]; `out` is as it was before then.
    pub fn family<'m>(
        &mut self,
        out: &mut Vec<u8>,
        head: &FamilyHead<'_>,
        metrics: impl IntoIterator<Item = MetricPoint<'m>>,
    ) -> Result<(), EncodeError> {
        let start = out.len();
        let name = if is_legacy_metric_name(head.name) {
            Cow::Borrowed(head.name)
        } else {
            escape_metric_name(head.name, self.format.escaping)
        };
        let head = FamilyHead {
            name: &name,
            ..*head
        };
        let written = if self.format.protocol == ScrapeProtocol::PrometheusProto {
            protobuf::family(self, out, &head, metrics)
        } else {
            text::family(self, out, &head, metrics)
        };
        if written != Ok(true) {
            out.truncate(start);
        }
        written.map(|_| ())
    }

    /// Ends the body, which only OpenMetrics needs.
    pub fn finish(&self, out: &mut Vec<u8>) {
        if self.is_openmetrics() {
            out.extend_from_slice(b"# EOF\n");
        }
    }

    const fn is_openmetrics(&self) -> bool {
        matches!(
            self.format.protocol,
            ScrapeProtocol::OpenMetricsText0_0_1 | ScrapeProtocol::OpenMetricsText1_0_0
        )
    }

    fn label_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if self.format.escaping == NameEscaping::AllowUtf8 || is_legacy_label_name(name) {
            return Cow::Borrowed(name);
        }
        escape_label_name(name, self.format.escaping)
    }
}

/// Whether metrics of a type have values of a kind.
const fn check(kind: MetricType, value: &PointValue<'_>) -> Result<(), EncodeError> {
    let fits = match value {
        PointValue::Number { .. } => !matches!(
            kind,
            MetricType::Summary | MetricType::Histogram | MetricType::GaugeHistogram
        ),
        PointValue::Summary { .. } => matches!(kind, MetricType::Summary),
        PointValue::Histogram { .. } => {
            matches!(kind, MetricType::Histogram | MetricType::GaugeHistogram)
        }
    };
    if fits {
        Ok(())
    } else {
        Err(EncodeError { kind })
    }
}
