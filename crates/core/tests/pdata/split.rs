use bytes::Bytes;
use headwater_core::Signal;
use headwater_core::pdata::validate::{Level, validate};
use headwater_core::pdata::{Payload, Piece, split_bytes, split_items, take_items};
use headwater_testkit::{Generator, Shape};
use proptest::prelude::*;

use crate::flat::{flat, items};
use crate::requests;

/// A payload whose segments all are `request`.
fn payload(request: &[u8], segments: usize) -> Payload {
    std::iter::repeat_n(Bytes::copy_from_slice(request), segments).collect()
}

fn joined(pieces: &[Piece]) -> Bytes {
    let mut all = Payload::new();
    for piece in pieces {
        all.append(piece.payload.clone());
    }
    all.into_contiguous()
}

/// Each segment must be a request of its own, not just all of them together.
fn check_segments(signal: Signal, payload: &Payload) -> usize {
    payload
        .segments()
        .map(|segment| validate(signal, segment, Level::Strict).expect("a complete request"))
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn parts_by_items_say_the_same_as_the_whole(
        (signal, request) in requests(), max in 1_usize..8, segments in 1_usize..4,
    ) {
        let whole = payload(&request, segments);
        let lines = flat(signal, &whole.to_contiguous());
        let pieces = split_items(signal, whole, max).unwrap();
        let joined = joined(&pieces);
        prop_assert!(flat(signal, &joined) == lines);
        prop_assert_eq!(pieces.iter().map(|piece| piece.items).sum::<usize>(), items(&lines));
        for (at, piece) in pieces.iter().enumerate() {
            prop_assert_eq!(check_segments(signal, &piece.payload), piece.items);
            prop_assert!(!piece.oversized && piece.items <= max);
            prop_assert!(piece.items == max || at + 1 == pieces.len());
            prop_assert!(piece.payload.known_items().is_none_or(|known| known == piece.items));
        }
    }

    #[test]
    fn parts_by_bytes_say_the_same_as_the_whole(
        (signal, request) in requests(), max in 1_usize..300, segments in 1_usize..4,
    ) {
        let whole = payload(&request, segments);
        let lines = flat(signal, &whole.to_contiguous());
        let pieces = split_bytes(signal, whole, max).unwrap();
        prop_assert!(flat(signal, &joined(&pieces)) == lines);
        prop_assert_eq!(pieces.iter().map(|piece| piece.items).sum::<usize>(), items(&lines));
        for piece in &pieces {
            prop_assert_eq!(check_segments(signal, &piece.payload), piece.items);
            prop_assert_eq!(piece.oversized, piece.payload.len() > max);
            prop_assert!(!piece.oversized || piece.items <= 1);
        }
    }

    #[test]
    fn taking_in_steps_says_the_same_as_the_whole(
        (signal, request) in requests(),
        steps in prop::collection::vec(1_usize..10, 1..6),
        segments in 1_usize..4,
    ) {
        let mut rest = payload(&request, segments);
        let whole = rest.to_contiguous();
        let mut taken = Payload::new();
        for step in steps.into_iter().cycle() {
            let (front, items) = take_items(signal, &mut rest, step).unwrap();
            prop_assert!(items == step || rest.is_empty());
            prop_assert_eq!(check_segments(signal, &front), items);
            check_segments(signal, &rest);
            taken.append(front);
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(flat(signal, &taken.to_contiguous()), flat(signal, &whole));
    }
}

#[test]
fn realistic_requests_split_evenly() {
    for signal in Signal::ALL {
        let shape = Shape {
            resources: 7,
            scopes: 3,
            items: 1000,
        };
        let request = Generator::new(3).request(signal, shape);
        let lines = flat(signal, &request);
        let pieces = split_items(signal, request.into(), 64).unwrap();
        assert_eq!(pieces.len(), 1000_usize.div_ceil(64));
        assert!(flat(signal, &joined(&pieces)) == lines, "{signal}");
    }
}
