//! The paths of each context. Source: Go `pkg/ottl/contexts`.

use crate::context::ContextKind;
use crate::field::Field;

/// What may stand in brackets behind a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Nothing.
    None,
    /// Names of attributes, then whatever they hold.
    Map,
    /// Whatever the value is.
    Value,
    /// One name, which must be there.
    Name,
}

pub(crate) type Known = (&'static str, Field, Keys);

/// The paths of one context, without its name before them.
pub(crate) const fn paths(context: ContextKind) -> &'static [Known] {
    match context {
        ContextKind::Request => REQUEST,
        ContextKind::Resource => RESOURCE,
        ContextKind::Scope => SCOPE,
        ContextKind::Span => SPAN,
        ContextKind::SpanEvent => SPAN_EVENT,
        ContextKind::Metric => METRIC,
        ContextKind::DataPoint => DATA_POINT,
        ContextKind::Log => LOG,
    }
}

const REQUEST: &[Known] = &[
    ("request", Field::Header, Keys::Name),
    ("tenant", Field::Tenant, Keys::None),
];

/// What stands behind `otelcol.`, in every context.
pub(crate) const OTELCOL: &[Known] = &[
    ("client.addr", Field::ClientAddress, Keys::None),
    ("client.metadata", Field::ClientMetadata, Keys::Map),
    ("client.auth.attributes", Field::ClientIdentity, Keys::Map),
    ("grpc.metadata", Field::ClientMetadata, Keys::Map),
    ("tenant", Field::Tenant, Keys::None),
];

const RESOURCE: &[Known] = &[
    ("attributes", Field::ResourceAttributes, Keys::Map),
    (
        "dropped_attributes_count",
        Field::ResourceDropped,
        Keys::None,
    ),
    ("schema_url", Field::ResourceSchema, Keys::None),
];

const SCOPE: &[Known] = &[
    ("name", Field::ScopeName, Keys::None),
    ("version", Field::ScopeVersion, Keys::None),
    ("attributes", Field::ScopeAttributes, Keys::Map),
    ("dropped_attributes_count", Field::ScopeDropped, Keys::None),
    ("schema_url", Field::ScopeSchema, Keys::None),
];

const SPAN: &[Known] = &[
    ("trace_id", Field::SpanTraceId, Keys::None),
    ("trace_id.string", Field::SpanTraceIdText, Keys::None),
    ("span_id", Field::SpanId, Keys::None),
    ("span_id.string", Field::SpanIdText, Keys::None),
    ("parent_span_id", Field::SpanParentId, Keys::None),
    ("parent_span_id.string", Field::SpanParentIdText, Keys::None),
    ("trace_state", Field::SpanTraceState, Keys::Name),
    ("name", Field::SpanName, Keys::None),
    ("kind", Field::SpanKind, Keys::None),
    ("kind.string", Field::SpanKindText, Keys::None),
    ("kind.deprecated_string", Field::SpanKindName, Keys::None),
    ("start_time", Field::SpanStart, Keys::None),
    ("start_time_unix_nano", Field::SpanStartNano, Keys::None),
    ("end_time", Field::SpanEnd, Keys::None),
    ("end_time_unix_nano", Field::SpanEndNano, Keys::None),
    ("attributes", Field::Attributes, Keys::Map),
    ("dropped_attributes_count", Field::SpanDropped, Keys::None),
    ("events", Field::SpanEvents, Keys::None),
    ("dropped_events_count", Field::SpanDroppedEvents, Keys::None),
    ("links", Field::SpanLinks, Keys::None),
    ("dropped_links_count", Field::SpanDroppedLinks, Keys::None),
    ("status", Field::SpanStatus, Keys::None),
    ("status.code", Field::SpanStatusCode, Keys::None),
    ("status.message", Field::SpanStatusMessage, Keys::None),
    ("flags", Field::SpanFlags, Keys::None),
];

const SPAN_EVENT: &[Known] = &[
    ("name", Field::EventName, Keys::None),
    ("time", Field::EventTime, Keys::None),
    ("time_unix_nano", Field::EventTimeNano, Keys::None),
    ("attributes", Field::Attributes, Keys::Map),
    ("dropped_attributes_count", Field::EventDropped, Keys::None),
    ("event_index", Field::EventIndex, Keys::None),
];

const METRIC: &[Known] = &[
    ("name", Field::MetricName, Keys::None),
    ("description", Field::MetricDescription, Keys::None),
    ("unit", Field::MetricUnit, Keys::None),
    ("type", Field::MetricType, Keys::None),
    (
        "aggregation_temporality",
        Field::MetricTemporality,
        Keys::None,
    ),
    ("is_monotonic", Field::MetricMonotonic, Keys::None),
    ("data_points", Field::MetricPoints, Keys::None),
    ("metadata", Field::MetricMetadata, Keys::Map),
];

const DATA_POINT: &[Known] = &[
    ("attributes", Field::Attributes, Keys::Map),
    ("start_time", Field::PointStart, Keys::None),
    ("start_time_unix_nano", Field::PointStartNano, Keys::None),
    ("time", Field::PointTime, Keys::None),
    ("time_unix_nano", Field::PointTimeNano, Keys::None),
    ("value_int", Field::PointInt, Keys::None),
    ("value_double", Field::PointDouble, Keys::None),
    ("exemplars", Field::PointExemplars, Keys::None),
    ("flags", Field::PointFlags, Keys::None),
    ("count", Field::PointCount, Keys::None),
    ("sum", Field::PointSum, Keys::None),
    ("bucket_counts", Field::PointBuckets, Keys::None),
    ("explicit_bounds", Field::PointBounds, Keys::None),
    ("scale", Field::PointScale, Keys::None),
    ("zero_count", Field::PointZeroCount, Keys::None),
    ("positive", Field::PointPositive, Keys::None),
    ("positive.offset", Field::PointPositiveOffset, Keys::None),
    (
        "positive.bucket_counts",
        Field::PointPositiveBuckets,
        Keys::None,
    ),
    ("negative", Field::PointNegative, Keys::None),
    ("negative.offset", Field::PointNegativeOffset, Keys::None),
    (
        "negative.bucket_counts",
        Field::PointNegativeBuckets,
        Keys::None,
    ),
    ("quantile_values", Field::PointQuantiles, Keys::None),
];

const LOG: &[Known] = &[
    ("time", Field::LogTime, Keys::None),
    ("time_unix_nano", Field::LogTimeNano, Keys::None),
    ("observed_time", Field::LogObserved, Keys::None),
    (
        "observed_time_unix_nano",
        Field::LogObservedNano,
        Keys::None,
    ),
    ("severity_number", Field::LogSeverity, Keys::None),
    ("severity_text", Field::LogSeverityText, Keys::None),
    ("body", Field::LogBody, Keys::Value),
    ("body.string", Field::LogBodyText, Keys::None),
    ("attributes", Field::Attributes, Keys::Map),
    ("dropped_attributes_count", Field::LogDropped, Keys::None),
    ("flags", Field::LogFlags, Keys::None),
    ("trace_id", Field::LogTraceId, Keys::None),
    ("trace_id.string", Field::LogTraceIdText, Keys::None),
    ("span_id", Field::LogSpanId, Keys::None),
    ("span_id.string", Field::LogSpanIdText, Keys::None),
    ("event_name", Field::LogEventName, Keys::None),
];
