//! One line per record. Source: Go `debugexporter/internal/normal`.

use std::fmt::{self, Write as _};

use headwater_core::pdata::view::{
    Attributes, InstrumentationScope, MetricData, NumberDataPoint, NumberValue, Resource, Text,
};
use headwater_core::{Batch, Signal};

use super::format::{Id, Shortest};
use super::points::{negative_buckets, positive_buckets};
use super::{resource_logs, resource_metrics, resource_spans};

/// The batch as text.
pub(crate) fn normal(batch: &Batch) -> String {
    let mut out = String::with_capacity(batch.bytes());
    // Writing to a string cannot fail.
    let _ignored = match batch.signal() {
        Signal::Traces => traces(&mut out, batch),
        Signal::Metrics => metrics(&mut out, batch),
        Signal::Logs => logs(&mut out, batch),
    };
    out
}

/// ` a=1 b=2`, or the same with another separator and none before.
struct Pairs<'a>(Attributes<'a>, &'static str);

impl fmt::Display for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(self.1)?;
            }
            write!(f, "{}={}", entry.key(), entry.value())?;
        }
        Ok(())
    }
}

/// The same with a space before, if there is anything.
struct SpacePairs<'a>(Attributes<'a>);

impl fmt::Display for SpacePairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, " {}", Pairs(self.0, " "))
    }
}

fn resource(
    out: &mut String,
    title: &str,
    index: usize,
    resource: &Resource<'_>,
    schema: Text<'_>,
) -> fmt::Result {
    write!(out, "{title} #{index}")?;
    if !schema.is_empty() {
        write!(out, " [{schema}]")?;
    }
    writeln!(out, "{}", SpacePairs(resource.attributes()))
}

/// Upstream gives scopes the number of their resource.
fn scope(
    out: &mut String,
    title: &str,
    index: usize,
    scope: &InstrumentationScope<'_>,
    schema: Text<'_>,
) -> fmt::Result {
    write!(out, "{title} #{index}")?;
    let (name, version) = (scope.name(), scope.version());
    if !name.is_empty() || !version.is_empty() {
        write!(out, " {name}")?;
    }
    if !version.is_empty() {
        write!(out, "@{version}")?;
    }
    if !schema.is_empty() {
        write!(out, " [{schema}]")?;
    }
    writeln!(out, "{}", SpacePairs(scope.attributes()))
}

fn traces(out: &mut String, batch: &Batch) -> fmt::Result {
    for (index, entry) in resource_spans(batch).enumerate() {
        resource(
            out,
            "ResourceTraces",
            index,
            &entry.resource(),
            entry.schema_url(),
        )?;
        for spans in entry.scope_spans() {
            scope(
                out,
                "ScopeTraces",
                index,
                &spans.scope(),
                spans.schema_url(),
            )?;
            for span in spans.spans() {
                write!(
                    out,
                    "{} {} {}",
                    span.name(),
                    Id(span.trace_id()),
                    Id(span.span_id())
                )?;
                writeln!(out, "{}", SpacePairs(span.attributes()))?;
            }
        }
    }
    Ok(())
}

fn logs(out: &mut String, batch: &Batch) -> fmt::Result {
    for (index, entry) in resource_logs(batch).enumerate() {
        resource(
            out,
            "ResourceLog",
            index,
            &entry.resource(),
            entry.schema_url(),
        )?;
        for logs in entry.scope_logs() {
            scope(out, "ScopeLog", index, &logs.scope(), logs.schema_url())?;
            for record in logs.log_records() {
                writeln!(out, "{} {}", record.body(), Pairs(record.attributes(), " "))?;
            }
        }
    }
    Ok(())
}

fn metrics(out: &mut String, batch: &Batch) -> fmt::Result {
    for (index, entry) in resource_metrics(batch).enumerate() {
        resource(
            out,
            "ResourceMetrics",
            index,
            &entry.resource(),
            entry.schema_url(),
        )?;
        for metrics in entry.scope_metrics() {
            scope(
                out,
                "ScopeMetrics",
                index,
                &metrics.scope(),
                metrics.schema_url(),
            )?;
            for metric in metrics.metrics() {
                points(out, metric.name(), metric.data())?;
            }
        }
    }
    Ok(())
}

fn points(out: &mut String, name: Text<'_>, data: Option<MetricData<'_>>) -> fmt::Result {
    let begin = |out: &mut String, attributes| write!(out, "{name}{{{}}} ", Pairs(attributes, ","));
    let numbers = |out: &mut String, points: &mut dyn Iterator<Item = NumberDataPoint<'_>>| {
        for point in points {
            write!(out, "{name}{{{}}} ", Pairs(point.attributes(), ","))?;
            match point.value() {
                Some(NumberValue::Int(value)) => writeln!(out, "{value}")?,
                Some(NumberValue::Double(value)) => writeln!(out, "{}", Shortest(value))?,
                None => out.push('\n'),
            }
        }
        fmt::Result::Ok(())
    };
    match data {
        None => {}
        Some(MetricData::Gauge(gauge)) => numbers(out, &mut gauge.data_points())?,
        Some(MetricData::Sum(sum)) => numbers(out, &mut sum.data_points())?,
        Some(MetricData::Histogram(histogram)) => {
            for point in histogram.data_points() {
                begin(out, point.attributes())?;
                distribution(out, point.count(), point.sum(), point.min(), point.max())?;
                let mut bounds = point.explicit_bounds();
                for count in point.bucket_counts() {
                    match bounds.next() {
                        Some(bound) => write!(out, " le{}={count}", Shortest(bound))?,
                        None => write!(out, " {count}")?,
                    }
                }
                out.push('\n');
            }
        }
        Some(MetricData::ExponentialHistogram(histogram)) => {
            for point in histogram.data_points() {
                begin(out, point.attributes())?;
                distribution(out, point.count(), point.sum(), point.min(), point.max())?;
                for bucket in negative_buckets(&point) {
                    write!(out, " le{}={}", Shortest(-bucket.lower), bucket.count)?;
                }
                if point.zero_count() != 0 {
                    write!(out, " zero={}", point.zero_count())?;
                }
                for bucket in positive_buckets(&point) {
                    write!(out, " le{}={}", Shortest(bucket.upper), bucket.count)?;
                }
                out.push('\n');
            }
        }
        Some(MetricData::Summary(summary)) => {
            for point in summary.data_points() {
                begin(out, point.attributes())?;
                write!(
                    out,
                    "count={} sum={}",
                    point.count(),
                    super::format::Fixed(point.sum())
                )?;
                for quantile in point.quantile_values() {
                    let (at, value) = (quantile.quantile(), quantile.value());
                    write!(out, " q{}={}", Shortest(at), Shortest(value))?;
                }
                out.push('\n');
            }
        }
    }
    Ok(())
}

fn distribution(
    out: &mut String,
    count: u64,
    sum: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
) -> fmt::Result {
    write!(out, "count={count}")?;
    for (name, value) in [("sum", sum), ("min", min), ("max", max)] {
        if let Some(value) = value {
            write!(out, " {name}={}", Shortest(value))?;
        }
    }
    Ok(())
}
