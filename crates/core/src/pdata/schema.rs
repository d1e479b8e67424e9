//! What every OTLP message looks like: one table per message, for validation and for JSON.
//!
//! Source: opentelemetry-proto 1.11 (`common`, `resource`, `trace`, `metrics`, `logs` and
//! `collector`, all v1). Fields stand in the order in which JSON output shows them.

mod common;
mod logs;
mod metrics;
mod service;
mod trace;

use super::wire::WireType;
use crate::Signal;

/// An OTLP message type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is the protobuf message of that name")]
pub enum Message {
    AnyValue,
    ArrayValue,
    KeyValueList,
    KeyValue,
    InstrumentationScope,
    EntityRef,
    Resource,
    ResourceSpans,
    ScopeSpans,
    Span,
    SpanEvent,
    SpanLink,
    SpanStatus,
    ResourceMetrics,
    ScopeMetrics,
    Metric,
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
    NumberDataPoint,
    HistogramDataPoint,
    ExponentialHistogramDataPoint,
    Buckets,
    SummaryDataPoint,
    ValueAtQuantile,
    Exemplar,
    ResourceLogs,
    ScopeLogs,
    LogRecord,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
    ExportTracePartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
    ExportMetricsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
    ExportLogsPartialSuccess,
}

/// An enum whose values JSON may also write by name.
pub type EnumValues = &'static [(&'static str, i32)];

/// How a field's value is encoded and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A nested message.
    Message(Message),
    /// UTF-8 text.
    String,
    /// Opaque bytes; base64 in JSON.
    Bytes,
    /// A trace or span id: empty or exactly this many bytes; hex in JSON.
    Id(u8),
    /// 0 or 1.
    Bool,
    /// A varint of 32 bits with names for some values.
    Enum(EnumValues),
    /// Varint, two's complement.
    Int32,
    /// Varint, two's complement.
    Int64,
    /// Varint.
    Uint32,
    /// Varint.
    Uint64,
    /// Varint, zigzag.
    Sint32,
    /// Four bytes.
    Fixed32,
    /// Eight bytes.
    Fixed64,
    /// Eight bytes, two's complement.
    Sfixed64,
    /// Eight bytes, IEEE 754.
    Double,
}

impl Kind {
    /// The wire type of one value of this kind.
    #[must_use]
    pub const fn wire_type(self) -> WireType {
        match self {
            Self::Message(_) | Self::String | Self::Bytes | Self::Id(_) => WireType::Len,
            Self::Fixed32 => WireType::Fixed32,
            Self::Fixed64 | Self::Sfixed64 | Self::Double => WireType::Fixed64,
            Self::Bool
            | Self::Enum(_)
            | Self::Int32
            | Self::Int64
            | Self::Uint32
            | Self::Uint64
            | Self::Sint32 => WireType::Varint,
        }
    }
}

/// How often a field may occur and when its absence means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// At most once; the zero value and absence are the same.
    Implicit,
    /// At most once; a zero value differs from absence (`optional`).
    Optional,
    /// One of a group of fields of which the last one present wins. No message has two groups.
    OneOf,
    /// At most once; JSON output shows it even if it is absent, as upstream's does.
    Always,
    /// Any number of times; scalars may be packed.
    Repeated,
}

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// The field number.
    pub number: u32,
    /// The name in the .proto file, `lower_snake_case`.
    pub name: &'static str,
    /// The name in JSON, `lowerCamelCase`.
    pub json: &'static str,
    /// What the value is.
    pub kind: Kind,
    /// How often it occurs.
    pub presence: Presence,
}

impl FieldSpec {
    /// Whether the field may occur more than once.
    #[inline]
    #[must_use]
    pub const fn is_repeated(&self) -> bool {
        matches!(self.presence, Presence::Repeated)
    }
}

const fn field(number: u32, name: &'static str, json: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec {
        number,
        name,
        json,
        kind,
        presence: Presence::Implicit,
    }
}

