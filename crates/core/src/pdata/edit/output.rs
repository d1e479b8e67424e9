//! Copies a message and changes it on the way.

use smallvec::SmallVec;

use super::encode::set_length;
use crate::pdata::wire::{Field, WireError, read_varint};

/// A message around the place where the walk is.
struct Level {
    field: Field,
    /// Where the field begins in the output, once it was opened.
    out_start: usize,
    /// Where its length stands in the output, once it was opened.
    out_length: usize,
    /// How many bytes the length takes.
    width: usize,
}

/// Writes the input with changes.
///
/// The caller walks through the input in order, enters and leaves messages and cuts out what it
/// replaces. Nothing is written before the first change; up to there, and between changes, the
/// bytes are copied in runs. The tag and length of a message are written when the first change
/// inside it comes, the length is corrected when the message is left.
pub(super) struct Output<'a> {
    input: &'a [u8],
    out: Vec<u8>,
    /// Everything in the input before this is in the output or was cut out.
    done: usize,
    levels: SmallVec<[Level; 6]>,
    /// How many of the levels, from the outermost, have been opened.
    opened: usize,
}

impl<'a> Output<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            out: Vec::new(),
            done: 0,
            levels: SmallVec::new(),
            opened: 0,
        }
    }

    /// The walk is inside the message in `field` from now on.
    #[inline]
    pub(super) fn enter(&mut self, field: Field) {
        self.levels.push(Level {
            field,
            out_start: 0,
            out_length: 0,
            width: 0,
        });
    }

    /// The walk is at the end of the innermost message.
    #[inline]
    pub(super) fn leave(&mut self) {
        let opened = self.opened == self.levels.len();
        if let Some(level) = self.levels.pop()
            && opened
        {
            self.opened -= 1;
            self.copy_to(level.field.end);
            set_length(&mut self.out, level.out_length, level.width);
        }
    }

    /// The innermost message is dropped; the walk is at its end.
    pub(super) fn drop_level(&mut self) -> Result<(), WireError> {
        let opened = self.opened == self.levels.len();
        let Some(level) = self.levels.pop() else {
            return Ok(());
        };
        if opened {
            self.opened -= 1;
            self.out.truncate(level.out_start);
            self.done = level.field.end;
            return Ok(());
        }
        self.cut(level.field.start, level.field.end).map(|_| ())
    }

    /// Leaves out `from..to`, which is not before the last change and inside the innermost
    /// message. What is appended to the buffer returned stands in its place.
    #[inline]
    pub(super) fn cut(&mut self, from: usize, to: usize) -> Result<&mut Vec<u8>, WireError> {
        if self.opened < self.levels.len() {
            self.open()?;
        }
        self.copy_to(from);
        self.done = to;
        Ok(&mut self.out)
    }

    fn open(&mut self) -> Result<(), WireError> {
        while let Some(level) = self.levels.get(self.opened) {
            let field = level.field;
            let mut length = field.start;
            read_varint(self.input, &mut length)?;
            self.copy_to(field.start);
            let out_start = self.out.len();
            self.copy_to(field.value);
            let level = &mut self.levels[self.opened];
            level.width = field.value - length;
            level.out_start = out_start;
            level.out_length = self.out.len() - level.width;
            self.opened += 1;
        }
        Ok(())
    }

    #[inline]
    fn copy_to(&mut self, to: usize) {
        let run = &self.input[self.done..to];
        if run.len() > self.out.capacity() - self.out.len() {
            self.grow();
        }
        self.out.extend_from_slice(run);
        self.done = to;
    }

    /// Makes room for the rest of the input and for as much growth as there was so far.
    #[cold]
    fn grow(&mut self) {
        let rest = self.input.len() - self.done;
        let growth = match self.done {
            0 => self.input.len() / 8,
            done => {
                let grown = self.out.len().saturating_sub(done) as u128;
                (grown * rest as u128 / done as u128) as usize
            }
        };
        self.out.reserve_exact(rest + growth + 256);
    }

    /// The output, if anything was changed.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        if self.done == 0 {
            return None;
        }
        self.copy_to(self.input.len());
        Some(self.out)
    }
}
