//! The gzip wrapper around raw deflate.
//!
//! Read here because members must be read to the last one. Source: RFC 1952.

/// How every member begins: magic number, deflate.
const START: [u8; 3] = [0x1f, 0x8b, 8];
/// The part of a header that every member has.
const FIXED_LEN: usize = 10;
/// CRC-32 and length of the plain bytes.
pub(super) const TRAILER_LEN: usize = 8;

const FLAG_HEADER_CRC: u8 = 2;
const FLAG_EXTRA: u8 = 4;
const FLAG_NAME: u8 = 8;
const FLAG_COMMENT: u8 = 16;

/// The length of the member header at the start of `data`; `None` if it is none or is cut off.
pub(super) fn header_len(data: &[u8]) -> Option<usize> {
    let (fixed, mut rest) = data.split_at_checked(FIXED_LEN)?;
    if fixed[..3] != START {
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

/// Whether there is surely only one member: no other begins behind the first header. Where chance
/// makes it look as if one did (once in 16 MiB), the answer is no.
pub(super) fn is_single(data: &[u8]) -> bool {
    data.get(START.len()..)
        .is_none_or(|rest| memchr::memmem::find(rest, &START).is_none())
}
