//! The OTLP messages as a list of fields, from which views and owned structs are made.
//!
//! `…_messages!(define)` calls the macro `define` with the messages of one .proto file, each as
//! `Name { field: kind<Message> = number, … }`. The kinds:
//!
//! | kind | protobuf | view | owned |
//! | --- | --- | --- | --- |
//! | `text` | string | `Text` | `Text` |
//! | `texts` | repeated string | iterator of `Text` | `Vec<Text>` |
//! | `bytes` | bytes | `&[u8]` | `Bytes` |
//! | `bool`, `uint32`, `int32`, `sint32`, `fixed32`, `fixed64`, `double` | the same | the value | the value |
//! | `optional` | optional double | `Option<f64>` | `Option<f64>` |
//! | `fixed64s`, `uint64s`, `doubles` | repeated | iterator | `Vec` |
//! | `value` | `AnyValue` | `AnyValue` | `AnyValue` |
//! | `attributes` | repeated `KeyValue` | `Attributes` | `Vec<KeyValue>` |
//! | `one<M>` | message | `M`, perhaps empty | `Option<M>` |
//! | `many<M>` | repeated message | iterator of `M` | `Vec<M>` |
//! | `scopes<M>` | repeated message, or what field 1000 held before OTLP 0.15 | iterator of `M` | `Vec<M>` |
//! | `oneof<M>` | oneof, `M` says which | `Option<M>` | `Option<M>` |

macro_rules! common_messages {
    ($define:ident) => {
        $define! {
            /// What produced telemetry.
            Resource {
                /// Its attributes.
                attributes: attributes = 1,
                /// How many attributes were dropped before it was sent.
                dropped_attributes_count: uint32 = 2,
                /// The entities that make up the resource.
                entity_refs: many<EntityRef> = 3,
            }
            /// An entity of a resource, by the names of the attributes that identify it.
            EntityRef {
                /// The schema of the entity.
                schema_url: text = 1,
                /// What the entity is: `service`, `host`.
                entity_type: text = 2,
                /// The attributes that identify it.
                id_keys: texts = 3,
                /// The attributes that describe it.
                description_keys: texts = 4,
            }
            /// The library that made telemetry.
            InstrumentationScope {
                /// Its name.
                name: text = 1,
                /// Its version.
                version: text = 2,
                /// Its attributes.
                attributes: attributes = 3,
                /// How many attributes were dropped before it was sent.
                dropped_attributes_count: uint32 = 4,
            }
        }
    };
}

macro_rules! trace_messages {
    ($define:ident) => {
        $define! {
            /// Traces: a request, or a file of them.
            TracesData {
                /// The spans by resource.
                resource_spans: many<ResourceSpans> = 1,
            }
            /// The spans of one resource.
            ResourceSpans {
                /// The resource.
                resource: one<Resource> = 1,
                /// The spans by scope.
                scope_spans: scopes<ScopeSpans> = 2,
                /// The schema of the resource.
                schema_url: text = 3,
            }
            /// The spans of one scope.
            ScopeSpans {
                /// The scope.
                scope: one<InstrumentationScope> = 1,
                /// The spans.
                spans: many<Span> = 2,
                /// The schema of the spans.
                schema_url: text = 3,
            }
            /// One operation of a trace.
            Span {
                /// 16 bytes, or none.
                trace_id: bytes = 1,
                /// 8 bytes, or none.
                span_id: bytes = 2,
                /// The W3C trace state.
                trace_state: text = 3,
                /// 8 bytes; none for a root span.
                parent_span_id: bytes = 4,
                /// The name.
                name: text = 5,
                /// 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
                kind: int32 = 6,
                /// Unit: nanoseconds since 1970.
                start_time_unix_nano: fixed64 = 7,
                /// Unit: nanoseconds since 1970.
                end_time_unix_nano: fixed64 = 8,
                /// The attributes.
                attributes: attributes = 9,
                /// How many attributes were dropped before it was sent.
                dropped_attributes_count: uint32 = 10,
                /// What happened during the span.
                events: many<Event> = 11,
                /// How many events were dropped before it was sent.
                dropped_events_count: uint32 = 12,
                /// Spans that this one has to do with.
                links: many<Link> = 13,
                /// How many links were dropped before it was sent.
                dropped_links_count: uint32 = 14,
                /// How it ended.
                status: one<Status> = 15,
                /// The W3C trace flags in bits 0 to 7; whether the parent is remote in 8 and 9.
                flags: fixed32 = 16,
            }
            /// Something that happened during a span.
            Event {
                /// Unit: nanoseconds since 1970.
                time_unix_nano: fixed64 = 1,
                /// The name.
                name: text = 2,
                /// The attributes.
                attributes: attributes = 3,
                /// How many attributes were dropped before it was sent.
                dropped_attributes_count: uint32 = 4,
            }
            /// A span that another span has to do with.
            Link {
                /// 16 bytes.
                trace_id: bytes = 1,
                /// 8 bytes.
                span_id: bytes = 2,
                /// The W3C trace state.
                trace_state: text = 3,
                /// The attributes of the link.
                attributes: attributes = 4,
                /// How many attributes were dropped before it was sent.
                dropped_attributes_count: uint32 = 5,
                /// As the flags of a span.
                flags: fixed32 = 6,
            }
            /// How a span ended.
            Status {
                /// The message, for errors.
                message: text = 2,
                /// 0 unset, 1 ok, 2 error.
                code: int32 = 3,
            }
        }
    };
}

