//! Numbers as Go reads and writes them.

mod go;
mod show;

pub(super) use go::parse_go_float;
pub(crate) use show::{put_float, put_openmetrics_float};

/// The NaN that every NaN of a text becomes, so that no text can hold a staleness marker.
/// Source: reference section 1.3.
pub const NORMAL_NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

/// The NaN that says that a series has ended. Compare bits, never values.
pub const STALE_NAN: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether a value is the staleness marker.
#[must_use]
pub const fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN.to_bits()
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Reads the value of a sample; any NaN becomes [`NORMAL_NAN`].
///
/// As Go's `ParseFloat` without hexadecimal and underscores: a sign, digits with at most one point,
/// an exponent, or `Inf`, `Infinity` and an unsigned `NaN` in any case. `None` also for what is too
/// large.
#[inline]
pub(super) fn parse_float(text: &[u8]) -> Option<f64> {
    short_decimal(text).or_else(|| any_float(text))
}

/// Decimals of at most 18 digits that are the exact quotient or product of two floats (Clinger's
/// fast path), which nearly all values are.
#[inline]
fn short_decimal(text: &[u8]) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.len() > 24 {
        return None;
    }
    let mut at = 0;
    let mut mantissa = 0_u64;
    while let Some(digit) = digits.get(at).map(|byte| byte.wrapping_sub(b'0'))
        && digit < 10
    {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    let mut count = at;
    let mut exponent = 0_i32;
    if digits.get(at) == Some(&b'.') {
        at += 1;
        let point = at;
        while let Some(digit) = digits.get(at).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        count += at - point;
        exponent = -((at - point) as i32);
    }
    if count == 0 || count > 18 {
        return None;
    }
    if let Some(b'e' | b'E') = digits.get(at) {
        let (negative, power) = match &digits[at + 1..] {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        if power.is_empty() || power.len() > 3 {
            return None;
        }
        let mut value = 0;
        for byte in power {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value * 10 + i32::from(digit);
        }
        exponent += if negative { -value } else { value };
        at = digits.len();
    }
    if at != digits.len() || mantissa > 1 << 53 {
        return None;
    }
    let power = POWERS.get(exponent.unsigned_abs() as usize)?;
    let value = if exponent < 0 {
        mantissa as f64 / power
    } else {
        mantissa as f64 * power
    };
    Some(if negative { -value } else { value })
}

#[cold]
fn any_float(text: &[u8]) -> Option<f64> {
    if text.iter().any(|byte| matches!(byte, b'p' | b'P' | b'_')) {
        return None;
    }
    decimal_or_special(text)
}

/// Go's `ParseFloat` without the hexadecimal form and without underscores.
fn decimal_or_special(text: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    if value.is_nan() {
        return text.eq_ignore_ascii_case(b"nan").then_some(NORMAL_NAN);
    }
    if value.is_infinite() && text.iter().any(u8::is_ascii_digit) {
        return None;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(value: f64) -> String {
        let mut out = Vec::new();
        put_float(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_shown_as_go_shows_them() {
        for (value, text) in [
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (12_345_678.5, "1.23456785e+07"),
            (1e22, "1e+22"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-1.5e-7, "-1.5e-07"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (0.1, "0.1"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (999_999.0, "999999"),
            (9_999_999.0, "9.999999e+06"),
            (-0.0, "0"),
            (20.0, "20"),
            (123.456, "123.456"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(shown(value), text);
        }
        let mut out = Vec::new();
        put_openmetrics_float(&mut out, 10.0);
        assert_eq!(out, b"10.0");
    }

    #[test]
    fn a_value_is_read_as_go_reads_it() {
        for (text, want) in [
            ("1", Some(1.0)),
            ("-0", Some(-0.0)),
            ("+.5", Some(0.5)),
            ("5.", Some(5.0)),
            ("1e5", Some(1e5)),
            ("1.5E-07", Some(1.5e-7)),
            ("1e-999", Some(0.0)),
            ("0e99999999999", Some(0.0)),
            (
                "123456789012345678901234567890",
                Some(123_456_789_012_345_678_901_234_567_890.0),
            ),
            ("9007199254740993", Some(9_007_199_254_740_992.0)),
            ("iNf", Some(f64::INFINITY)),
            ("-infinity", Some(f64::NEG_INFINITY)),
            ("1e999", None),
            ("+NaN", None),
            ("", None),
            (".", None),
            ("-", None),
            ("1e", None),
            ("1e+", None),
            ("e1", None),
            ("0x1", None),
            ("0x1p3", None),
            ("1_000", None),
            ("1 ", None),
            ("1\r", None),
        ] {
            assert_eq!(
                parse_float(text.as_bytes()).map(f64::to_bits),
                want.map(f64::to_bits),
                "{text}"
            );
        }
        assert_eq!(
            parse_float(b"nAn").map(f64::to_bits),
            Some(NORMAL_NAN.to_bits())
        );
    }

    #[test]
    fn a_label_may_hold_every_form_of_go() {
        for (text, want) in [
            ("1_000", Some(1000.0)),
            ("0x_1p3", Some(8.0)),
            ("0x1_0p1_0", Some(16384.0)),
            ("-0X1P-3", Some(-0.125)),
            ("0x.8p1", Some(1.0)),
            ("0x1.8_1p1", Some(3.007_812_5)),
            ("0x1.fffffffffffff7p1023", Some(f64::MAX)),
            ("0x0.00000000000008p-1022", Some(0.0)),
            ("0x0.0000000000001p-1022", Some(5e-324)),
            ("0x1p-1075", Some(0.0)),
            ("0x1.1p-1075", Some(5e-324)),
            ("0x1.00000000000018p0", Some(1.0 + 2.0 * f64::EPSILON)),
            ("0x1.00000000000008p0", Some(1.0)),
            ("0x123456789abcdef01p-4", Some(1_311_768_467_463_790_320.0)),
            ("1_0e1_0", Some(1e11)),
            ("0x1.fffffffffffff8p1023", None),
            ("0x1p1024", None),
            ("0x1", None),
            ("0xp1", None),
            ("0x1__0p1", None),
            ("0x1p_1", None),
            ("0x1_.8p1", None),
            ("_1", None),
            ("1_", None),
            ("in_f", None),
        ] {
            assert_eq!(parse_go_float(text), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            let back = parse_float(shown(value).as_bytes()).unwrap();
            prop_assert!(back == value || (back.is_nan() && value.is_nan()));
        }

        #[test]
        fn the_short_way_and_the_long_way_agree(text in "[-+]?[0-9]{0,20}(\\.[0-9]{0,20})?([eE][-+]?[0-9]{0,3})?") {
            if let Some(short) = short_decimal(text.as_bytes()) {
                prop_assert_eq!(Some(short.to_bits()), any_float(text.as_bytes()).map(f64::to_bits));
            }
        }
    }
}
