//! Basic authentication. Source: RFC 7617; Go `net/http`, parseBasicAuth.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Why an `Authorization` header is none of basic authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BasicError {
    /// It is of another scheme.
    #[error("invalid authorization scheme prefix")]
    Scheme,
    /// What follows the scheme is not `user:password` in base64.
    #[error("invalid authorization format")]
    Format,
}

/// The value of `Authorization` for a user, whose name may not contain a colon, and a password.
#[must_use]
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// What an `Authorization` header says: user, password and both as they were sent.
///
/// # Errors
/// [`BasicError`], with the words of the Collector.
pub fn parse_basic(header: &[u8]) -> Result<(String, String, &str), BasicError> {
    const PREFIX: &[u8] = b"Basic ";
    let (scheme, encoded) = header
        .split_at_checked(PREFIX.len())
        .ok_or(BasicError::Scheme)?;
    if !scheme.eq_ignore_ascii_case(PREFIX) {
        return Err(BasicError::Scheme);
    }
    let encoded = std::str::from_utf8(encoded).map_err(|_| BasicError::Format)?;
    let decoded = STANDARD.decode(encoded).map_err(|_| BasicError::Format)?;
    let decoded = String::from_utf8(decoded).map_err(|_| BasicError::Format)?;
    let (user, password) = decoded.split_once(':').ok_or(BasicError::Format)?;
    Ok((user.to_owned(), password.to_owned(), encoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for (user, password) in [("ali", "open sesame"), ("", ""), ("ü", "a:b:ñ")] {
            let header = basic(user, password);
            let (read, secret, raw) = parse_basic(header.as_bytes()).unwrap();
            assert_eq!((&*read, &*secret), (user, password));
            assert_eq!(header, format!("Basic {raw}"));
        }
        assert!(parse_basic(b"bAsIc YTpi").is_ok());
    }

    #[test]
    fn other_schemes_and_other_texts_are_told_apart() {
        for header in [&b""[..], b"Bearer token", b"Basic"] {
            assert_eq!(parse_basic(header), Err(BasicError::Scheme));
        }
        // No base64, no colon, no text.
        for header in [&b"Basic invalid"[..], b"Basic aW52YWxpZAo=", b"Basic /w=="] {
            assert_eq!(parse_basic(header), Err(BasicError::Format));
        }
    }
}
