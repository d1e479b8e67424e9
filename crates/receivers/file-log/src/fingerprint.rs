//! How a file is known again: by its beginning, and by what stands before the position.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// How many bytes before the position are looked at.
pub(crate) const TAIL: usize = 256;

type Hash = [u8; 16];

fn hash(bytes: &[u8]) -> Hash {
    let mut short = [0; 16];
    short.copy_from_slice(&Sha256::digest(bytes)[..16]);
    short
}

fn put_hex(f: &mut fmt::Formatter<'_>, hash: &Hash) -> fmt::Result {
    hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn read_hex(text: &str) -> Option<Hash> {
    u128::from_str_radix(text, 16)
        .ok()
        .filter(|_| text.len() == 32)
        .map(u128::to_be_bytes)
}

/// The first bytes of a file: how many, and their hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub(crate) struct Fingerprint {
    length: u32,
    hash: Hash,
}

impl Fingerprint {
    /// The fingerprint of a file that begins so.
    pub(crate) fn of(head: &[u8]) -> Self {
        Self {
            length: head.len() as u32,
            hash: hash(head),
        }
    }

    /// How many bytes it stands for.
    pub(crate) const fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether a file that begins with `head` begins as this says.
    pub(crate) fn matches(&self, head: &[u8]) -> bool {
        head.get(..self.len())
            .is_some_and(|head| hash(head) == self.hash)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.length)?;
        put_hex(f, &self.hash)
    }
}

impl FromStr for Fingerprint {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (length, hash) = text.split_once(':').ok_or(())?;
        Ok(Self {
            length: length.parse().map_err(|_| ())?,
            hash: read_hex(hash).ok_or(())?,
        })
    }
}

/// The last bytes before a position and their hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Signature {
    at: u64,
    hash: Hash,
}

impl Signature {
    /// The signature of the position `at`, before which `tail` stands: at most [`TAIL`] bytes.
    pub(crate) fn of(at: u64, tail: &[u8]) -> Self {
        Self {
            at,
            hash: hash(tail),
        }
    }

    /// The position.
    pub(crate) const fn at(&self) -> u64 {
        self.at
    }

    /// Where the bytes begin that it stands for.
    pub(crate) const fn begin(&self) -> u64 {
        self.at.saturating_sub(TAIL as u64)
    }

    /// Whether `tail` is what stood there.
    pub(crate) fn matches(&self, tail: &[u8]) -> bool {
        hash(tail) == self.hash
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.at)?;
        put_hex(f, &self.hash)
    }
}

impl FromStr for Signature {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, hash) = text.split_once(':').ok_or(())?;
        Ok(Self {
            at: at.parse().map_err(|_| ())?,
            hash: read_hex(hash).ok_or(())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_has_grown_still_begins_the_same() {
        let print = Fingerprint::of(b"begin");
        assert!(print.matches(b"begins here"));
        assert!(!print.matches(b"beg") && !print.matches(b"other"));
        assert_eq!(print.to_string().parse(), Ok(print));
        let signature = Signature::of(300, b"tail");
        assert_eq!(signature.to_string().parse(), Ok(signature));
        assert_eq!((signature.begin(), Signature::of(5, b"").begin()), (44, 0));
        assert!("5:xx".parse::<Fingerprint>().is_err());
    }
}
