//! The requests and responses of the three `collector/*_service.proto`.

use super::{FieldSpec, Kind, Message, always, field, repeated};

pub(super) const TRACE_REQUEST: &[FieldSpec] = &[repeated(
    1,
    "resource_spans",
    "resourceSpans",
    Kind::Message(Message::ResourceSpans),
)];

pub(super) const METRICS_REQUEST: &[FieldSpec] = &[repeated(
    1,
    "resource_metrics",
    "resourceMetrics",
    Kind::Message(Message::ResourceMetrics),
)];

pub(super) const LOGS_REQUEST: &[FieldSpec] = &[repeated(
    1,
    "resource_logs",
    "resourceLogs",
    Kind::Message(Message::ResourceLogs),
)];

const fn partial_success(message: Message) -> FieldSpec {
    always(
        1,
        "partial_success",
        "partialSuccess",
        Kind::Message(message),
    )
}

pub(super) const TRACE_RESPONSE: &[FieldSpec] =
    &[partial_success(Message::ExportTracePartialSuccess)];

pub(super) const METRICS_RESPONSE: &[FieldSpec] =
    &[partial_success(Message::ExportMetricsPartialSuccess)];

pub(super) const LOGS_RESPONSE: &[FieldSpec] =
    &[partial_success(Message::ExportLogsPartialSuccess)];

const ERROR_MESSAGE: FieldSpec = field(2, "error_message", "errorMessage", Kind::String);

pub(super) const TRACE_PARTIAL_SUCCESS: &[FieldSpec] = &[
    field(1, "rejected_spans", "rejectedSpans", Kind::Int64),
    ERROR_MESSAGE,
];

pub(super) const METRICS_PARTIAL_SUCCESS: &[FieldSpec] = &[
    field(1, "rejected_data_points", "rejectedDataPoints", Kind::Int64),
    ERROR_MESSAGE,
];

pub(super) const LOGS_PARTIAL_SUCCESS: &[FieldSpec] = &[
    field(1, "rejected_log_records", "rejectedLogRecords", Kind::Int64),
    ERROR_MESSAGE,
];
