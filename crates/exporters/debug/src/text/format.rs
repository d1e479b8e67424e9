//! Numbers, times and ids as Go prints them.

use std::fmt;

use headwater_core::calendar::civil_from_days;

/// A number as `%v` prints it: in its shortest form, with an exponent below 1e-4 and from 1e6
/// on.
pub(super) struct Shortest(pub(super) f64);

impl fmt::Display for Shortest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if !value.is_finite() {
            return f.write_str(not_finite(value));
        }
        let magnitude = value.abs();
        if magnitude == 0.0 || (1e-4..1e6).contains(&magnitude) {
            return write!(f, "{value}");
        }
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or_default();
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(f, "{digits}e{sign}{:02}", exponent.unsigned_abs())
    }
}

/// A number as `%f` prints it: with six decimals.
pub(super) struct Fixed(pub(super) f64);

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_finite() {
            write!(f, "{:.6}", self.0)
        } else {
            f.write_str(not_finite(self.0))
        }
    }
}

const fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "+Inf"
    } else {
        "-Inf"
    }
}

/// An id in hexadecimal; nothing for one that is all zeros.
pub(super) struct Id<'a>(pub(super) &'a [u8]);

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.iter().any(|byte| *byte != 0) {
            for byte in self.0 {
                write!(f, "{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Nanoseconds since 1970 as a time: `2020-02-11 20:26:12.000000321 +0000 UTC`.
pub(super) struct Time(pub(super) u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Go takes the number as signed, so the second half of the range lies before 1970.
        let nanoseconds = self.0 as i64;
        let (seconds, fraction) = (
            nanoseconds.div_euclid(1_000_000_000),
            nanoseconds.rem_euclid(1_000_000_000),
        );
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        )?;
        if fraction != 0 {
            let digits = format!("{fraction:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str(" +0000 UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_go_prints_them() {
        for (value, shortest, fixed) in [
            (0.0, "0", "0.000000"),
            (-0.0, "-0", "-0.000000"),
            (15.0, "15", "15.000000"),
            (1.23, "1.23", "1.230000"),
            (0.0001, "0.0001", "0.000100"),
            (999_999.5, "999999.5", "999999.500000"),
            (1e6, "1e+06", "1000000.000000"),
            (0.000_012_3, "1.23e-05", "0.000012"),
            (123_456_789.5, "1.234567895e+08", "123456789.500000"),
            (1e21, "1e+21", "1000000000000000000000.000000"),
            (f64::NAN, "NaN", "NaN"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
        ] {
            assert_eq!(Shortest(value).to_string(), shortest);
            assert_eq!(Fixed(value).to_string(), fixed);
        }
    }

    #[test]
    fn times_are_printed_as_go_prints_them() {
        for (nanoseconds, expected) in [
            (0, "1970-01-01 00:00:00 +0000 UTC"),
            (
                1_581_452_772_000_000_321,
                "2020-02-11 20:26:12.000000321 +0000 UTC",
            ),
            (951_782_400_500_000_000, "2000-02-29 00:00:00.5 +0000 UTC"),
            (4_107_542_399_000_000_000, "2100-02-28 23:59:59 +0000 UTC"),
            (4_107_542_400_000_000_000, "2100-03-01 00:00:00 +0000 UTC"),
            (u64::MAX, "1969-12-31 23:59:59.999999999 +0000 UTC"),
        ] {
            assert_eq!(Time(nanoseconds).to_string(), expected);
        }
    }

    #[test]
    fn an_id_of_zeros_is_empty() {
        assert_eq!(Id(&[0; 8]).to_string(), "");
        assert_eq!(Id(&[1, 0xab]).to_string(), "01ab");
    }
}
