//! What goes where, as it is found out, and as payloads.

use std::ops::Range;

use headwater_core::Signal;
use headwater_core::bytes::Bytes;
use headwater_core::pdata::wire::WireError;
use headwater_core::pdata::{Payload, count_items};

/// What goes to one slot.
#[derive(Debug, Default, Clone)]
pub(crate) struct Output {
    /// Of the segment in hand, in order.
    pieces: Vec<Piece>,
    /// Entries of which some records come along.
    parts: Vec<u8>,
    payload: Payload,
}

#[derive(Debug, Clone)]
enum Piece {
    /// Whole entries, where they lie in the segment.
    Run(Range<usize>),
    /// Where they lie in what was written.
    Part(Range<usize>),
}

impl Output {
    /// Takes a whole entry of the segment in hand.
    pub(crate) fn take(&mut self, entry: Range<usize>) {
        match self.pieces.last_mut() {
            Some(Piece::Run(last)) if last.end == entry.start => last.end = entry.end,
            _ => self.pieces.push(Piece::Run(entry)),
        }
    }

    /// Takes an entry that `write` appends.
    pub(crate) fn put(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.parts.len();
        write(&mut self.parts);
        let to = self.parts.len();
        match self.pieces.last_mut() {
            Some(Piece::Part(last)) if last.end == from => last.end = to,
            _ => self.pieces.push(Piece::Part(from..to)),
        }
    }

    /// Ends the segment in hand. One run stays a slice of it, one part what was written; several
    /// are copied together.
    pub(crate) fn end_segment(&mut self, segment: &Bytes) {
        match &*self.pieces {
            [] => return,
            [Piece::Run(only)] => {
                let slice = segment.slice(only.clone());
                self.payload
                    .append(Payload::from(slice).with_backing(segment.len()));
            }
            [Piece::Part(_)] => self.payload.append(std::mem::take(&mut self.parts).into()),
            pieces => {
                let length = pieces.iter().map(|piece| match piece {
                    Piece::Run(range) | Piece::Part(range) => range.len(),
                });
                let mut copy = Vec::with_capacity(length.sum());
                for piece in pieces {
                    copy.extend_from_slice(match piece {
                        Piece::Run(range) => &segment[range.clone()],
                        Piece::Part(range) => &self.parts[range.clone()],
                    });
                }
                self.payload.append(copy.into());
            }
        }
        self.pieces.clear();
        self.parts.clear();
    }

    /// The payload and its items.
    ///
    /// # Errors
    /// [`WireError`] if it cannot be counted.
    pub(crate) fn finish(self, signal: Signal) -> Result<(Payload, usize), WireError> {
        let mut items = 0;
        for segment in self.payload.segments() {
            items += count_items(signal, segment)?;
        }
        Ok((self.payload, items))
    }

    /// Whether nothing goes here.
    pub(crate) fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// How many bytes go here.
    pub(crate) fn bytes(&self) -> usize {
        self.payload.len()
    }
}
