//! Any bytes as a request: nothing panics, and whatever is counted can be split without loss.
#![no_main]

use headwater_core::Signal;
use headwater_core::pdata::validate::{Level, validate};
use headwater_core::pdata::{
    Payload, count_items, intake, json, split_bytes, split_items, take_items,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, request)) = data.split_first() else {
        return;
    };
    let signal = Signal::ALL[usize::from(choice) % 3];
    let limit = 1 + usize::from(choice / 3);
    let payload = Payload::from(request.to_vec());
    let _ = json::to_json(signal, &payload, &mut Vec::new());
    let _ = validate(signal, request, Level::Strict);
    let structure = validate(signal, request, Level::Structure);
    let Ok(items) = count_items(signal, request) else {
        assert!(structure.is_err());
        return;
    };

    let (taken_in, kept) = intake(signal, request.to_vec().into()).expect("what was counted");
    assert!(kept <= items);
    assert_eq!(count_items(signal, &taken_in), Ok(kept));
    if structure.is_ok() {
        assert!(validate(signal, &taken_in, Level::Structure).is_ok());
    }

    let pieces = split_items(signal, payload.clone(), limit).expect("what was counted splits");
    assert_eq!(pieces.iter().map(|piece| piece.items).sum::<usize>(), items);
    for piece in &pieces {
        assert!(piece.items <= limit || piece.oversized);
        let bytes = piece.payload.to_contiguous();
        assert_eq!(count_items(signal, &bytes), Ok(piece.items));
        if structure.is_ok() {
            assert!(validate(signal, &bytes, Level::Structure).is_ok());
        }
    }

    let pieces = split_bytes(signal, payload.clone(), limit * 8).expect("what was counted splits");
    assert_eq!(pieces.iter().map(|piece| piece.items).sum::<usize>(), items);

    let mut rest = payload;
    let (front, taken) = take_items(signal, &mut rest, limit).expect("what was counted splits");
    assert_eq!(taken, items.min(limit));
    assert_eq!(count_items(signal, &front.to_contiguous()), Ok(taken));
    assert_eq!(
        count_items(signal, &rest.to_contiguous()),
        Ok(items - taken)
    );
});
