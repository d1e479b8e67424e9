//! Names of labels.

/// Whether a name is one that Prometheus's data model allows: letters, digits and underscores,
/// no digit first.
pub(crate) fn is_legacy(name: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let bytes = name.as_bytes();
    bytes.first().copied().is_some_and(first)
        && bytes
            .iter()
            .all(|byte| first(*byte) || byte.is_ascii_digit())
}

/// The name with an underscore for everything that [`is_legacy`] does not allow.
pub(crate) fn sanitize(name: &str) -> String {
    if name.is_empty() {
        return "_".to_owned();
    }
    name.char_indices()
        .map(|(at, c)| {
            let fine = c.is_ascii_alphabetic() || c == '_' || (c.is_ascii_digit() && at > 0);
            if fine { c } else { '_' }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_valid() {
        assert!(is_legacy("_a1") && !is_legacy("1a") && !is_legacy("") && !is_legacy("a-b"));
        assert_eq!(sanitize("1 a-b\u{e4}"), "__a_b_");
        assert_eq!(sanitize(""), "_");
    }
}
