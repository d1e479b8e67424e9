//! Owned structs say the same as those of an independent implementation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use bytes::Bytes;
use headwater_core::pdata::Payload;
use headwater_core::pdata::edit::{
    LogEditor, MetricEditor, PointEditor, ResourceEditor, Rewrite, ScopeEditor, SpanEditor,
    Verdict, edit, rewrite,
};
use headwater_core::pdata::owned::{
    self, AnyValue, KeyValue, LogRecord, LogsData, MetricData, MetricsData, NumberDataPoint, Span,
    TracesData,
};
use headwater_core::pdata::schema::{Kind, Message};
use headwater_core::pdata::wire::{
    Fields, WireError, WireType, put_len_field, put_tag, put_varint,
};
use headwater_core::{Batch, Signal};
use headwater_testkit::otlp::{Request, ScopeSpans};
use headwater_testkit::{Generator, Shape};
use proptest::prelude::*;

use crate::edit::unknown;
use crate::requests;

/// Decodes and encodes again.
fn recoded(signal: Signal, request: &Bytes) -> Result<Bytes, WireError> {
    Ok(match signal {
        Signal::Traces => TracesData::decode(request)?.encode(),
        Signal::Metrics => MetricsData::decode(request)?.encode(),
        Signal::Logs => LogsData::decode(request)?.encode(),
    })
}

/// Without the differences that mean nothing: a value that is there and empty; the deprecated
/// lists, which become today's where there are none of those.
fn normal(signal: Signal, bytes: &[u8]) -> Vec<u8> {
    let mut request = Request::decode(signal, bytes).unwrap();
    macro_rules! scopes {
        ($entries:expr, $scopes:ident, $legacy:ident) => {
            for entry in $entries {
                if entry.$scopes.is_empty() {
                    entry.$scopes = std::mem::take(&mut entry.$legacy);
                }
            }
        };
    }
    match &mut request {
        Request::Traces(data) => {
            scopes!(
                &mut data.resource_spans,
                scope_spans,
                instrumentation_library_spans
            );
        }
        Request::Metrics(data) => {
            scopes!(
                &mut data.resource_metrics,
                scope_metrics,
                instrumentation_library_metrics
            );
        }
        Request::Logs(data) => {
            scopes!(
                &mut data.resource_logs,
                scope_logs,
                instrumentation_library_logs
            );
        }
    }
    // JSON shows an absent value and an empty one alike.
    let mut json = Vec::new();
    headwater_core::pdata::json::to_json(signal, &request.encode().into(), &mut json).unwrap();
    json
}

