//! Which series a sample is likely to be of.

use crate::fingerprint::{Fingerprint, Seeds};

/// A guess at the key of the next sample: the key itself, or what it is recognised by.
pub trait Guess: Copy {
    /// How long the key is; 0 if there is no guess.
    fn length(&self) -> usize;

    /// Whether it is `key`, which has the right length.
    fn is(&self, key: &[u8]) -> bool;
}

impl Guess for &[u8] {
    #[inline]
    fn length(&self) -> usize {
        self.len()
    }

    #[inline]
    fn is(&self, key: &[u8]) -> bool {
        *self == key
    }
}

/// A key by length and fingerprint, for those who do not keep keys.
#[derive(Debug, Clone, Copy)]
pub struct FingerprintGuess<'a> {
    /// The length of the key; 0 for no guess.
    pub length: usize,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// What the fingerprint was made with.
    pub seeds: &'a Seeds,
}

impl Guess for FingerprintGuess<'_> {
    #[inline]
    fn length(&self) -> usize {
        self.length
    }

    #[inline]
    fn is(&self, key: &[u8]) -> bool {
        self.seeds.of(key) == self.fingerprint
    }
}
