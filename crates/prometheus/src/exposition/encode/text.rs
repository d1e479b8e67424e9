//! The two text formats.

use super::{
    BucketPoint, EncodeError, Encoder, ExemplarPoint, FamilyHead, MetricPoint, PointValue, check,
};
use crate::exposition::entry::EXEMPLAR_MAX_RUNES;
use crate::exposition::escape::encode;
use crate::exposition::names::{is_legacy_label_name, is_legacy_metric_name};
use crate::exposition::number::{put_float, put_openmetrics_float};
use crate::metric_type::MetricType;

/// The label of a part of a metric, `le` or `quantile`, and its value.
type Bound = (&'static str, f64);

/// Appends a family and says whether it has any metric.
pub(super) fn family<'m>(
    encoder: &Encoder,
    out: &mut Vec<u8>,
    head: &FamilyHead<'_>,
    metrics: impl IntoIterator<Item = MetricPoint<'m>>,
) -> Result<bool, EncodeError> {
    let openmetrics = encoder.is_openmetrics();
    let mut created = None;
    if openmetrics {
        let (name, kind) = openmetrics_type(head);
        line(out, "HELP", name, head.help, true);
        line(out, "TYPE", name, Some(kind.as_str()), true);
        let unit = head.unit.filter(|unit| {
            !unit.is_empty()
                && name
                    .strip_suffix(unit)
                    .is_some_and(|rest| rest.ends_with('_'))
        });
        line(out, "UNIT", name, unit, true);
        created = Some(name).filter(|_| kind.has_start());
    } else {
        line(out, "HELP", head.name, head.help, false);
        line(out, "TYPE", head.name, Some(head.kind.as_text()), false);
    }
    let mut samples = Samples {
        encoder,
        openmetrics,
        gauge: head.kind == MetricType::GaugeHistogram,
        name: head.name,
        quoted: !is_legacy_metric_name(head.name),
        out,
    };
    let mut any = false;
    for metric in metrics {
        check(head.kind, &metric.value)?;
        any = true;
        samples.metric(head.kind, &metric);
        if let Some((name, time)) = created.zip(metric.created) {
            samples.name = name;
            samples.series("_created", metric.labels, None);
            samples.seconds(time);
            samples.out.push(b'\n');
            samples.name = head.name;
        }
    }
    Ok(any)
}

/// The name of the family in metadata, and its type: in OpenMetrics a counter or an info has to have
/// its suffix, or else it is of no known type.
fn openmetrics_type<'h>(head: &FamilyHead<'h>) -> (&'h str, MetricType) {
    let suffix = match head.kind {
        MetricType::Counter => "_total",
        MetricType::Info => "_info",
        kind => return (head.name, kind),
    };
    match head.name.strip_suffix(suffix) {
        Some(name) if !name.is_empty() => (name, head.kind),
        _ => (head.name, MetricType::Unknown),
    }
}

/// A line of metadata, if there is a text for it.
fn line(out: &mut Vec<u8>, word: &str, name: &str, text: Option<&str>, quotes: bool) {
    let Some(text) = text else {
        return;
    };
    out.extend_from_slice(b"# ");
    out.extend_from_slice(word.as_bytes());
    out.push(b' ');
    put_name(out, name, is_legacy_metric_name(name));
    out.push(b' ');
    encode(out, text, quotes);
    out.push(b'\n');
}

fn put_name(out: &mut Vec<u8>, name: &str, legacy: bool) {
    if legacy {
        out.extend_from_slice(name.as_bytes());
    } else {
        out.push(b'"');
        encode(out, name, true);
        out.push(b'"');
    }
}

/// Writes the samples of one family.
struct Samples<'e> {
    encoder: &'e Encoder,
    openmetrics: bool,
    /// Whether these are the parts of a gauge histogram.
    gauge: bool,
    /// The name of the metric, without the suffix of a part.
    name: &'e str,
    quoted: bool,
    out: &'e mut Vec<u8>,
}

