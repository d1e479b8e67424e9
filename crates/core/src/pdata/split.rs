//! Splits requests by items or by bytes without decoding them.
//!
//! Whole resource entries leave as slices of the buffer they came in. Only a resource that lies
//! across a boundary is written anew: its own fields are repeated in front of each part, the
//! records are copied as runs. No record is decoded, unknown fields stay, order is kept.

mod cutter;
mod fragment;

use bytes::Bytes;
use cutter::{Cutter, Limit};

use super::count::count_items;
use super::payload::{Payload, Segment};
use super::wire::WireError;
use crate::Signal;

/// One part of what was split.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Complete requests, as in every payload.
    pub payload: Payload,
    /// How many items the part holds.
    pub items: usize,
    /// The part exceeds the limit: it is one item larger than the limit, or repeating large
    /// headers for every few items would have multiplied the data (see [`split_items`]).
    pub oversized: bool,
}

/// Splits `payload` into parts of at most `max` items; every part but the last has exactly `max`.
/// `max` 0 means no limit. Metrics are counted, and split, by data points.
///
/// The parts, one after the other, say the same as the whole: a resource, scope or metric that
/// lies across a boundary appears in both parts with all its own fields.
///
/// Repeating headers can multiply data (a resource of 4 MiB and a million tiny spans). Once the
/// repeated headers add up to 16 times the payload and 1 MiB, the rest stays whole as one
/// oversized part.
///
/// # Errors
/// [`WireError`] if the framing is wrong; a payload that was counted does not fail.
pub fn split_items(signal: Signal, payload: Payload, max: usize) -> Result<Vec<Piece>, WireError> {
    split(
        signal,
        payload,
        if max == 0 { usize::MAX } else { max },
        Limit::Items,
    )
}

/// Splits `payload` into parts of at most `max_bytes` serialized bytes, as [`split_items`] does
/// by items. `max_bytes` 0 means no limit. A single item that is larger, together with the
/// headers it needs, becomes an oversized part of its own.
///
/// # Errors
/// [`WireError`] if the framing is wrong; a payload that was counted does not fail.
pub fn split_bytes(
    signal: Signal,
    payload: Payload,
    max_bytes: usize,
) -> Result<Vec<Piece>, WireError> {
    split(
        signal,
        payload,
        if max_bytes == 0 {
            usize::MAX
        } else {
            max_bytes
        },
        Limit::Bytes,
    )
}

fn split(
    signal: Signal,
    mut payload: Payload,
    max: usize,
    limit: Limit,
) -> Result<Vec<Piece>, WireError> {
    let mut cutter = Cutter::new(signal, limit, max, budget(payload.len()));
    for segment in payload.take_segments() {
        let items = segment_items(signal, &segment)?;
        cutter.segment(&segment, items)?;
    }
    Ok(cutter.finish())
}

/// Takes the first `n` items out of `payload` and leaves the rest in it; takes everything if
/// there are no more than `n`. Returns the part and its items.
///
/// Taking all of a payload in steps of a constant `n` copies each byte a bounded number of times,
/// however large the requests in it are.
///
/// # Errors
/// [`WireError`] if the framing is wrong; then `payload` is as it was.
pub fn take_items(
    signal: Signal,
    payload: &mut Payload,
    n: usize,
) -> Result<(Payload, usize), WireError> {
    let mut taken = 0;
    let mut boundary = None;
    for (index, segment) in payload.parts().iter().enumerate() {
        let room = n - taken;
        let items = segment_items(signal, segment)?;
        if items > room {
            boundary = Some((index, cut_front(signal, segment, items, room, n)?));
            taken = n;
            break;
        }
        taken += items;
    }
    let Some((index, (front_part, rest_part))) = boundary else {
        return Ok((std::mem::take(payload), taken));
    };
    let mut segments = payload.take_segments().into_iter();
    let mut front = Payload::new();
    for segment in segments.by_ref().take(index) {
        front.push_segment(segment);
    }
    front.append(front_part);
    // The segment at the boundary itself is in both parts by now.
    let _boundary = segments.next();
    *payload = rest_part;
    for segment in segments {
        payload.push_segment(segment);
    }
    Ok((front, taken))
}

/// Cuts the first `room` of a segment's `items` off, the rest in segments that suit further cuts
/// of `step` items.
fn cut_front(
    signal: Signal,
    segment: &Segment,
    items: usize,
    room: usize,
    step: usize,
) -> Result<(Payload, Payload), WireError> {
    let mut front = Payload::new();
    let mut rest = Payload::new();
    if room == 0 {
        rest.push_segment(segment.clone());
        return Ok((front, rest));
    }
    let mut cutter = Cutter::taking(signal, room, step, budget(segment.bytes.len()));
    cutter.segment(segment, items)?;
    let mut pieces = cutter.finish().into_iter();
    if let Some(first) = pieces.next() {
        front = first.payload;
    }
    for piece in pieces {
        rest.append(piece.payload);
    }
    Ok((front, rest))
}

fn segment_items(signal: Signal, segment: &Segment) -> Result<usize, WireError> {
    match segment.items {
        Some(items) => Ok(items as usize),
        None => count_items(signal, &segment.bytes),
    }
}

/// How many bytes of repeated headers one split may add.
const fn budget(len: usize) -> usize {
    len.saturating_mul(16).saturating_add(1 << 20)
}

fn slice(segment: &Segment, start: usize, end: usize, items: usize) -> Segment {
    let bytes: Bytes = segment.bytes.slice(start..end);
    Segment {
        bytes,
        backing: segment.backing,
        items: u32::try_from(items).ok(),
    }
}

#[cfg(test)]
mod tests;
