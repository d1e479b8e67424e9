//! `logs.proto`.

use super::{EnumValues, FieldSpec, Kind, LEGACY_SCOPES, Message, always, field, repeated};

const SEVERITY_NUMBER: EnumValues = &[
    ("SEVERITY_NUMBER_UNSPECIFIED", 0),
    ("SEVERITY_NUMBER_TRACE", 1),
    ("SEVERITY_NUMBER_TRACE2", 2),
    ("SEVERITY_NUMBER_TRACE3", 3),
    ("SEVERITY_NUMBER_TRACE4", 4),
    ("SEVERITY_NUMBER_DEBUG", 5),
    ("SEVERITY_NUMBER_DEBUG2", 6),
    ("SEVERITY_NUMBER_DEBUG3", 7),
    ("SEVERITY_NUMBER_DEBUG4", 8),
    ("SEVERITY_NUMBER_INFO", 9),
    ("SEVERITY_NUMBER_INFO2", 10),
    ("SEVERITY_NUMBER_INFO3", 11),
    ("SEVERITY_NUMBER_INFO4", 12),
    ("SEVERITY_NUMBER_WARN", 13),
    ("SEVERITY_NUMBER_WARN2", 14),
    ("SEVERITY_NUMBER_WARN3", 15),
    ("SEVERITY_NUMBER_WARN4", 16),
    ("SEVERITY_NUMBER_ERROR", 17),
    ("SEVERITY_NUMBER_ERROR2", 18),
    ("SEVERITY_NUMBER_ERROR3", 19),
    ("SEVERITY_NUMBER_ERROR4", 20),
    ("SEVERITY_NUMBER_FATAL", 21),
    ("SEVERITY_NUMBER_FATAL2", 22),
    ("SEVERITY_NUMBER_FATAL3", 23),
    ("SEVERITY_NUMBER_FATAL4", 24),
];

pub(super) const RESOURCE_LOGS: &[FieldSpec] = &[
    always(1, "resource", "resource", Kind::Message(Message::Resource)),
    repeated(
        2,
        "scope_logs",
        "scopeLogs",
        Kind::Message(Message::ScopeLogs),
    ),
    field(3, "schema_url", "schemaUrl", Kind::String),
    repeated(
        LEGACY_SCOPES,
        "instrumentation_library_logs",
        "instrumentationLibraryLogs",
        Kind::Message(Message::ScopeLogs),
    ),
];

pub(super) const SCOPE_LOGS: &[FieldSpec] = &[
    always(
        1,
        "scope",
        "scope",
        Kind::Message(Message::InstrumentationScope),
    ),
    repeated(
        2,
        "log_records",
        "logRecords",
        Kind::Message(Message::LogRecord),
    ),
    field(3, "schema_url", "schemaUrl", Kind::String),
];

pub(super) const LOG_RECORD: &[FieldSpec] = &[
    field(1, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
    field(
        11,
        "observed_time_unix_nano",
        "observedTimeUnixNano",
        Kind::Fixed64,
    ),
    field(
        2,
        "severity_number",
        "severityNumber",
        Kind::Enum(SEVERITY_NUMBER),
    ),
    field(3, "severity_text", "severityText", Kind::String),
    always(5, "body", "body", Kind::Message(Message::AnyValue)),
    repeated(
        6,
        "attributes",
        "attributes",
        Kind::Message(Message::KeyValue),
    ),
    field(
        7,
        "dropped_attributes_count",
        "droppedAttributesCount",
        Kind::Uint32,
    ),
    field(8, "flags", "flags", Kind::Fixed32),
    field(9, "trace_id", "traceId", Kind::Id(16)),
    field(10, "span_id", "spanId", Kind::Id(8)),
    field(12, "event_name", "eventName", Kind::String),
];
