//! Writes the changes to one message.

use super::encode::put_nested;
use super::entry::{Place, Span};
use super::message::MessageEdit;
use super::output::Output;
use crate::pdata::wire::{Field, WireError, WireType, put_tag, put_varint, read_field};

/// A range of the input and what replaces it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Splice {
    from: usize,
    to: usize,
    new: New,
}

/// What comes in its place.
#[derive(Debug, Clone, Copy)]
enum New {
    Nothing,
    /// A field: number, wire type, value in the scratch buffer.
    Field(u32, WireType, Span),
    /// Encoded fields in the scratch buffer.
    Fields(Span),
}

impl MessageEdit {
    /// Turns the changes into splices, in the order of the input. `attributes` is the field
    /// number of the attributes. Fails if the message turned out to be none.
    #[inline]
    pub(super) fn commit(&mut self, input: &[u8], attributes: u32) -> Result<(), WireError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.changed {
            if let Some(whole) = self.whole {
                self.splice_whole(whole);
                return Ok(());
            }
            self.splice_entries(attributes);
            if !self.sets.is_empty() {
                self.splice_sets(input)?;
            }
        }
        Ok(())
    }

    fn splice_whole(&mut self, whole: Span) {
        let mut new = New::Fields(whole);
        for piece in &self.pieces {
            let (from, to) = (piece.value, piece.end);
            self.splices.push(Splice {
                from,
                to,
                new: std::mem::replace(&mut new, New::Nothing),
            });
        }
        if self.pieces.is_empty() {
            self.splices.push(Splice {
                from: 0,
                to: 0,
                new,
            });
        }
    }

    fn splice_entries(&mut self, number: u32) {
        for entry in &self.entries {
            let (from, to) = match entry.place() {
                Place::Input => continue,
                Place::Removed if entry.is_added() => continue,
                _ if entry.is_added() => (self.end, self.end),
                _ => (entry.field().from(), entry.field().to()),
            };
            let new = match entry.place() {
                Place::Scratch => New::Field(number, WireType::Len, entry.whole()),
                Place::Input | Place::Removed => New::Nothing,
            };
            self.splices.push(Splice { from, to, new });
        }
    }

    fn splice_sets(&mut self, input: &[u8]) -> Result<(), WireError> {
        let end = self.pieces.last().map_or(0, |piece| piece.end);
        for set in &self.sets {
            // The first occurrence makes way for the new value, the others for nothing.
            let mut new = match set.value {
                Some(value) => New::Field(set.number, set.wire_type, value),
                None => New::Nothing,
            };
            for piece in &self.pieces {
                let mut pos = piece.value;
                while let Some(field) = read_field(&input[..piece.end], &mut pos)? {
                    if field.number == set.number {
                        let (from, to) = (field.start, field.end);
                        let new = std::mem::replace(&mut new, New::Nothing);
                        self.splices.push(Splice { from, to, new });
                    }
                }
            }
            if !matches!(new, New::Nothing) {
                self.splices.push(Splice {
                    from: end,
                    to: end,
                    new,
                });
            }
        }
        self.splices.sort_by_key(|splice| (splice.from, splice.to));
        Ok(())
    }

    /// Writes the changes to the piece in `piece`, which the walk has reached.
    pub(super) fn write_piece(
        &mut self,
        piece: Field,
        output: &mut Output<'_>,
    ) -> Result<(), WireError> {
        if self
            .splices
            .get(self.written)
            .is_some_and(|splice| splice.from <= piece.end)
        {
            output.enter(piece);
            self.write_until(piece.end, output)?;
            output.leave();
        }
        Ok(())
    }

    /// Writes the changes up to `end`; the message that they are in has been entered.
    #[inline]
    pub(super) fn write_until(
        &mut self,
        end: usize,
        output: &mut Output<'_>,
    ) -> Result<(), WireError> {
        while let Some(splice) = self.splices.get(self.written)
            && splice.to <= end
        {
            let out = output.cut(splice.from, splice.to)?;
            self.put(out, splice.new);
            self.written += 1;
        }
        Ok(())
    }

    /// Writes a message that was absent as field `number` at `at` of the message around it.
    pub(super) fn write_new(
        &mut self,
        at: usize,
        number: u32,
        output: &mut Output<'_>,
    ) -> Result<(), WireError> {
        if self.pieces.is_empty() && !self.splices.is_empty() {
            self.written = self.splices.len();
            put_nested(output.cut(at, at)?, number, |out| {
                self.splices
                    .iter()
                    .for_each(|splice| self.put(out, splice.new));
            });
        }
        Ok(())
    }

    #[inline]
    fn put(&self, out: &mut Vec<u8>, new: New) {
        match new {
            New::Nothing => {}
            New::Field(number, wire_type, value) => {
                put_tag(out, number, wire_type);
                if wire_type == WireType::Len {
                    put_varint(out, value.len() as u64);
                }
                out.extend_from_slice(value.of(&self.scratch));
            }
            New::Fields(fields) => out.extend_from_slice(fields.of(&self.scratch)),
        }
    }
}
