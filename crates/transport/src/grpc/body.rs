//! Outgoing messages: segments that go to the socket without being copied together.

use std::io::IoSlice;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use smallvec::SmallVec;

/// Compressed flag and length.
pub(super) const PREFIX: usize = 5;

/// Segments shorter than this are copied together: the HTTP/2 codec hands at most 16 slices to a
/// `writev`, and a slice of its own costs more than the copy.
const COALESCE_BELOW: usize = 4096;

type Segments = SmallVec<[Bytes; 1]>;

/// A serialized message, in one or several segments that belong together.
#[derive(Debug, Clone, Default)]
pub struct Message {
    segments: Segments,
    length: usize,
}

impl Message {
    /// The length of all segments in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there are no bytes: a valid, empty protobuf message.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The segments, in order; none is empty.
    #[must_use]
    pub fn segments(&self) -> &[Bytes] {
        &self.segments
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        std::iter::once(bytes).collect()
    }
}

impl FromIterator<Bytes> for Message {
    fn from_iter<I: IntoIterator<Item = Bytes>>(segments: I) -> Self {
        let segments: Segments = segments.into_iter().filter(|s| !s.is_empty()).collect();
        let length = segments.iter().map(Bytes::len).sum();
        Self { segments, length }
    }
}

/// The prefix of a message of `length` bytes; `None` if it is too long for the protocol.
pub(super) fn prefix(compressed: bool, length: usize) -> Option<[u8; PREFIX]> {
    let length = u32::try_from(length).ok()?.to_be_bytes();
    Some([
        u8::from(compressed),
        length[0],
        length[1],
        length[2],
        length[3],
    ])
}

/// A message on its way out, with or without a prefix. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frames {
    prefix: [u8; PREFIX],
    /// How much of `prefix` is still to be sent.
    prefix_left: usize,
    /// What is being sent; kept apart so that a message in one piece needs no list.
    current: Bytes,
    /// What follows, the next segment last.
    rest: Vec<Bytes>,
    remaining: usize,
}

impl Frames {
    /// Frames an uncompressed message; short segments are copied together, long ones referred
    /// to. `None` if it is too long for the protocol.
    pub(super) fn plain(message: &Message) -> Option<Self> {
        let prefix = prefix(false, message.length)?;
        let remaining = PREFIX + message.length;
        Some(Self {
            prefix,
            prefix_left: PREFIX,
            remaining,
            ..Self::unframed(message)
        })
    }

    /// A message without a prefix, as HTTP bodies are.
    pub(crate) fn unframed(message: &Message) -> Self {
        let segments = message.segments();
        if let [only] = segments {
            return Self::single(only.clone());
        }
        let mut pieces = Vec::new();
        let mut run = BytesMut::new();
        for (index, segment) in segments.iter().enumerate() {
            if segment.len() < COALESCE_BELOW {
                if run.is_empty() {
                    run = BytesMut::with_capacity(short_run(&segments[index..]));
                }
                run.put_slice(segment);
            } else {
                if !run.is_empty() {
                    pieces.push(std::mem::take(&mut run).freeze());
                }
                pieces.push(segment.clone());
            }
        }
        if !run.is_empty() {
            pieces.push(run.freeze());
        }
        pieces.reverse();
        let current = pieces.pop().unwrap_or_default();
        Self {
            current,
            rest: pieces,
            remaining: message.length,
            ..Self::default()
        }
    }

    /// Bytes that are sent as they are.
    pub(crate) fn single(bytes: Bytes) -> Self {
        Self {
            remaining: bytes.len(),
            current: bytes,
            ..Self::default()
        }
    }
}

/// A part of what [`Frames`] hold.
#[derive(Debug)]
pub(crate) enum Piece {
    /// So many bytes of the prefix.
    Prefix([u8; PREFIX], usize),
    Shared(Bytes),
}

impl Frames {
    /// Takes up to `most` bytes off the front, at least one if there are any.
    pub(crate) fn piece(&mut self, most: usize) -> Piece {
        if self.prefix_left > 0 {
            let count = self.prefix_left.min(most);
            let mut bytes = [0; PREFIX];
            bytes[..count].copy_from_slice(&self.chunk()[..count]);
            self.advance(count);
            return Piece::Prefix(bytes, count);
        }
        if self.current.len() > most {
            self.remaining -= most;
            return Piece::Shared(self.current.split_to(most));
        }
        self.remaining -= self.current.len();
        let next = self.rest.pop().unwrap_or_default();
        Piece::Shared(std::mem::replace(&mut self.current, next))
    }
}

/// The length of the short segments at the front.
fn short_run(segments: &[Bytes]) -> usize {
    segments
        .iter()
        .map(Bytes::len)
        .take_while(|length| *length < COALESCE_BELOW)
        .sum()
}

impl Buf for Frames {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        if self.prefix_left > 0 {
            &self.prefix[PREFIX - self.prefix_left..]
        } else {
            &self.current
        }
    }

    fn chunks_vectored<'a>(&'a self, out: &mut [IoSlice<'a>]) -> usize {
        let prefix = &self.prefix[PREFIX - self.prefix_left..];
        let chunks = [prefix, &self.current]
            .into_iter()
            .chain(self.rest.iter().rev().map(|b| &**b));
        let mut filled = 0;
        for (slot, chunk) in out.iter_mut().zip(chunks.filter(|chunk| !chunk.is_empty())) {
            *slot = IoSlice::new(chunk);
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        self.remaining -= count;
        let of_prefix = count.min(self.prefix_left);
        self.prefix_left -= of_prefix;
        count -= of_prefix;
        while count >= self.current.len() {
            count -= self.current.len();
            match self.rest.pop() {
                Some(next) => self.current = next,
                None => {
                    self.current = Bytes::new();
                    return;
                }
            }
        }
        self.current.advance(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(lengths: &[usize]) -> Message {
        let segment = |(index, length): (usize, &usize)| Bytes::from(vec![index as u8; *length]);
        lengths.iter().enumerate().map(segment).collect()
    }

    #[test]
    fn frames_carry_prefix_and_segments_in_order_whatever_their_sizes() {
        for lengths in [
            &[][..],
            &[0],
            &[7],
            &[5000],
            &[1, 2, 5000, 3, 4, 6000, 7000, 1],
            &[9000, 1],
        ] {
            let message = message(lengths);
            let mut frames = Frames::plain(&message).unwrap();
            let mut expected = vec![0];
            expected.extend_from_slice(&(message.len() as u32).to_be_bytes());
            expected.extend(message.segments().iter().flatten());
            let mut slices = [IoSlice::new(&[]); 16];
            let filled = frames.chunks_vectored(&mut slices);
            let vectored: Vec<u8> = slices[..filled].iter().flat_map(|s| s.to_vec()).collect();
            assert_eq!(vectored, expected, "{lengths:?}");
            let mut read = Vec::new();
            while frames.has_remaining() {
                let step = frames.chunk().len().min(999);
                read.extend_from_slice(&frames.chunk()[..step]);
                frames.advance(step);
            }
            assert_eq!(read, expected, "{lengths:?}");
        }
    }

    #[test]
    fn long_segments_are_not_copied() {
        let message = message(&[3, 8192, 3]);
        let frames = Frames::plain(&message).unwrap();
        let mut slices = [IoSlice::new(&[]); 16];
        assert_eq!(frames.chunks_vectored(&mut slices), 4);
        assert_eq!(slices[2].as_ptr(), message.segments()[1].as_ptr());
    }
}
