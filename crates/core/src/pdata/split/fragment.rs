//! A message that is being put together from ranges of another buffer.

use std::ops::Range;

use smallvec::SmallVec;

use crate::pdata::wire::{WireType, put_tag, put_varint, varint_len};

/// Some content of a message under construction.
#[derive(Debug)]
pub(super) enum Chunk {
    /// Whole fields of the source buffer, one after the other.
    Raw(Range<usize>),
    /// A nested message.
    Nested(Fragment),
}

/// A nested message: what follows its tag and length is `chunks`.
#[derive(Debug)]
pub(super) struct Fragment {
    number: u32,
    content_len: usize,
    chunks: Vec<Chunk>,
}

impl Fragment {
    pub(super) fn new(number: u32, chunks: Vec<Chunk>) -> Self {
        let content_len = chunks.iter().map(Chunk::len).sum();
        Self {
            number,
            content_len,
            chunks,
        }
    }

    /// The size with tag and length.
    pub(super) fn len(&self) -> usize {
        varint_len(u64::from(self.number) << 3)
            + varint_len(self.content_len as u64)
            + self.content_len
    }

    /// The serialized field, in a buffer of exactly its size.
    pub(super) fn to_bytes(&self, source: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len());
        self.put(source, &mut out);
        out
    }

    fn put(&self, source: &[u8], out: &mut Vec<u8>) {
        put_tag(out, self.number, WireType::Len);
        put_varint(out, self.content_len as u64);
        for chunk in &self.chunks {
            match chunk {
                Chunk::Raw(range) => out.extend_from_slice(&source[range.clone()]),
                Chunk::Nested(fragment) => fragment.put(source, out),
            }
        }
    }
}

impl Chunk {
    fn len(&self) -> usize {
        match self {
            Self::Raw(range) => range.len(),
            Self::Nested(fragment) => fragment.len(),
        }
    }
}

/// A message of the source that lies across a boundary, open for further content.
#[derive(Debug)]
pub(super) struct Open {
    number: u32,
    /// The fields that every part repeats.
    header: SmallVec<[Range<usize>; 4]>,
    header_len: usize,
    chunks: Vec<Chunk>,
    /// Whether the current part has this message already.
    started: bool,
    /// Whether an earlier part had it.
    repeated: bool,
}

impl Open {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            header: SmallVec::new(),
            header_len: 0,
            chunks: Vec::new(),
            started: false,
            repeated: false,
        }
    }

    /// Adds a field to those that every part repeats.
    pub(super) fn push_header(&mut self, range: Range<usize>) {
        self.header_len += range.len();
        match self.header.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.header.push(range),
        }
    }

    /// An upper bound of what starting this message in the current part adds to it in bytes; 0
    /// if it has been started.
    pub(super) fn start_cost(&self) -> usize {
        // A tag of field 1000 takes 2 bytes, a length at most 5 in messages below 32 GiB.
        if self.started {
            0
        } else {
            self.header_len + 2 + 5
        }
    }

    /// Whether the current part holds some of this message.
    pub(super) fn is_started(&self) -> bool {
        self.started
    }

    /// Starts the message in the current part, if it has not been; returns the bytes of header
    /// that an earlier part holds as well.
    pub(super) fn start(&mut self) -> usize {
        if self.started {
            return 0;
        }
        self.started = true;
        self.chunks
            .extend(self.header.iter().cloned().map(Chunk::Raw));
        if std::mem::replace(&mut self.repeated, true) {
            self.header_len
        } else {
            0
        }
    }

    /// Appends a field of the source.
    pub(super) fn push_raw(&mut self, range: Range<usize>) {
        match self.chunks.last_mut() {
            Some(Chunk::Raw(last)) if last.end == range.start => last.end = range.end,
            _ => self.chunks.push(Chunk::Raw(range)),
        }
    }

    pub(super) fn push_nested(&mut self, fragment: Fragment) {
        self.chunks.push(Chunk::Nested(fragment));
    }

    /// What the current part holds of this message; the next part starts it again.
    pub(super) fn close(&mut self) -> Option<Fragment> {
        if !std::mem::take(&mut self.started) {
            return None;
        }
        Some(Fragment::new(self.number, std::mem::take(&mut self.chunks)))
    }
}
