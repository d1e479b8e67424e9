use super::*;
use crate::pdata::wire::{Fields, put_len_field};

fn len_field(number: u32, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    put_len_field(&mut out, number, &parts.concat());
    out
}

/// A log record whose only field says which one it is.
fn record(id: u8) -> Vec<u8> {
    len_field(2, &[&len_field(3, &[&[id]])])
}

fn records(ids: std::ops::Range<u8>) -> Vec<u8> {
    ids.flat_map(record).collect()
}

fn scope(name: &[u8], records: &[u8]) -> Vec<u8> {
    len_field(2, &[&len_field(1, &[&len_field(1, &[name])]), records])
}

fn resource(name: &[u8], scopes: &[&[u8]]) -> Vec<u8> {
    len_field(1, &[&len_field(1, &[name]), &scopes.concat()])
}

fn bytes_of(pieces: &[Piece]) -> Vec<Vec<u8>> {
    pieces
        .iter()
        .map(|piece| piece.payload.to_contiguous().to_vec())
        .collect()
}

#[test]
fn a_boundary_in_a_scope_repeats_its_resource_and_scope() {
    let request = resource(b"r", &[&scope(b"s", &records(0..5))]);
    let pieces = split_items(Signal::Logs, request.into(), 2).unwrap();
    let part = |ids| resource(b"r", &[&scope(b"s", &records(ids))]);
    assert_eq!(bytes_of(&pieces), [part(0..2), part(2..4), part(4..5)]);
    assert_eq!(
        pieces.iter().map(|p| p.items).collect::<Vec<_>>(),
        [2, 2, 1]
    );
    assert!(pieces.iter().all(|p| !p.oversized));
}

#[test]
fn whole_resources_are_slices_of_the_buffer_they_came_in() {
    let resources = [0..3, 3..6, 6..9].map(|ids| resource(b"r", &[&scope(b"s", &records(ids))]));
    let buffer = Bytes::from(resources.concat());
    let pieces = split_items(Signal::Logs, buffer.clone().into(), 3).unwrap();
    assert_eq!(pieces.len(), 3);
    let mut at = 0;
    for (piece, resource) in pieces.iter().zip(&resources) {
        let segment = piece.payload.segments().next().unwrap();
        assert_eq!(segment.as_ptr(), buffer.slice(at..).as_ptr());
        assert_eq!(segment, resource);
        assert_eq!(piece.payload.backing_bytes(), buffer.len());
        at += resource.len();
    }
}

#[test]
fn parts_fill_up_across_segments_scopes_and_resources() {
    let first = resource(
        b"a",
        &[&scope(b"s", &records(0..1)), &scope(b"t", &records(1..4))],
    );
    let second = resource(b"b", &[&scope(b"u", &records(4..6))]);
    let payload: Payload = [first, second].into_iter().map(Bytes::from).collect();
    let pieces = split_items(Signal::Logs, payload, 3).unwrap();
    let expected = [
        resource(
            b"a",
            &[&scope(b"s", &records(0..1)), &scope(b"t", &records(1..3))],
        ),
        [
            resource(b"a", &[&scope(b"t", &records(3..4))]),
            resource(b"b", &[&scope(b"u", &records(4..6))]),
        ]
        .concat(),
    ];
    assert_eq!(bytes_of(&pieces), expected);
}

#[test]
fn header_fields_behind_the_records_and_unknown_ones_are_repeated() {
    let schema_url = len_field(3, &[b"url"]);
    let unknown = len_field(77, &[b"?"]);
    let body = [
        records(0..1),
        unknown.clone(),
        records(1..2),
        schema_url.clone(),
    ]
    .concat();
    let request = len_field(1, &[&len_field(2, &[&body]), &schema_url]);
    let pieces = split_items(Signal::Logs, request.into(), 1).unwrap();
    let part = |ids| {
        let scope = len_field(2, &[&unknown, &schema_url, &records(ids)]);
        len_field(1, &[&schema_url, &scope])
    };
    assert_eq!(bytes_of(&pieces), [part(0..1), part(1..2)]);
}

