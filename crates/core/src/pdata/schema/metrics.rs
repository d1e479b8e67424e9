//! `metrics.proto`.

use super::{
    EnumValues, FieldSpec, Kind, LEGACY_SCOPES, Message, always, field, one_of, optional, repeated,
};

const AGGREGATION_TEMPORALITY: EnumValues = &[
    ("AGGREGATION_TEMPORALITY_UNSPECIFIED", 0),
    ("AGGREGATION_TEMPORALITY_DELTA", 1),
    ("AGGREGATION_TEMPORALITY_CUMULATIVE", 2),
];

const ATTRIBUTES: Kind = Kind::Message(Message::KeyValue);

pub(super) const RESOURCE_METRICS: &[FieldSpec] = &[
    always(1, "resource", "resource", Kind::Message(Message::Resource)),
    repeated(
        2,
        "scope_metrics",
        "scopeMetrics",
        Kind::Message(Message::ScopeMetrics),
    ),
    field(3, "schema_url", "schemaUrl", Kind::String),
    repeated(
        LEGACY_SCOPES,
        "instrumentation_library_metrics",
        "instrumentationLibraryMetrics",
        Kind::Message(Message::ScopeMetrics),
    ),
];

pub(super) const SCOPE_METRICS: &[FieldSpec] = &[
    always(
        1,
        "scope",
        "scope",
        Kind::Message(Message::InstrumentationScope),
    ),
    repeated(2, "metrics", "metrics", Kind::Message(Message::Metric)),
    field(3, "schema_url", "schemaUrl", Kind::String),
];

pub(super) const METRIC: &[FieldSpec] = &[
    field(1, "name", "name", Kind::String),
    field(2, "description", "description", Kind::String),
    field(3, "unit", "unit", Kind::String),
    one_of(5, "gauge", "gauge", Kind::Message(Message::Gauge)),
    one_of(7, "sum", "sum", Kind::Message(Message::Sum)),
    one_of(
        9,
        "histogram",
        "histogram",
        Kind::Message(Message::Histogram),
    ),
    one_of(
        10,
        "exponential_histogram",
        "exponentialHistogram",
        Kind::Message(Message::ExponentialHistogram),
    ),
    one_of(11, "summary", "summary", Kind::Message(Message::Summary)),
    repeated(12, "metadata", "metadata", ATTRIBUTES),
];

pub(super) const GAUGE: &[FieldSpec] = &[repeated(
    1,
    "data_points",
    "dataPoints",
    Kind::Message(Message::NumberDataPoint),
)];

const TEMPORALITY: FieldSpec = field(
    2,
    "aggregation_temporality",
    "aggregationTemporality",
    Kind::Enum(AGGREGATION_TEMPORALITY),
);

pub(super) const SUM: &[FieldSpec] = &[
    repeated(
        1,
        "data_points",
        "dataPoints",
        Kind::Message(Message::NumberDataPoint),
    ),
    TEMPORALITY,
    field(3, "is_monotonic", "isMonotonic", Kind::Bool),
];

pub(super) const HISTOGRAM: &[FieldSpec] = &[
    repeated(
        1,
        "data_points",
        "dataPoints",
        Kind::Message(Message::HistogramDataPoint),
    ),
    TEMPORALITY,
];

pub(super) const EXPONENTIAL_HISTOGRAM: &[FieldSpec] = &[
    repeated(
        1,
        "data_points",
        "dataPoints",
        Kind::Message(Message::ExponentialHistogramDataPoint),
    ),
    TEMPORALITY,
];

pub(super) const SUMMARY: &[FieldSpec] = &[repeated(
    1,
    "data_points",
    "dataPoints",
    Kind::Message(Message::SummaryDataPoint),
)];

const START_TIME: FieldSpec = field(
    2,
    "start_time_unix_nano",
    "startTimeUnixNano",
    Kind::Fixed64,
);
const TIME: FieldSpec = field(3, "time_unix_nano", "timeUnixNano", Kind::Fixed64);
const COUNT: FieldSpec = field(4, "count", "count", Kind::Fixed64);

pub(super) const NUMBER_DATA_POINT: &[FieldSpec] = &[
    repeated(7, "attributes", "attributes", ATTRIBUTES),
    START_TIME,
    TIME,
    one_of(4, "as_double", "asDouble", Kind::Double),
    one_of(6, "as_int", "asInt", Kind::Sfixed64),
    repeated(
        5,
        "exemplars",
        "exemplars",
        Kind::Message(Message::Exemplar),
    ),
    field(8, "flags", "flags", Kind::Uint32),
];

pub(super) const HISTOGRAM_DATA_POINT: &[FieldSpec] = &[
    repeated(9, "attributes", "attributes", ATTRIBUTES),
    START_TIME,
    TIME,
    COUNT,
    optional(5, "sum", "sum", Kind::Double),
    repeated(6, "bucket_counts", "bucketCounts", Kind::Fixed64),
    repeated(7, "explicit_bounds", "explicitBounds", Kind::Double),
    repeated(
        8,
        "exemplars",
        "exemplars",
        Kind::Message(Message::Exemplar),
    ),
    field(10, "flags", "flags", Kind::Uint32),
    optional(11, "min", "min", Kind::Double),
    optional(12, "max", "max", Kind::Double),
];

pub(super) const EXPONENTIAL_HISTOGRAM_DATA_POINT: &[FieldSpec] = &[
    repeated(1, "attributes", "attributes", ATTRIBUTES),
    START_TIME,
    TIME,
    COUNT,
    optional(5, "sum", "sum", Kind::Double),
    field(6, "scale", "scale", Kind::Sint32),
    field(7, "zero_count", "zeroCount", Kind::Fixed64),
    always(8, "positive", "positive", Kind::Message(Message::Buckets)),
    always(9, "negative", "negative", Kind::Message(Message::Buckets)),
    field(10, "flags", "flags", Kind::Uint32),
    repeated(
        11,
        "exemplars",
        "exemplars",
        Kind::Message(Message::Exemplar),
    ),
    optional(12, "min", "min", Kind::Double),
    optional(13, "max", "max", Kind::Double),
    field(14, "zero_threshold", "zeroThreshold", Kind::Double),
];

pub(super) const BUCKETS: &[FieldSpec] = &[
    field(1, "offset", "offset", Kind::Sint32),
    repeated(2, "bucket_counts", "bucketCounts", Kind::Uint64),
];

pub(super) const SUMMARY_DATA_POINT: &[FieldSpec] = &[
    repeated(7, "attributes", "attributes", ATTRIBUTES),
    START_TIME,
    TIME,
    COUNT,
    field(5, "sum", "sum", Kind::Double),
    repeated(
        6,
        "quantile_values",
        "quantileValues",
        Kind::Message(Message::ValueAtQuantile),
    ),
    field(8, "flags", "flags", Kind::Uint32),
];

pub(super) const VALUE_AT_QUANTILE: &[FieldSpec] = &[
    field(1, "quantile", "quantile", Kind::Double),
    field(2, "value", "value", Kind::Double),
];

pub(super) const EXEMPLAR: &[FieldSpec] = &[
    repeated(7, "filtered_attributes", "filteredAttributes", ATTRIBUTES),
    field(2, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
    one_of(3, "as_double", "asDouble", Kind::Double),
    one_of(6, "as_int", "asInt", Kind::Sfixed64),
    field(5, "trace_id", "traceId", Kind::Id(16)),
    field(4, "span_id", "spanId", Kind::Id(8)),
];
