//! Times as Loki writes them.

use headwater_core::calendar::{days_from_civil, days_in_month};

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// Nanoseconds since 1970 of an RFC 3339 time that `text` begins with.
#[must_use]
pub fn parse_time(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let bytes = text.as_bytes();
    let separated = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if !separated
        .iter()
        .all(|(at, byte)| bytes.get(*at) == Some(byte))
    {
        return None;
    }
    if !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let (year, month) = (number(0, 4)?, u32::try_from(number(5, 7)?).ok()?);
    let day = u32::try_from(number(8, 10)?).ok()?;
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let clock = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let mut rest = text.get(19..)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction
            .bytes()
            .take_while(|b| b.is_ascii_digit())
            .count()
            .min(18);
        let mut scale = SECOND;
        for digit in fraction.bytes().take(digits) {
            scale /= 10;
            nanos += i64::from(digit - b'0') * scale;
        }
        rest = &fraction[digits..];
    }
    let offset = match rest.as_bytes() {
        [b'Z' | b'z', ..] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2, ..] => {
            let digit = |b: &u8| b.is_ascii_digit().then(|| i64::from(b - b'0'));
            let minutes = (digit(h1)? * 10 + digit(h2)?) * 60 + digit(m1)? * 10 + digit(m2)?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = days * 86_400 + clock - offset * 60;
    seconds.checked_mul(SECOND)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_fractions_and_zones() {
        for (text, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T01:00:00.5+01:00", SECOND / 2),
            (
                "2023-11-14T22:13:20.123456789Z, more",
                1_700_000_000_123_456_789,
            ),
            ("1969-12-31T23:59:59-00:30", 1_799 * SECOND),
        ] {
            assert_eq!(parse_time(text), Some(nanos), "{text}");
        }
        for text in [
            "",
            "2023-13-01T00:00:00Z",
            "2023-02-30T00:00:00Z",
            "2023-01-01T00:00:00",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(parse_time("2023-01-01T00:00:0äZ"), None);
    }
}
