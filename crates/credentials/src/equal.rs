//! Comparing secrets.

use subtle::ConstantTimeEq as _;

/// Whether two texts are the same. How long it takes tells their lengths, not where they differ.
#[must_use]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::equal;

    #[test]
    fn only_the_same_bytes_are_equal() {
        assert!(equal(b"", b"") && equal(b"open sesame", b"open sesame"));
        for other in [&b"open sesamf"[..], b"open", b"", b"Open sesame"] {
            assert!(!equal(b"open sesame", other));
        }
    }
}