#[test]
fn a_boundary_in_a_metric_repeats_its_name_and_temporality() {
    let point = |id: u8| len_field(1, &[&[0x40, id]]);
    let sum = |points: &[u8]| {
        let sum = len_field(7, &[points, &[0x10, 2, 0x18, 1]]);
        resource(
            b"r",
            &[&scope(b"s", &len_field(2, &[&len_field(1, &[b"m"]), &sum]))],
        )
    };
    let part = |points: &[u8]| {
        let sum = len_field(7, &[&[0x10, 2, 0x18, 1], points]);
        resource(
            b"r",
            &[&scope(b"s", &len_field(2, &[&len_field(1, &[b"m"]), &sum]))],
        )
    };
    let request = sum(&[point(1), point(2), point(3)].concat());
    let pieces = split_items(Signal::Metrics, request.into(), 2).unwrap();
    assert_eq!(
        bytes_of(&pieces),
        [part(&[point(1), point(2)].concat()), part(&point(3))]
    );
}

#[test]
fn a_metric_with_several_data_fields_is_split_as_decoders_see_it() {
    let point = |id: u8| len_field(1, &[&[0x40, id]]);
    let gauge = len_field(5, &[&point(9)]);
    let sums = [
        len_field(7, &[&point(1), &[0x10, 1]]),
        len_field(7, &[&[0x10, 2], &point(2)]),
    ];
    let metric = len_field(2, &[&gauge, &sums.concat()]);
    let request = len_field(1, &[&len_field(2, &[&metric])]);
    let pieces = split_items(Signal::Metrics, request.into(), 1).unwrap();
    let part = |id| {
        let sum = len_field(7, &[&[0x10, 1, 0x10, 2], &point(id)]);
        len_field(1, &[&len_field(2, &[&len_field(2, &[&sum])])])
    };
    assert_eq!(bytes_of(&pieces), [part(1), part(2)]);
}

#[test]
fn legacy_scope_lists_keep_their_field() {
    let list = |ids| len_field(1, &[&len_field(1000, &[&records(ids)])]);
    let pieces = split_items(Signal::Logs, list(0..3).into(), 2).unwrap();
    assert_eq!(bytes_of(&pieces), [list(0..2), list(2..3)]);
}

#[test]
fn no_limit_and_enough_room_leave_the_payload_as_it_is() {
    let request = Bytes::from(resource(b"r", &[&scope(b"s", &records(0..5))]));
    for max in [0, 5, 6] {
        let pieces = split_items(Signal::Logs, request.clone().into(), max).unwrap();
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].payload.to_contiguous().as_ptr(), request.as_ptr());
    }
    assert!(
        split_items(Signal::Logs, Payload::new(), 5)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn parts_by_bytes_stay_below_the_limit() {
    let request = resource(
        b"r",
        &[&scope(b"s", &records(0..100)), &scope(b"t", &records(0..9))],
    );
    for max in 40..request.len() + 10 {
        let pieces = split_bytes(Signal::Logs, request.clone().into(), max).unwrap();
        assert_eq!(pieces.iter().map(|p| p.items).sum::<usize>(), 109);
        assert!(
            pieces
                .iter()
                .all(|p| p.payload.len() <= max && !p.oversized),
            "{max}"
        );
        assert!(
            pieces.len() <= 2 + request.len() * 2 / (max - 25),
            "{max}: {}",
            pieces.len()
        );
    }
}

#[test]
fn unknown_fields_at_the_top_count_towards_the_limit() {
    let unknown = len_field(77, &[&[0; 20]]);
    let entry = resource(b"r", &[&scope(b"s", &records(0..2))]);
    let segment = Bytes::from([unknown, entry].concat());
    let max = segment.len() + 10;
    let payload: Payload = [segment.clone(), segment.clone()].into_iter().collect();
    let pieces = split_bytes(Signal::Logs, payload, max).unwrap();
    assert_eq!(bytes_of(&pieces), [segment.to_vec(), segment.to_vec()]);
}

#[test]
fn an_item_larger_than_the_limit_goes_alone_and_is_reported() {
    let big = len_field(2, &[&len_field(3, &[&[b'x'; 500]])]);
    let body = [records(0..2), big, records(2..4)].concat();
    let request = resource(b"r", &[&scope(b"s", &body)]);
    let pieces = split_bytes(Signal::Logs, request.into(), 100).unwrap();
    let sizes: Vec<_> = pieces.iter().map(|p| (p.items, p.oversized)).collect();
    assert_eq!(sizes, [(2, false), (1, true), (2, false)]);
}

#[test]
fn large_headers_are_not_repeated_without_end() {
    let name = vec![b'n'; 200_000];
    let all: Vec<u8> = (0..200).flat_map(|_| records(0..200)).collect();
    let request = resource(&name, &[&scope(b"s", &all)]);
    let len = request.len();
    let pieces = split_items(Signal::Logs, request.into(), 1).unwrap();
    let total: usize = pieces.iter().map(|p| p.payload.len()).sum();
    assert!(total < len * 18 + (2 << 20), "{total} of {len}");
    assert_eq!(pieces.iter().map(|p| p.items).sum::<usize>(), 40_000);
    let (last, others) = pieces.split_last().unwrap();
    assert!(last.oversized && others.iter().all(|p| p.items == 1 && !p.oversized));
}

#[test]
fn taking_leaves_the_rest_in_order() {
    let request = [
        resource(b"a", &[&scope(b"s", &records(0..10))]),
        resource(b"b", &[&scope(b"t", &records(10..12))]),
    ]
    .concat();
    let mut payload = Payload::from(request);
    payload.push(resource(b"c", &[&scope(b"u", &records(12..15))]).into());
    let mut ids = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let (front, items) = take_items(Signal::Logs, &mut payload, 4).unwrap();
        if items == 0 {
            break;
        }
        sizes.push(items);
        ids.extend(ids_of(&front.to_contiguous(), 0));
    }
    assert_eq!(sizes, [4, 4, 4, 3]);
    assert_eq!(ids, (0..15).collect::<Vec<_>>());
    assert!(payload.is_empty());
}

