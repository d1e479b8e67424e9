use headwater_core::Signal;
use headwater_core::pdata::json::{from_json, to_json};
use headwater_core::pdata::validate::{Level, validate};
use headwater_testkit::otlp::Request;
use headwater_testkit::{Generator, Shape};
use proptest::prelude::*;
use serde_json::Value;

use crate::flat::{flat, items};
use crate::requests;

/// Whether a tag of field 1000 may be in there, however long it is spelled.
fn has_legacy_scopes(request: &[u8]) -> bool {
    request
        .windows(2)
        .any(|tag| tag[0] == 0xc2 && tag[1] & 0x7f == 0x3e)
}

fn json_of(signal: Signal, request: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    to_json(signal, &request.to_vec().into(), &mut out).unwrap();
    out
}

/// The names under which JSON has the three levels of a request.
fn names(signal: Signal) -> [&'static str; 3] {
    match signal {
        Signal::Traces => ["resourceSpans", "scopeSpans", "spans"],
        Signal::Metrics => ["resourceMetrics", "scopeMetrics", "metrics"],
        Signal::Logs => ["resourceLogs", "scopeLogs", "logRecords"],
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

/// Items, as an independent JSON reader finds them.
fn items_in(signal: Signal, document: &Value) -> usize {
    const DATA: [&str; 5] = [
        "gauge",
        "sum",
        "histogram",
        "exponentialHistogram",
        "summary",
    ];
    let [resources, scopes, records] = names(signal);
    let records = list(document, resources)
        .flat_map(|resource| list(resource, scopes))
        .flat_map(|scope| list(scope, records));
    match signal {
        Signal::Metrics => records
            .map(|metric| {
                DATA.iter()
                    .map(|data| list(&metric[data], "dataPoints").count())
                    .sum::<usize>()
            })
            .sum(),
        _ => records.count(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_request_becomes_a_document_with_the_same_items((signal, request) in requests()) {
        let json = json_of(signal, &request);
        let document: Value = serde_json::from_slice(&json).unwrap();
        prop_assert_eq!(items_in(signal, &document), items(&flat(signal, &request)));
    }

    #[test]
    fn a_round_trip_through_json_loses_nothing((signal, request) in requests()) {
        let json = json_of(signal, &request);
        let back = from_json(signal, &json).unwrap();
        prop_assert!(validate(signal, &back, Level::Strict).is_ok());
        prop_assert_eq!(String::from_utf8(json_of(signal, &back)), String::from_utf8(json));
    }

    #[test]
    fn wire_form_and_canonical_form_have_the_same_json((signal, request) in requests()) {
        // Scopes from the deprecated field come where they stand among the others.
        if has_legacy_scopes(&request) {
            return Ok(());
        }
        let canonical = Request::decode(signal, &request).unwrap().encode();
        prop_assert_eq!(
            String::from_utf8(json_of(signal, &request)),
            String::from_utf8(json_of(signal, &canonical))
        );
    }

    #[test]
    fn layout_and_field_order_of_a_document_do_not_matter((signal, request) in requests()) {
        let document: Value = serde_json::from_slice(&json_of(signal, &request)).unwrap();
        // serde_json sorts the fields of an object by name.
        let pretty = serde_json::to_vec_pretty(&document).unwrap();
        prop_assert_eq!(
            String::from_utf8(json_of(signal, &from_json(signal, &pretty).unwrap())),
            String::from_utf8(json_of(signal, &request))
        );
    }

    #[test]
    fn damaged_documents_are_read_or_refused(
        (signal, request) in requests(), cut: u16, place: u16, value: u8,
    ) {
        let mut json = json_of(signal, &request);
        let at = |fraction: u16, len: usize| (usize::from(fraction) * len) >> 16;
        let place = at(place, json.len());
        json[place] = value;
        if let Ok(bytes) = from_json(signal, &json) {
            prop_assert!(validate(signal, &bytes, Level::Strict).is_ok());
        }
        json.truncate(at(cut, json.len()));
        prop_assert!(from_json(signal, &json).is_err());
    }
}

#[test]
fn realistic_requests_survive_a_round_trip_byte_for_byte() {
    for signal in Signal::ALL {
        let request = Generator::new(5).request(
            signal,
            Shape {
                resources: 2,
                scopes: 2,
                items: 80,
            },
        );
        let canonical = Request::decode(signal, &request).unwrap();
        let back = from_json(signal, &json_of(signal, &request)).unwrap();
        // Absent messages that JSON always shows come back as empty ones.
        assert_eq!(
            flat(signal, &back).len(),
            flat(signal, &canonical.encode()).len()
        );
        assert_eq!(json_of(signal, &back), json_of(signal, &request));
    }
}
