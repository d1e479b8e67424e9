//! Durations such as `1m30s`. Source: `prometheus/common`, `model.Duration`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use headwater_core::config::{DecodeContext, EncodeContext, Node, Scalar, Schema};
use thiserror::Error;

use crate::text::plain_text;

/// A duration in Prometheus's syntax: whole numbers of `y` (365 days), `w`, `d`, `h`, `m`, `s` and
/// `ms`, in this order, each at most once; or `0`. Whole milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromDuration(Duration);

/// Text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseDurationError {
    /// Nothing at all.
    #[error("empty duration string")]
    Empty,
    /// Not of the form.
    #[error("not a valid duration string: {0:?}")]
    Invalid(String),
    /// With a unit that does not exist.
    #[error("unknown unit {unit:?} in duration {text:?}")]
    Unit {
        /// The unit.
        unit: String,
        /// The text.
        text: String,
    },
    /// More than 292 years.
    #[error("duration out of range")]
    OutOfRange,
}

/// Milliseconds, and whether a duration is written with the unit only if nothing is left over.
const UNITS: [(&str, u64, bool); 7] = [
    ("y", 365 * 24 * 3_600_000, true),
    ("w", 7 * 24 * 3_600_000, true),
    ("d", 24 * 3_600_000, false),
    ("h", 3_600_000, false),
    ("m", 60_000, false),
    ("s", 1000, false),
    ("ms", 1, false),
];
/// What fits into Go's nanoseconds.
const MOST_MILLISECONDS: u64 = i64::MAX as u64 / 1_000_000;

impl PromDuration {
    /// A number of seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Whether it is zero, which mostly means that it was not given.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl From<Duration> for PromDuration {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl FromStr for PromDuration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, ParseDurationError> {
        match text {
            "0" => return Ok(Self::default()),
            "" => return Err(ParseDurationError::Empty),
            _ => {}
        }
        let invalid = || ParseDurationError::Invalid(text.to_owned());
        let mut total = 0_u64;
        let mut units = UNITS.iter();
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, after) = rest.split_at(digits);
            let number: u64 = number.parse().map_err(|_| invalid())?;
            let letters = after.bytes().take_while(|byte| !byte.is_ascii_digit());
            let (unit, after) = after.split_at(letters.count());
            rest = after;
            if unit.is_empty() {
                return Err(invalid());
            }
            let known = |(known, ..): &&(&str, u64, bool)| *known == unit;
            let Some((_, scale, _)) = units.find(known) else {
                // It stands before one that is smaller, or twice.
                if UNITS.iter().any(|entry| known(&entry)) {
                    return Err(invalid());
                }
                return Err(ParseDurationError::Unit {
                    unit: unit.to_owned(),
                    text: text.to_owned(),
                });
            };
            total = number
                .checked_mul(*scale)
                .and_then(|more| total.checked_add(more))
                .filter(|total| *total <= MOST_MILLISECONDS)
                .ok_or(ParseDurationError::OutOfRange)?;
        }
        Ok(Self(Duration::from_millis(total)))
    }
}

/// As Prometheus writes it into `__scrape_interval__`.
impl fmt::Display for PromDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, scale, exact) in UNITS {
            if exact && !rest.is_multiple_of(scale) {
                continue;
            }
            let number = rest / scale;
            if number > 0 {
                write!(f, "{number}{unit}")?;
                rest -= number * scale;
            }
        }
        Ok(())
    }
}

impl Scalar for PromDuration {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let text = plain_text(node, cx)?;
        match text.parse() {
            Ok(duration) => Some(duration),
            Err(error) => {
                let diagnostic = cx.error(
                    headwater_core::config::Code::INVALID_DURATION,
                    &node.origin,
                    error.to_string(),
                );
                if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
                    diagnostic.help(format!("give it a unit: `{text}s`"));
                } else {
                    diagnostic.help("write whole numbers with units, as in `1m30s` or `500ms`");
                }
                None
            }
        }
    }

    fn write(&self, _: EncodeContext) -> Node {
        self.to_string().into()
    }

    fn schema() -> Schema {
        Schema::Duration
    }

    fn zero() -> Option<Self> {
        Some(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<u128, String> {
        text.parse::<PromDuration>()
            .map(|duration| duration.get().as_millis())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn units_come_in_order_and_once() {
        for (text, milliseconds) in [
            ("0", 0),
            ("0s", 0),
            ("1ms", 1),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            ("2d", 172_800_000),
            ("1w", 604_800_000),
            ("1y", 31_536_000_000),
            ("1h30m5ms", 5_400_005),
        ] {
            assert_eq!(parse(text), Ok(milliseconds), "{text}");
        }
        let long = "99999999999999999999s";
        for text in ["1", "s", "1s1m", "1m1m", "-1s", "1m2", long] {
            assert_eq!(
                parse(text),
                Err(format!("not a valid duration string: {text:?}"))
            );
        }
        for (text, unit) in [
            ("1.5h", "."),
            ("1 m", " m"),
            ("1M", "M"),
            ("1us", "us"),
            ("1µs", "µs"),
        ] {
            let expected = format!("unknown unit {unit:?} in duration {text:?}");
            assert_eq!(parse(text), Err(expected));
        }
        assert_eq!(parse(""), Err("empty duration string".to_owned()));
        assert_eq!(parse("300y"), Err("duration out of range".to_owned()));
    }

    #[test]
    fn durations_are_written_as_prometheus_does() {
        for text in [
            "0s", "1m", "1m30s", "15s", "500ms", "1w", "1y", "1d1h", "8d",
        ] {
            let duration: PromDuration = text.parse().unwrap();
            assert_eq!(duration.to_string(), text);
        }
        let duration: PromDuration = "60s".parse().unwrap();
        assert_eq!(duration.to_string(), "1m");
    }
}
