//! Reading a time by a layout, with Go's rules.

use super::layout::{FractionForm, Item, Layout};
use headwater_core::calendar::{civil_from_days, days_from_civil, days_in_month};

use super::{SECOND, Zone};
use crate::operator::Failure;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// How far in the future a time without a year may be before it is taken for last year's.
const AHEAD: i64 = 7 * 86_400 * SECOND;

#[derive(Default)]
struct Parts<'t> {
    year: Option<i64>,
    month: Option<u32>,
    day: Option<u32>,
    year_day: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: i64,
    afternoon: Option<bool>,
    offset: Option<i64>,
    zone: Option<&'t str>,
}

pub(super) fn parse(layout: &Layout, text: &str, zone: &Zone, now: i64) -> Result<i64, Failure> {
    let mut parts = Parts::default();
    let mut rest = text;
    let items = layout.items();
    for (index, item) in items.iter().enumerate() {
        let next = items.get(index + 1);
        rest = read(item, next, rest, &mut parts).ok_or_else(|| {
            Failure::from(format!("parsing time {text:?}: cannot parse {rest:?}"))
        })?;
    }
    if !rest.is_empty() {
        return Err(Failure::from(format!(
            "parsing time {text:?}: extra text: {rest:?}"
        )));
    }
    resolve(&parts, zone, now)
        .ok_or_else(|| Failure::from(format!("parsing time {text:?}: out of range")))
}

/// Reads one item and returns what is left.
fn read<'t>(
    item: &Item,
    next: Option<&Item>,
    rest: &'t str,
    parts: &mut Parts<'t>,
) -> Option<&'t str> {
    let bytes = rest.as_bytes();
    match item {
        Item::Literal(literal) => read_literal(literal, rest),
        Item::LongYear => {
            let (year, rest) = digits(rest, 4, 4)?;
            parts.year = Some(i64::from(year));
            Some(rest)
        }
        Item::Year => {
            let (year, rest) = digits(rest, 2, 2)?;
            let year = i64::from(year);
            parts.year = Some(if year >= 69 { 1900 + year } else { 2000 + year });
            Some(rest)
        }
        Item::LongMonth | Item::Month => {
            let (index, rest) = word(rest, &MONTHS, *item == Item::Month)?;
            parts.month = Some(index as u32 + 1);
            Some(rest)
        }
        Item::LongWeekDay | Item::WeekDay => {
            word(rest, &DAYS, *item == Item::WeekDay).map(|(_, rest)| rest)
        }
        Item::NumMonth { two } => {
            let (month, rest) = digits(rest, 1 + usize::from(*two), 2)?;
            parts.month = Some(month);
            (1..=12).contains(&month).then_some(rest)
        }
        Item::Day { two, padded } => {
            let rest = match padded {
                true => rest.strip_prefix(' ').unwrap_or(rest),
                false => rest,
            };
            let (day, rest) = digits(rest, 1 + usize::from(*two), 2)?;
            parts.day = Some(day);
            Some(rest)
        }
        Item::YearDay => {
            let (day, rest) = digits(rest, 3, 3)?;
            parts.year_day = Some(day);
            Some(rest)
        }
        Item::Hour => {
            let (hour, rest) = digits(rest, 2, 2)?;
            parts.hour = hour;
            (hour < 24).then_some(rest)
        }
        Item::Hour12 { two } => {
            let (hour, rest) = digits(rest, 1 + usize::from(*two), 2)?;
            parts.hour = hour;
            (hour <= 12).then_some(rest)
        }
        Item::Minute { two } => {
            let (minute, rest) = digits(rest, 1 + usize::from(*two), 2)?;
            parts.minute = minute;
            (minute < 60).then_some(rest)
        }
        Item::Second { two } => {
            let (second, rest) = digits(rest, 1 + usize::from(*two), 2)?;
            parts.second = second;
            let fraction = matches!(next, Some(Item::Fraction(_) | Item::FixedFraction(_)));
            let rest = if fraction {
                rest
            } else {
                read_fraction(rest, parts)
            };
            (second < 60).then_some(rest)
        }
        Item::Fraction(_) => Some(read_fraction(rest, parts)),
        Item::FixedFraction(FractionForm { digits: count, .. }) => {
            let digits = rest.get(1..=*count)?;
            if !matches!(bytes[0], b'.' | b',') || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            parts.nanos = nanos(digits);
            Some(&rest[1 + count..])
        }
        Item::Noon { upper } => {
            let (am, pm) = if *upper { ("AM", "PM") } else { ("am", "pm") };
            let afternoon = match rest.get(..2)? {
                half if half == am => false,
                half if half == pm => true,
                _ => return None,
            };
            parts.afternoon = Some(afternoon);
            Some(&rest[2..])
        }
        Item::ZoneName => read_zone_name(rest, parts),
        Item::Offset {
            zulu,
            colon,
            parts: count,
        } => {
            if *zulu && bytes.first() == Some(&b'Z') {
                parts.offset = Some(0);
                return Some(&rest[1..]);
            }
            read_offset(rest, *colon, *count, parts)
        }
    }
}

