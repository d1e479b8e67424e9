//! A message as it stands in the bytes, in one piece or in several.

use crate::pdata::wire::{Field, WireType, read_field};

/// A protobuf message that may be the merge of several occurrences of its field.
///
/// In the usual case it is `buf`. Where a singular message field occurs several times, `buf` is
/// the message around it and `path` the field number (two numbers: one level deeper still).
/// That is as deep as it goes; deeper inside a message in several pieces the last piece counts.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::pdata) struct Message<'a> {
    buf: &'a [u8],
    path: [u32; 2],
    /// How many of the first pieces do not count.
    skip: u32,
}

impl<'a> Message<'a> {
    /// The message whose encoding is `buf`.
    #[inline]
    pub(in crate::pdata) const fn new(buf: &'a [u8]) -> Self {
        Self {
            buf,
            path: [0; 2],
            skip: 0,
        }
    }

    /// The merge of all occurrences of field `number` in `parent`.
    #[inline]
    pub(in crate::pdata) const fn merged(parent: &'a [u8], number: u32) -> Self {
        Self {
            buf: parent,
            path: [number, 0],
            skip: 0,
        }
    }

    /// The merge of the occurrences of field `number` in this message, but the first `skip`;
    /// `None` where that is too deep.
    const fn pieces(&self, number: u32, skip: u32) -> Option<Self> {
        let path = match self.path {
            [0, _] => [number, 0],
            [outer, 0] if self.skip == 0 => [outer, number],
            _ => return None,
        };
        Some(Self {
            buf: self.buf,
            path,
            skip,
        })
    }

    /// The bytes, if the message stands in one piece.
    #[inline]
    pub(in crate::pdata) const fn as_slice(&self) -> Option<&'a [u8]> {
        if self.path[0] == 0 {
            Some(self.buf)
        } else {
            None
        }
    }

    /// All fields in wire order.
    #[inline]
    pub(in crate::pdata) fn fields(&self) -> MessageFields<'a> {
        let mut walk = [Walk::default(); 3];
        let level = match self.path {
            [0, _] => 2,
            [_, 0] => 1,
            _ => 0,
        };
        walk[level] = self.walk();
        MessageFields {
            walk,
            path: self.path,
            skip: self.skip,
        }
    }

    const fn walk(&self) -> Walk<'a> {
        Walk {
            buf: self.buf,
            pos: 0,
        }
    }

    /// The last length-delimited field `number`.
    pub(in crate::pdata) fn bytes(&self, number: u32) -> Option<&'a [u8]> {
        self.all(number).last()
    }

    /// The raw bits of the last varint or fixed-width field `number`.
    pub(in crate::pdata) fn bits(&self, number: u32, wire_type: WireType) -> Option<u64> {
        let wanted =
            |item: &Item<'a>| item.field.number == number && item.field.wire_type == wire_type;
        self.fields()
            .filter(wanted)
            .last()
            .map(|item| item.field.bits(item.buf))
    }

    /// Every length-delimited field `number`.
    #[inline]
    pub(in crate::pdata) fn all(&self, number: u32) -> LenFields<'a> {
        LenFields {
            fields: self.fields(),
            number,
        }
    }

    /// The singular message in field `number`.
    pub(in crate::pdata) fn message(&self, number: u32) -> Option<Self> {
        let mut all = self.all(number);
        let first = all.next()?;
        let Some(second) = all.next() else {
            return Some(Self::new(first));
        };
        let merged = self.pieces(number, 0);
        Some(merged.unwrap_or_else(|| Self::new(all.last().unwrap_or(second))))
    }

    /// The last member of a oneof, whose members are those for which `is_member` holds.
    pub(in crate::pdata) fn one_of(&self, is_member: impl Fn(u32) -> bool) -> Option<Item<'a>> {
        self.fields()
            .filter(|item| is_member(item.field.number))
            .last()
    }

    /// The message in the member of a oneof that [`Message::one_of`] has found. Occurrences
    /// before a member of another number do not count: that one replaced them.
    pub(in crate::pdata) fn one_of_message(
        &self,
        found: &Item<'a>,
        is_member: impl Fn(u32) -> bool,
    ) -> Self {
        let number = found.field.number;
        let (mut pieces, mut replaced) = (0, 0);
        for item in self.fields().filter(|item| is_member(item.field.number)) {
            if item.field.number == number {
                pieces += 1;
            } else {
                replaced = pieces;
            }
        }
        let merged = if pieces > replaced + 1 {
            self.pieces(number, replaced)
        } else {
            None
        };
        merged.unwrap_or_else(|| Self::new(found.bytes()))
    }
}

