//! Any bytes as JSON: nothing panics, and what is read is valid and comes out the same again.
#![no_main]

use headwater_core::Signal;
use headwater_core::pdata::json::{PartialSuccess, RpcStatus, from_json, to_json};
use headwater_core::pdata::validate::{Level, validate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, json)) = data.split_first() else {
        return;
    };
    let signal = Signal::ALL[usize::from(choice) % 3];
    let _ = RpcStatus::from_json(json);
    let _ = PartialSuccess::from_json(signal, json);
    let Ok(request) = from_json(signal, json) else {
        return;
    };
    validate(signal, &request, Level::Strict).expect("what we wrote is valid");
    let mut first = Vec::new();
    to_json(signal, &request.into(), &mut first).expect("what we wrote can be read");
    let again = from_json(signal, &first).expect("our own JSON can be read");
    let mut second = Vec::new();
    to_json(signal, &again.into(), &mut second).expect("what we wrote can be read");
    assert_eq!(first, second);
});
