//! Frame headers, and the frames that are written. Source: RFC 9113, sections 4 and 6.

use std::fmt;

/// Length of a frame's header.
pub(super) const HEADER: usize = 9;
/// The frames that every peer must take.
pub(super) const SMALLEST_MAX_FRAME: u32 = 16 << 10;
/// The largest that the length field holds.
pub(super) const LARGEST_MAX_FRAME: u32 = (1 << 24) - 1;
/// The window that both sides begin with.
pub(crate) const DEFAULT_WINDOW: u32 = 65_535;
/// The largest window.
pub(super) const LARGEST_WINDOW: i64 = (1 << 31) - 1;

pub(super) mod kind {
    pub(in crate::http2) const DATA: u8 = 0;
    pub(in crate::http2) const HEADERS: u8 = 1;
    pub(in crate::http2) const PRIORITY: u8 = 2;
    pub(in crate::http2) const RST_STREAM: u8 = 3;
    pub(in crate::http2) const SETTINGS: u8 = 4;
    pub(in crate::http2) const PUSH_PROMISE: u8 = 5;
    pub(in crate::http2) const PING: u8 = 6;
    pub(in crate::http2) const GOAWAY: u8 = 7;
    pub(in crate::http2) const WINDOW_UPDATE: u8 = 8;
    pub(in crate::http2) const CONTINUATION: u8 = 9;
}

pub(super) mod flag {
    pub(in crate::http2) const END_STREAM: u8 = 1;
    pub(in crate::http2) const ACK: u8 = 1;
    pub(in crate::http2) const END_HEADERS: u8 = 4;
    pub(in crate::http2) const PADDED: u8 = 8;
    pub(in crate::http2) const PRIORITY: u8 = 0x20;
}

pub(super) mod setting {
    pub(in crate::http2) const HEADER_TABLE_SIZE: u16 = 1;
    pub(in crate::http2) const ENABLE_PUSH: u16 = 2;
    pub(in crate::http2) const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub(in crate::http2) const INITIAL_WINDOW_SIZE: u16 = 4;
    pub(in crate::http2) const MAX_FRAME_SIZE: u16 = 5;
    pub(in crate::http2) const MAX_HEADER_LIST_SIZE: u16 = 6;
}

/// Why a stream or connection ended. Source: RFC 9113, section 7.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reason(pub(super) u32);

impl Reason {
    pub(crate) const NO_ERROR: Self = Self(0);
    pub(crate) const PROTOCOL_ERROR: Self = Self(1);
    pub(crate) const FLOW_CONTROL_ERROR: Self = Self(3);
    pub(crate) const STREAM_CLOSED: Self = Self(5);
    pub(crate) const FRAME_SIZE_ERROR: Self = Self(6);
    pub(crate) const REFUSED_STREAM: Self = Self(7);
    pub(crate) const CANCEL: Self = Self(8);
    pub(crate) const COMPRESSION_ERROR: Self = Self(9);
    pub(crate) const ENHANCE_YOUR_CALM: Self = Self(11);
    pub(crate) const INADEQUATE_SECURITY: Self = Self(12);
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 14] = [
            "NO_ERROR",
            "PROTOCOL_ERROR",
            "INTERNAL_ERROR",
            "FLOW_CONTROL_ERROR",
            "SETTINGS_TIMEOUT",
            "STREAM_CLOSED",
            "FRAME_SIZE_ERROR",
            "REFUSED_STREAM",
            "CANCEL",
            "COMPRESSION_ERROR",
            "CONNECT_ERROR",
            "ENHANCE_YOUR_CALM",
            "INADEQUATE_SECURITY",
            "HTTP_1_1_REQUIRED",
        ];
        match NAMES.get(self.0 as usize) {
            Some(name) => f.write_str(name),
            None => write!(f, "error {}", self.0),
        }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: u32,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Head {
    pub(super) fn parse(bytes: [u8; HEADER]) -> Self {
        Self {
            length: u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]),
            kind: bytes[3],
            flags: bytes[4],
            stream: u32_at(&bytes, 5) & 0x7fff_ffff,
        }
    }

    pub(super) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// The number at `at`; the caller has checked the length.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Writes a frame's header.
pub(super) fn head(out: &mut Vec<u8>, length: usize, kind: u8, flags: u8, stream: u32) {
    let length = (length as u32).to_be_bytes();
    let stream = stream.to_be_bytes();
    out.extend_from_slice(&[
        length[1], length[2], length[3], kind, flags, stream[0], stream[1], stream[2], stream[3],
    ]);
}

pub(super) fn settings(out: &mut Vec<u8>, values: &[(u16, u32)]) {
    head(out, values.len() * 6, kind::SETTINGS, 0, 0);
    for (name, value) in values {
        out.extend_from_slice(&name.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

pub(super) fn window_update(out: &mut Vec<u8>, stream: u32, increment: u32) {
    head(out, 4, kind::WINDOW_UPDATE, 0, stream);
    out.extend_from_slice(&increment.to_be_bytes());
}

pub(super) fn reset(out: &mut Vec<u8>, stream: u32, reason: Reason) {
    head(out, 4, kind::RST_STREAM, 0, stream);
    out.extend_from_slice(&reason.0.to_be_bytes());
}

pub(super) fn ping(out: &mut Vec<u8>, flags: u8, data: [u8; 8]) {
    head(out, 8, kind::PING, flags, 0);
    out.extend_from_slice(&data);
}

pub(super) fn go_away(out: &mut Vec<u8>, last: u32, reason: Reason, text: &str) {
    head(out, 8 + text.len(), kind::GOAWAY, 0, 0);
    out.extend_from_slice(&last.to_be_bytes());
    out.extend_from_slice(&reason.0.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Writes a header block, in as many frames as it needs.
pub(super) fn headers(
    out: &mut Vec<u8>,
    stream: u32,
    block: &[u8],
    end_stream: bool,
    max_frame: usize,
) {
    let mut flags = if end_stream { flag::END_STREAM } else { 0 };
    let mut kind = kind::HEADERS;
    let mut rest = block;
    loop {
        let (part, after) = rest.split_at(rest.len().min(max_frame));
        rest = after;
        if rest.is_empty() {
            flags |= flag::END_HEADERS;
        }
        head(out, part.len(), kind, flags, stream);
        out.extend_from_slice(part);
        if rest.is_empty() {
            return;
        }
        kind = kind::CONTINUATION;
        flags = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_as_it_was_written() {
        let mut out = Vec::new();
        head(
            &mut out,
            0x01_02_03,
            kind::DATA,
            flag::END_STREAM,
            0x7fff_fffe,
        );
        let bytes: [u8; HEADER] = out.try_into().unwrap();
        let expected = Head {
            length: 0x01_02_03,
            kind: 0,
            flags: 1,
            stream: 0x7fff_fffe,
        };
        assert_eq!(Head::parse(bytes), expected);
    }

    #[test]
    fn a_long_header_block_is_continued_and_ends_once() {
        let mut out = Vec::new();
        headers(&mut out, 1, &[7; 25], true, 10);
        let mut seen = Vec::new();
        let mut rest = &out[..];
        while let Some(first) = rest.first_chunk::<HEADER>() {
            let head = Head::parse(*first);
            seen.push((head.kind, head.flags, head.length));
            rest = &rest[HEADER + head.length as usize..];
        }
        let (headers, continuation) = (kind::HEADERS, kind::CONTINUATION);
        assert_eq!(
            seen,
            [
                (headers, 1, 10),
                (continuation, 0, 10),
                (continuation, 4, 5)
            ]
        );
    }
}
