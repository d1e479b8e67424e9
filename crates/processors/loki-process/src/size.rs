//! Sizes as Alloy writes them: `512`, `1KiB`, `1KB` (1024 bytes as well), `1.5MiB`.

use headwater_core::config::{DecodeContext, EncodeContext, Node, Scalar, Schema, Value};

/// A size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Size(pub(crate) u64);

impl Size {
    /// The size as a number of bytes in memory.
    pub(crate) fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked before"
    )]
    fn parse_str(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(text.len());
        let power = match text[end..].trim() {
            "" | "B" => 0,
            "KiB" | "KB" | "K" => 1,
            "MiB" | "MB" | "M" => 2,
            "GiB" | "GB" | "G" => 3,
            _ => return None,
        };
        let number: f64 = text[..end].parse().ok()?;
        let bytes = number * 1024_f64.powi(power);
        (0.0..9e18).contains(&bytes).then_some(Self(bytes as u64))
    }
}

impl Scalar for Size {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        if let Value::Int(bytes) = &node.value
            && let Ok(bytes) = u64::try_from(*bytes)
        {
            return Some(Self(bytes));
        }
        let Some(text) = node.as_text() else {
            cx.wrong_type(node, "a size such as `1MiB`");
            return None;
        };
        let size = Self::parse_str(text);
        if size.is_none() {
            cx.invalid_value(node, "a size", "")
                .help("write a number of bytes, or one with a unit such as `512KiB` or `1MB`");
        }
        size
    }

    fn write(&self, _: EncodeContext) -> Node {
        i64::try_from(self.0).unwrap_or(i64::MAX).into()
    }

    fn schema() -> Schema {
        Schema::String
    }

    fn zero() -> Option<Self> {
        Some(Self(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1024() {
        for (text, bytes) in [
            ("512", Some(512)),
            ("8KB", Some(8192)),
            ("1.5KiB", Some(1536)),
            ("2MiB", Some(2 << 20)),
            ("1 GB", Some(1 << 30)),
            ("1kb", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(Size::parse_str(text).map(|size| size.0), bytes, "{text}");
        }
    }
}
