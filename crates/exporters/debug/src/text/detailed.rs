//! Every field of every record. Source: Go `debugexporter/internal/otlptext`.

use std::fmt::{self, Write as _};

use headwater_core::pdata::view::{
    AnyValue, Attributes, Event, Exemplar, InstrumentationScope, Link, LogRecord, Metric,
    MetricData, NumberDataPoint, NumberValue, Resource, Span, Text,
};
use headwater_core::{Batch, Signal};

use super::format::{Fixed, Id, Time};
use super::points::{negative_buckets, positive_buckets};
use super::{resource_logs, resource_metrics, resource_spans};

/// The batch as text.
pub(crate) fn detailed(batch: &Batch) -> String {
    let mut out = String::with_capacity(batch.bytes() * 3);
    // Writing to a string cannot fail.
    let _ignored = match batch.signal() {
        Signal::Traces => traces(&mut out, batch),
        Signal::Metrics => metrics(&mut out, batch),
        Signal::Logs => logs(&mut out, batch),
    };
    out
}

/// `Str(text)`
struct Typed<'a>(AnyValue<'a>);

impl fmt::Display for Typed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.0.kind(), self.0)
    }
}

/// A heading and one line per attribute, if there are any; `indent` before the arrows.
fn attributes(
    out: &mut String,
    heading: &str,
    indent: &str,
    attributes: Attributes<'_>,
) -> fmt::Result {
    for (index, entry) in attributes.iter().enumerate() {
        if index == 0 {
            writeln!(out, "{heading}:")?;
        }
        writeln!(
            out,
            "{indent}     -> {}: {}",
            entry.key(),
            Typed(entry.value())
        )?;
    }
    Ok(())
}

fn resource(
    out: &mut String,
    title: &str,
    index: usize,
    resource: &Resource<'_>,
    schema: Text<'_>,
) -> fmt::Result {
    writeln!(out, "{title} #{index}")?;
    writeln!(out, "Resource SchemaURL: {schema}")?;
    attributes(out, "Resource attributes", "", resource.attributes())?;
    for (index, entity) in resource.entity_refs().enumerate() {
        if index == 0 {
            writeln!(out, "Resource entity refs:")?;
        }
        writeln!(out, "     -> Entity ref #{index}:")?;
        writeln!(out, "          -> Type: {}", entity.entity_type())?;
        if !entity.schema_url().is_empty() {
            writeln!(out, "          -> Schema URL: {}", entity.schema_url())?;
        }
        let keys = [
            ("ID", entity.id_keys()),
            ("Description", entity.description_keys()),
        ];
        for (what, keys) in keys {
            for (index, key) in keys.enumerate() {
                if index == 0 {
                    writeln!(out, "          -> {what} keys:")?;
                }
                writeln!(out, "               -> {key}")?;
            }
        }
    }
    Ok(())
}

fn scope(
    out: &mut String,
    title: &str,
    index: usize,
    scope: &InstrumentationScope<'_>,
    schema: Text<'_>,
) -> fmt::Result {
    writeln!(out, "{title} #{index}")?;
    writeln!(out, "{title} SchemaURL: {schema}")?;
    writeln!(
        out,
        "InstrumentationScope {} {}",
        scope.name(),
        scope.version()
    )?;
    attributes(
        out,
        "InstrumentationScope attributes",
        "",
        scope.attributes(),
    )
}

// === traces ===

fn traces(out: &mut String, batch: &Batch) -> fmt::Result {
    for (index, entry) in resource_spans(batch).enumerate() {
        resource(
            out,
            "ResourceSpans",
            index,
            &entry.resource(),
            entry.schema_url(),
        )?;
        for (index, spans) in entry.scope_spans().enumerate() {
            scope(out, "ScopeSpans", index, &spans.scope(), spans.schema_url())?;
            for (index, span) in spans.spans().enumerate() {
                writeln!(out, "Span #{index}")?;
                write_span(out, &span)?;
            }
        }
    }
    Ok(())
}

fn write_span(out: &mut String, span: &Span<'_>) -> fmt::Result {
    let line = |out: &mut String, name: &str, value: &dyn fmt::Display| {
        writeln!(out, "    {name:<15}: {value}")
    };
    line(out, "Trace ID", &Id(span.trace_id()))?;
    line(out, "Parent ID", &Id(span.parent_span_id()))?;
    line(out, "ID", &Id(span.span_id()))?;
    line(out, "Name", &span.name())?;
    line(out, "Kind", &name_of(&SPAN_KINDS, span.kind()))?;
    if !span.trace_state().is_empty() {
        line(out, "TraceState", &span.trace_state())?;
    }
    line(out, "Start time", &Time(span.start_time_unix_nano()))?;
    line(out, "End time", &Time(span.end_time_unix_nano()))?;
    let status = span.status();
    line(out, "Status code", &name_of(&STATUS_CODES, status.code()))?;
    line(out, "Status message", &status.message())?;
    line(
        out,
        "DroppedAttributesCount",
        &span.dropped_attributes_count(),
    )?;
    line(out, "DroppedEventsCount", &span.dropped_events_count())?;
    line(out, "DroppedLinksCount", &span.dropped_links_count())?;
    attributes(out, "Attributes", "", span.attributes())?;
    for (index, event) in span.events().enumerate() {
        if index == 0 {
            writeln!(out, "Events:")?;
        }
        writeln!(out, "SpanEvent #{index}")?;
        write_event(out, &event)?;
    }
    for (index, link) in span.links().enumerate() {
        if index == 0 {
            writeln!(out, "Links:")?;
        }
        writeln!(out, "SpanLink #{index}")?;
        write_link(out, &link)?;
    }
    Ok(())
}

