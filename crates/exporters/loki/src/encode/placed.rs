//! Where records went: what is known of those with the same labels.

use std::collections::HashMap;
use std::ops::Range;

use headwater_loki::line::Format;

/// What records of one resource and scope with the same key have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) tenant: usize,
    pub(super) stream: u32,
    pub(super) format: Format,
    tail: (usize, usize),
    promoted: (usize, usize),
}

impl Placed {
    pub(super) const fn new(tenant: usize, stream: u32, format: Format) -> Self {
        Self {
            tenant,
            stream,
            format,
            tail: (0, 0),
            promoted: (0, 0),
        }
    }
}

/// The records seen of one resource and scope. Bounded by the records of a batch.
#[derive(Debug, Default)]
pub(super) struct Memo {
    last: Option<Placed>,
    last_key: Vec<u8>,
    known: HashMap<Vec<u8>, Placed>,
    tails: Vec<u8>,
    promoted: Vec<Box<[u8]>>,
}

impl Memo {
    pub(super) fn clear(&mut self) {
        self.last = None;
        self.known.clear();
        self.tails.clear();
        self.promoted.clear();
    }

    pub(super) fn find(&mut self, key: &[u8]) -> Option<Placed> {
        if let Some(last) = self.last
            && self.last_key == key
        {
            return Some(last);
        }
        let placed = *self.known.get(key)?;
        self.remember(key, placed);
        Some(placed)
    }

    fn remember(&mut self, key: &[u8], placed: Placed) {
        self.last = Some(placed);
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
    }

    pub(super) fn insert(
        &mut self,
        key: &[u8],
        mut placed: Placed,
        promoted: &[Box<[u8]>],
        tail: impl FnOnce(&mut Vec<u8>),
    ) -> Placed {
        let begin = self.promoted.len();
        self.promoted.extend_from_slice(promoted);
        placed.promoted = (begin, self.promoted.len());
        let begin = self.tails.len();
        tail(&mut self.tails);
        placed.tail = (begin, self.tails.len());
        self.known.insert(key.to_vec(), placed);
        self.remember(key, placed);
        placed
    }

    /// What every line ends with.
    pub(super) fn tail(&self, placed: Placed) -> &[u8] {
        &self.tails[range(placed.tail)]
    }

    /// The attributes that are labels, and so no part of the line.
    pub(super) fn promoted(&self, placed: Placed) -> &[Box<[u8]>] {
        &self.promoted[range(placed.promoted)]
    }
}

const fn range((from, to): (usize, usize)) -> Range<usize> {
    from..to
}