/// Spaces stand for any number of spaces, as in Go.
fn read_literal<'t>(literal: &str, mut rest: &'t str) -> Option<&'t str> {
    let mut literal = literal;
    while let Some(c) = literal.chars().next() {
        if c == ' ' {
            if !rest.is_empty() && !rest.starts_with(' ') {
                return None;
            }
            literal = literal.trim_start_matches(' ');
            rest = rest.trim_start_matches(' ');
        } else {
            rest = rest.strip_prefix(c)?;
            literal = &literal[c.len_utf8()..];
        }
    }
    Some(rest)
}

fn digits(rest: &str, min: usize, max: usize) -> Option<(u32, &str)> {
    let bytes = rest.as_bytes();
    let count = bytes
        .iter()
        .take(max)
        .take_while(|b| b.is_ascii_digit())
        .count();
    if count < min {
        return None;
    }
    let value = bytes[..count]
        .iter()
        .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    Some((value, &rest[count..]))
}

/// A name, in any case; `short` is its first three letters.
fn word<'t>(rest: &'t str, names: &[&str], short: bool) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let name = if short { &name[..3] } else { name };
        let found = rest.get(..name.len())?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| (index, &rest[name.len()..]))
    })
}

fn nanos(digits: &str) -> i64 {
    let mut scale = SECOND / 10;
    let mut nanos = 0;
    for digit in digits.bytes() {
        nanos += i64::from(digit - b'0') * scale;
        scale /= 10;
    }
    nanos
}

/// A fraction if there is one.
fn read_fraction<'t>(rest: &'t str, parts: &mut Parts<'_>) -> &'t str {
    let Some(fraction) = rest.strip_prefix(['.', ',']) else {
        return rest;
    };
    let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
    if count == 0 {
        return rest;
    }
    parts.nanos = nanos(&fraction[..count]);
    &fraction[count..]
}

fn read_offset<'t>(
    rest: &'t str,
    colon: bool,
    count: u8,
    parts: &mut Parts<'_>,
) -> Option<&'t str> {
    let sign = match rest.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let mut rest = &rest[1..];
    let mut offset = 0;
    for (index, unit) in [3600, 60, 1]
        .into_iter()
        .take(usize::from(count))
        .enumerate()
    {
        if colon && index > 0 {
            rest = rest.strip_prefix(':')?;
        }
        let (value, left) = digits(rest, 2, 2)?;
        if value >= 60 {
            return None;
        }
        offset += i64::from(value) * unit;
        rest = left;
    }
    parts.offset = Some(sign * offset);
    Some(rest)
}

/// `UTC`, three or four capital letters, or an offset such as `+03`.
fn read_zone_name<'t>(rest: &'t str, parts: &mut Parts<'t>) -> Option<&'t str> {
    if let Some(left) = rest.strip_prefix("UTC") {
        parts.offset = Some(0);
        return Some(left);
    }
    if rest.starts_with(['+', '-']) {
        let (hours, left) = digits(&rest[1..], 2, 2)?;
        let sign = if rest.starts_with('-') { -1 } else { 1 };
        parts.offset = Some(sign * i64::from(hours) * 3600);
        return Some(left);
    }
    let count = rest.bytes().take_while(u8::is_ascii_uppercase).count();
    if !(3..=5).contains(&count) {
        return None;
    }
    parts.zone = Some(&rest[..count]);
    Some(&rest[count..])
}

