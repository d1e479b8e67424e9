//! Encoding of header blocks.

use super::table::{Found, Table};
use super::{DEFAULT_TABLE, integer};

/// Values longer than this are sent in full each time instead of filling the table.
const LONGEST_INDEXED: usize = 2048;

/// A header to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
    /// Whether it is worth a place in the table: it will be sent again.
    pub(crate) repeats: bool,
}

impl<'a> Field<'a> {
    /// A header that most messages of the connection have.
    pub(crate) const fn again(name: &'a [u8], value: &'a [u8]) -> Self {
        Self {
            name,
            value,
            repeats: true,
        }
    }

    /// A header that is not expected to come again.
    pub(crate) const fn once(name: &'a [u8], value: &'a [u8]) -> Self {
        Self {
            name,
            value,
            repeats: false,
        }
    }
}

/// The encoder of one connection.
#[derive(Debug)]
pub(in crate::http2) struct Encoder {
    table: Table,
    /// Sizes to announce in front of the next block: the smallest meanwhile, and the last.
    resized: Option<(usize, usize)>,
}

impl Encoder {
    pub(in crate::http2) fn new() -> Self {
        Self {
            table: Table::new(DEFAULT_TABLE),
            resized: None,
        }
    }

    /// Changes with whatever changes the meaning of encoded blocks: a block of
    /// [`Encoder::repeatable`] holds as long as this stays.
    pub(in crate::http2) const fn generation(&self) -> u64 {
        self.table.inserted()
    }

    /// The peer allows a table of `size` bytes; ours never becomes larger than the default.
    pub(in crate::http2) fn set_limit(&mut self, size: u32) {
        let size = (size as usize).min(DEFAULT_TABLE);
        if size == self.table.max() {
            return;
        }
        let smallest = self
            .resized
            .map_or(size, |(smallest, _)| smallest.min(size));
        self.resized = Some((smallest, size));
        self.table.resize(size);
    }

    /// Appends the block of `fields`.
    pub(in crate::http2) fn encode<'a>(
        &mut self,
        out: &mut Vec<u8>,
        fields: impl Iterator<Item = Field<'a>>,
    ) {
        if let Some((smallest, last)) = self.resized.take() {
            if smallest < last {
                integer::write(out, 0x20, 5, smallest);
            }
            integer::write(out, 0x20, 5, last);
        }
        for field in fields {
            self.field(out, field);
        }
    }

    /// The block of `fields` if it can be sent any number of times: when the table has all of
    /// them, so that the block is a few bytes and changes nothing.
    pub(in crate::http2) fn repeatable<'a>(
        &self,
        mut fields: impl Iterator<Item = Field<'a>>,
    ) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut known = |field: Field<'_>| match self.table.find(field.name, field.value) {
            Found::Field(index) => {
                integer::write(&mut out, 0x80, 7, index);
                true
            }
            Found::Name(_) | Found::Nothing => false,
        };
        (self.resized.is_none() && fields.all(&mut known)).then_some(out)
    }

    fn field(&mut self, out: &mut Vec<u8>, field: Field<'_>) {
        let repeats = field.repeats && field.value.len() <= LONGEST_INDEXED;
        let (first, bits) = if repeats { (0x40, 6) } else { (0, 4) };
        match self.table.find(field.name, field.value) {
            Found::Field(index) => return integer::write(out, 0x80, 7, index),
            Found::Name(index) => integer::write(out, first, bits, index),
            Found::Nothing => {
                out.push(first);
                literal(out, field.name);
            }
        }
        literal(out, field.value);
        if repeats {
            self.table.insert(field.name, field.value);
        }
    }
}

fn literal(out: &mut Vec<u8>, text: &[u8]) {
    integer::write(out, 0, 7, text.len());
    out.extend_from_slice(text);
}