impl Samples<'_> {
    fn metric(&mut self, kind: MetricType, metric: &MetricPoint<'_>) {
        match metric.value {
            PointValue::Number { value, exemplar } => {
                self.series("", metric.labels, None);
                self.float(value);
                let exemplar = exemplar.filter(|_| kind == MetricType::Counter);
                self.end(metric.timestamp, exemplar.as_ref());
            }
            PointValue::Summary {
                count,
                sum,
                quantiles,
            } => {
                for &(rank, value) in quantiles {
                    self.series("", metric.labels, Some(("quantile", rank)));
                    self.float(value);
                    self.end(metric.timestamp, None);
                }
                self.sum_and_count(metric, sum, count as f64);
            }
            PointValue::Histogram {
                count,
                sum,
                buckets,
                ..
            } => {
                for bucket in buckets {
                    self.bucket(metric, bucket);
                }
                if buckets
                    .last()
                    .is_none_or(|last| last.upper_bound != f64::INFINITY)
                {
                    let last = BucketPoint {
                        upper_bound: f64::INFINITY,
                        cumulative_count: count,
                        exemplar: None,
                    };
                    self.bucket(metric, &last);
                }
                self.sum_and_count(metric, sum, count);
            }
        }
    }

    fn bucket(&mut self, metric: &MetricPoint<'_>, bucket: &BucketPoint<'_>) {
        self.series("_bucket", metric.labels, Some(("le", bucket.upper_bound)));
        self.count(bucket.cumulative_count);
        self.end(metric.timestamp, bucket.exemplar.as_ref());
    }

    fn sum_and_count(&mut self, metric: &MetricPoint<'_>, sum: f64, count: f64) {
        let gauge = self.openmetrics && self.gauge;
        self.series(if gauge { "_gsum" } else { "_sum" }, metric.labels, None);
        self.float(sum);
        self.end(metric.timestamp, None);
        self.series(
            if gauge { "_gcount" } else { "_count" },
            metric.labels,
            None,
        );
        self.count(count);
        self.end(metric.timestamp, None);
    }

    /// The series, and the blank behind it.
    fn series(&mut self, suffix: &str, labels: &[(&str, &str)], bound: Option<Bound>) {
        let mut before = b'{';
        if self.quoted {
            self.out.extend_from_slice(b"{\"");
            encode(self.out, self.name, true);
            self.out.extend_from_slice(suffix.as_bytes());
            self.out.push(b'"');
            before = b',';
        } else {
            self.out.extend_from_slice(self.name.as_bytes());
            self.out.extend_from_slice(suffix.as_bytes());
        }
        self.labels(&mut before, labels);
        if let Some((name, value)) = bound {
            self.out.push(before);
            self.out.extend_from_slice(name.as_bytes());
            self.out.extend_from_slice(b"=\"");
            self.float(value);
            self.out.push(b'"');
            before = b',';
        }
        if before == b',' {
            self.out.push(b'}');
        }
        self.out.push(b' ');
    }

    fn labels(&mut self, before: &mut u8, labels: &[(&str, &str)]) {
        for (name, value) in labels {
            self.out.push(*before);
            let name = self.encoder.label_name(name);
            put_name(self.out, &name, is_legacy_label_name(&name));
            self.out.extend_from_slice(b"=\"");
            encode(self.out, value, true);
            self.out.push(b'"');
            *before = b',';
        }
    }

    fn float(&mut self, value: f64) {
        if self.openmetrics {
            put_openmetrics_float(self.out, value);
        } else {
            put_float(self.out, value);
        }
    }

    /// Counts are whole numbers in OpenMetrics, nearly always.
    fn count(&mut self, value: f64) {
        /// Up to here every whole number is a float.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.openmetrics && (0.0..=EXACT).contains(&value) && value.fract() == 0.0 {
            let mut digits = itoa::Buffer::new();
            self.out
                .extend_from_slice(digits.format(value as u64).as_bytes());
        } else {
            self.float(value);
        }
    }

    /// A time in seconds, as the least float that is not before it once a reader has cut off what lies
    /// behind the milliseconds.
    fn seconds(&mut self, milliseconds: i64) {
        let mut seconds = milliseconds as f64 / 1000.0;
        let cut = |seconds: f64| (seconds * 1000.0) as i64;
        if milliseconds > 0 && cut(seconds) < milliseconds {
            seconds = seconds.next_up();
        } else if milliseconds < 0 && cut(seconds) > milliseconds {
            seconds = seconds.next_down();
        }
        put_openmetrics_float(self.out, seconds);
    }

    fn end(&mut self, timestamp: Option<i64>, exemplar: Option<&ExemplarPoint<'_>>) {
        if let Some(timestamp) = timestamp {
            self.out.push(b' ');
            if self.openmetrics {
                self.seconds(timestamp);
            } else {
                let mut digits = itoa::Buffer::new();
                self.out
                    .extend_from_slice(digits.format(timestamp).as_bytes());
            }
        }
        if let Some(exemplar) = exemplar
            && self.openmetrics
            && fits(exemplar)
        {
            self.out.extend_from_slice(b" # ");
            self.labels(&mut b'{', exemplar.labels);
            self.out.extend_from_slice(b"} ");
            self.float(exemplar.value);
            if let Some(timestamp) = exemplar.timestamp {
                self.out.push(b' ');
                self.seconds(timestamp);
            }
        }
        self.out.push(b'\n');
    }
}

fn fits(exemplar: &ExemplarPoint<'_>) -> bool {
    let runes = |text: &str| text.chars().count();
    let length: usize = exemplar
        .labels
        .iter()
        .map(|(name, value)| runes(name) + runes(value))
        .sum();
    !exemplar.labels.is_empty() && length <= EXEMPLAR_MAX_RUNES
}
