//! From bytes to text.

use std::borrow::Cow;

use encoding_rs::Encoding as Charset;
use headwater_core::config::{DecodeContext, EncodeContext, Node, Scalar, Schema};

use crate::Value;

/// How text is encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Bytes as they are, not taken apart.
    Nop,
    /// UTF-8; what is not, becomes U+FFFD.
    Utf8,
    /// UTF-8; a line that is not stays bytes.
    Utf8Raw,
    /// UTF-16 with that order of bytes.
    Utf16 { big: bool },
    /// Anything else.
    Other(&'static Charset),
}

impl Default for Encoding {
    fn default() -> Self {
        Self {
            name: "utf-8".to_owned(),
            kind: Kind::Utf8,
        }
    }
}

impl Encoding {
    /// The encoding of that name: an IANA name, or one of the Collector's own such as `nop`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let kind = match lower.as_str() {
            "nop" => Kind::Nop,
            "" | "utf-8" | "utf8" | "ascii" | "us-ascii" => Kind::Utf8,
            "utf-8-raw" | "utf8-raw" => Kind::Utf8Raw,
            "utf-16" | "utf16" | "utf-16le" | "utf16le" | "utf16-le" => Kind::Utf16 { big: false },
            "utf-16be" | "utf16be" | "utf16-be" => Kind::Utf16 { big: true },
            other => Kind::Other(Charset::for_label(other.as_bytes())?),
        };
        Some(Self {
            name: name.to_owned(),
            kind,
        })
    }

    /// Whether it is bytes and no text.
    #[must_use]
    pub fn is_nop(&self) -> bool {
        self.kind == Kind::Nop
    }

    /// How many bytes the line feed has.
    #[must_use]
    pub fn unit(&self) -> usize {
        match self.kind {
            Kind::Utf16 { .. } => 2,
            _ => 1,
        }
    }

    /// Whether the first byte of each unit is the high one.
    #[must_use]
    pub fn is_big_endian(&self) -> bool {
        self.kind == Kind::Utf16 { big: true }
    }

    /// Whether a long line may only be cut between characters of UTF-8.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        matches!(self.kind, Kind::Utf8 | Kind::Utf8Raw)
    }

    /// The body of an entry. Text that needs no change stays a slice of the buffer.
    #[must_use]
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Value<'a> {
        match self.kind {
            Kind::Nop => Value::Bytes(Cow::Borrowed(bytes)),
            // Checking first is much faster than the lossy way where nothing is lost.
            Kind::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => Value::Str(String::from_utf8_lossy(bytes)),
            },
            Kind::Utf8Raw => match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => Value::Bytes(Cow::Borrowed(bytes)),
            },
            Kind::Utf16 { big } => {
                let charset = if big {
                    encoding_rs::UTF_16BE
                } else {
                    encoding_rs::UTF_16LE
                };
                Value::Str(charset.decode_with_bom_removal(bytes).0)
            }
            Kind::Other(charset) => Value::Str(charset.decode_without_bom_handling(bytes).0),
        }
    }
}

impl Scalar for Encoding {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let Some(name) = node.as_text() else {
            cx.wrong_type(node, "the name of an encoding");
            return None;
        };
        let encoding = Self::named(name);
        if encoding.is_none() {
            let message = format!("unsupported encoding '{}'", name.escape_debug());
            cx.error(
                headwater_core::config::Code::REFUSED_VALUE,
                &node.origin,
                message,
            )
            .help("write `utf-8`, `utf-16le`, `utf-16be`, `nop` or a name such as `gbk`");
        }
        encoding
    }

    fn write(&self, _: EncodeContext) -> Node {
        self.name.as_str().into()
    }

    fn schema() -> Schema {
        Schema::String
    }

    fn zero() -> Option<Self> {
        Some(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(name: &str, bytes: &[u8]) -> Value<'static> {
        Encoding::named(name).unwrap().decode(bytes).into_owned()
    }

    #[test]
    fn names_of_both_registries_decode_to_text() {
        assert_eq!(decode("gbk", b"\xc4\xe3"), "你".into());
        assert_eq!(decode("big5", b"\xa7A"), "你".into());
        assert_eq!(decode("Shift_JIS", b"\x82\xa0"), "あ".into());
        assert_eq!(decode("iso-8859-1", b"\xe9"), "é".into());
        assert_eq!(decode("utf-16le", b"\xff\xfea\0\xe9\0"), "aé".into());
        assert_eq!(decode("utf-16be", b"\0a\0\xe9"), "aé".into());
        assert_eq!(decode("utf-8", b"a\xffb"), "a\u{fffd}b".into());
        assert_eq!(
            decode("utf-8-raw", b"a\xffb"),
            Value::Bytes(b"a\xffb".to_vec().into())
        );
        assert!(Encoding::named("klingon").is_none());
    }
}
