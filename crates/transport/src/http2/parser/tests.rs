use proptest::prelude::*;

use super::*;
use crate::http2::frame;

/// Writes down what it is told; data is joined whatever its pieces.
#[derive(Debug, Default, PartialEq)]
struct Record {
    seen: Vec<String>,
    data: Vec<u8>,
}

impl Record {
    fn note(&mut self, text: String) -> Result<(), Fault> {
        self.seen.push(text);
        Ok(())
    }
}

impl Sink for Record {
    fn data_begins(&mut self, stream: u32, length: u32) -> Result<(), Fault> {
        self.note(format!("data {stream} {length}"))
    }

    fn data(&mut self, _: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.data.extend_from_slice(bytes);
        Ok(())
    }

    fn data_ends(&mut self, stream: u32, padding: u32, end: bool) -> Result<(), Fault> {
        let data = std::mem::take(&mut self.data);
        self.note(format!("data {stream} {data:?} {padding} {end}"))
    }

    fn headers(&mut self, stream: u32, block: &[u8], end: bool) -> Result<(), Fault> {
        self.note(format!("headers {stream} {block:?} {end}"))
    }

    fn reset(&mut self, stream: u32, reason: u32) -> Result<(), Fault> {
        self.note(format!("reset {stream} {reason}"))
    }

    fn settings(&mut self, payload: Option<&[u8]>) -> Result<(), Fault> {
        self.note(format!("settings {payload:?}"))
    }

    fn ping(&mut self, data: [u8; 8], answer: bool) -> Result<(), Fault> {
        self.note(format!("ping {data:?} {answer}"))
    }

    fn go_away(&mut self, last: u32, reason: u32, text: &[u8]) -> Result<(), Fault> {
        self.note(format!("go away {last} {reason} {text:?}"))
    }

    fn window(&mut self, stream: u32, increment: u32) -> Result<(), Fault> {
        self.note(format!("window {stream} {increment}"))
    }

    fn ignored(&mut self) -> Result<(), Fault> {
        self.note("ignored".to_owned())
    }
}

fn framed(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::head(&mut out, payload.len(), kind, flags, stream);
    out.extend_from_slice(payload);
    out
}

/// One of everything.
fn conversation() -> Vec<u8> {
    let mut out = Vec::new();
    frame::settings(&mut out, &[(1, 2), (3, 4)]);
    out.extend(framed(kind::SETTINGS, flag::ACK, 0, &[]));
    out.extend(framed(kind::HEADERS, flag::END_HEADERS, 1, b"block"));
    out.extend(framed(
        kind::HEADERS,
        flag::PADDED | flag::PRIORITY,
        3,
        b"\x02\0\0\0\0\x10begun--",
    ));
    out.extend(framed(kind::CONTINUATION, 0, 3, b"more"));
    out.extend(framed(kind::CONTINUATION, flag::END_HEADERS, 3, b"end"));
    out.extend(framed(kind::DATA, 0, 1, b"some data"));
    out.extend(framed(kind::DATA, flag::PADDED, 1, b"\x03padded..."));
    out.extend(framed(
        kind::DATA,
        flag::PADDED | flag::END_STREAM,
        1,
        b"\x00",
    ));
    out.extend(framed(kind::DATA, flag::END_STREAM, 3, b""));
    out.extend(framed(kind::PRIORITY, 0, 5, &[0; 5]));
    out.extend(framed(77, 255, 9, b"unknown"));
    frame::window_update(&mut out, 0, 1000);
    frame::ping(&mut out, 0, *b"12345678");
    frame::reset(&mut out, 3, Reason::CANCEL);
    frame::go_away(&mut out, 7, Reason::NO_ERROR, "bye");
    out
}

use crate::http2::Reason;

fn read(bytes: &[u8], cuts: impl Iterator<Item = usize>) -> (Record, Result<(), String>) {
    let mut parser = Parser::new(1 << 20);
    let mut record = Record::default();
    let mut rest = bytes;
    for cut in cuts {
        let (part, after) = rest.split_at(cut.clamp(1, rest.len().max(1)).min(rest.len()));
        rest = after;
        if let Err(fault) = parser.feed(part, &mut record) {
            return (record, Err(fault.to_string()));
        }
        if rest.is_empty() {
            break;
        }
    }
    (record, Ok(()))
}

#[test]
fn every_frame_is_understood() {
    let (record, result) = read(&conversation(), std::iter::repeat(usize::MAX));
    result.unwrap();
    let expected = [
        "settings Some([0, 1, 0, 0, 0, 2, 0, 3, 0, 0, 0, 4])",
        "settings None",
        "headers 1 [98, 108, 111, 99, 107] false",
        "headers 3 [98, 101, 103, 117, 110, 109, 111, 114, 101, 101, 110, 100] false",
        "data 1 9",
        "data 1 [115, 111, 109, 101, 32, 100, 97, 116, 97] 0 false",
        "data 1 10",
        "data 1 [112, 97, 100, 100, 101, 100] 4 false",
        "data 1 1",
        "data 1 [] 1 true",
        "data 3 0",
        "data 3 [] 0 true",
        "ignored",
        "ignored",
        "window 0 1000",
        "ping [49, 50, 51, 52, 53, 54, 55, 56] false",
        "reset 3 8",
        "go away 7 0 [98, 121, 101]",
    ];
    assert_eq!(record.seen, expected);
}

