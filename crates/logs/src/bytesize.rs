//! Sizes in bytes, as in `1MiB` or `1048576`.

use headwater_core::config::{DecodeContext, EncodeContext, Node, Scalar, Schema, Value};

/// A size in bytes. `k`, `m`, `g`, `t`, `p` are powers of 1000, `ki`, `mi`, … of 1024; a `b`
/// behind them changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByteSize(pub i64);

impl ByteSize {
    fn parse_str(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')))
            .unwrap_or(text.len());
        let unit = text[end..].trim().to_ascii_lowercase();
        let unit = unit.strip_suffix('b').unwrap_or(&unit);
        let (unit, base) = match unit.strip_suffix('i') {
            Some(unit) if !unit.is_empty() => (unit, 1024.0_f64),
            Some(_) => return None,
            None => (unit, 1000.0),
        };
        let power = match unit {
            "" => 0,
            "k" => 1,
            "m" => 2,
            "g" => 3,
            "t" => 4,
            "p" => 5,
            _ => return None,
        };
        let number: f64 = text[..end].parse().ok()?;
        Some(Self((number * base.powi(power)) as i64))
    }

    /// The size as a number of bytes in memory; negative ones are 0.
    #[must_use]
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(0)
    }
}

impl Scalar for ByteSize {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        match &node.value {
            Value::Int(bytes) => return Some(Self(*bytes)),
            Value::Float(bytes) => return Some(Self(*bytes as i64)),
            _ => {}
        }
        let Some(text) = node.as_text() else {
            cx.wrong_type(node, "a size such as `1MiB`");
            return None;
        };
        let size = Self::parse_str(text);
        if size.is_none() {
            cx.invalid_value(node, "a size", "")
                .help("write a number of bytes, or one with a unit such as `512KiB` or `1mb`");
        }
        size
    }

    fn write(&self, _: EncodeContext) -> Node {
        self.0.into()
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
    fn units_are_powers_of_1000_or_1024_in_any_case() {
        let size = |text| ByteSize::parse_str(text).map(|size| size.0);
        assert_eq!(size("1kb"), Some(1000));
        assert_eq!(size("16KiB"), Some(16_384));
        assert_eq!(size("1.5Mi"), Some(1_572_864));
        assert_eq!(size("12"), Some(12));
        assert_eq!(size("2 gb"), Some(2_000_000_000));
        for text in ["", "x", "1xb", "ib", "1 i"] {
            assert_eq!(size(text), None, "{text}");
        }
    }
}
