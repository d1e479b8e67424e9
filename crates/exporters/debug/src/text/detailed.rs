//! Every field of every record. Source: Go `debugexporter/internal/otlptext`.

mod metrics;

use std::fmt::{self, Write as _};

use headwater_core::pdata::view::{
    AnyValue, Attributes, Event, InstrumentationScope, Link, LogRecord, Resource, Span, Text,
};
use headwater_core::{Batch, Signal};

use super::format::{Id, Time};
use super::{resource_logs, resource_spans};

/// The batch as text.
pub(crate) fn detailed(batch: &Batch) -> String {
    let mut out = String::with_capacity(batch.bytes() * 3);
    // Writing to a string cannot fail.
    let _ignored = match batch.signal() {
        Signal::Traces => traces(&mut out, batch),
        Signal::Metrics => metrics::metrics(&mut out, batch),
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