const fn repeated(number: u32, name: &'static str, json: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec {
        number,
        name,
        json,
        kind,
        presence: Presence::Repeated,
    }
}

const fn one_of(number: u32, name: &'static str, json: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec {
        number,
        name,
        json,
        kind,
        presence: Presence::OneOf,
    }
}

const fn optional(number: u32, name: &'static str, json: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec {
        number,
        name,
        json,
        kind,
        presence: Presence::Optional,
    }
}

const fn always(number: u32, name: &'static str, json: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec {
        number,
        name,
        json,
        kind,
        presence: Presence::Always,
    }
}

/// The field number of the deprecated `instrumentation_library_*` lists: read as the field 2
/// that replaced them in OTLP 0.15 (their entries have the same shape).
pub const LEGACY_SCOPES: u32 = 1000;

impl Message {
    /// Every message, in the order of their discriminants.
    pub const ALL: [Self; 40] = [
        Self::AnyValue,
        Self::ArrayValue,
        Self::KeyValueList,
        Self::KeyValue,
        Self::InstrumentationScope,
        Self::EntityRef,
        Self::Resource,
        Self::ResourceSpans,
        Self::ScopeSpans,
        Self::Span,
        Self::SpanEvent,
        Self::SpanLink,
        Self::SpanStatus,
        Self::ResourceMetrics,
        Self::ScopeMetrics,
        Self::Metric,
        Self::Gauge,
        Self::Sum,
        Self::Histogram,
        Self::ExponentialHistogram,
        Self::Summary,
        Self::NumberDataPoint,
        Self::HistogramDataPoint,
        Self::ExponentialHistogramDataPoint,
        Self::Buckets,
        Self::SummaryDataPoint,
        Self::ValueAtQuantile,
        Self::Exemplar,
        Self::ResourceLogs,
        Self::ScopeLogs,
        Self::LogRecord,
        Self::ExportTraceServiceRequest,
        Self::ExportTraceServiceResponse,
        Self::ExportTracePartialSuccess,
        Self::ExportMetricsServiceRequest,
        Self::ExportMetricsServiceResponse,
        Self::ExportMetricsPartialSuccess,
        Self::ExportLogsServiceRequest,
        Self::ExportLogsServiceResponse,
        Self::ExportLogsPartialSuccess,
    ];

    /// The export request of `signal`; `TracesData`, `MetricsData` and `LogsData` are the same
    /// bytes.
    #[must_use]
    pub const fn request(signal: Signal) -> Self {
        match signal {
            Signal::Traces => Self::ExportTraceServiceRequest,
            Signal::Metrics => Self::ExportMetricsServiceRequest,
            Signal::Logs => Self::ExportLogsServiceRequest,
        }
    }

    /// The entry of a request of `signal` that holds one resource.
    #[must_use]
    pub const fn resource_entry(signal: Signal) -> Self {
        match signal {
            Signal::Traces => Self::ResourceSpans,
            Signal::Metrics => Self::ResourceMetrics,
            Signal::Logs => Self::ResourceLogs,
        }
    }

    /// The entry of a resource of `signal` that holds one instrumentation scope.
    #[must_use]
    pub const fn scope_entry(signal: Signal) -> Self {
        match signal {
            Signal::Traces => Self::ScopeSpans,
            Signal::Metrics => Self::ScopeMetrics,
            Signal::Logs => Self::ScopeLogs,
        }
    }

    /// The export response of `signal`.
    #[must_use]
    pub const fn response(signal: Signal) -> Self {
        match signal {
            Signal::Traces => Self::ExportTraceServiceResponse,
            Signal::Metrics => Self::ExportMetricsServiceResponse,
            Signal::Logs => Self::ExportLogsServiceResponse,
        }
    }

