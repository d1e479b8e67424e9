//! The contexts: which telemetry a text is about, and which it can reach from there.

/// What a text is evaluated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextKind {
    /// What a request came with: its headers.
    Request,
    /// A resource.
    Resource,
    /// An instrumentation scope.
    Scope,
    /// A span.
    Span,
    /// An event of a span.
    SpanEvent,
    /// A metric.
    Metric,
    /// A data point.
    DataPoint,
    /// A log record.
    Log,
}

/// How deep one must look into a request; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing of the telemetry.
    Request,
    /// The resource.
    Resource,
    /// The instrumentation scope.
    Scope,
    /// Spans, metrics, log records, and what is inside them.
    Record,
}

impl ContextKind {
    /// The name of the context, as it stands before a path and in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Resource => "resource",
            Self::Scope => "scope",
            Self::Span => "span",
            Self::SpanEvent => "spanevent",
            Self::Metric => "metric",
            Self::DataPoint => "datapoint",
            Self::Log => "log",
        }
    }

    /// The contexts that can be reached from here, this one first.
    #[must_use]
    pub const fn reachable(self) -> &'static [Self] {
        match self {
            Self::Request => &[Self::Request],
            Self::Resource => &[Self::Resource],
            Self::Scope => &[Self::Scope, Self::Resource],
            Self::Span => &[Self::Span, Self::Scope, Self::Resource],
            Self::SpanEvent => &[Self::SpanEvent, Self::Span, Self::Scope, Self::Resource],
            Self::Metric => &[Self::Metric, Self::Scope, Self::Resource],
            Self::DataPoint => &[Self::DataPoint, Self::Metric, Self::Scope, Self::Resource],
            Self::Log => &[Self::Log, Self::Scope, Self::Resource],
        }
    }

    /// The context called `name`.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "resource" => Self::Resource,
            "scope" | "instrumentation_scope" => Self::Scope,
            "span" => Self::Span,
            "spanevent" => Self::SpanEvent,
            "metric" => Self::Metric,
            "datapoint" => Self::DataPoint,
            "log" => Self::Log,
            _ => return None,
        })
    }

    /// How deep the context lies.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Request => Level::Request,
            Self::Resource => Level::Resource,
            Self::Scope => Level::Scope,
            _ => Level::Record,
        }
    }
}

/// The number that an enum's name stands for.
pub(crate) fn enum_value(name: &str) -> Option<i64> {
    ENUMS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| *value)
}

pub(crate) fn enum_names() -> impl Iterator<Item = &'static str> {
    ENUMS.iter().map(|(name, _)| *name)
}

#[rustfmt::skip]
const ENUMS: &[(&str, i64)] = &[
    ("SPAN_KIND_UNSPECIFIED", 0), ("SPAN_KIND_INTERNAL", 1), ("SPAN_KIND_SERVER", 2),
    ("SPAN_KIND_CLIENT", 3), ("SPAN_KIND_PRODUCER", 4), ("SPAN_KIND_CONSUMER", 5),
    ("STATUS_CODE_UNSET", 0), ("STATUS_CODE_OK", 1), ("STATUS_CODE_ERROR", 2),
    ("AGGREGATION_TEMPORALITY_UNSPECIFIED", 0), ("AGGREGATION_TEMPORALITY_DELTA", 1),
    ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
    ("METRIC_DATA_TYPE_NONE", 0), ("METRIC_DATA_TYPE_GAUGE", 1), ("METRIC_DATA_TYPE_SUM", 2),
    ("METRIC_DATA_TYPE_HISTOGRAM", 3), ("METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM", 4),
    ("METRIC_DATA_TYPE_SUMMARY", 5),
    ("FLAG_NONE", 0), ("FLAG_NO_RECORDED_VALUE", 1),
    ("SEVERITY_NUMBER_UNSPECIFIED", 0),
    ("SEVERITY_NUMBER_TRACE", 1), ("SEVERITY_NUMBER_TRACE2", 2), ("SEVERITY_NUMBER_TRACE3", 3),
    ("SEVERITY_NUMBER_TRACE4", 4), ("SEVERITY_NUMBER_DEBUG", 5), ("SEVERITY_NUMBER_DEBUG2", 6),
    ("SEVERITY_NUMBER_DEBUG3", 7), ("SEVERITY_NUMBER_DEBUG4", 8), ("SEVERITY_NUMBER_INFO", 9),
    ("SEVERITY_NUMBER_INFO2", 10), ("SEVERITY_NUMBER_INFO3", 11), ("SEVERITY_NUMBER_INFO4", 12),
    ("SEVERITY_NUMBER_WARN", 13), ("SEVERITY_NUMBER_WARN2", 14), ("SEVERITY_NUMBER_WARN3", 15),
    ("SEVERITY_NUMBER_WARN4", 16), ("SEVERITY_NUMBER_ERROR", 17), ("SEVERITY_NUMBER_ERROR2", 18),
    ("SEVERITY_NUMBER_ERROR3", 19), ("SEVERITY_NUMBER_ERROR4", 20), ("SEVERITY_NUMBER_FATAL", 21),
    ("SEVERITY_NUMBER_FATAL2", 22), ("SEVERITY_NUMBER_FATAL3", 23), ("SEVERITY_NUMBER_FATAL4", 24),
];
