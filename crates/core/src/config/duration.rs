//! Durations as Go writes them.

use std::time::Duration;

use super::scalar::Scalar;
use super::{Code, DecodeContext, EncodeContext, Node, Schema, Value};

/// The longest duration Go can hold, in nanoseconds: about 292 years.
const LONGEST: u64 = i64::MAX as u64;

/// Parses a duration such as `1m30s`, `1.5h`, `200ms` or `0`. Units: ns, us (or µs), ms, s, m,
/// h; several parts add up.
///
/// # Errors
///
/// A phrase that completes "is not a duration: …". A negative duration is an error.
/// Source: Go `time.ParseDuration`.
pub fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.strip_prefix('-').is_some_and(|digits| digits != "0") {
        return Err("it is negative");
    }
    if rest == "0" || rest == "-0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err("it is empty");
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (part, unparsed) = parse_part(rest)?;
        total = total
            .checked_add(part)
            .filter(|total| *total <= LONGEST)
            .ok_or("it is longer than 292 years")?;
        rest = unparsed;
    }
    Ok(Duration::from_nanos(total))
}

/// One number with its unit, in nanoseconds, and what follows it.
fn parse_part(text: &str) -> Result<(u64, &str), &'static str> {
    let whole_end = digits(text);
    let (whole, mut rest) = text.split_at(whole_end);
    let mut fraction = "";
    if let Some(after) = rest.strip_prefix('.') {
        let end = digits(after);
        (fraction, rest) = after.split_at(end);
    }
    if whole.is_empty() && fraction.is_empty() {
        return Err("a number is missing");
    }
    let unit_end = rest
        .find(|letter: char| letter == '.' || letter.is_ascii_digit())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_end);
    let scale: u64 = match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "" => return Err("the unit is missing"),
        _ => return Err("its unit is not ns, us, ms, s, m or h"),
    };
    let too_long = "it is longer than 292 years";
    let whole = if whole.is_empty() {
        0
    } else {
        whole.parse::<u64>().map_err(|_| too_long)?
    };
    let mut value = whole.checked_mul(scale).ok_or(too_long)?;
    // Nineteen digits are more than any unit can tell apart.
    let mut weight = u128::from(scale);
    let mut numerator: u128 = 0;
    let mut denominator: u128 = 1;
    for digit in fraction.bytes().take(19) {
        numerator = numerator * 10 + u128::from(digit - b'0');
        denominator *= 10;
    }
    weight = weight * numerator / denominator;
    value = u64::try_from(weight)
        .ok()
        .and_then(|part| value.checked_add(part))
        .ok_or(too_long)?;
    Ok((value, rest))
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Writes a duration as Go prints it: `1h0m0s`, `1m30s`, `1.5s`, `200ms`, `0s`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let mut text = String::new();
    let (unit, scale): (&str, u128) = match nanoseconds {
        0 => return "0s".to_owned(),
        1..1_000 => ("ns", 1),
        1_000..1_000_000 => ("\u{b5}s", 1_000),
        1_000_000..1_000_000_000 => ("ms", 1_000_000),
        _ => ("s", 1_000_000_000),
    };
    let mut whole = nanoseconds / scale;
    if unit == "s" {
        let (hours, minutes) = (whole / 3600, whole / 60 % 60);
        if hours > 0 {
            write_number(&mut text, hours, "h");
        }
        if hours > 0 || minutes > 0 {
            write_number(&mut text, minutes, "m");
        }
        whole %= 60;
    }
    write_number(&mut text, whole, "");
    let fraction = nanoseconds % scale;
    if fraction > 0 {
        let width = scale.ilog10() as usize;
        let digits = format!("{fraction:0width$}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text.push_str(unit);
    text
}

fn write_number(text: &mut String, number: u128, unit: &str) {
    text.push_str(&number.to_string());
    text.push_str(unit);
}

/// A Go duration string, or a number of nanoseconds; never negative.
/// A bare number below this many nanoseconds was hardly meant so: people forget the unit.
const SUSPICIOUS: u64 = 1_000_000;

impl Scalar for Duration {
    fn parse(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let nanoseconds = match node.value {
            Value::Int(value) => i128::from(value),
            Value::UInt(value) => i128::from(value),
            Value::Float(value) if value.is_finite() => value as i128,
            _ => return parse_text(node, cx),
        };
        match u64::try_from(nanoseconds)
            .ok()
            .filter(|value| *value <= LONGEST)
        {
            Some(value) => {
                if (1..SUSPICIOUS).contains(&value) {
                    let message = format!("a duration without unit is nanoseconds: {value}ns");
                    cx.warning(Code::QUESTIONABLE, &node.origin, message)
                        .help(format!("write `{value}s` or `{value}ms`"));
                }
                Some(Self::from_nanos(value))
            }
            None => {
                let reason = if nanoseconds < 0 {
                    "it is negative"
                } else {
                    "it is longer than 292 years"
                };
                invalid(node, cx, reason);
                None
            }
        }
    }

    fn write(&self, cx: EncodeContext) -> Node {
        if cx.durations_as_nanoseconds {
            return u64::try_from(self.as_nanos()).unwrap_or(u64::MAX).into();
        }
        format_duration(*self).into()
    }

    fn schema() -> Schema {
        Schema::Duration
    }

    fn zero() -> Option<Self> {
        Some(Self::ZERO)
    }
}

fn parse_text(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Duration> {
    let Some(text) = node.as_text() else {
        cx.wrong_type(node, "a duration");
        return None;
    };
    match parse_duration(text) {
        Ok(duration) => Some(duration),
        Err(reason) => {
            invalid(node, cx, reason);
            None
        }
    }
}

fn invalid(node: &Node, cx: &mut DecodeContext<'_>, reason: &str) {
    let message = format!("{} is not a duration: {reason}", cx.shown(node));
    cx.error(Code::INVALID_DURATION, &node.origin, message)
        .help("write a number with a unit, for example `200ms`, `5s` or `1m30s`");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("-0", 0),
            ("+5s", 5_000_000_000),
            ("200ms", 200_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("1us2\u{b5}s3\u{3bc}s", 6_000),
            ("0.1ns", 0),
            ("0.3333333333333333333h", 1_199_999_999_999),
            ("2562047h47m16.854775807s", i64::MAX as u64),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_nanos(nanoseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_what_go_refuses_and_what_is_negative() {
        for text in [
            "",
            "5",
            "s",
            ".s",
            "5 s",
            "5S",
            "1d",
            "-1s",
            "--1s",
            "1s-1s",
            "2562048h",
            "99999999999999999999s",
            "1e3s",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_what_go_writes() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1\u{b5}s"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (3_600_000_000_000, "1h0m0s"),
            (60_000_000_000, "1m0s"),
        ] {
            let duration = Duration::from_nanos(nanoseconds);
            assert_eq!(format_duration(duration), text);
            assert_eq!(parse_duration(text), Ok(duration));
        }
    }
}
