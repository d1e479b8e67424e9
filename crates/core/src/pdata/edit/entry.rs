//! One attribute of a message that is being edited.

use super::encode::put_nested;
use crate::pdata::view::{Message, split_key_value};
use crate::pdata::wire::{WireError, WireType, put_len_field, put_tag, put_varint, read_field};

/// Where an attribute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the input.
    Input,
    /// In the scratch buffer: it was changed or added.
    Scratch,
    /// Nowhere: it was removed.
    Removed,
}

/// A range of bytes. Half the size of a `Range<usize>`: there is one set of them per attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    from: u32,
    to: u32,
}

impl Span {
    /// Every position is below 4 GiB: longer requests are refused before they are edited.
    #[inline]
    pub(super) const fn new(from: usize, to: usize) -> Self {
        Self {
            from: from as u32,
            to: to as u32,
        }
    }

    #[inline]
    pub(super) const fn from(self) -> usize {
        self.from as usize
    }

    #[inline]
    pub(super) const fn to(self) -> usize {
        self.to as usize
    }

    #[inline]
    pub(super) const fn len(self) -> usize {
        (self.to - self.from) as usize
    }

    #[inline]
    pub(super) fn of(self, buf: &[u8]) -> &[u8] {
        &buf[self.from()..self.to()]
    }
}

/// One attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// In the buffer that `place` names.
    key: Span,
    /// In the buffer that `place` names: the `AnyValue`, or the last piece of it.
    value: Span,
    /// In the buffer that `place` names: the `KeyValue`.
    whole: Span,
    /// In the input: the field, or where to add it.
    field: Span,
    place: Place,
    /// The value has several pieces, which merge. Never so in the scratch buffer.
    merged: bool,
    /// There is nothing but one key and at most one value.
    plain: bool,
}

impl Entry {
    #[inline]
    pub(super) const fn place(&self) -> Place {
        self.place
    }

    pub(super) const fn field(&self) -> Span {
        self.field
    }

    pub(super) const fn whole(&self) -> Span {
        self.whole
    }

    /// Whether there was no such attribute in the input.
    pub(super) const fn is_added(&self) -> bool {
        self.field.len() == 0
    }

    pub(super) const fn remove(&mut self) {
        self.place = Place::Removed;
    }

    #[inline]
    pub(super) const fn key_length(&self) -> usize {
        self.key.len()
    }

    #[inline]
    fn buffer<'b>(&self, input: &'b [u8], scratch: &'b [u8]) -> &'b [u8] {
        if self.place == Place::Input {
            input
        } else {
            scratch
        }
    }

    #[inline]
    pub(super) fn key<'b>(&self, input: &'b [u8], scratch: &'b [u8]) -> &'b [u8] {
        self.key.of(self.buffer(input, scratch))
    }

    pub(super) fn value<'b>(&self, input: &'b [u8], scratch: &'b [u8]) -> Message<'b> {
        let buffer = self.buffer(input, scratch);
        if self.merged {
            Message::merged(self.whole.of(buffer), 2)
        } else {
            Message::new(self.value.of(buffer))
        }
    }

    /// Whether both have the same encoding.
    pub(super) fn same_bytes(&self, other: &Self, input: &[u8], scratch: &[u8]) -> bool {
        self.whole.of(self.buffer(input, scratch)) == other.whole.of(other.buffer(input, scratch))
    }
}

/// The bytes of a field by wire type: with a tag and, for types 0 and 2, a number of one byte;
/// 0 for those that are not fields or end later.
const WIDTHS: [u8; 8] = [2, 9, 2, 0, 0, 5, 0, 0];

/// Finds the attributes of one piece of a message, which reaches from `pos` to the end of `buf`.
pub(super) fn load_piece(
    buf: &[u8],
    mut pos: usize,
    number: u32,
    entries: &mut Vec<Entry>,
) -> Result<(), WireError> {
    let tag = (number as u8) << 3 | WireType::Len as u8;
    // Two bytes tell where the next field begins, nearly always.
    while let Some(&[first, second]) = buf.get(pos..).and_then(<[u8]>::first_chunk) {
        let short = second < 0x80;
        if first == tag && short {
            let end = pos + 2 + usize::from(second);
            let whole = buf.get(pos + 2..end).ok_or(WireError::Truncated)?;
            // One push each: a `Result` of both would be copied about.
            if let Some(entry) = short_entry(pos, whole) {
                entries.push(entry);
            } else {
                entries.push(any_entry(pos, pos + 2, whole)?);
            }
            pos = end;
            continue;
        }
        let kind = first & 7;
        let width = usize::from(WIDTHS[usize::from(kind)]);
        let varying = matches!(kind, 0 | 2);
        if (8..0x80).contains(&first) && width != 0 && (short || !varying) {
            pos += width + if kind == 2 { usize::from(second) } else { 0 };
            if pos > buf.len() {
                return Err(WireError::Truncated);
            }
        } else {
            load_field(buf, &mut pos, number, entries)?;
        }
    }
    while pos < buf.len() {
        load_field(buf, &mut pos, number, entries)?;
    }
    Ok(())
}