fn resolve(parts: &Parts<'_>, zone: &Zone, now: i64) -> Option<i64> {
    let mut hour = parts.hour;
    match parts.afternoon {
        Some(true) if hour < 12 => hour += 12,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    let seconds = i64::from(hour * 3600 + parts.minute * 60 + parts.second);
    let at = |year: i64| -> Option<i64> {
        let days = match parts.year_day {
            Some(day) => {
                let length = days_from_civil(year + 1, 1, 1) - days_from_civil(year, 1, 1);
                let day = i64::from(day);
                (1..=length).contains(&day).then_some(())?;
                days_from_civil(year, 1, 1) + day - 1
            }
            None => {
                let (month, day) = (parts.month.unwrap_or(1), parts.day.unwrap_or(1));
                (1..=days_in_month(year, month))
                    .contains(&day)
                    .then_some(())?;
                days_from_civil(year, month, day)
            }
        };
        let local = days * 86_400 + seconds;
        let named = parts.zone.and_then(Zone::abbreviation);
        let offset = match (parts.offset, named) {
            (Some(offset), _) => offset,
            (None, Some(named)) => named.offset_at_local(local),
            (None, None) => zone.offset_at_local(local),
        };
        (local - offset)
            .checked_mul(SECOND)?
            .checked_add(parts.nanos)
    };
    if let Some(year) = parts.year.filter(|year| *year > 0) {
        return at(year);
    }
    let (year, _, _) = civil_from_days(now.div_euclid(86_400 * SECOND));
    // On the 29th of February of a year that is no leap year the last one is meant.
    let time = at(year).or_else(|| at(year - 1))?;
    if time > now.saturating_add(AHEAD) {
        return at(year - 1);
    }
    Some(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-21 06:00:00 UTC.
    const NOW: i64 = 1_795_240_800 * SECOND;

    fn gotime(layout: &str, text: &str) -> Result<i64, Failure> {
        Layout::gotime(layout)
            .unwrap()
            .parse(text, &Zone::utc(), NOW)
    }

    fn strptime(layout: &str, text: &str) -> Result<i64, Failure> {
        Layout::strptime(layout)
            .unwrap()
            .parse(text, &Zone::utc(), NOW)
    }

    fn utc(text: &str) -> Result<i64, Failure> {
        Ok(super::super::rfc3339(text.as_bytes()).unwrap())
    }

    #[test]
    fn layouts_of_both_kinds_read_the_same_times() {
        let expected = utc("2026-03-04T17:06:07.089Z");
        for (layout, text) in [
            ("%Y-%m-%d %H:%M:%S.%L", "2026-03-04 17:06:07.089"),
            ("%Y-%m-%dT%H:%M:%S.%LZ", "2026-03-04T17:06:07.089Z"),
            (
                "%d/%b/%Y:%H:%M:%S.%f %z",
                "04/Mar/2026:18:06:07.089000 +0100",
            ),
            (
                "%a, %e %B %y %I:%M:%S,%s %p",
                "Wed,  4 March 26 05:06:07,089 PM",
            ),
            ("%F %T", "2026-03-04 17:06:07.089"),
            ("%D %T%j", "03/04/2026 19:06:07.089+02:00"),
        ] {
            assert_eq!(strptime(layout, text), expected, "{layout}");
        }
        for (layout, text) in [
            (
                "2006-01-02T15:04:05.999999999Z07:00",
                "2026-03-04T17:06:07.089Z",
            ),
            (
                "2006-01-02T15:04:05.000Z07:00",
                "2026-03-04T12:06:07.089-05:00",
            ),
            ("Jan _2 15:04:05 2006", "Mar  4 17:06:07.089 2026"),
            (
                "Monday, 2 January 2006 3:4:5PM",
                "Wednesday, 4 March 2026 5:6:7.089PM",
            ),
            ("2006 002 15:04:05", "2026 063 17:06:07.089"),
            ("2006-01-02 15:04:05 MST", "2026-03-04 17:06:07.089 UTC"),
        ] {
            assert_eq!(gotime(layout, text), expected, "{layout}");
        }
    }

    #[test]
    fn a_missing_year_is_this_one_unless_that_is_far_in_the_future() {
        assert_eq!(
            gotime("Jan _2 15:04:05", "Nov 21 01:02:03"),
            utc("2026-11-21T01:02:03Z")
        );
        assert_eq!(
            gotime("Jan _2 15:04:05", "Nov 27 01:02:03"),
            utc("2026-11-27T01:02:03Z")
        );
        assert_eq!(
            gotime("Jan _2 15:04:05", "Dec 31 01:02:03"),
            utc("2025-12-31T01:02:03Z")
        );
    }

    #[test]
    fn what_the_layout_does_not_say_is_refused() {
        for (layout, text) in [
            ("2006-01-02", "2026-13-01"),
            ("2006-01-02", "2026-02-30"),
            ("2006-01-02", "2026-02-03x"),
            ("2006-01-02", ""),
            ("15:04:05", "24:00:00"),
            ("15:04:05.000", "23:00:00.12"),
            ("15:04 -0700", "23:00 0700"),
        ] {
            assert!(gotime(layout, text).is_err(), "{layout} {text}");
        }
        assert!(Layout::strptime("%Y %L").is_err());
        assert!(Layout::strptime("%Y %Q").is_err());
        assert!(Layout::strptime("2006").is_err());
        assert!(Layout::gotime("15:04:05 999").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,40}") {
            for layout in ["Mon Jan _2 15:04:05 MST 2006", "2006-01-02T15:04:05.000Z07:00"] {
                // Answered, whatever the answer is.
                let _answer = gotime(layout, &text);
            }
        }

        #[test]
        fn every_time_survives_its_layout(seconds in 0_i64..4_000_000_000) {
            let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
            let (hour, minute, second) =
                (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
            let text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
            prop_assert_eq!(strptime("%Y-%m-%d %H:%M:%S", &text), Ok(seconds * SECOND));
        }
    }
}
