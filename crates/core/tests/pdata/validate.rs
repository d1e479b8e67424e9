use headwater_core::Signal;
use headwater_core::pdata::schema::Message;
use headwater_core::pdata::validate::{Level, validate};
use headwater_core::pdata::wire::WireError;
use headwater_core::pdata::{Payload, json, split_bytes, split_items, take_items};
use headwater_testkit::otlp::Request;
use headwater_testkit::{Entropy, Generator, Shape, arbitrary};
use proptest::prelude::*;

use crate::{requests, seeds, signals};

/// Bytes to overwrite: where (as a fraction of the length) and with what.
fn mutations() -> impl Strategy<Value = Vec<(u16, u8)>> {
    prop::collection::vec((any::<u16>(), any::<u8>()), 1..4)
}

fn mutate(bytes: &mut [u8], mutations: &[(u16, u8)]) {
    for (place, value) in mutations {
        let at = (usize::from(*place) * bytes.len()) >> 16;
        if let Some(byte) = bytes.get_mut(at) {
            *byte = *value;
        }
    }
}

/// What prost and the strict level should agree on. They differ in two points: prost does not
/// look at the length of ids, and it allows one more level of nesting.
fn agree(signal: Signal, bytes: &[u8]) -> Result<(), TestCaseError> {
    let ours = validate(signal, bytes, Level::Strict);
    let theirs = Request::decode(signal, bytes);
    match (&ours, &theirs) {
        (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
        (Err(WireError::IdLength { .. } | WireError::TooDeep), Ok(_)) => {}
        _ => prop_assert!(false, "{ours:?} but {theirs:?}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_another_encoder_writes_is_valid((signal, request) in requests()) {
        prop_assert!(validate(signal, &request, Level::Strict).is_ok());
        let canonical = Request::decode(signal, &request).unwrap().encode();
        prop_assert_eq!(
            validate(signal, &canonical, Level::Strict),
            validate(signal, &request, Level::Framing)
        );
    }

    #[test]
    fn what_another_decoder_refuses_is_refused(
        (signal, mut request) in requests(), mutations in mutations(),
    ) {
        mutate(&mut request, &mutations);
        agree(signal, &request)?;
    }

    #[test]
    fn realistic_requests_with_wrong_bytes_are_refused_as_elsewhere(
        signal in signals(), seed in any::<u64>(), mutations in mutations(),
    ) {
        let mut request = Generator::new(seed).request(signal, Shape::of(3));
        mutate(&mut request, &mutations);
        agree(signal, &request)?;
    }

    #[test]
    fn a_request_cut_short_is_refused_as_elsewhere((signal, request) in requests(), at: u16) {
        agree(signal, &request[..(usize::from(at) * request.len()) >> 16])?;
    }

    #[test]
    fn levels_only_ever_add_demands((signal, mut request) in requests(), m in mutations()) {
        mutate(&mut request, &m);
        let [framing, structure, strict] = [Level::Framing, Level::Structure, Level::Strict]
            .map(|level| validate(signal, &request, level));
        if strict.is_ok() {
            prop_assert_eq!(strict, structure);
        }
        if structure.is_ok() {
            prop_assert_eq!(structure, framing);
        }
    }

    #[test]
    fn no_bytes_make_anything_panic((signal, mut bytes) in seeds(), max in 0_usize..20) {
        touch_everything(signal, &bytes, max);
        // The same with something like a request at the front.
        let mut request = arbitrary(Message::request(signal), &mut Entropy::new(&bytes));
        bytes.truncate(40);
        request.extend(bytes);
        touch_everything(signal, &request, max);
    }
}

fn touch_everything(signal: Signal, bytes: &[u8], max: usize) {
    let counted = validate(signal, bytes, Level::Framing);
    if validate(signal, bytes, Level::Strict).is_ok() {
        assert!(counted.is_ok());
    }
    if let Ok(request) = json::from_json(signal, bytes) {
        assert!(validate(signal, &request, Level::Strict).is_ok());
    }
    let mut payload = Payload::from(bytes.to_vec());
    if json::to_json(signal, &payload, &mut Vec::new()).is_ok() {
        assert!(counted.is_ok());
    }
    // What was counted can be split, and nothing else can.
    let by_items = split_items(signal, payload.clone(), max);
    let by_bytes = split_bytes(signal, payload.clone(), max);
    let taken = take_items(signal, &mut payload, max);
    for split in [by_items.is_ok(), by_bytes.is_ok(), taken.is_ok()] {
        assert_eq!(split, counted.is_ok());
    }
}
