use super::*;
use crate::pdata::wire::{WireType, put_len_field, put_tag, put_varint};

fn len_field(number: u32, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_len_field(&mut out, number, value);
    out
}

/// A request with one span of these fields.
fn span(fields: &[u8]) -> Vec<u8> {
    len_field(1, &len_field(2, &len_field(2, fields)))
}

fn structure(fields: &[u8]) -> Result<usize, WireError> {
    validate(Signal::Traces, &span(fields), Level::Structure)
}

#[test]
fn ids_are_empty_or_of_their_length() {
    for length in [0, 16] {
        assert_eq!(structure(&len_field(1, &vec![1; length])), Ok(1));
    }
    for (number, field, want) in [
        (1, "trace_id", 16),
        (2, "span_id", 8),
        (4, "parent_span_id", 8),
    ] {
        for length in [1, want - 1, want + 1] {
            let found = structure(&len_field(number, &vec![1; length]));
            assert_eq!(
                found,
                Err(WireError::IdLength {
                    field,
                    length,
                    want
                })
            );
        }
    }
    let long_tag = [vec![0x8a, 0x80, 0x00], vec![1, 7]].concat();
    let want = 16;
    assert_eq!(
        structure(&long_tag),
        Err(WireError::IdLength {
            field: "trace_id",
            length: 1,
            want
        })
    );
}

#[test]
fn a_known_field_of_the_wrong_wire_type_is_refused() {
    for (fields, field, found) in [
        (vec![0x08, 1], 1, 0),
        (vec![0x2d, 1, 2, 3, 4], 5, 5),
        (vec![0x3a, 0], 7, 2),
        (vec![0x82, 0x01, 0], 16, 2),
        (vec![0x2b, 0x2c], 5, 3),
    ] {
        assert_eq!(
            structure(&fields),
            Err(WireError::Mismatch {
                message: "Span",
                field,
                found
            })
        );
    }
}

#[test]
fn unknown_fields_of_every_wire_type_are_accepted() {
    let mut fields = Vec::new();
    put_tag(&mut fields, 99, WireType::Varint);
    put_varint(&mut fields, u64::MAX);
    put_tag(&mut fields, 98, WireType::Fixed64);
    fields.extend([0; 8]);
    put_tag(&mut fields, 97, WireType::Fixed32);
    fields.extend([0; 4]);
    put_len_field(&mut fields, 96, b"\xff");
    fields.extend([0x8b, 0x06, 0x08, 0x01, 0x8c, 0x06]);
    assert_eq!(
        validate(Signal::Traces, &span(&fields), Level::Strict),
        Ok(1)
    );
}

#[test]
fn framing_does_not_look_into_records_and_structure_does() {
    let request = span(&[0x2a, 9]);
    assert_eq!(validate(Signal::Traces, &request, Level::Framing), Ok(1));
    assert_eq!(
        validate(Signal::Traces, &request, Level::Structure),
        Err(WireError::Truncated)
    );
}

#[test]
fn only_strict_insists_on_utf8() {
    let attribute = len_field(9, &len_field(2, &len_field(1, b"\xc3\x28")));
    assert_eq!(structure(&attribute), Ok(1));
    let strict = validate(Signal::Traces, &span(&attribute), Level::Strict);
    assert_eq!(strict, Err(WireError::Utf8));
    let opaque = len_field(9, &len_field(2, &len_field(7, b"\xc3\x28")));
    assert_eq!(
        validate(Signal::Traces, &span(&opaque), Level::Strict),
        Ok(1)
    );
}

#[test]
fn values_nest_only_so_deep() {
    let nested = |levels: usize| {
        let value = (0..levels).fold(Vec::new(), |inner, _| len_field(5, &len_field(1, &inner)));
        structure(&len_field(9, &len_field(2, &value)))
    };
    assert_eq!(nested(20), Ok(1));
    assert_eq!(nested(47), Ok(1));
    assert_eq!(nested(48), Err(WireError::TooDeep));
}

#[test]
fn lists_may_be_packed_or_not_and_must_be_whole() {
    let point = |fields: &[u8]| {
        let request = len_field(
            1,
            &len_field(2, &len_field(2, &len_field(9, &len_field(1, fields)))),
        );
        validate(Signal::Metrics, &request, Level::Structure)
    };
    let packed = len_field(6, &[0; 16]);
    let unpacked = [[0x31].as_slice(), &[0; 8], &[0x31], &[0; 8]].concat();
    assert_eq!(point(&packed), Ok(1));
    assert_eq!(point(&unpacked), Ok(1));
    assert_eq!(point(&len_field(6, &[0; 12])), Err(WireError::Truncated));
    let buckets = |list: &[u8]| validate_message(Message::Buckets, &len_field(2, list), false);
    assert_eq!(buckets(&[1, 0x80, 1]), Ok(()));
    assert_eq!(buckets(&[1, 0x80]), Err(WireError::Truncated));
    // A scalar that is not repeated must not be packed.
    assert!(point(&len_field(4, &[0; 8])).is_err());
}

#[test]
fn legacy_scope_lists_are_checked_too() {
    let request = len_field(1, &len_field(1000, &len_field(2, &[0x08, 1])));
    assert!(validate(Signal::Traces, &request, Level::Structure).is_err());
}

#[test]
fn the_fast_walk_and_the_explaining_one_agree() {
    let attribute =
        |value: &[u8]| len_field(9, &[len_field(1, b"key"), len_field(2, value)].concat());
    let long = len_field(1, &[b'x'; 200]);
    let nested = len_field(5, &len_field(1, &[0x18, 0x80, 0x01]));
    let values: [&[u8]; 17] = [
        b"",
        b"\x0a\x01a",
        b"\x0a\x02a",
        b"\x0a\x00",
        b"\x0a\x01\xff",
        b"\x10\x01",
        b"\x10",
        b"\x18\x80\x01",
        b"\x18\x80",
        b"\x18\x01\x01",
        b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
        b"\x21\0\0\0\0\0\0\0\0",
        b"\x21\0\0\0\0\0\0\0",
        b"\x3a\x01\xff",
        &long,
        &nested,
    ];
    for value in values {
        let whole = attribute(value);
        for cut in 0..=whole.len() {
            for (utf8, fast) in [
                (false, sound::<false>(&whole[..cut], Message::Span, 0)),
                (true, sound::<true>(&whole[..cut], Message::Span, 0)),
            ] {
                let slow = explain(&whole[..cut], Message::Span, utf8, 0);
                assert_eq!(fast, slow.is_ok(), "{value:x?} up to {cut}: {slow:?}");
            }
        }
    }
}
