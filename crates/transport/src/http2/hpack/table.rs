//! The static and the dynamic table. Source: RFC 7541, section 2.3 and appendix A.

use std::collections::VecDeque;

/// Names and values that both sides know. Index 1 is the first.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

/// What an entry counts besides its bytes.
const OVERHEAD: usize = 32;

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Where its name begins, counted from the first byte there ever was.
    start: u64,
    name: usize,
    value: usize,
}

impl Entry {
    const fn size(self) -> usize {
        self.name + self.value + OVERHEAD
    }
}

/// A dynamic table in front of which stands the static one.
///
/// The bytes of all entries lie in one buffer that grows at the end and is cut off in front now
/// and then, so an entry costs no allocation of its own.
#[derive(Debug)]
pub(super) struct Table {
    bytes: Vec<u8>,
    /// How many bytes have been cut off.
    base: u64,
    /// The newest first.
    entries: VecDeque<Entry>,
    size: usize,
    max: usize,
    inserted: u64,
}

/// What a header was found as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Field(usize),
    Name(usize),
    Nothing,
}

impl Table {
    pub(super) fn new(max: usize) -> Self {
        let (bytes, entries) = (Vec::new(), VecDeque::new());
        Self {
            bytes,
            base: 0,
            entries,
            size: 0,
            max,
            inserted: 0,
        }
    }

    /// How many entries there have ever been: what was encoded before holds as long as this
    /// does.
    pub(super) const fn inserted(&self) -> u64 {
        self.inserted
    }

    /// The largest size in bytes.
    pub(super) const fn max(&self) -> usize {
        self.max
    }

    /// Name and value at `index`, from 1 on.
    pub(super) fn get(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let index = index.checked_sub(1)?;
        if let Some((name, value)) = STATIC.get(index) {
            return Some((name.as_bytes(), value.as_bytes()));
        }
        let entry = self.entries.get(index - STATIC.len())?;
        let (name, rest) = self.bytes[self.position(entry.start)..].split_at(entry.name);
        Some((name, &rest[..entry.value]))
    }

    /// Where in `bytes` a byte is.
    const fn position(&self, start: u64) -> usize {
        (start - self.base) as usize
    }

    /// Where the next byte will be.
    const fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// Inserts a header; one that is larger than the table empties it.
    pub(super) fn insert(&mut self, name: &[u8], value: &[u8]) {
        let entry = Entry {
            start: self.end(),
            name: name.len(),
            value: value.len(),
        };
        self.inserted += 1;
        if entry.size() > self.max {
            self.evict(0);
            return;
        }
        self.evict(self.max - entry.size());
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.size += entry.size();
        self.entries.push_front(entry);
    }

    /// Changes the largest size.
    pub(super) fn resize(&mut self, max: usize) {
        self.max = max;
        self.evict(max);
        self.inserted += 1;
    }

    fn evict(&mut self, most: usize) {
        while self.size > most {
            let Some(entry) = self.entries.pop_back() else {
                break;
            };
            self.size -= entry.size();
        }
        let start = self
            .entries
            .back()
            .map_or_else(|| self.end(), |entry| entry.start);
        let unused = self.position(start);
        // Twice the table at most.
        if unused > self.max || unused == self.bytes.len() {
            self.bytes.drain(..unused);
            self.base = start;
        }
    }

    /// Looks a header up.
    pub(super) fn find(&self, name: &[u8], value: &[u8]) -> Found {
        let mut found = Found::Nothing;
        let dynamic = (STATIC.len() + 1..=STATIC.len() + self.entries.len())
            .filter_map(|index| self.get(index).map(|(name, value)| (index, name, value)));
        let fixed = STATIC
            .iter()
            .zip(1..)
            .map(|((n, v), i)| (i, n.as_bytes(), v.as_bytes()));
        for (index, known, known_value) in fixed.chain(dynamic) {
            if known == name {
                if known_value == value {
                    return Found::Field(index);
                }
                if found == Found::Nothing {
                    found = Found::Name(index);
                }
            }
        }
        found
    }
}
