//! What is to be changed in one message.

use bytes::Bytes;

use super::entry::{Entry, Place, Span, copy_value, load_piece, put_entry};
use super::splice::Splice;
use crate::pdata::view::{AnyValue, Message};
use crate::pdata::wire::{Field, WireError, WireType};

/// Bytes of new values that a thread keeps room for.
const MAX_SCRATCH: usize = 64 << 10;

/// Attributes that a thread keeps room for.
const MAX_ENTRIES: usize = 1 << 10;

/// A field that is set to a new value or taken out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set {
    pub(super) number: u32,
    pub(super) wire_type: WireType,
    /// The value in the scratch buffer; `None` takes the field out.
    pub(super) value: Option<Span>,
}

/// The pieces of one message and the changes to it. One per level and thread, used again and
/// again: its buffers keep their capacity.
#[derive(Debug, Default)]
pub(super) struct MessageEdit {
    /// The occurrences of the message's field, in order; none if it is absent.
    pub(super) pieces: Vec<Field>,
    pub(super) entries: Vec<Entry>,
    loaded: bool,
    /// Where attributes are added: behind the last one there is.
    pub(super) end: usize,
    /// Why the attributes could not all be found.
    pub(super) error: Option<WireError>,
    pub(super) scratch: Vec<u8>,
    pub(super) sets: Vec<Set>,
    /// All of the message's fields in the scratch buffer, if it was replaced as a whole.
    pub(super) whole: Option<Span>,
    pub(super) splices: Vec<Splice>,
    /// How many of the splices have been written.
    pub(super) written: usize,
    pub(super) changed: bool,
}

impl MessageEdit {
    /// Forgets everything and begins with a message without pieces.
    #[inline]
    pub(super) fn reset(&mut self) {
        self.pieces.clear();
        self.entries.clear();
        self.loaded = false;
        self.error = None;
        self.splices.clear();
        self.written = 0;
        self.changed = false;
    }

    #[inline]
    pub(super) fn push_piece(&mut self, field: Field) {
        self.pieces.push(field);
    }

    /// Gives back what one extraordinary message has made the buffers grow to.
    pub(super) fn trim(&mut self) {
        if self.scratch.capacity() > MAX_SCRATCH {
            self.scratch = Vec::new();
        }
        if self.entries.capacity() > MAX_ENTRIES {
            self.entries = Vec::new();
            self.splices = Vec::new();
        }
    }

    pub(super) fn pieces(&self) -> &[Field] {
        &self.pieces
    }

    #[inline]
    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    #[inline]
    fn change(&mut self) {
        if !self.changed {
            self.changed = true;
            self.scratch.clear();
            self.sets.clear();
            self.whole = None;
        }
    }

    // === attributes ===

