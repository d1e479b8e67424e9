use proptest::prelude::*;

use super::*;

const MOST: usize = 1 << 20;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn decoded(decoder: &mut Decoder, block: &[u8]) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    decoder
        .decode(block, MOST, |name, value| {
            fields.push((text(name), text(value)));
        })
        .ok()?;
    Some(fields)
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Source: RFC 7541, appendix C.3: plain literals.
#[test]
fn requests_of_the_standard_decode_on_one_connection() {
    let mut decoder = Decoder::new();
    let first = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
    ];
    let block = hex("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d");
    assert_eq!(decoded(&mut decoder, &block).unwrap(), pairs(&first));
    let mut second = first.to_vec();
    second.push(("cache-control", "no-cache"));
    let block = hex("8286 84be 5808 6e6f 2d63 6163 6865");
    assert_eq!(decoded(&mut decoder, &block).unwrap(), pairs(&second));
    let third = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/index.html"),
        (":authority", "www.example.com"),
        ("custom-key", "custom-value"),
    ];
    let block = hex("8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65");
    assert_eq!(decoded(&mut decoder, &block).unwrap(), pairs(&third));
}

/// Source: RFC 7541, appendix C.4: the same with Huffman codes.
#[test]
fn huffman_codes_of_the_standard_decode() {
    let mut decoder = Decoder::new();
    let block = hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff");
    let fields = decoded(&mut decoder, &block).unwrap();
    assert_eq!(
        fields[3],
        (":authority".to_owned(), "www.example.com".to_owned())
    );
    let fields = decoded(&mut decoder, &hex("8286 84be 5886 a8eb 1064 9cbf")).unwrap();
    assert_eq!(
        fields[4],
        ("cache-control".to_owned(), "no-cache".to_owned())
    );
    let block = hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf");
    let fields = decoded(&mut decoder, &block).unwrap();
    assert_eq!(
        fields[4],
        ("custom-key".to_owned(), "custom-value".to_owned())
    );
}

/// Source: RFC 7541, appendix C.5, with a table of 256 bytes: older entries are evicted.
#[test]
fn entries_are_evicted_as_in_the_standard() {
    let mut decoder = Decoder::new();
    decoder.decode(&hex("3fe101"), MOST, |_, _| {}).unwrap();
    let block = hex(
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032
         303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63
         6f6d",
    );
    let first = decoded(&mut decoder, &block).unwrap();
    assert_eq!(first[0], (":status".to_owned(), "302".to_owned()));
    let second = decoded(&mut decoder, &hex("4803 3330 37c1 c0bf")).unwrap();
    assert_eq!(second[0], (":status".to_owned(), "307".to_owned()));
    assert_eq!(second[1..], first[1..]);
    // ":status 302" has been evicted: index 65 is the last.
    assert!(decoded(&mut decoder, &hex("c2")).is_none());
}

#[test]
fn every_byte_survives_a_foreign_huffman_encoder() {
    // Codes written bit by bit from the lengths, as any encoder would.
    let all: Vec<u8> = (0..=255).collect();
    let mut encoded = Vec::new();
    let (mut bits, mut count) = (0_u64, 0);
    for byte in &all {
        let (code, length) = huffman::code_of(*byte);
        bits = bits << length | u64::from(code);
        count += length;
        while count >= 8 {
            encoded.push((bits >> (count - 8)) as u8);
            count -= 8;
        }
    }
    if count > 0 {
        encoded.push((bits << (8 - count)) as u8 | (0xff >> count));
    }
    let mut out = Vec::new();
    huffman::decode(&encoded, &mut out).unwrap();
    assert_eq!(out, all);
}

#[test]
fn what_is_damaged_is_refused() {
    for block in [
        "80",
        "ff",
        "ffff ffff ffff",
        "c0",
        "41",
        "4105 61",
        "3fff ff03",
        "0001 6101",
        "82 3f00",
        "4182 ffff",
    ] {
        assert!(
            decoded(&mut Decoder::new(), &hex(block)).is_none(),
            "{block}"
        );
    }
    // The end symbol and padding of a whole byte are errors of the code.
    let mut out = Vec::new();
    assert!(huffman::decode(&hex("ffff ffff"), &mut out).is_none());
    assert!(huffman::decode(&hex("1fff"), &mut out).is_none());
}