/// A field and the buffer that it stands in.
#[derive(Debug, Clone, Copy)]
pub(in crate::pdata) struct Item<'a> {
    pub(in crate::pdata) field: Field,
    pub(in crate::pdata) buf: &'a [u8],
}

impl<'a> Item<'a> {
    /// The value's bytes.
    #[inline]
    pub(in crate::pdata) fn bytes(&self) -> &'a [u8] {
        self.field.bytes(self.buf)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Walk<'a> {
    buf: &'a [u8],
    pos: usize,
}

impl<'a> Walk<'a> {
    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        if let Ok(Some(field)) = read_field(self.buf, &mut self.pos) {
            return Some(Item {
                field,
                buf: self.buf,
            });
        }
        self.pos = self.buf.len();
        None
    }

    fn next_piece(&mut self, number: u32) -> Option<Self> {
        while let Some(item) = self.next() {
            if item.field.number == number && item.field.wire_type == WireType::Len {
                return Some(Self {
                    buf: item.bytes(),
                    pos: 0,
                });
            }
        }
        None
    }
}

/// Walks the fields of a [`Message`]; what is no field ends the piece it stands in.
#[derive(Debug, Clone)]
pub(in crate::pdata) struct MessageFields<'a> {
    /// From the outermost to the message itself; the ones not needed are empty.
    walk: [Walk<'a>; 3],
    path: [u32; 2],
    skip: u32,
}

impl<'a> MessageFields<'a> {
    #[cold]
    fn next_piece(&mut self) -> bool {
        let [outer, number] = self.path;
        if outer == 0 {
            return false;
        }
        let number = if number == 0 { outer } else { number };
        loop {
            if let Some(piece) = self.walk[1].next_piece(number) {
                if self.skip > 0 {
                    self.skip -= 1;
                    continue;
                }
                self.walk[2] = piece;
                return true;
            }
            let Some(piece) = self.walk[0].next_piece(outer) else {
                return false;
            };
            self.walk[1] = piece;
        }
    }
}

impl<'a> Iterator for MessageFields<'a> {
    type Item = Item<'a>;

    #[inline]
    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            if let Some(item) = self.walk[2].next() {
                return Some(item);
            }
            if !self.next_piece() {
                return None;
            }
        }
    }
}

/// The length-delimited fields of one number.
#[derive(Debug, Clone)]
pub(in crate::pdata) struct LenFields<'a> {
    fields: MessageFields<'a>,
    number: u32,
}

impl<'a> Iterator for LenFields<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let item = self.fields.next()?;
            if item.field.number == self.number && item.field.wire_type == WireType::Len {
                return Some(item.bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdata::wire::put_len_field;

    fn len(number: u32, value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_len_field(&mut out, number, value);
        out
    }

    fn numbers(message: Message<'_>) -> Vec<u32> {
        message.fields().map(|item| item.field.number).collect()
    }

    #[test]
    fn occurrences_of_a_singular_message_are_read_as_one() {
        let inner = [len(3, &[0x08, 1]), len(3, &[0x10, 1])].concat();
        let parent = [len(1, &inner), len(7, b"x"), len(1, &len(3, &[0x18, 1]))].concat();
        let outer = Message::new(&parent).message(1).unwrap();
        assert_eq!(numbers(outer), [3, 3, 3]);
        assert_eq!(numbers(outer.message(3).unwrap()), [1, 2, 3]);
        assert!(outer.message(4).is_none());
    }

    #[test]
    fn a_replaced_oneof_member_does_not_count() {
        let is_member = |number| matches!(number, 5 | 6);
        let buf = [
            len(5, &[0x08, 1]),
            len(6, b""),
            len(5, &[0x10, 1]),
            len(5, &[0x18, 1]),
        ]
        .concat();
        let message = Message::new(&buf);
        let found = message.one_of(is_member).unwrap();
        assert_eq!(numbers(message.one_of_message(&found, is_member)), [2, 3]);
    }

    #[test]
    fn bytes_that_are_no_field_end_the_message() {
        let buf = [len(1, b"a"), vec![0x0a, 9], len(1, b"b")].concat();
        assert_eq!(numbers(Message::new(&buf)), [1]);
    }
}
