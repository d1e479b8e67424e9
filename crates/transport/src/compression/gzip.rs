//! The gzip wrapper around raw deflate.
//!
//! Written here because members must be read to the last one and because one raw deflate state
//! then serves gzip and zlib. Source: RFC 1952.

/// What a compressor writes in front: no name, no time, unknown system.
pub(super) const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// CRC-32 and length of the plain bytes.
pub(super) const TRAILER_LEN: usize = 8;

const FLAG_HEADER_CRC: u8 = 2;
const FLAG_EXTRA: u8 = 4;
const FLAG_NAME: u8 = 8;
const FLAG_COMMENT: u8 = 16;

/// The length of the member header at the start of `data`; `None` if it is none or is cut off.
pub(super) fn header_len(data: &[u8]) -> Option<usize> {
    let (fixed, mut rest) = data.split_at_checked(HEADER.len())?;
    if fixed[..3] != HEADER[..3] {
        return None;
    }
    let flags = fixed[3];
    if flags & FLAG_EXTRA != 0 {
        let length = usize::from(u16::from_le_bytes([*rest.first()?, *rest.get(1)?]));
        rest = rest.get(2 + length..)?;
    }
    for flag in [FLAG_NAME, FLAG_COMMENT] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & FLAG_HEADER_CRC != 0 {
        rest = rest.get(2..)?;
    }
    Some(data.len() - rest.len())
}

/// The plain length, modulo 2^32, that the last member claims: a hint, not to be trusted.
pub(super) fn claimed_len(data: &[u8]) -> usize {
    data.last_chunk::<4>()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
}