    /// Finds the attributes, which are the repeated field `number` (below 16). An error is kept
    /// until [`MessageEdit::commit`].
    #[inline]
    pub(super) fn load(&mut self, input: &[u8], number: u32) {
        if !self.loaded {
            self.loaded = true;
            let entries = &mut self.entries;
            self.error = self.pieces.iter().find_map(|piece| {
                load_piece(&input[..piece.end], piece.value, number, entries).err()
            });
            let last_piece = self.pieces.last().map_or(0, |piece| piece.end);
            self.end = self
                .entries
                .last()
                .map_or(last_piece, |entry| entry.field().to());
        }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    #[inline]
    pub(super) fn key<'b>(&'b self, index: usize, input: &'b [u8]) -> &'b [u8] {
        self.entries[index].key(input, &self.scratch)
    }

    pub(super) fn value<'b>(&'b self, index: usize, input: &'b [u8]) -> AnyValue<'b> {
        AnyValue::of(self.entries[index].value(input, &self.scratch))
    }

    /// The place in `entries` of the first attribute called `key`.
    #[inline]
    pub(super) fn find(&self, input: &[u8], key: &[u8]) -> Option<usize> {
        self.entries.iter().position(|entry| {
            entry.key_length() == key.len()
                && entry.place() != Place::Removed
                && entry.key(input, &self.scratch) == key
        })
    }

    pub(super) fn remove(&mut self, index: usize) {
        self.change();
        self.entries[index].remove();
    }

    /// Gives the attribute at `index` another value.
    pub(super) fn set_value(
        &mut self,
        input: &[u8],
        index: usize,
        value: impl FnOnce(&mut Vec<u8>),
    ) {
        self.set_entry(input, index, None, value);
    }

    /// Gives the attribute at `index` the value of the one at `from`.
    pub(super) fn copy_value(&mut self, input: &[u8], index: usize, from: usize) {
        let source = self.entries[from];
        self.set_entry(input, index, None, |scratch| {
            copy_value(scratch, &source, input)
        });
    }

    /// Gives the attribute at `index` another name.
    pub(super) fn rename(&mut self, input: &[u8], index: usize, key: &[u8]) {
        let source = self.entries[index];
        self.set_entry(input, index, Some(key), |scratch| {
            copy_value(scratch, &source, input)
        });
    }

    fn set_entry(
        &mut self,
        input: &[u8],
        index: usize,
        key: Option<&[u8]>,
        value: impl FnOnce(&mut Vec<u8>),
    ) {
        let changed = self.changed;
        self.change();
        let old = self.entries[index];
        let new = put_entry(&mut self.scratch, input, key, Some(&old), value);
        // Setting what is there already is no change: the message may stay as it came.
        if key.is_none() && old.same_bytes(&new, input, &self.scratch) {
            self.changed = changed;
        } else {
            self.entries[index] = new;
        }
    }

    /// Adds an attribute at the end.
    pub(super) fn append(&mut self, input: &[u8], key: &[u8], value: impl FnOnce(&mut Vec<u8>)) {
        self.change();
        let new = put_entry(&mut self.scratch, input, Some(key), None, value);
        self.entries.push(new);
    }

    /// Adds an attribute at the end that has the value of the one at `from`.
    pub(super) fn append_copy(&mut self, input: &[u8], key: &[u8], from: usize) {
        let source = self.entries[from];
        self.append(input, key, |scratch| copy_value(scratch, &source, input));
    }

    // === other fields ===

    /// The last field `number` as it is after the changes so far: its content or raw value.
    pub(super) fn field<'b>(
        &'b self,
        input: &'b [u8],
        number: u32,
        wire_type: WireType,
    ) -> Option<&'b [u8]> {
        if self.changed
            && let Some(set) = self.sets.iter().find(|set| set.number == number)
        {
            return set.value.map(|value| value.of(&self.scratch));
        }
        let fields = self.pieces.iter().flat_map(|piece| {
            let piece = Message::new(piece.bytes(input));
            piece.fields()
        });
        fields
            .filter(|item| item.field.number == number && item.field.wire_type == wire_type)
            .last()
            .map(|item| item.bytes())
    }

    /// Sets field `number` to what `value` appends, a length-delimited content or a raw value.
    pub(super) fn set_field(
        &mut self,
        number: u32,
        wire_type: WireType,
        value: impl FnOnce(&mut Vec<u8>),
    ) {
        self.change();
        let from = self.scratch.len();
        value(&mut self.scratch);
        let value = Some(Span::new(from, self.scratch.len()));
        self.sets.retain(|set| set.number != number);
        self.sets.push(Set {
            number,
            wire_type,
            value,
        });
    }

    /// Takes field `number` out.
    pub(super) fn clear_field(&mut self, number: u32) {
        self.change();
        self.sets.retain(|set| set.number != number);
        self.sets.push(Set {
            number,
            wire_type: WireType::Len,
            value: None,
        });
    }

    // === the whole ===

    /// The encoded message as it came, the pieces one after the other.
    pub(super) fn message(&self, input: &Bytes) -> Bytes {
        match self.pieces.as_slice() {
            [] => Bytes::new(),
            [piece] => input.slice(piece.value..piece.end),
            pieces => {
                let pieces: Vec<_> = pieces.iter().map(|piece| piece.bytes(input)).collect();
                pieces.concat().into()
            }
        }
    }

    /// Puts the fields that `fields` appends in the place of all there are. Other changes do not
    /// count any more.
    pub(super) fn replace(&mut self, fields: impl FnOnce(&mut Vec<u8>)) {
        self.change();
        let from = self.scratch.len();
        fields(&mut self.scratch);
        self.whole = Some(Span::new(from, self.scratch.len()));
    }

    /// The fields that replace all there were.
    pub(super) fn replacement(&self) -> Option<&[u8]> {
        let whole = if self.changed { self.whole } else { None };
        whole.map(|whole| whole.of(&self.scratch))
    }
}
