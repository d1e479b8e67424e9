//! Views say the same as owned structs, which say the same as another implementation.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use headwater_core::Signal;
use headwater_core::pdata::owned::{self, AnyValue, KeyValue, Text, Unknown, Value};
use headwater_core::pdata::{schema, view};
use headwater_testkit::{Entropy, Generator, Shape, arbitrary};
use proptest::prelude::*;

/// Owned structs made of what views show. A value that is absent is empty there.
trait Shown {
    type Owned;
    fn owned(&self) -> Self::Owned;
}

fn bytes(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

fn text(text: view::Text<'_>) -> Text {
    text.into()
}

fn value(value: view::AnyValue<'_>) -> AnyValue {
    match value {
        view::AnyValue::Empty => AnyValue::default(),
        view::AnyValue::String(value) => text(value).into(),
        view::AnyValue::Bool(value) => value.into(),
        view::AnyValue::Int(value) => value.into(),
        view::AnyValue::Double(value) => value.into(),
        view::AnyValue::Bytes(value) => bytes(value).into(),
        view::AnyValue::Array(values) => values.iter().map(self::value).collect::<Vec<_>>().into(),
        view::AnyValue::Map(entries) => attributes(entries).into(),
    }
}

fn attributes(attributes: view::Attributes<'_>) -> Vec<KeyValue> {
    attributes
        .iter()
        .map(|entry| KeyValue {
            key: text(entry.key()),
            value: value(entry.value()),
            ..KeyValue::default()
        })
        .collect()
}

fn all<T: Shown>(messages: impl Iterator<Item = T>) -> Vec<T::Owned> {
    messages.map(|message| message.owned()).collect()
}

macro_rules! shown {
    ($($name:ident { $($field:ident $(: $convert:expr)?),* })*) => {$(
        impl Shown for view::$name<'_> {
            type Owned = owned::$name;
            fn owned(&self) -> owned::$name {
                owned::$name {
                    $($field: shown!(self.$field() $(, $convert)?),)*
                    ..owned::$name::default()
                }
            }
        }
    )*};
    ($value:expr) => { $value };
    ($value:expr, $convert:expr) => { ($convert)($value) };
}

shown! {
    TracesData { resource_spans: all }
    ResourceSpans { resource: one, scope_spans: all, schema_url: text }
    ScopeSpans { scope: one, spans: all, schema_url: text }
    Span {
        trace_id: bytes, span_id: bytes, trace_state: text, parent_span_id: bytes, name: text, kind,
        start_time_unix_nano, end_time_unix_nano, attributes: attributes, dropped_attributes_count,
        events: all, dropped_events_count, links: all, dropped_links_count, status: one, flags
    }
    Event { time_unix_nano, name: text, attributes: attributes, dropped_attributes_count }
    Link {
        trace_id: bytes, span_id: bytes, trace_state: text, attributes: attributes,
        dropped_attributes_count, flags
    }
    Status { message: text, code }
    Resource { attributes: attributes, dropped_attributes_count, entity_refs: all }
    EntityRef { schema_url: text, entity_type: text, id_keys: texts, description_keys: texts }
    InstrumentationScope { name: text, version: text, attributes: attributes, dropped_attributes_count }
    LogsData { resource_logs: all }
    ResourceLogs { resource: one, scope_logs: all, schema_url: text }
    ScopeLogs { scope: one, log_records: all, schema_url: text }
    LogRecord {
        time_unix_nano, observed_time_unix_nano, severity_number, severity_text: text, body: value,
        attributes: attributes, dropped_attributes_count, flags, trace_id: bytes, span_id: bytes,
        event_name: text
    }
    MetricsData { resource_metrics: all }
    ResourceMetrics { resource: one, scope_metrics: all, schema_url: text }
    ScopeMetrics { scope: one, metrics: all, schema_url: text }
    Metric { name: text, description: text, unit: text, data: data, metadata: attributes }
    Gauge { data_points: all }
    Sum { data_points: all, aggregation_temporality, is_monotonic }
    Histogram { data_points: all, aggregation_temporality }
    ExponentialHistogram { data_points: all, aggregation_temporality }
    Summary { data_points: all }
    NumberDataPoint {
        attributes: attributes, start_time_unix_nano, time_unix_nano, value, exemplars: all, flags
    }
    HistogramDataPoint {
        attributes: attributes, start_time_unix_nano, time_unix_nano, count, sum,
        bucket_counts: Iterator::collect, explicit_bounds: Iterator::collect, exemplars: all, flags,
        min, max
    }
    ExponentialHistogramDataPoint {
        attributes: attributes, start_time_unix_nano, time_unix_nano, count, sum, scale, zero_count,
        positive: one, negative: one, flags, exemplars: all, min, max, zero_threshold
    }
    Buckets { offset, bucket_counts: Iterator::collect }
    SummaryDataPoint {
        attributes: attributes, start_time_unix_nano, time_unix_nano, count, sum,
        quantile_values: all, flags
    }
    ValueAtQuantile { quantile, value }
    Exemplar { filtered_attributes: attributes, time_unix_nano, value, span_id: bytes, trace_id: bytes }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "called with what an accessor returns"
)]
fn one<T: Shown>(message: T) -> Option<T::Owned> {
    Some(message.owned())
}

