//! Formats of the `timestamp` stage. Source: Alloy `stages.convertDateLayout`.

use headwater_core::calendar::civil_from_days;
use headwater_logs::{Layout, Zone};

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// The layouts that have names.
const NAMED: &[(&str, &str)] = &[
    ("ANSIC", "Mon Jan _2 15:04:05 2006"),
    ("UnixDate", "Mon Jan _2 15:04:05 MST 2006"),
    ("RubyDate", "Mon Jan 02 15:04:05 -0700 2006"),
    ("RFC822", "02 Jan 06 15:04 MST"),
    ("RFC822Z", "02 Jan 06 15:04 -0700"),
    ("RFC850", "Monday, 02-Jan-06 15:04:05 MST"),
    ("RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"),
    ("RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"),
    ("RFC3339", "2006-01-02T15:04:05Z07:00"),
    ("RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"),
];

/// How a time is written.
#[derive(Debug)]
pub(crate) enum Format {
    /// As RFC 3339 says.
    Rfc3339,
    /// By a layout with a name, in UTC unless the text says otherwise.
    Named(Layout),
    /// By a layout.
    Layout(Layout),
    /// By a layout without a year; here with one before it.
    Yearless(Layout),
    /// Seconds since 1970, with a fraction or not.
    Unix,
    /// So many nanoseconds a unit since 1970.
    Units(i64),
}

impl Format {
    /// Compiles a format; the error is a sentence.
    pub(crate) fn compile(format: &str) -> Result<Self, String> {
        let layout = |text: &str| {
            Layout::gotime(text).map_err(|error| format!("invalid time format {format:?}: {error}"))
        };
        Ok(match format {
            "Unix" => Self::Unix,
            "UnixMs" => Self::Units(1_000_000),
            "UnixUs" => Self::Units(1_000),
            "UnixNs" => Self::Units(1),
            "RFC3339" | "RFC3339Nano" => Self::Rfc3339,
            _ => match NAMED.iter().find(|(name, _)| *name == format) {
                Some((_, text)) => Self::Named(layout(text)?),
                None if format.contains("06") => Self::Layout(layout(format)?),
                None => Self::Yearless(layout(&format!("2006 {format}"))?),
            },
        })
    }

    /// Reads a time, in nanoseconds since 1970.
    pub(crate) fn parse(&self, text: &str, zone: &Zone, now: i64) -> Option<i64> {
        match self {
            Self::Rfc3339 => headwater_logs::rfc3339(text.as_bytes()),
            Self::Named(layout) => layout.parse(text, &Zone::utc(), now).ok(),
            Self::Layout(layout) => layout.parse(text, zone, now).ok(),
            Self::Yearless(layout) => {
                let (year, month) = date(now);
                let parse = |year: i64| layout.parse(&format!("{year:04} {text}"), zone, now).ok();
                // December is last year's in January, and January next year's in December.
                let found = parse(year).or_else(|| parse(leap_before(year)))?;
                match (date(found).1, month) {
                    (12, 1) => parse(year - 1),
                    (1, 12) => parse(year + 1),
                    _ => Some(found),
                }
            }
            Self::Unix => unix(text),
            Self::Units(unit) => text.parse::<i64>().ok()?.checked_mul(*unit),
        }
    }
}

/// The last leap year: the 29th of February of another year cannot be read otherwise.
const fn leap_before(year: i64) -> i64 {
    year - year.rem_euclid(4)
}

/// Year and month of a time.
fn date(nanos: i64) -> (i64, u32) {
    let (year, month, _) = civil_from_days(nanos.div_euclid(86_400 * SECOND));
    (year, month)
}

/// Seconds with a fraction, as upstream reads them.
fn unix(text: &str) -> Option<i64> {
    let Some((seconds, fraction)) = text.split_once('.') else {
        return text.parse::<i64>().ok()?.checked_mul(SECOND);
    };
    let seconds: i64 = seconds.parse().ok()?;
    let digits = u32::try_from(fraction.len()).ok()?;
    let value: i64 = fraction.parse().ok()?;
    let nanos = match digits {
        0..=9 => value.checked_mul(10_i64.pow(9 - digits))?,
        _ => value / 10_i64.checked_pow(digits - 9)?,
    };
    seconds.checked_mul(SECOND)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(format: &str, text: &str, now: i64) -> Option<i64> {
        Format::compile(format)
            .unwrap()
            .parse(text, &Zone::utc(), now)
    }

    fn at(text: &str) -> i64 {
        headwater_logs::rfc3339(text.as_bytes()).unwrap()
    }

    #[test]
    fn every_format_reads_what_it_names() {
        let second = at("2026-11-29T08:45:12Z");
        for (format, text, expected) in [
            ("RFC3339", "2026-11-29T08:45:12Z", second),
            (
                "RFC3339Nano",
                "2026-11-29T09:45:12.5+01:00",
                second + SECOND / 2,
            ),
            ("ANSIC", "Sun Nov 29 08:45:12 2026", second),
            ("UnixDate", "Sun Nov 29 08:45:12 UTC 2026", second),
            ("RubyDate", "Sun Nov 29 08:45:12 +0000 2026", second),
            ("RFC822", "29 Nov 26 08:45 UTC", second - 12 * SECOND),
            ("RFC822Z", "29 Nov 26 08:45 +0000", second - 12 * SECOND),
            ("RFC850", "Sunday, 29-Nov-26 08:45:12 UTC", second),
            ("RFC1123", "Sun, 29 Nov 2026 08:45:12 UTC", second),
            ("RFC1123Z", "Sun, 29 Nov 2026 08:45:12 +0000", second),
            (
                "2006-01-02 15:04:05.000",
                "2026-11-29 08:45:12.250",
                second + SECOND / 4,
            ),
            ("Unix", "1764405912", 1_764_405_912 * SECOND),
            ("Unix", "1.5", SECOND + SECOND / 2),
            ("Unix", "1.0000000015", SECOND + 1),
            ("UnixMs", "1500", SECOND + SECOND / 2),
            ("UnixUs", "1500000", SECOND + SECOND / 2),
            ("UnixNs", "1500000000", SECOND + SECOND / 2),
        ] {
            assert_eq!(
                parse(format, text, second),
                Some(expected),
                "{format} {text}"
            );
        }
        assert_eq!(parse("RFC3339", "yesterday", second), None);
        assert_eq!(parse("UnixMs", "1.5", second), None);
        assert!(Format::compile("2006 15:04:05x9").is_err());
    }

    #[test]
    fn a_time_without_a_year_is_of_the_year_that_makes_sense() {
        let parse = |text, now| parse("Jan _2 15:04:05", text, at(now)).unwrap();
        let now = "2026-06-15T00:00:00Z";
        assert_eq!(parse("Jun 14 01:02:03", now), at("2026-06-14T01:02:03Z"));
        assert_eq!(parse("Dec 31 23:59:59", now), at("2026-12-31T23:59:59Z"));
        let now = "2026-01-01T00:00:05Z";
        assert_eq!(parse("Dec 31 23:59:59", now), at("2025-12-31T23:59:59Z"));
        let now = "2026-12-31T23:59:59Z";
        assert_eq!(parse("Jan  1 00:00:01", now), at("2027-01-01T00:00:01Z"));
    }
}