fn write_event(out: &mut String, event: &Event<'_>) -> fmt::Result {
    writeln!(out, "     -> Name: {}", event.name())?;
    writeln!(out, "     -> Timestamp: {}", Time(event.time_unix_nano()))?;
    writeln!(
        out,
        "     -> DroppedAttributesCount: {}",
        event.dropped_attributes_count()
    )?;
    attributes(out, "     -> Attributes:", "     ", event.attributes())
}

fn write_link(out: &mut String, link: &Link<'_>) -> fmt::Result {
    writeln!(out, "     -> Trace ID: {}", Id(link.trace_id()))?;
    writeln!(out, "     -> ID: {}", Id(link.span_id()))?;
    writeln!(out, "     -> TraceState: {}", link.trace_state())?;
    writeln!(
        out,
        "     -> DroppedAttributesCount: {}",
        link.dropped_attributes_count()
    )?;
    attributes(out, "     -> Attributes:", "     ", link.attributes())
}

const SPAN_KINDS: [&str; 6] = [
    "Unspecified",
    "Internal",
    "Server",
    "Client",
    "Producer",
    "Consumer",
];

const STATUS_CODES: [&str; 3] = ["Unset", "Ok", "Error"];

const TEMPORALITIES: [&str; 3] = ["Unspecified", "Delta", "Cumulative"];

const SEVERITIES: [&str; 7] = [
    "Unspecified",
    "Trace",
    "Debug",
    "Info",
    "Warn",
    "Error",
    "Fatal",
];

/// The name of a number; nothing for one that has none.
fn name_of(names: &[&'static str], number: i32) -> &'static str {
    usize::try_from(number)
        .ok()
        .and_then(|number| names.get(number))
        .copied()
        .unwrap_or_default()
}

// === logs ===

fn logs(out: &mut String, batch: &Batch) -> fmt::Result {
    for (index, entry) in resource_logs(batch).enumerate() {
        resource(
            out,
            "ResourceLog",
            index,
            &entry.resource(),
            entry.schema_url(),
        )?;
        for (index, logs) in entry.scope_logs().enumerate() {
            scope(out, "ScopeLogs", index, &logs.scope(), logs.schema_url())?;
            for (index, record) in logs.log_records().enumerate() {
                writeln!(out, "LogRecord #{index}")?;
                write_record(out, &record)?;
            }
        }
    }
    Ok(())
}

fn write_record(out: &mut String, record: &LogRecord<'_>) -> fmt::Result {
    writeln!(
        out,
        "ObservedTimestamp: {}",
        Time(record.observed_time_unix_nano())
    )?;
    writeln!(out, "Timestamp: {}", Time(record.time_unix_nano()))?;
    writeln!(out, "SeverityText: {}", record.severity_text())?;
    let severity = record.severity_number();
    writeln!(
        out,
        "SeverityNumber: {}({severity})",
        severity_name(severity)
    )?;
    if !record.event_name().is_empty() {
        writeln!(out, "EventName: {}", record.event_name())?;
    }
    writeln!(out, "Body: {}", Typed(record.body()))?;
    attributes(out, "Attributes", "", record.attributes())?;
    writeln!(out, "Trace ID: {}", Id(record.trace_id()))?;
    writeln!(out, "Span ID: {}", Id(record.span_id()))?;
    writeln!(out, "Flags: {}", record.flags())
}

/// `Info` for 9, `Info2` to `Info4` for 10 to 12.
fn severity_name(severity: i32) -> String {
    match severity {
        0 => SEVERITIES[0].to_owned(),
        1..=24 => {
            let name = name_of(&SEVERITIES, (severity + 3) / 4);
            match (severity - 1) % 4 {
                0 => name.to_owned(),
                step => format!("{name}{}", step + 1),
            }
        }
        _ => String::new(),
    }
}

// === metrics ===

fn metrics(out: &mut String, batch: &Batch) -> fmt::Result {
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

fn write_histograms(
    out: &mut String,
    histogram: &headwater_core::pdata::view::Histogram<'_>,
) -> fmt::Result {
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
    histogram: &headwater_core::pdata::view::ExponentialHistogram<'_>,
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

fn write_summaries(
    out: &mut String,
    summary: &headwater_core::pdata::view::Summary<'_>,
) -> fmt::Result {
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