/// The same message with a field more that nobody knows, and so all messages inside it.
fn with_unknown(message: Message, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in Fields::new(bytes) {
        let item = item.unwrap();
        match message.field(item.number).map(|(_, spec)| spec.kind) {
            Some(Kind::Message(inner)) => {
                put_len_field(
                    &mut out,
                    item.number,
                    &with_unknown(inner, item.bytes(bytes)),
                );
            }
            _ => out.extend_from_slice(item.raw(bytes)),
        }
    }
    put_len_field(&mut out, 99, message.name().as_bytes());
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn decoding_and_encoding_again_loses_nothing((signal, request) in requests()) {
        let request = Bytes::from(request);
        let again = recoded(signal, &request).unwrap();
        let [before, after] = [&request, &again].map(|bytes| {
            String::from_utf8(normal(signal, bytes)).unwrap()
        });
        prop_assert_eq!(before, after);
        // In canonical form there is nothing left to change.
        prop_assert_eq!(&recoded(signal, &again).unwrap(), &again);
    }

    #[test]
    fn unknown_fields_of_every_message_survive(signal in crate::signals(), seed: u64) {
        let request = Generator::new(seed).request(signal, Shape::of(3));
        let message = Message::request(signal);
        let request = Bytes::from(with_unknown(message, &request));
        let again = recoded(signal, &request).unwrap();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        unknown(message, &request, &mut before);
        unknown(message, &again, &mut after);
        prop_assert!(before.len() > 10);
        prop_assert_eq!(before, after);
    }

    #[test]
    fn what_another_decoder_refuses_is_refused(
        (signal, mut request) in requests(), at: u16, byte: u8,
    ) {
        let at = (usize::from(at) * request.len()) >> 16;
        if let Some(place) = request.get_mut(at) {
            *place = byte;
        }
        let theirs = Request::decode(signal, request.as_slice());
        // Ours does not ask for UTF-8, so it may take more.
        if let Err(error) = recoded(signal, &request.into()) {
            prop_assert!(theirs.is_err(), "{error}");
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(signal in crate::signals(), bytes: Vec<u8>) {
        let bytes = Bytes::from(bytes);
        if let Ok(again) = recoded(signal, &bytes) {
            prop_assert!(recoded(signal, &again).is_ok());
        }
    }

    #[test]
    fn records_that_are_replaced_by_themselves_say_the_same((signal, request) in requests()) {
        let edited = rewrite(signal, &Payload::from(request.clone()), &mut Recode).unwrap();
        let edited = edited.map_or_else(|| request.clone().into(), |e| e.payload.into_contiguous());
        let json = |bytes: &[u8]| String::from_utf8(normal(signal, bytes)).unwrap();
        prop_assert_eq!(json(&edited), json(&request));
    }
}

/// Replaces everything by what it was decoded to.
struct Recode;

impl Rewrite for Recode {
    fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
        let owned = resource.decode().unwrap();
        resource.attributes().upsert("does not count", 1_i64);
        resource.replace(&owned);
        Verdict::Enter
    }
    fn wants_scopes(&self) -> bool {
        true
    }
    fn scope(&mut self, scope: &mut ScopeEditor<'_>) -> Verdict {
        let owned = scope.decode().unwrap();
        scope.replace(&owned);
        scope.set_name("does not count");
        Verdict::Enter
    }
    fn metric(&mut self, metric: &mut MetricEditor<'_>) -> Verdict {
        let owned = metric.decode().unwrap();
        if owned.name.is_empty() {
            return Verdict::Enter;
        }
        metric.replace(&owned);
        Verdict::Enter
    }
    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        let owned = span.decode().unwrap();
        span.replace(&owned);
        Verdict::Keep
    }
    fn log(&mut self, log: &mut LogEditor<'_>) -> Verdict {
        let owned = log.decode().unwrap();
        log.replace(&owned);
        Verdict::Keep
    }
    fn point(&mut self, point: &mut PointEditor<'_>) -> Verdict {
        if point.kind() == Message::NumberDataPoint {
            let owned = NumberDataPoint::decode(&point.message()).unwrap();
            point.replace(|out| owned.encode_to(out));
        }
        Verdict::Keep
    }
}

fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_len_field(&mut out, number, content);
    out
}

#[test]
fn strings_are_slices_of_the_request() {
    let request = Bytes::from(Generator::new(1).request(Signal::Traces, Shape::of(1)));
    let data = TracesData::decode(&request).unwrap();
    let name = &data.resource_spans[0].scope_spans[0].spans[0].name;
    assert!(request.as_ptr_range().contains(&name.as_bytes().as_ptr()));
}

#[test]
fn deprecated_lists_are_today_s_where_there_are_none() {
    let scope = |name: &str| {
        let scope = ScopeSpans {
            schema_url: name.to_owned(),
            ..ScopeSpans::default()
        };
        prost::Message::encode_to_vec(&scope)
    };
    let names = |entry: Vec<u8>| {
        let entry = owned::ResourceSpans::decode(&entry.into()).unwrap();
        let names = entry
            .scope_spans
            .iter()
            .map(|scope| scope.schema_url.to_string());
        (names.collect::<Vec<_>>(), entry.unknown.as_bytes().len())
    };
    let old = [field(1000, &scope("a")), field(1000, &scope("b"))].concat();
    assert_eq!(
        names(old.clone()),
        (vec!["a".to_owned(), "b".to_owned()], 0)
    );
    let both = [old.clone(), field(2, &scope("c"))].concat();
    assert_eq!(names(both), (vec!["c".to_owned()], old.len()));
}

