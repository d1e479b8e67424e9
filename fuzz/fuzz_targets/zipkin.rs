//! Any bytes as a body with Zipkin spans: translating never panics, and what comes out is OTLP.
#![no_main]

use headwater_core::Signal;
use headwater_core::pdata::validate::{Level, validate};
use headwater_core::pdata::{Payload, json};
use headwater_receiver_zipkin::fuzzing::{Format, translate};
use headwater_testkit::otlp::Request;
use libfuzzer_sys::fuzz_target;

const FORMATS: [Format; 4] = [
    Format::V1Json,
    Format::V1Thrift,
    Format::V2Json,
    Format::V2Protobuf,
];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, body)) = data.split_first() else {
        return;
    };
    let format = FORMATS[usize::from(choice) % 4];
    let Some((request, spans)) = translate(format, body, choice & 4 != 0) else {
        return;
    };
    let most = 1024 + 64 * body.len();
    assert!(request.len() <= most, "{} of {}", request.len(), body.len());
    let counted = validate(Signal::Traces, &request, Level::Strict).expect("what we wrote is valid");
    assert_eq!(counted, spans);
    Request::decode(Signal::Traces, &request).expect("what we wrote is valid");
    let mut first = Vec::new();
    json::to_json(Signal::Traces, &Payload::from(request), &mut first).expect("it has a JSON form");
    json::from_json(Signal::Traces, &first).expect("our own JSON can be read");
});