    /// The message's name in the .proto files, without its package.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.table().0
    }

    /// The message's fields, in JSON output order.
    #[must_use]
    pub const fn fields(self) -> &'static [FieldSpec] {
        self.table().1
    }

    const fn table(self) -> (&'static str, &'static [FieldSpec]) {
        match self {
            Self::AnyValue => ("AnyValue", common::ANY_VALUE),
            Self::ArrayValue => ("ArrayValue", common::ARRAY_VALUE),
            Self::KeyValueList => ("KeyValueList", common::KEY_VALUE_LIST),
            Self::KeyValue => ("KeyValue", common::KEY_VALUE),
            Self::InstrumentationScope => ("InstrumentationScope", common::INSTRUMENTATION_SCOPE),
            Self::EntityRef => ("EntityRef", common::ENTITY_REF),
            Self::Resource => ("Resource", common::RESOURCE),
            Self::ResourceSpans => ("ResourceSpans", trace::RESOURCE_SPANS),
            Self::ScopeSpans => ("ScopeSpans", trace::SCOPE_SPANS),
            Self::Span => ("Span", trace::SPAN),
            Self::SpanEvent => ("Span.Event", trace::EVENT),
            Self::SpanLink => ("Span.Link", trace::LINK),
            Self::SpanStatus => ("Status", trace::STATUS),
            Self::ResourceMetrics => ("ResourceMetrics", metrics::RESOURCE_METRICS),
            Self::ScopeMetrics => ("ScopeMetrics", metrics::SCOPE_METRICS),
            Self::Metric => ("Metric", metrics::METRIC),
            Self::Gauge => ("Gauge", metrics::GAUGE),
            Self::Sum => ("Sum", metrics::SUM),
            Self::Histogram => ("Histogram", metrics::HISTOGRAM),
            Self::ExponentialHistogram => ("ExponentialHistogram", metrics::EXPONENTIAL_HISTOGRAM),
            Self::Summary => ("Summary", metrics::SUMMARY),
            Self::NumberDataPoint => ("NumberDataPoint", metrics::NUMBER_DATA_POINT),
            Self::HistogramDataPoint => ("HistogramDataPoint", metrics::HISTOGRAM_DATA_POINT),
            Self::ExponentialHistogramDataPoint => (
                "ExponentialHistogramDataPoint",
                metrics::EXPONENTIAL_HISTOGRAM_DATA_POINT,
            ),
            Self::Buckets => ("ExponentialHistogramDataPoint.Buckets", metrics::BUCKETS),
            Self::SummaryDataPoint => ("SummaryDataPoint", metrics::SUMMARY_DATA_POINT),
            Self::ValueAtQuantile => (
                "SummaryDataPoint.ValueAtQuantile",
                metrics::VALUE_AT_QUANTILE,
            ),
            Self::Exemplar => ("Exemplar", metrics::EXEMPLAR),
            Self::ResourceLogs => ("ResourceLogs", logs::RESOURCE_LOGS),
            Self::ScopeLogs => ("ScopeLogs", logs::SCOPE_LOGS),
            Self::LogRecord => ("LogRecord", logs::LOG_RECORD),
            Self::ExportTraceServiceRequest => {
                ("ExportTraceServiceRequest", service::TRACE_REQUEST)
            }
            Self::ExportTraceServiceResponse => {
                ("ExportTraceServiceResponse", service::TRACE_RESPONSE)
            }
            Self::ExportTracePartialSuccess => {
                ("ExportTracePartialSuccess", service::TRACE_PARTIAL_SUCCESS)
            }
            Self::ExportMetricsServiceRequest => {
                ("ExportMetricsServiceRequest", service::METRICS_REQUEST)
            }
            Self::ExportMetricsServiceResponse => {
                ("ExportMetricsServiceResponse", service::METRICS_RESPONSE)
            }
            Self::ExportMetricsPartialSuccess => (
                "ExportMetricsPartialSuccess",
                service::METRICS_PARTIAL_SUCCESS,
            ),
            Self::ExportLogsServiceRequest => ("ExportLogsServiceRequest", service::LOGS_REQUEST),
            Self::ExportLogsServiceResponse => {
                ("ExportLogsServiceResponse", service::LOGS_RESPONSE)
            }
            Self::ExportLogsPartialSuccess => {
                ("ExportLogsPartialSuccess", service::LOGS_PARTIAL_SUCCESS)
            }
        }
    }

    /// The field with this number and its place in [`Message::fields`].
    #[inline]
    #[must_use]
    pub fn field(self, number: u32) -> Option<(usize, &'static FieldSpec)> {
        self.fields()
            .iter()
            .enumerate()
            .find(|(_, field)| field.number == number)
    }

    /// The field that JSON calls `name`, in either spelling, and its place in
    /// [`Message::fields`]. Deprecated names of OTLP before 0.15 are known too.
    #[must_use]
    pub fn field_named(self, name: &[u8]) -> Option<(usize, &'static FieldSpec)> {
        let named =
            |field: &FieldSpec| field.json.as_bytes() == name || field.name.as_bytes() == name;
        let found = self
            .fields()
            .iter()
            .enumerate()
            .find(|(_, field)| named(field));
        found.or_else(|| self.field(self.legacy_name(name)?))
    }

    fn legacy_name(self, name: &[u8]) -> Option<u32> {
        match (self, name) {
            (
                Self::ScopeSpans | Self::ScopeMetrics | Self::ScopeLogs,
                b"instrumentationLibrary" | b"instrumentation_library",
            ) => Some(1),
            (Self::ScopeLogs, b"logs") => Some(2),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn all_lists_every_message_at_its_discriminant() {
        for (index, message) in Message::ALL.into_iter().enumerate() {
            assert_eq!(message as usize, index, "{}", message.name());
        }
    }

    #[test]
    fn json_names_are_the_camel_case_of_the_proto_names() {
        for message in Message::ALL {
            for field in message.fields() {
                let mut upper = false;
                let camel: String = field
                    .name
                    .chars()
                    .filter_map(|c| match c {
                        '_' => {
                            upper = true;
                            None
                        }
                        c if std::mem::take(&mut upper) => Some(c.to_ascii_uppercase()),
                        c => Some(c),
                    })
                    .collect();
                assert_eq!(field.json, camel, "{}", message.name());
            }
        }
    }

    #[test]
    fn numbers_and_names_are_unique_within_a_message() {
        for message in Message::ALL {
            let fields = message.fields();
            let numbers: HashSet<_> = fields.iter().map(|f| f.number).collect();
            let names: HashSet<_> = fields.iter().map(|f| f.name).collect();
            assert_eq!((numbers.len(), names.len()), (fields.len(), fields.len()));
            assert!(
                fields.len() <= 32,
                "{} does not fit a bit set",
                message.name()
            );
        }
    }

    #[test]
    fn fields_are_found_by_number_and_by_all_their_names() {
        let found = |name: &str| {
            Message::Span
                .field_named(name.as_bytes())
                .map(|(_, field)| field.number)
        };
        assert_eq!(found("traceId"), Some(1));
        assert_eq!(found("trace_id"), Some(1));
        assert_eq!(found("flags"), Some(16));
        assert_eq!(found("TraceId"), None);
        assert_eq!(Message::Span.field(16).map(|(_, f)| f.name), Some("flags"));
        assert_eq!(Message::Span.field(17).map(|(_, f)| f.name), None);
        let legacy = Message::ScopeLogs.field_named(b"instrumentationLibrary");
        assert_eq!(legacy.map(|(_, f)| f.number), Some(1));
        let legacy = Message::ResourceLogs.field_named(b"instrumentationLibraryLogs");
        assert_eq!(legacy.map(|(_, f)| f.number), Some(LEGACY_SCOPES));
    }
}