macro_rules! log_messages {
    ($define:ident) => {
        $define! {
            /// Logs: a request, or a file of them.
            LogsData {
                /// The records by resource.
                resource_logs: many<ResourceLogs> = 1,
            }
            /// The records of one resource.
            ResourceLogs {
                /// The resource.
                resource: one<Resource> = 1,
                /// The records by scope.
                scope_logs: scopes<ScopeLogs> = 2,
                /// The schema of the resource.
                schema_url: text = 3,
            }
            /// The records of one scope.
            ScopeLogs {
                /// The scope.
                scope: one<InstrumentationScope> = 1,
                /// The records.
                log_records: many<LogRecord> = 2,
                /// The schema of the records.
                schema_url: text = 3,
            }
            /// One log record.
            LogRecord {
                /// When it happened; 0 if unknown. Unit: nanoseconds since 1970.
                time_unix_nano: fixed64 = 1,
                /// When it was seen first. Unit: nanoseconds since 1970.
                observed_time_unix_nano: fixed64 = 11,
                /// 1 (trace) to 24 (fatal 4); 0 if unspecified.
                severity_number: int32 = 2,
                /// The severity in the words of where it came from.
                severity_text: text = 3,
                /// What it says.
                body: value = 5,
                /// The attributes.
                attributes: attributes = 6,
                /// How many attributes were dropped before it was sent.
                dropped_attributes_count: uint32 = 7,
                /// The W3C trace flags in bits 0 to 7.
                flags: fixed32 = 8,
                /// 16 bytes, or none.
                trace_id: bytes = 9,
                /// 8 bytes, or none.
                span_id: bytes = 10,
                /// The name of the event, if it is one.
                event_name: text = 12,
            }
        }
    };
}

