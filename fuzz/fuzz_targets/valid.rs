//! Valid requests of every shape: splitting and JSON keep what an independent decoder sees.
#![no_main]

use bytes::Bytes;
use headwater_core::Signal;
use headwater_core::pdata::schema::Message;
use headwater_core::pdata::validate::{Level, validate};
use headwater_core::pdata::{Payload, json, split_items};
use headwater_testkit::otlp::Request;
use headwater_testkit::{Entropy, arbitrary};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, seed)) = data.split_first() else {
        return;
    };
    let signal = Signal::ALL[usize::from(choice) % 3];
    let request = arbitrary(Message::request(signal), &mut Entropy::new(seed));
    let items = validate(signal, &request, Level::Strict).expect("the request is valid");
    Request::decode(signal, &request).expect("the request is valid");

    let payload = Payload::from(Bytes::from(request));
    let pieces = split_items(signal, payload.clone(), 1 + usize::from(choice / 3)).expect("splits");
    assert_eq!(pieces.iter().map(|piece| piece.items).sum::<usize>(), items);
    for piece in pieces {
        Request::decode(signal, &piece.payload.into_contiguous()).expect("a part is valid");
    }

    let mut first = Vec::new();
    json::to_json(signal, &payload, &mut first).expect("a valid request has a JSON form");
    let back = json::from_json(signal, &first).expect("our own JSON can be read");
    let mut second = Vec::new();
    json::to_json(signal, &back.into(), &mut second).expect("what we wrote can be read");
    assert_eq!(first, second);
});
