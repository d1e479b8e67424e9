//! One record: the attributes that move away, and the record without them.

use std::ops::Range;

use headwater_core::pdata::wire::{Field, WireError, WireType, put_tag, put_varint, read_field};

/// The attributes of a record that move to its resource.
#[derive(Debug, Default)]
pub(crate) struct Extracted {
    /// For each key the encoded attribute in the record, the first one of that name.
    found: Vec<Option<Range<usize>>>,
    /// The fields to leave out, in order.
    removed: Vec<Range<usize>>,
    /// The attributes in the order of the keys, which tells groups apart.
    pub(crate) identity: Vec<u8>,
}

impl Extracted {
    /// Looks for `keys` among the attributes, which are field `number` of the record in `field`.
    ///
    /// # Errors
    /// [`WireError`] if the record is no message.
    pub(crate) fn find(
        &mut self,
        keys: &[String],
        input: &[u8],
        field: &Field,
        number: u32,
    ) -> Result<(), WireError> {
        self.found.clear();
        self.removed.clear();
        self.identity.clear();
        if keys.is_empty() {
            return Ok(());
        }
        self.found.resize(keys.len(), None);
        let mut pos = field.value;
        while let Some(attribute) = read_field(&input[..field.end], &mut pos)? {
            if attribute.number != number || attribute.wire_type != WireType::Len {
                continue;
            }
            let name = key_of(attribute.bytes(input))?;
            let Some(index) = keys.iter().position(|key| key.as_bytes() == name) else {
                continue;
            };
            self.removed.push(attribute.start..attribute.end);
            self.found[index].get_or_insert(attribute.value..attribute.end);
        }
        for attribute in self.found.iter().flatten() {
            let attribute = &input[attribute.clone()];
            put_varint(&mut self.identity, attribute.len() as u64);
            self.identity.extend_from_slice(attribute);
        }
        Ok(())
    }

    /// Whether nothing moves.
    pub(crate) const fn is_empty(&self) -> bool {
        self.removed.is_empty()
    }

    /// The attributes that move, encoded.
    pub(crate) fn attributes<'i>(&'i self, input: &'i [u8]) -> impl Iterator<Item = &'i [u8]> {
        self.found
            .iter()
            .flatten()
            .map(|range| &input[range.clone()])
    }

    /// Appends the record, as field `number`, without what moved.
    pub(crate) fn put_rest(&self, number: u32, input: &[u8], field: &Field, out: &mut Vec<u8>) {
        let gone: usize = self.removed.iter().map(Range::len).sum();
        put_tag(out, number, WireType::Len);
        put_varint(out, (field.end - field.value - gone) as u64);
        let mut at = field.value;
        for removed in &self.removed {
            out.extend_from_slice(&input[at..removed.start]);
            at = removed.end;
        }
        out.extend_from_slice(&input[at..field.end]);
    }
}

/// The name of an encoded attribute.
pub(crate) fn key_of(attribute: &[u8]) -> Result<&[u8], WireError> {
    let mut key: &[u8] = &[];
    let mut pos = 0;
    while let Some(field) = read_field(attribute, &mut pos)? {
        if field.number == 1 && field.wire_type == WireType::Len {
            key = field.bytes(attribute);
        }
    }
    Ok(key)
}
