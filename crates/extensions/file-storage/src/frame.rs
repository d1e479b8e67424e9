//! The format of a segment: `HWSTORE1`, then frames.
//!
//! A frame is one batch: magic (4 bytes), length of the payload (4), CRC-32 of length and payload
//! (4), payload. The payload is a row of changes: 0 and a key to delete, or 1, a key and a value;
//! keys and values with their length (4) before them. All numbers are little-endian.

use std::io::{self, Read};

use headwater_core::storage::Change;

/// What a segment begins with.
pub(crate) const HEAD: &[u8; 8] = b"HWSTORE1";

/// What a frame begins with: not text, so that values rarely hold it.
pub(crate) const MAGIC: [u8; 4] = [0xf5, b'H', b'W', 0xfa];

/// The bytes before the payload.
pub(crate) const PREFIX: usize = 12;

/// The longest payload.
pub(crate) const MAX_PAYLOAD: usize = 1 << 30;

const DELETE: u8 = 0;
const SET: u8 = 1;

/// The changes as a frame; `None` if they are too long for one.
pub(crate) fn encode<'c>(changes: impl Iterator<Item = Change<'c>>) -> Option<Vec<u8>> {
    let mut frame = vec![0; PREFIX];
    for change in changes {
        let (kind, key, value) = match change {
            Change::Set(key, value) => (SET, key, Some(value)),
            Change::Delete(key) => (DELETE, key, None),
        };
        frame.push(kind);
        put(&mut frame, key.as_bytes())?;
        if let Some(value) = value {
            put(&mut frame, value)?;
        }
    }
    let length = frame.len() - PREFIX;
    if length > MAX_PAYLOAD {
        return None;
    }
    let length = (length as u32).to_le_bytes();
    let sum = checksum(length, &frame[PREFIX..]);
    frame[..4].copy_from_slice(&MAGIC);
    frame[4..8].copy_from_slice(&length);
    frame[8..12].copy_from_slice(&sum.to_le_bytes());
    Some(frame)
}

fn put(frame: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    let length = u32::try_from(bytes.len()).ok()?;
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(bytes);
    Some(())
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(payload);
    hasher.finalize()
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?))
}

/// The length of the payload that a prefix announces, and its checksum.
pub(crate) fn prefix(prefix: &[u8]) -> Option<(usize, u32)> {
    let rest = prefix.strip_prefix(&MAGIC)?;
    let length = number(rest)? as usize;
    let sum = number(rest.get(4..)?)?;
    (length <= MAX_PAYLOAD).then_some((length, sum))
}

/// Reads a payload of that length; `false` if it ends early or is not what was written.
pub(crate) fn read_payload(
    reader: &mut impl Read,
    length: usize,
    sum: u32,
    payload: &mut Vec<u8>,
) -> io::Result<bool> {
    payload.clear();
    // A length that is junk must not claim memory before its bytes are there.
    reader.by_ref().take(length as u64).read_to_end(payload)?;
    Ok(payload.len() == length && checksum((length as u32).to_le_bytes(), payload) == sum)
}

/// A change in a payload, and where its value stands in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found<'p> {
    pub(crate) key: &'p str,
    /// Begin and length; `None` where the key is deleted.
    pub(crate) value: Option<(usize, usize)>,
}

/// The changes in a payload. What has a right checksum is well-formed.
pub(crate) fn changes(payload: &[u8]) -> impl Iterator<Item = Found<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let kind = *payload.get(at)?;
        let (begin, length) = item(payload, at + 1)?;
        let key = std::str::from_utf8(payload.get(begin..begin + length)?).ok()?;
        at = begin + length;
        let mut value = None;
        if kind == SET {
            let (begin, length) = item(payload, at)?;
            at = begin + length;
            value = Some((begin, length));
        }
        Some(Found { key, value })
    })
}

/// Begin and length of the key or value whose length stands at `at`.
fn item(payload: &[u8], at: usize) -> Option<(usize, usize)> {
    let length = number(payload.get(at..)?)? as usize;
    let begin = at + 4;
    payload.get(begin..begin + length)?;
    Some((begin, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_gives_back_the_changes_it_was_made_of() {
        let made = [
            Change::Set("a", b"value"),
            Change::Delete("b"),
            Change::Set("", b""),
        ];
        let frame = encode(made.into_iter()).unwrap();
        let (length, sum) = prefix(&frame[..PREFIX]).unwrap();
        let mut payload = Vec::new();
        let mut rest = &frame[PREFIX..];
        assert!(read_payload(&mut rest, length, sum, &mut payload).unwrap());
        let read: Vec<_> = changes(&payload)
            .map(|found| match found.value {
                Some((begin, length)) => Change::Set(found.key, &payload[begin..begin + length]),
                None => Change::Delete(found.key),
            })
            .collect();
        assert_eq!(read, made);
    }

    #[test]
    fn a_changed_or_cut_frame_is_noticed() {
        let frame = encode([Change::Set("key", b"value")].into_iter()).unwrap();
        for at in 0..frame.len() {
            let mut broken = frame.clone();
            broken[at] ^= 0x10;
            let whole = prefix(&broken[..PREFIX]).is_some_and(|(length, sum)| {
                read_payload(&mut &broken[PREFIX..], length, sum, &mut Vec::new()).unwrap()
            });
            assert!(!whole, "byte {at}");
            let cut = &frame[PREFIX..at.max(PREFIX)];
            let (length, sum) = prefix(&frame[..PREFIX]).unwrap();
            assert!(!read_payload(&mut &*cut, length, sum, &mut Vec::new()).unwrap());
        }
    }
}
