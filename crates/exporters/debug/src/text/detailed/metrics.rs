//! Every field of metrics.

use std::fmt::{self, Write as _};

use headwater_core::Batch;
use headwater_core::pdata::view::{
    Attributes, Exemplar, ExponentialHistogram, Histogram, Metric, MetricData, NumberDataPoint,
    NumberValue, Summary,
};

use super::{attributes, name_of, resource, scope};
use crate::text::format::{Fixed, Id, Time};
use crate::text::points::{negative_buckets, positive_buckets};
use crate::text::resource_metrics;

const TEMPORALITIES: [&str; 3] = ["Unspecified", "Delta", "Cumulative"];

pub(super) fn metrics(out: &mut String, batch: &Batch) -> fmt::Result {
    for (index, entry) in resource_metrics(batch).enumerate() {
        resource(
            out,
            "ResourceMetrics",
            index,
            &entry.resource(),
            entry.schema_url(),
        )?;
        for (index, metrics) in entry.scope_metrics().enumerate() {
            scope(
                out,
                "ScopeMetrics",
                index,
                &metrics.scope(),
                metrics.schema_url(),
            )?;
            for (index, metric) in metrics.metrics().enumerate() {
                writeln!(out, "Metric #{index}")?;
                write_metric(out, &metric)?;
            }
        }
    }
    Ok(())
}

fn write_metric(out: &mut String, metric: &Metric<'_>) -> fmt::Result {
    let data = metric.data();
    let kind = match &data {
        None => "Empty",
        Some(MetricData::Gauge(_)) => "Gauge",
        Some(MetricData::Sum(_)) => "Sum",
        Some(MetricData::Histogram(_)) => "Histogram",
        Some(MetricData::ExponentialHistogram(_)) => "ExponentialHistogram",
        Some(MetricData::Summary(_)) => "Summary",
    };
    writeln!(out, "Descriptor:")?;
    writeln!(out, "     -> Name: {}", metric.name())?;
    writeln!(out, "     -> Description: {}", metric.description())?;
    writeln!(out, "     -> Unit: {}", metric.unit())?;
    writeln!(out, "     -> DataType: {kind}")?;
    attributes(out, "     -> Metadata", "     ", metric.metadata())?;
    let temporality = |out: &mut String, number| {
        writeln!(
            out,
            "     -> AggregationTemporality: {}",
            name_of(&TEMPORALITIES, number)
        )
    };
    match data {
        None => Ok(()),
        Some(MetricData::Gauge(gauge)) => write_numbers(out, gauge.data_points()),
        Some(MetricData::Sum(sum)) => {
            writeln!(out, "     -> IsMonotonic: {}", sum.is_monotonic())?;
            temporality(out, sum.aggregation_temporality())?;
            write_numbers(out, sum.data_points())
        }
        Some(MetricData::Histogram(histogram)) => {
            temporality(out, histogram.aggregation_temporality())?;
            write_histograms(out, &histogram)
        }
        Some(MetricData::ExponentialHistogram(histogram)) => {
            temporality(out, histogram.aggregation_temporality())?;
            write_exponential_histograms(out, &histogram)
        }
        Some(MetricData::Summary(summary)) => write_summaries(out, &summary),
    }
}

/// What all points begin with.
fn point(
    out: &mut String,
    title: &str,
    index: usize,
    of: Attributes<'_>,
    start: u64,
    time: u64,
) -> fmt::Result {
    writeln!(out, "{title} #{index}")?;
    attributes(out, "Data point attributes", "", of)?;
    writeln!(out, "StartTimestamp: {}", Time(start))?;
    writeln!(out, "Timestamp: {}", Time(time))
}

/// What points of both kinds of histograms go on with.
fn distribution(
    out: &mut String,
    count: u64,
    sum: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
) -> fmt::Result {
    writeln!(out, "Count: {count}")?;
    for (name, value) in [("Sum", sum), ("Min", min), ("Max", max)] {
        if let Some(value) = value {
            writeln!(out, "{name}: {}", Fixed(value))?;
        }
    }
    Ok(())
}