#[test]
fn taking_nothing_or_at_a_segment_boundary_cuts_nothing() {
    let parts = [0..2, 2..4].map(|ids| Bytes::from(resource(b"r", &[&scope(b"s", &records(ids))])));
    let mut payload: Payload = parts.iter().cloned().collect();
    let (front, items) = take_items(Signal::Logs, &mut payload, 0).unwrap();
    assert!(front.is_empty() && items == 0 && payload.segments().len() == 2);
    let (front, items) = take_items(Signal::Logs, &mut payload, 2).unwrap();
    assert_eq!(items, 2);
    assert_eq!(front.to_contiguous().as_ptr(), parts[0].as_ptr());
    assert_eq!(payload.to_contiguous().as_ptr(), parts[1].as_ptr());
}

#[test]
fn a_payload_that_cannot_be_read_stays_as_it_is() {
    let mut payload = Payload::from(vec![0x0a, 5]);
    assert!(take_items(Signal::Logs, &mut payload, 1).is_err());
    assert_eq!(payload.len(), 2);
}

#[test]
fn taking_all_in_small_steps_copies_each_byte_a_bounded_number_of_times() {
    let all: Vec<u8> = (0..100).flat_map(|_| records(0..100)).collect();
    let request = resource(b"r", &[&scope(b"s", &all)]);
    let len = request.len();
    let mut payload = Payload::from(request);
    let mut copied = 0;
    loop {
        let before: Vec<_> = payload.segments().map(|b| b.as_ptr()).collect();
        let (front, items) = take_items(Signal::Logs, &mut payload, 10).unwrap();
        if items == 0 {
            break;
        }
        for segment in payload.segments().chain(front.segments()) {
            if !before.contains(&segment.as_ptr()) {
                copied += segment.len();
            }
        }
    }
    assert!(copied < 10 * len, "{copied} of {len}");
}

/// The ids of all records, in order.
fn ids_of(message: &[u8], depth: usize) -> Vec<u8> {
    let wanted = [1, 2, 2, 3][depth];
    let mut ids = Vec::new();
    for field in Fields::new(message)
        .map(Result::unwrap)
        .filter(|f| f.number == wanted)
    {
        match depth {
            3 => ids.extend(field.bytes(message)),
            _ => ids.extend(ids_of(field.bytes(message), depth + 1)),
        }
    }
    ids
}
