//! Any bytes as a Loki push: reading never panics, and what comes out is OTLP.
#![no_main]

use headwater_core::Signal;
use headwater_core::pdata::validate::{Level, validate};
use headwater_core::pdata::{Payload, json};
use headwater_loki::push::{from_json, streams, to_json};
use headwater_receiver_loki::fuzzing::{Format, read};
use headwater_testkit::otlp::Request;
use libfuzzer_sys::fuzz_target;

const FORMATS: [Format; 4] = [
    Format::Snappy,
    Format::Protobuf,
    Format::Json,
    Format::Lines,
];
/// How much a body may decompress to: little, for the speed of it.
const MOST: usize = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, body)) = data.split_first() else {
        return;
    };
    let format = FORMATS[usize::from(choice) % 4];
    let Some(push) = read(format, body, choice & 4 != 0, MOST) else {
        return;
    };
    let message = if format == Format::Lines {
        body
    } else {
        &push.message
    };
    // Labels are repeated in every record, up to 32 times the message and 1 MiB.
    let most = (1 << 20) + 64 * message.len();
    assert!(push.request.len() <= most, "{} bytes", push.request.len());
    let counted =
        validate(Signal::Logs, &push.request, Level::Strict).expect("what we wrote is valid");
    assert_eq!(counted, push.items);
    Request::decode(Signal::Logs, &push.request).expect("what we wrote is valid");
    let mut otlp = Vec::new();
    json::to_json(Signal::Logs, &Payload::from(push.request), &mut otlp)
        .expect("it has a JSON form");
    json::from_json(Signal::Logs, &otlp).expect("our own JSON can be read");

    // The push message itself survives JSON, in which all text is UTF-8.
    let first = to_json(streams(&push.message).expect("it was read before"));
    let again = from_json(&first).expect("our own JSON can be read");
    let second = to_json(streams(&again).expect("what we wrote is a message"));
    assert_eq!(from_json(&second).expect("our own JSON can be read"), again);
});