fn number(out: &mut String, indent: &str, value: Option<NumberValue>) -> fmt::Result {
    match value {
        Some(NumberValue::Int(value)) => writeln!(out, "{indent}Value: {value}"),
        Some(NumberValue::Double(value)) => writeln!(out, "{indent}Value: {}", Fixed(value)),
        None => Ok(()),
    }
}

fn write_numbers<'a>(
    out: &mut String,
    points: impl Iterator<Item = NumberDataPoint<'a>>,
) -> fmt::Result {
    for (index, p) in points.enumerate() {
        let (start, time) = (p.start_time_unix_nano(), p.time_unix_nano());
        point(out, "NumberDataPoints", index, p.attributes(), start, time)?;
        number(out, "", p.value())?;
        exemplars(out, p.exemplars())?;
    }
    Ok(())
}

fn write_histograms(out: &mut String, histogram: &Histogram<'_>) -> fmt::Result {
    for (index, p) in histogram.data_points().enumerate() {
        let (start, time) = (p.start_time_unix_nano(), p.time_unix_nano());
        point(
            out,
            "HistogramDataPoints",
            index,
            p.attributes(),
            start,
            time,
        )?;
        distribution(out, p.count(), p.sum(), p.min(), p.max())?;
        for (index, bound) in p.explicit_bounds().enumerate() {
            writeln!(out, "ExplicitBounds #{index}: {}", Fixed(bound))?;
        }
        for (index, count) in p.bucket_counts().enumerate() {
            writeln!(out, "Buckets #{index}, Count: {count}")?;
        }
        exemplars(out, p.exemplars())?;
    }
    Ok(())
}

fn write_exponential_histograms(
    out: &mut String,
    histogram: &ExponentialHistogram<'_>,
) -> fmt::Result {
    for (index, p) in histogram.data_points().enumerate() {
        let (start, time) = (p.start_time_unix_nano(), p.time_unix_nano());
        point(
            out,
            "ExponentialHistogramDataPoints",
            index,
            p.attributes(),
            start,
            time,
        )?;
        distribution(out, p.count(), p.sum(), p.min(), p.max())?;
        for bucket in negative_buckets(&p) {
            let (from, to) = (Fixed(-bucket.upper), Fixed(-bucket.lower));
            writeln!(out, "Bucket [{from}, {to}), Count: {}", bucket.count)?;
        }
        if p.zero_count() != 0 {
            writeln!(out, "Bucket [0, 0], Count: {}", p.zero_count())?;
        }
        for bucket in positive_buckets(&p) {
            let (from, to) = (Fixed(bucket.lower), Fixed(bucket.upper));
            writeln!(out, "Bucket ({from}, {to}], Count: {}", bucket.count)?;
        }
        exemplars(out, p.exemplars())?;
    }
    Ok(())
}

fn write_summaries(out: &mut String, summary: &Summary<'_>) -> fmt::Result {
    for (index, p) in summary.data_points().enumerate() {
        let (start, time) = (p.start_time_unix_nano(), p.time_unix_nano());
        point(out, "SummaryDataPoints", index, p.attributes(), start, time)?;
        writeln!(out, "Count: {}", p.count())?;
        writeln!(out, "Sum: {}", Fixed(p.sum()))?;
        for (index, quantile) in p.quantile_values().enumerate() {
            let (at, value) = (Fixed(quantile.quantile()), Fixed(quantile.value()));
            writeln!(out, "QuantileValue #{index}: Quantile {at}, Value {value}")?;
        }
    }
    Ok(())
}

fn exemplars<'a>(out: &mut String, exemplars: impl Iterator<Item = Exemplar<'a>>) -> fmt::Result {
    for (index, exemplar) in exemplars.enumerate() {
        if index == 0 {
            writeln!(out, "Exemplars:")?;
        }
        writeln!(out, "Exemplar #{index}")?;
        writeln!(out, "     -> Trace ID: {}", Id(exemplar.trace_id()))?;
        writeln!(out, "     -> Span ID: {}", Id(exemplar.span_id()))?;
        writeln!(
            out,
            "     -> Timestamp: {}",
            Time(exemplar.time_unix_nano())
        )?;
        number(out, "     -> ", exemplar.value())?;
        attributes(
            out,
            "     -> FilteredAttributes",
            "     ",
            exemplar.filtered_attributes(),
        )?;
    }
    Ok(())
}
