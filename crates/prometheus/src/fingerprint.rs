//! 128-bit fingerprints of byte strings, so that a series is recognised without keeping what it
//! was recognised by.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// A fingerprint. Two different byte strings have the same with a probability of 2^-128 each;
/// the seeds are random, so nobody outside can look for such a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint(u64, u64);

impl Fingerprint {
    /// A half of it, which is as random as the whole: for tables of hashes.
    #[inline]
    #[must_use]
    pub const fn hash(self) -> u64 {
        self.0
    }
}

/// Something by fingerprint, which needs no hashing of its own.
pub type FingerprintMap<V> = HashMap<Fingerprint, V, BuildHasherDefault<Identity>>;

impl std::hash::Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Takes the first half as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Random seeds.
#[derive(Debug, Clone, Copy)]
pub struct Seeds([u64; 4]);

impl Default for Seeds {
    fn default() -> Self {
        Self::random()
    }
}

impl Seeds {
    /// Seeds that nobody knows.
    #[must_use]
    pub fn random() -> Self {
        let state = RandomState::new();
        Self([1_u64, 2, 3, 4].map(|n| state.hash_one(n) | 1))
    }

    /// The fingerprint of nothing.
    #[must_use]
    pub const fn start(&self) -> Fingerprint {
        Fingerprint(self.0[0], self.0[1])
    }

    /// The fingerprint of `bytes`.
    #[inline]
    #[must_use]
    pub fn of(&self, bytes: &[u8]) -> Fingerprint {
        self.add(self.start(), bytes)
    }

    /// A hash of a number behind what was hashed before: half a fingerprint, for tables that compare
    /// what they find.
    #[inline]
    #[must_use]
    pub const fn mix(&self, so_far: u64, number: u64) -> u64 {
        fold(so_far ^ self.0[0], number ^ self.0[2])
    }

    /// The fingerprint of what `so_far` stands for, followed by `bytes` and their length.
    #[inline]
    #[must_use]
    pub fn add(&self, so_far: Fingerprint, bytes: &[u8]) -> Fingerprint {
        let Self([_, _, k1, k2]) = *self;
        let Fingerprint(mut a, mut b) = so_far;
        let (chunks, rest) = bytes.as_chunks::<16>();
        for chunk in chunks {
            let (x, y) = halves(chunk);
            (a, b) = (fold(a ^ x, k1 ^ y), fold(b ^ y, k2 ^ x));
        }
        let mut last = [0; 16];
        last[..rest.len()].copy_from_slice(rest);
        let (x, y) = halves(&last);
        (a, b) = (fold(a ^ x, k1 ^ y), fold(b ^ y, k2 ^ x));
        let length = bytes.len() as u64;
        Fingerprint(fold(a ^ length, k2), fold(b ^ length.rotate_left(32), k1))
    }
}

fn halves(chunk: &[u8; 16]) -> (u64, u64) {
    let both = u128::from_le_bytes(*chunk);
    (both as u64, (both >> 64) as u64)
}

/// Both halves of the product. A zero factor would forget the other one, so it is kept.
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    (product as u64) ^ ((product >> 64) as u64) ^ a.rotate_left(23)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_differs_anywhere_has_another_fingerprint() {
        let seeds = Seeds::random();
        let mut seen = HashSet::new();
        let mut bytes = vec![0_u8; 67];
        for length in 0..=bytes.len() {
            assert!(seen.insert(seeds.add(seeds.start(), &bytes[..length])));
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                assert!(seen.insert(seeds.add(seeds.start(), &bytes)));
                bytes[at] ^= 1 << bit;
            }
        }
    }

    #[test]
    fn the_boundaries_between_parts_count() {
        let seeds = Seeds::random();
        let two = |a: &str, b: &str| {
            let first = seeds.add(seeds.start(), a.as_bytes());
            seeds.add(first, b.as_bytes())
        };
        assert_ne!(two("ab", "c"), two("a", "bc"));
        assert_eq!(two("ab", "c"), two("ab", "c"));
    }
}