#[test]
fn a_smaller_table_is_announced_before_the_next_block() {
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
    let field = [Field::again(b"x-key", b"value")];
    let mut first = Vec::new();
    encoder.encode(&mut first, field.into_iter());
    assert!(decoded(&mut decoder, &first).is_some());
    encoder.set_limit(0);
    encoder.set_limit(1000);
    let mut second = Vec::new();
    encoder.encode(&mut second, field.into_iter());
    assert_eq!(second[..4], hex("20 3fc9 07"));
    assert_eq!(
        decoded(&mut decoder, &second).unwrap(),
        pairs(&[("x-key", "value")])
    );
}

#[test]
fn a_repeated_block_is_a_few_bytes_and_the_same() {
    let mut encoder = Encoder::new();
    let fields = [
        Field::again(b":method", b"POST"),
        Field::again(
            b":path",
            b"/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        ),
        Field::again(b"content-type", b"application/grpc"),
    ];
    let mut first = Vec::new();
    encoder.encode(&mut first, fields.into_iter());
    let generation = encoder.generation();
    let (mut second, mut third) = (Vec::new(), Vec::new());
    encoder.encode(&mut second, fields.into_iter());
    encoder.encode(&mut third, fields.into_iter());
    assert_eq!((second.len(), encoder.generation()), (3, generation));
    assert_eq!(second, third);
}

fn field() -> impl Strategy<Value = (Vec<u8>, Vec<u8>, bool)> {
    let name = prop::sample::select(vec![
        "a",
        "content-type",
        ":path",
        "x-long-header-name",
        "b",
    ]);
    let name = name.prop_map(|name| name.as_bytes().to_vec());
    (
        name,
        prop::collection::vec(any::<u8>(), 0..300),
        any::<bool>(),
    )
}

#[test]
fn a_list_is_handed_out_up_to_its_limit_and_given_up_far_beyond() {
    // One header of 100 bytes, indexed, and then again and again in one byte.
    let block = |times: usize| {
        let mut block = vec![0x40, 1, b'a', 67];
        block.extend([b'x'; 67]);
        block.extend(std::iter::repeat_n(0xbe, times - 1));
        block
    };
    let mut seen = 0;
    let decoded = Decoder::new().decode(&block(20), 1000, |_, _| seen += 1);
    assert_eq!((decoded, seen), (Ok(2000), 10));
    let decoded = Decoder::new().decode(&block(200), 1000, |_, _| {});
    assert_eq!(decoded, Err(Undecodable::TooLong));
}

#[test]
fn headers_that_do_not_fit_the_table_are_never_repeated_from_it() {
    let mut encoder = Encoder::new();
    encoder.set_limit(64);
    let values = ["1", "2", "3"];
    let fields = || {
        values
            .iter()
            .map(|value| Field::again(b"name", value.as_bytes()))
    };
    let mut out = Vec::new();
    assert!(encoder.repeatable(fields()).is_none());
    encoder.encode(&mut out, fields());
    assert!(encoder.repeatable(fields()).is_none());
    assert!(encoder.repeatable(fields().skip(2)).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_encoded_decodes_on_a_long_connection(
        blocks in prop::collection::vec(prop::collection::vec(field(), 0..8), 1..40),
        limits in prop::collection::vec(prop::option::of(0_u32..6000), 40),
    ) {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        let mut repeatable = Vec::new();
        for (block, limit) in blocks.iter().zip(limits) {
            if let Some(limit) = limit {
                encoder.set_limit(limit);
            }
            let mut encoded = Vec::new();
            let fields = block.iter().map(|(name, value, repeats)| Field { name, value, repeats: *repeats });
            encoder.encode(&mut encoded, fields.clone());
            let mut decode = |encoded: &[u8]| {
                let mut fields = Vec::new();
                let each = |name: &[u8], value: &[u8]| fields.push((name.to_vec(), value.to_vec()));
                decoder.decode(encoded, MOST, each).unwrap();
                fields
            };
            let expected: Vec<_> = block.iter().map(|(n, v, _)| (n.clone(), v.clone())).collect();
            prop_assert_eq!(&decode(&encoded), &expected);
            if let Some(block) = encoder.repeatable(fields) {
                repeatable.push((encoder.generation(), block, expected));
            }
            repeatable.retain(|(generation, _, _)| *generation == encoder.generation());
            for (_, block, expected) in &repeatable {
                prop_assert_eq!(&decode(block), expected);
            }
        }
    }

    #[test]
    fn rubbish_never_panics(blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 1..10)) {
        let mut decoder = Decoder::new();
        for block in blocks {
            let mut length = 0;
            let each = |name: &[u8], value: &[u8]| length += name.len() + value.len();
            let decoded = decoder.decode(&block, 1000, each);
            assert!(length <= 1000);
            if decoded.is_err() {
                break;
            }
        }
    }
}