/// The next field, whatever it is.
#[cold]
#[inline(never)]
fn load_field(
    buf: &[u8],
    pos: &mut usize,
    number: u32,
    entries: &mut Vec<Entry>,
) -> Result<(), WireError> {
    if let Some(field) = read_field(buf, pos)?
        && field.number == number
        && field.wire_type == WireType::Len
    {
        entries.push(any_entry(field.start, field.value, field.bytes(buf))?);
    }
    Ok(())
}

/// The attribute at `start` whose message begins two bytes later, if it is what everybody
/// sends: key, value and the end, with one byte for each length.
#[inline]
fn short_entry(start: usize, whole: &[u8]) -> Option<Entry> {
    let at = start + 2;
    let &[0x0a, key_length] = whole.first_chunk()? else {
        return None;
    };
    let key_end = 2 + usize::from(key_length);
    let &[0x12, value_length] = whole.get(key_end..)?.first_chunk()? else {
        return None;
    };
    let exact = key_length < 0x80 && key_end + 2 + usize::from(value_length) == whole.len();
    let end = at + whole.len();
    exact.then_some(Entry {
        key: Span::new(at + 2, at + key_end),
        value: Span::new(at + key_end + 2, end),
        whole: Span::new(at, end),
        field: Span::new(start, end),
        place: Place::Input,
        merged: false,
        plain: true,
    })
}

/// The attribute whose field begins at `start` and whose message `whole` begins at `at`.
#[cold]
#[inline(never)]
fn any_entry(start: usize, at: usize, whole: &[u8]) -> Result<Entry, WireError> {
    let parts = split_key_value(whole)?;
    let end = at + whole.len();
    Ok(Entry {
        key: Span::new(at + parts.key.0, at + parts.key.1),
        value: Span::new(at + parts.value.0, at + parts.value.1),
        whole: Span::new(at, end),
        field: Span::new(start, end),
        place: Place::Input,
        merged: parts.merged,
        plain: parts.plain,
    })
}

/// Writes an attribute into the scratch buffer. `old` is the attribute that it replaces: its
/// name is kept unless there is a new `key`, and so are fields that nobody knows.
pub(super) fn put_entry(
    scratch: &mut Vec<u8>,
    input: &[u8],
    key: Option<&[u8]>,
    old: Option<&Entry>,
    value: impl FnOnce(&mut Vec<u8>),
) -> Entry {
    let begin = scratch.len();
    let mut key_length = 0;
    if let Some(key) = key {
        key_length = key.len();
        put_len_field(scratch, 1, key);
    } else if let Some(old) = old {
        key_length = old.key_length();
        put_tag(scratch, 1, WireType::Len);
        put_varint(scratch, key_length as u64);
        copy(scratch, old.place, input, old.key);
    }
    let key = Span::new(scratch.len() - key_length, scratch.len());
    let unknown = old.filter(|old| !old.plain);
    if let Some(old) = unknown {
        copy_unknown(scratch, old, input);
    }
    let value = put_nested(scratch, 2, value);
    let end = scratch.len();
    Entry {
        key,
        value: Span::new(value, end),
        whole: Span::new(begin, end),
        field: old.map_or(Span::new(0, 0), |old| old.field),
        place: Place::Scratch,
        merged: false,
        plain: unknown.is_none(),
    }
}

/// Appends the value of `source`, with fields that nobody knows.
pub(super) fn copy_value(scratch: &mut Vec<u8>, source: &Entry, input: &[u8]) {
    if source.merged {
        for piece in Message::new(source.whole.of(input)).all(2) {
            scratch.extend_from_slice(piece);
        }
    } else {
        copy(scratch, source.place, input, source.value);
    }
}

fn copy(scratch: &mut Vec<u8>, place: Place, input: &[u8], range: Span) {
    if place == Place::Input {
        scratch.extend_from_slice(range.of(input));
    } else {
        scratch.extend_from_within(range.from()..range.to());
    }
}

/// Appends the fields of the attribute `source` that are neither key nor value.
fn copy_unknown(scratch: &mut Vec<u8>, source: &Entry, input: &[u8]) {
    let mut pos = source.whole.from();
    let end = source.whole.to();
    while let Ok(Some(field)) = read_field(&source.buffer(input, scratch)[..end], &mut pos) {
        if !(matches!(field.number, 1 | 2) && field.wire_type == WireType::Len) {
            copy(
                scratch,
                source.place,
                input,
                Span::new(field.start, field.end),
            );
        }
    }
}