macro_rules! metric_messages {
    ($define:ident) => {
        $define! {
            /// Metrics: a request, or a file of them.
            MetricsData {
                /// The metrics by resource.
                resource_metrics: many<ResourceMetrics> = 1,
            }
            /// The metrics of one resource.
            ResourceMetrics {
                /// The resource.
                resource: one<Resource> = 1,
                /// The metrics by scope.
                scope_metrics: scopes<ScopeMetrics> = 2,
                /// The schema of the resource.
                schema_url: text = 3,
            }
            /// The metrics of one scope.
            ScopeMetrics {
                /// The scope.
                scope: one<InstrumentationScope> = 1,
                /// The metrics.
                metrics: many<Metric> = 2,
                /// The schema of the metrics.
                schema_url: text = 3,
            }
            /// A metric with its data points.
            Metric {
                /// The name.
                name: text = 1,
                /// What it measures.
                description: text = 2,
                /// UCUM unit.
                unit: text = 3,
                /// The points, of one kind.
                data: oneof<MetricData> = 5,
                /// Attributes of the metric, not of its points.
                metadata: attributes = 12,
            }
            /// Values that were measured.
            Gauge {
                /// The points.
                data_points: many<NumberDataPoint> = 1,
            }
            /// Sums over time.
            Sum {
                /// The points.
                data_points: many<NumberDataPoint> = 1,
                /// 1 delta, 2 cumulative.
                aggregation_temporality: int32 = 2,
                /// Whether it only grows.
                is_monotonic: bool = 3,
            }
            /// Distributions with explicit bounds.
            Histogram {
                /// The points.
                data_points: many<HistogramDataPoint> = 1,
                /// 1 delta, 2 cumulative.
                aggregation_temporality: int32 = 2,
            }
            /// Distributions with exponential buckets.
            ExponentialHistogram {
                /// The points.
                data_points: many<ExponentialHistogramDataPoint> = 1,
                /// 1 delta, 2 cumulative.
                aggregation_temporality: int32 = 2,
            }
            /// Distributions as quantiles, as Prometheus has them.
            Summary {
                /// The points.
                data_points: many<SummaryDataPoint> = 1,
            }
            /// A number at a time.
            NumberDataPoint {
                /// The attributes.
                attributes: attributes = 7,
                /// Since when it is counted. Unit: nanoseconds since 1970.
                start_time_unix_nano: fixed64 = 2,
                /// Unit: nanoseconds since 1970.
                time_unix_nano: fixed64 = 3,
                /// The number.
                value: oneof<NumberValue> = 4,
                /// Examples of what was measured.
                exemplars: many<Exemplar> = 5,
                /// Bit 0: there is no value.
                flags: uint32 = 8,
            }
            /// A distribution with explicit bounds at a time.
            HistogramDataPoint {
                /// The attributes.
                attributes: attributes = 9,
                /// Since when it is counted. Unit: nanoseconds since 1970.
                start_time_unix_nano: fixed64 = 2,
                /// Unit: nanoseconds since 1970.
                time_unix_nano: fixed64 = 3,
                /// How many values.
                count: fixed64 = 4,
                /// Their sum.
                sum: optional = 5,
                /// How many in each bucket: one more than there are bounds, or none.
                bucket_counts: fixed64s = 6,
                /// The upper bounds, inclusive, ascending; the last bucket has none.
                explicit_bounds: doubles = 7,
                /// Examples of what was measured.
                exemplars: many<Exemplar> = 8,
                /// Bit 0: there is no value.
                flags: uint32 = 10,
                /// The smallest value.
                min: optional = 11,
                /// The largest value.
                max: optional = 12,
            }
            /// A distribution with exponential buckets at a time.
            ExponentialHistogramDataPoint {
                /// The attributes.
                attributes: attributes = 1,
                /// Since when it is counted. Unit: nanoseconds since 1970.
                start_time_unix_nano: fixed64 = 2,
                /// Unit: nanoseconds since 1970.
                time_unix_nano: fixed64 = 3,
                /// How many values.
                count: fixed64 = 4,
                /// Their sum.
                sum: optional = 5,
                /// Bounds are powers of 2 to the power of 2 to the power of minus this.
                scale: sint32 = 6,
                /// How many values are zero, within the threshold.
                zero_count: fixed64 = 7,
                /// The buckets of positive values.
                positive: one<Buckets> = 8,
                /// The buckets of negative values.
                negative: one<Buckets> = 9,
                /// Bit 0: there is no value.
                flags: uint32 = 10,
                /// Examples of what was measured.
                exemplars: many<Exemplar> = 11,
                /// The smallest value.
                min: optional = 12,
                /// The largest value.
                max: optional = 13,
                /// Up to which magnitude a value counts as zero.
                zero_threshold: double = 14,
            }
            /// Exponential buckets.
            Buckets {
                /// The index of the first one.
                offset: sint32 = 1,
                /// How many values in each.
                bucket_counts: uint64s = 2,
            }
            /// Quantiles at a time.
            SummaryDataPoint {
                /// The attributes.
                attributes: attributes = 7,
                /// Since when it is counted. Unit: nanoseconds since 1970.
                start_time_unix_nano: fixed64 = 2,
                /// Unit: nanoseconds since 1970.
                time_unix_nano: fixed64 = 3,
                /// How many values.
                count: fixed64 = 4,
                /// Their sum.
                sum: double = 5,
                /// The quantiles.
                quantile_values: many<ValueAtQuantile> = 6,
                /// Bit 0: there is no value.
                flags: uint32 = 8,
            }
            /// One quantile.
            ValueAtQuantile {
                /// 0 to 1.
                quantile: double = 1,
                /// Its value.
                value: double = 2,
            }
            /// An example of what was measured.
            Exemplar {
                /// Attributes that the data point does not have.
                filtered_attributes: attributes = 7,
                /// Unit: nanoseconds since 1970.
                time_unix_nano: fixed64 = 2,
                /// The number.
                value: oneof<NumberValue> = 3,
                /// 8 bytes, or none.
                span_id: bytes = 4,
                /// 16 bytes, or none.
                trace_id: bytes = 5,
            }
        }
    };
}

pub(in crate::pdata) use {common_messages, log_messages, metric_messages, trace_messages};
