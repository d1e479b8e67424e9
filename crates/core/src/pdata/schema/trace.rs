//! `trace.proto`.

use super::{EnumValues, FieldSpec, Kind, LEGACY_SCOPES, Message, always, field, repeated};

const SPAN_KIND: EnumValues = &[
    ("SPAN_KIND_UNSPECIFIED", 0),
    ("SPAN_KIND_INTERNAL", 1),
    ("SPAN_KIND_SERVER", 2),
    ("SPAN_KIND_CLIENT", 3),
    ("SPAN_KIND_PRODUCER", 4),
    ("SPAN_KIND_CONSUMER", 5),
];

const STATUS_CODE: EnumValues = &[
    ("STATUS_CODE_UNSET", 0),
    ("STATUS_CODE_OK", 1),
    ("STATUS_CODE_ERROR", 2),
];

pub(super) const RESOURCE_SPANS: &[FieldSpec] = &[
    always(1, "resource", "resource", Kind::Message(Message::Resource)),
    repeated(
        2,
        "scope_spans",
        "scopeSpans",
        Kind::Message(Message::ScopeSpans),
    ),
    field(3, "schema_url", "schemaUrl", Kind::String),
    repeated(
        LEGACY_SCOPES,
        "instrumentation_library_spans",
        "instrumentationLibrarySpans",
        Kind::Message(Message::ScopeSpans),
    ),
];

pub(super) const SCOPE_SPANS: &[FieldSpec] = &[
    always(
        1,
        "scope",
        "scope",
        Kind::Message(Message::InstrumentationScope),
    ),
    repeated(2, "spans", "spans", Kind::Message(Message::Span)),
    field(3, "schema_url", "schemaUrl", Kind::String),
];

pub(super) const SPAN: &[FieldSpec] = &[
    field(1, "trace_id", "traceId", Kind::Id(16)),
    field(2, "span_id", "spanId", Kind::Id(8)),
    field(3, "trace_state", "traceState", Kind::String),
    field(4, "parent_span_id", "parentSpanId", Kind::Id(8)),
    field(16, "flags", "flags", Kind::Fixed32),
    field(5, "name", "name", Kind::String),
    field(6, "kind", "kind", Kind::Enum(SPAN_KIND)),
    field(
        7,
        "start_time_unix_nano",
        "startTimeUnixNano",
        Kind::Fixed64,
    ),
    field(8, "end_time_unix_nano", "endTimeUnixNano", Kind::Fixed64),
    repeated(
        9,
        "attributes",
        "attributes",
        Kind::Message(Message::KeyValue),
    ),
    field(
        10,
        "dropped_attributes_count",
        "droppedAttributesCount",
        Kind::Uint32,
    ),
    repeated(11, "events", "events", Kind::Message(Message::SpanEvent)),
    field(
        12,
        "dropped_events_count",
        "droppedEventsCount",
        Kind::Uint32,
    ),
    repeated(13, "links", "links", Kind::Message(Message::SpanLink)),
    field(14, "dropped_links_count", "droppedLinksCount", Kind::Uint32),
    always(15, "status", "status", Kind::Message(Message::SpanStatus)),
];

pub(super) const EVENT: &[FieldSpec] = &[
    field(1, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
    field(2, "name", "name", Kind::String),
    repeated(
        3,
        "attributes",
        "attributes",
        Kind::Message(Message::KeyValue),
    ),
    field(
        4,
        "dropped_attributes_count",
        "droppedAttributesCount",
        Kind::Uint32,
    ),
];

pub(super) const LINK: &[FieldSpec] = &[
    field(1, "trace_id", "traceId", Kind::Id(16)),
    field(2, "span_id", "spanId", Kind::Id(8)),
    field(3, "trace_state", "traceState", Kind::String),
    repeated(
        4,
        "attributes",
        "attributes",
        Kind::Message(Message::KeyValue),
    ),
    field(
        5,
        "dropped_attributes_count",
        "droppedAttributesCount",
        Kind::Uint32,
    ),
    field(6, "flags", "flags", Kind::Fixed32),
];

pub(super) const STATUS: &[FieldSpec] = &[
    field(2, "message", "message", Kind::String),
    field(3, "code", "code", Kind::Enum(STATUS_CODE)),
];