#[test]
fn broken_frames_are_told_apart() {
    let cases = [
        (framed(kind::DATA, 0, 0, b"x"), "PROTOCOL_ERROR"),
        (framed(kind::DATA, flag::PADDED, 1, b""), "FRAME_SIZE_ERROR"),
        (
            framed(kind::DATA, flag::PADDED, 1, b"\x05abc"),
            "PROTOCOL_ERROR",
        ),
        (
            framed(kind::HEADERS, flag::END_HEADERS, 0, b""),
            "PROTOCOL_ERROR",
        ),
        (
            framed(kind::HEADERS, flag::PADDED | flag::END_HEADERS, 1, b"\x09a"),
            "PROTOCOL_ERROR",
        ),
        (
            framed(
                kind::HEADERS,
                flag::PRIORITY | flag::END_HEADERS,
                1,
                b"\0\0\0\x01\0",
            ),
            "PROTOCOL_ERROR",
        ),
        (
            framed(
                kind::HEADERS,
                flag::PRIORITY | flag::END_HEADERS,
                1,
                b"\0\0",
            ),
            "FRAME_SIZE_ERROR",
        ),
        (framed(kind::CONTINUATION, 0, 1, b""), "PROTOCOL_ERROR"),
        (
            [
                framed(kind::HEADERS, 0, 1, b""),
                framed(kind::DATA, 0, 1, b""),
            ]
            .concat(),
            "PROTOCOL_ERROR",
        ),
        (
            [
                framed(kind::HEADERS, 0, 1, b""),
                framed(kind::CONTINUATION, 0, 3, b""),
            ]
            .concat(),
            "PROTOCOL_ERROR",
        ),
        (
            framed(kind::HEADERS, 0, 1, &vec![0; 70_000]),
            "ENHANCE_YOUR_CALM",
        ),
        (framed(kind::PRIORITY, 0, 1, &[0; 4]), "FRAME_SIZE_ERROR"),
        (framed(kind::RST_STREAM, 0, 0, &[0; 4]), "PROTOCOL_ERROR"),
        (framed(kind::RST_STREAM, 0, 1, &[0; 5]), "FRAME_SIZE_ERROR"),
        (framed(kind::SETTINGS, 0, 1, &[]), "PROTOCOL_ERROR"),
        (framed(kind::SETTINGS, 0, 0, &[0; 5]), "FRAME_SIZE_ERROR"),
        (
            framed(kind::SETTINGS, flag::ACK, 0, &[0; 6]),
            "FRAME_SIZE_ERROR",
        ),
        (framed(kind::PING, 0, 0, &[0; 7]), "FRAME_SIZE_ERROR"),
        (framed(kind::GOAWAY, 0, 0, &[0; 7]), "FRAME_SIZE_ERROR"),
        (
            framed(kind::WINDOW_UPDATE, 0, 1, &[0; 3]),
            "FRAME_SIZE_ERROR",
        ),
        (framed(kind::PUSH_PROMISE, 0, 1, &[0; 4]), "PROTOCOL_ERROR"),
        (
            framed(kind::DATA, 0, 1, &vec![0; (1 << 20) + 1]),
            "FRAME_SIZE_ERROR",
        ),
    ];
    for (bytes, expected) in cases {
        let (_, result) = read(&bytes, std::iter::repeat(usize::MAX));
        let error = result.unwrap_err();
        assert!(
            error.contains(expected),
            "{:?}: {error}",
            &bytes[..bytes.len().min(20)]
        );
    }
}

#[test]
fn endless_continuations_end_at_the_limit() {
    let mut parser = Parser::new(1 << 20);
    let mut record = Record::default();
    parser
        .feed(&framed(kind::HEADERS, 0, 1, b""), &mut record)
        .unwrap();
    let more = framed(kind::CONTINUATION, 0, 1, &[0; 1000]);
    let failed = (0..100).find_map(|_| parser.feed(&more, &mut record).err());
    assert!(failed.unwrap().to_string().contains("ENHANCE_YOUR_CALM"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn where_the_bytes_are_cut_makes_no_difference(cuts in prop::collection::vec(1_usize..40, 200)) {
        let whole = read(&conversation(), std::iter::repeat(usize::MAX));
        prop_assert_eq!(read(&conversation(), cuts.into_iter()), whole);
    }

    #[test]
    fn rubbish_never_panics_and_means_the_same_however_it_is_cut(
        frames in prop::collection::vec((0_u8..12, any::<u8>(), 0_u32..4, prop::collection::vec(any::<u8>(), 0..40)), 1..20),
        cuts in prop::collection::vec(1_usize..30, 400),
    ) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(k, f, s, p)| framed(*k, *f, *s, p)).collect();
        let whole = read(&bytes, std::iter::repeat(usize::MAX));
        let cut = read(&bytes, cuts.into_iter());
        prop_assert_eq!(whole.1, cut.1);
        prop_assert_eq!(whole.0.seen, cut.0.seen);
    }
}
