//! Names for instances that have none.

use std::hash::{BuildHasher, RandomState};

/// A random UUID, version 4. The standard library seeds its hash keys from the system; that is
/// random enough for a name, which is all this is.
#[must_use]
pub fn random() -> String {
    let keys = RandomState::new();
    let (high, low) = (keys.hash_one(0_u8), keys.hash_one(1_u8));
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_random_uuids() {
        let (one, other) = (random(), random());
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        assert_eq!(&one[14..15], "4");
        assert!("89ab".contains(&one[19..20]));
    }
}