#[test]
fn numbers_may_be_packed_single_or_both() {
    let mut point = field(6, &[1_u64.to_le_bytes(), 2_u64.to_le_bytes()].concat());
    put_tag(&mut point, 6, WireType::Fixed64);
    point.extend_from_slice(&3_u64.to_le_bytes());
    let point = owned::HistogramDataPoint::decode(&point.into()).unwrap();
    assert_eq!(point.bucket_counts, [1, 2, 3]);
    let mut buckets = field(2, &[1, 0x80, 1]);
    put_tag(&mut buckets, 2, WireType::Varint);
    put_varint(&mut buckets, 300);
    let buckets = owned::Buckets::decode(&buckets.into()).unwrap();
    assert_eq!(buckets.bucket_counts, [1, 128, 300]);
    let ragged = owned::HistogramDataPoint::decode(&field(6, &[0; 9]).into());
    assert_eq!(ragged, Err(WireError::Truncated));
}

#[test]
fn a_known_field_of_the_wrong_type_is_refused_by_name() {
    let error = Span::decode(&Bytes::from_static(&[0x28, 1])).unwrap_err();
    assert_eq!(
        error,
        WireError::Mismatch {
            message: "Span",
            field: 5,
            found: 0
        }
    );
}

#[test]
fn values_nest_up_to_the_limit() {
    let nested = |depth: usize| {
        let mut value = field(1, b"x");
        for _ in 0..depth {
            value = field(5, &field(1, &value));
        }
        LogRecord::decode(&field(5, &value).into())
    };
    assert!(nested(30).is_ok());
    assert_eq!(nested(60), Err(WireError::TooDeep));
}

#[test]
fn structs_are_written_by_hand_as_easily() {
    let record = LogRecord {
        body: "text".into(),
        attributes: vec![
            KeyValue::new("n", 1_i64),
            KeyValue::new("list", vec![AnyValue::from(true), 2.5.into()]),
            KeyValue::new("map", vec![KeyValue::new("k", Bytes::from_static(b"\xff"))]),
        ],
        ..LogRecord::default()
    };
    let again = LogRecord::decode(&record.encode()).unwrap();
    assert_eq!(again, record);
    assert_eq!(again.attributes[0].key, "n");
}

#[test]
fn a_metric_that_is_replaced_is_counted_anew() {
    struct Twice;
    impl Rewrite for Twice {
        fn metric(&mut self, metric: &mut MetricEditor<'_>) -> Verdict {
            let mut owned = metric.decode().unwrap();
            if let Some(MetricData::Gauge(gauge)) = &mut owned.data {
                gauge.data_points.extend(gauge.data_points.clone());
            }
            metric.replace(&owned);
            Verdict::Enter
        }
    }
    let gauge = owned::Gauge {
        data_points: vec![NumberDataPoint::default(); 3],
        ..Default::default()
    };
    let metric = owned::Metric {
        data: Some(MetricData::Gauge(gauge)),
        ..Default::default()
    };
    let scope = owned::ScopeMetrics {
        metrics: vec![metric],
        ..Default::default()
    };
    let entry = owned::ResourceMetrics {
        scope_metrics: vec![scope],
        ..Default::default()
    };
    let data = MetricsData {
        resource_metrics: vec![entry],
        ..Default::default()
    };
    let batch = Batch::new(Signal::Metrics, data.encode(), 3);
    let batch = edit(batch, &mut Twice).unwrap().unwrap();
    assert_eq!(batch.items(), 6);
    let bytes = batch.payload().to_contiguous();
    assert_eq!(
        headwater_core::pdata::count_items(Signal::Metrics, &bytes),
        Ok(6)
    );
}
