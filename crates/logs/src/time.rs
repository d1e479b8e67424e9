//! Times in log lines: layouts, epochs, time zones.

mod format;
mod layout;
mod parse;
mod zone;

pub use layout::{Layout, LayoutError};
pub use zone::{Zone, ZoneError};

use headwater_core::calendar::{days_from_civil, days_in_month};

use crate::operator::Failure;
use crate::{Entry, Field, Value};

/// Nanoseconds in a second.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// The present, in nanoseconds since 1970 by the wall clock.
#[must_use]
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

/// How the time stands in the field.
#[derive(Debug)]
pub(crate) enum TimeFormat {
    /// By a layout, in a zone unless the text names one.
    Layout(Layout, Zone),
    /// Units since 1970: how many nanoseconds one is.
    Epoch(i64),
    /// Seconds, a dot, and units: how many nanoseconds one is.
    EpochParts(i64),
}

/// Finds the time in a field.
#[derive(Debug)]
pub(crate) struct TimeParser {
    pub(crate) parse_from: Field,
    pub(crate) format: TimeFormat,
}

impl TimeParser {
    pub(crate) fn apply(&self, entry: &mut Entry<'_>) -> Result<(), Failure> {
        let value = self.parse_from.get(entry).ok_or(Failure::new(
            "log entry does not have the expected parse_from field",
        ))?;
        entry.timestamp = Some(self.format.parse(value, entry.observed)?);
        Ok(())
    }
}

impl TimeFormat {
    /// The time a value stands for; `now` fills in a missing year.
    pub(crate) fn parse(&self, value: &Value<'_>, now: i64) -> Result<i64, Failure> {
        match self {
            Self::Layout(layout, zone) => {
                let text = value.text().ok_or_else(|| wrong_type(value))?;
                layout.parse(text, zone, now)
            }
            Self::Epoch(unit) => {
                let units = match value {
                    Value::Int(units) => *units,
                    Value::Float(units) => *units as i64,
                    _ => {
                        let text = value.text().ok_or_else(|| wrong_type(value))?;
                        text.parse().map_err(|_| invalid(text))?
                    }
                };
                units
                    .checked_mul(*unit)
                    .ok_or_else(|| invalid(&units.to_string()))
            }
            Self::EpochParts(unit) => {
                let text = match value {
                    Value::Int(seconds) => format!("{seconds}.0"),
                    Value::Float(seconds) => {
                        let digits = match *unit {
                            1_000_000 => 3,
                            1_000 => 6,
                            _ => 9,
                        };
                        format!("{seconds:.digits$}")
                    }
                    _ => value.text().ok_or_else(|| wrong_type(value))?.to_owned(),
                };
                let time = text.split_once('.').and_then(|(seconds, units)| {
                    let seconds: i64 = seconds.parse().ok()?;
                    let units: i64 = units.parse().ok()?;
                    seconds
                        .checked_mul(SECOND)?
                        .checked_add(units.checked_mul(*unit)?)
                });
                time.ok_or_else(|| invalid(&text))
            }
        }
    }
}

fn wrong_type(value: &Value<'_>) -> Failure {
    Failure::from(format!("type {} cannot be parsed as a time", value.kind()))
}

fn invalid(text: &str) -> Failure {
    Failure::from(format!("invalid value {text:?} for the layout"))
}

/// Reads an RFC 3339 time such as `2026-01-02T03:04:05.123456789Z` or with `+02:00`.
///
/// The seconds of a line of a container runtime; no layout is needed and nothing is allocated.
#[must_use]
pub fn rfc3339(text: &[u8]) -> Option<i64> {
    let two = |at: usize| -> Option<u32> {
        let (tens, ones) = (*text.get(at)?, *text.get(at + 1)?);
        (tens.is_ascii_digit() && ones.is_ascii_digit())
            .then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
    };
    let literal = |at: usize, byte: u8| (text.get(at) == Some(&byte)).then_some(());
    let year = i64::from(two(0)? * 100 + two(2)?);
    literal(4, b'-')?;
    let month = two(5)?;
    literal(7, b'-')?;
    let day = two(8)?;
    literal(10, b'T')?;
    let hour = two(11)?;
    literal(13, b':')?;
    let minute = two(14)?;
    literal(16, b':')?;
    let second = two(17)?;
    if !(1..=12).contains(&month)
        || !(1..=days_in_month(year, month)).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let mut at = 19;
    let mut nanos = 0_i64;
    if let Some(b'.' | b',') = text.get(at) {
        at += 1;
        let mut scale = 100_000_000;
        let begin = at;
        while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
            nanos += i64::from(digit - b'0') * scale;
            scale /= 10;
            at += 1;
        }
        if at == begin {
            return None;
        }
    }
    let offset = match text.get(at)? {
        b'Z' => {
            at += 1;
            0
        }
        sign @ (b'+' | b'-') => {
            let (hours, minutes) = (i64::from(two(at + 1)?), i64::from(two(at + 4)?));
            literal(at + 3, b':')?;
            at += 6;
            if hours > 24 || minutes > 59 {
                return None;
            }
            let offset = hours * 3600 + minutes * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    if at != text.len() {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let seconds = days * 86_400 + i64::from(hour * 3600 + minute * 60 + second) - offset;
    seconds.checked_mul(SECOND)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_times_of_container_runtimes_are_read() {
        assert_eq!(rfc3339(b"1970-01-01T00:00:01.5Z"), Some(1_500_000_000));
        assert_eq!(
            rfc3339(b"2026-11-21T06:12:00.123456789+02:00"),
            rfc3339(b"2026-11-21T04:12:00.123456789Z")
        );
        for text in [
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00Zx",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00.Z",
        ] {
            assert_eq!(rfc3339(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn epochs_come_as_numbers_or_text_with_or_without_parts() {
        let parse = |format: &TimeFormat, value: Value<'_>| format.parse(&value, 0);
        let seconds = TimeFormat::Epoch(SECOND);
        assert_eq!(parse(&seconds, Value::Int(3)), Ok(3 * SECOND));
        assert_eq!(parse(&seconds, Value::Float(3.9)), Ok(3 * SECOND));
        assert_eq!(parse(&seconds, "3".into()), Ok(3 * SECOND));
        assert!(parse(&seconds, "3.5".into()).is_err());
        assert!(parse(&seconds, Value::Int(i64::MAX)).is_err());
        let millis = TimeFormat::EpochParts(1_000_000);
        assert_eq!(parse(&millis, "3.250".into()), Ok(3_250_000_000));
        assert_eq!(parse(&millis, Value::Float(3.25)), Ok(3_250_000_000));
        assert_eq!(parse(&millis, Value::Int(3)), Ok(3 * SECOND));
        assert!(parse(&millis, "3".into()).is_err());
    }
}