fn texts(texts: view::Texts<'_>) -> Vec<Text> {
    texts.map(text).collect()
}

fn data(data: Option<view::MetricData<'_>>) -> Option<owned::MetricData> {
    Some(match data? {
        view::MetricData::Gauge(data) => owned::MetricData::Gauge(data.owned()),
        view::MetricData::Sum(data) => owned::MetricData::Sum(data.owned()),
        view::MetricData::Histogram(data) => owned::MetricData::Histogram(data.owned()),
        view::MetricData::ExponentialHistogram(data) => {
            owned::MetricData::ExponentialHistogram(data.owned())
        }
        view::MetricData::Summary(data) => owned::MetricData::Summary(data.owned()),
    })
}

/// What a view and an owned struct of the same request say, as JSON, which shows an absent
/// message and an empty one alike.
fn both(signal: Signal, request: &Bytes) -> [serde_json::Value; 2] {
    // A deprecated list beside one of today's is unknown to both; JSON would show it.
    macro_rules! both {
        ($data:ident, $entries:ident) => {{
            let mut decoded = owned::$data::decode(request).unwrap();
            decoded
                .$entries
                .iter_mut()
                .for_each(|entry| entry.unknown = Unknown::default());
            (view::$data::new(request).owned().encode(), decoded.encode())
        }};
    }
    let (shown, decoded) = match signal {
        Signal::Traces => both!(TracesData, resource_spans),
        Signal::Metrics => both!(MetricsData, resource_metrics),
        Signal::Logs => both!(LogsData, resource_logs),
    };
    [shown, decoded].map(|bytes| {
        let mut json = Vec::new();
        headwater_core::pdata::json::to_json(signal, &bytes.into(), &mut json).unwrap();
        let mut json = serde_json::from_slice(&json).unwrap();
        without_indexes(&mut json);
        json
    })
}

/// Without the references into a table of strings, which views do not show.
fn without_indexes(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_indexes),
        serde_json::Value::Object(entries) => {
            entries.retain(|key, _| key != "keyStrindex" && key != "stringValueStrindex");
            entries.values_mut().for_each(without_indexes);
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn views_show_what_owned_structs_hold((signal, request) in crate::requests()) {
        let [shown, decoded] = both(signal, &request.into());
        prop_assert_eq!(shown, decoded);
    }

    #[test]
    fn views_of_realistic_requests_too(signal in crate::signals(), seed: u64) {
        let request = Generator::new(seed).request(signal, Shape::of(5));
        let [shown, decoded] = both(signal, &request.into());
        prop_assert_eq!(shown, decoded);
    }

    #[test]
    fn any_bytes_can_be_viewed(signal in crate::signals(), bytes: Vec<u8>) {
        match signal {
            Signal::Traces => drop(view::TracesData::new(&bytes).owned()),
            Signal::Metrics => drop(view::MetricsData::new(&bytes).owned()),
            Signal::Logs => drop(view::LogsData::new(&bytes).owned()),
        }
    }

    #[test]
    fn values_are_equal_to_themselves(seed: Vec<u8>) {
        let bytes = arbitrary(schema::Message::AnyValue, &mut Entropy::new(&seed));
        let (a, b) = (view::AnyValue::new(&bytes), view::AnyValue::new(&bytes));
        let has_nan = format!("{:?}", value(a)).contains("NaN");
        prop_assert!(a == b || has_nan || has_duplicates(&value(a)));
    }
}

/// Whether a map in a value has a name twice, of which only the first is found.
fn has_duplicates(value: &AnyValue) -> bool {
    match &value.value {
        Value::Array(array) => array.values.iter().any(has_duplicates),
        Value::Map(map) => {
            let mut keys: Vec<_> = map.values.iter().map(|entry| &entry.key).collect();
            keys.sort();
            keys.windows(2).any(|pair| pair[0] == pair[1])
                || map.values.iter().any(|entry| has_duplicates(&entry.value))
        }
        _ => false,
    }
}
