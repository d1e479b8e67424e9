//! Sizes such as `10MB`. Source: `alecthomas/units`, `Base2Bytes`.

use std::fmt;
use std::str::FromStr;

use headwater_core::config::{Code, DecodeContext, EncodeContext, Node, Scalar, Schema};

use crate::text::plain_text;

/// A number of bytes. All units are powers of 1024: `10MB` is `10MiB`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

const UNITS: [(&str, u32); 13] = [
    ("B", 0),
    ("KiB", 1),
    ("KB", 1),
    ("MiB", 2),
    ("MB", 2),
    ("GiB", 3),
    ("GB", 3),
    ("TiB", 4),
    ("TB", 4),
    ("PiB", 5),
    ("PB", 5),
    ("EiB", 6),
    ("EB", 6),
];

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("units: invalid {text}");
        let mut rest = text.strip_prefix('+').unwrap_or(text);
        match rest {
            "0" => return Ok(Self(0)),
            "" => return Err(invalid()),
            _ => {}
        }
        let mut total = 0.0;
        while !rest.is_empty() {
            let digits = rest
                .bytes()
                .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
                .count();
            let (number, after) = rest.split_at(digits);
            let number: f64 = number.parse().map_err(|_| invalid())?;
            let letters = after
                .bytes()
                .take_while(|byte| !byte.is_ascii_digit() && *byte != b'.')
                .count();
            let (unit, after) = after.split_at(letters);
            if unit.is_empty() {
                return Err(format!("units: missing unit in {text}"));
            }
            let (_, power) = UNITS
                .iter()
                .find(|(known, _)| *known == unit)
                .ok_or_else(|| format!("units: unknown unit {unit} in {text}"))?;
            total += number * 1024_f64.powi(i32::try_from(*power).unwrap_or(0));
            rest = after;
        }
        if total < i64::MAX as f64 {
            Ok(Self(total as u64))
        } else {
            Err(invalid())
        }
    }
}

/// In the largest unit that divides it.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut number, mut power) = (self.0, 0);
        while number > 0 && number.is_multiple_of(1024) && power < 6 {
            number /= 1024;
            power += 1;
        }
        let unit = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][power];
        write!(f, "{number}{unit}")
    }
}

impl Scalar for ByteSize {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let text = plain_text(node, cx)?;
        match text.parse() {
            Ok(size) => Some(size),
            Err(reason) => {
                cx.error(Code::INVALID_VALUE, &node.origin, reason)
                    .help("write a number with a unit, as in `10MB` or `512KiB`");
                None
            }
        }
    }

    fn write(&self, _: EncodeContext) -> Node {
        match self.0 {
            0 => 0_u64.into(),
            _ => self.to_string().into(),
        }
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
            ("0", 0),
            ("10B", 10),
            ("1KB", 1024),
            ("1KiB", 1024),
            ("10MB", 10 << 20),
            ("1.5MiB", 3 << 19),
            ("1GB512MB", 1536 << 20),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        assert_eq!(ByteSize(10 << 20).to_string(), "10MiB");
        assert_eq!(ByteSize(1000).to_string(), "1000B");
    }

    #[test]
    fn a_size_without_unit_is_refused() {
        for text in ["10", "10mb", "MB", "-1MB", "1e3B", "99999999EB", ""] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
