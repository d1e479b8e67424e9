//! Numbers as Go reads and writes them.

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

/// Go's `ParseFloat` in full, as it is used on `le` and `quantile`.
pub(super) fn parse_go_float(text: &str) -> Option<f64> {
    if !text.contains(['_', 'x', 'X']) {
        return decimal_or_special(text.as_bytes());
    }
    let (negative, rest) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (hex, rest) = match rest {
        [b'0', b'x' | b'X', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if !underscores_fit(rest, hex) {
        return None;
    }
    let digits: Vec<u8> = rest.iter().copied().filter(|byte| *byte != b'_').collect();
    let value = if hex {
        hexadecimal(&digits)?
    } else if digits.first()?.is_ascii_digit() || digits.first() == Some(&b'.') {
        decimal_or_special(&digits)?
    } else {
        return None;
    };
    Some(if negative { -value } else { value })
}

/// Whether every underscore has a digit, or the prefix of the base, before it and a digit behind.
fn underscores_fit(text: &[u8], hex: bool) -> bool {
    let is_digit = |byte: u8| {
        if hex {
            byte.is_ascii_hexdigit()
        } else {
            byte.is_ascii_digit()
        }
    };
    let mut before = if hex { b'0' } else { b'.' };
    for &byte in text {
        if (byte == b'_' && !is_digit(before)) || (before == b'_' && !is_digit(byte)) {
            return false;
        }
        before = byte;
    }
    before != b'_'
}

/// What stands behind `0x`: digits with at most one point, `p` and an exponent of two.
fn hexadecimal(text: &[u8]) -> Option<f64> {
    let split = text.iter().position(|byte| matches!(byte, b'p' | b'P'))?;
    let (digits, power) = (&text[..split], &text[split + 1..]);
    let mut mantissa = 0_u64;
    let mut exponent = 0_i64;
    let (mut seen, mut point, mut sticky) = (false, false, false);
    for &byte in digits {
        if byte == b'.' && !point {
            point = true;
            continue;
        }
        let digit = (byte as char).to_digit(16)?;
        seen = true;
        exponent -= if point { 4 } else { 0 };
        if mantissa >> 59 == 0 {
            mantissa = (mantissa << 4) | u64::from(digit);
        } else {
            sticky |= digit != 0;
            exponent += 4;
        }
    }
    let (negative, power) = match power {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if !seen || power.is_empty() || !power.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = power.iter().fold(0_i64, |value, byte| {
        (value * 10 + i64::from(byte - b'0')).min(100_000)
    });
    exponent += if negative { -value } else { value };
    scale(mantissa | u64::from(sticky), exponent)
}

/// `mantissa * 2^exponent`, rounded once to even; `None` beyond the largest float.
fn scale(mantissa: u64, exponent: i64) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    // The value lies in [2^top, 2^(top+1)).
    let top = 63 - i64::from(mantissa.leading_zeros()) + exponent;
    let lowest = (top - 52).max(-1074);
    let drop = lowest - exponent;
    let kept = if drop <= 0 {
        u128::from(mantissa) << (-drop).min(63)
    } else if drop > 64 {
        0
    } else {
        let wide = u128::from(mantissa);
        let (low, half) = (wide & ((1 << drop) - 1), 1_u128 << (drop - 1));
        let kept = wide >> drop;
        kept + u128::from(low > half || (low == half && kept & 1 == 1))
    };
    let value = kept as f64
        * 2_f64.powi(i32::try_from(lowest.max(-1022)).ok()?.min(1023))
        * if lowest < -1022 {
            2_f64.powi((lowest + 1022) as i32)
        } else {
            1.0
        };
    value.is_finite().then_some(value)
}

/// Appends a float in Go's shortest `g` form: `1`, `0.25`, `1e+06`, `NaN`, `+Inf`.
///
/// This is how text 0.0.4 shows values.
pub(crate) fn put_float(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    } else if value == 0.0 {
        out.push(b'0');
    } else {
        put_finite(out, value);
    }
}

/// [`put_float`] with `.0` where there is neither a point nor an exponent: how OpenMetrics shows
/// values, and Prometheus `le` and `quantile`.
pub(crate) fn put_openmetrics_float(out: &mut Vec<u8>, value: f64) {
    let start = out.len();
    put_float(out, value);
    if value.is_finite() && !out[start..].iter().any(|byte| matches!(byte, b'.' | b'e')) {
        out.extend_from_slice(b".0");
    }
}

fn put_finite(out: &mut Vec<u8>, value: f64) {
    if value < 0.0 {
        out.push(b'-');
    }
    let value = value.abs();
    // The shortest digits `d` and the place `point` of the decimal point: 0.ddd * 10^point.
    let mut digits = [0_u8; 20];
    let (mut count, point);
    if value < 1e15 && value.fract() == 0.0 {
        let mut rest = value as u64;
        count = rest.ilog10() as usize + 1;
        point = count as i32;
        for slot in digits[..count].iter_mut().rev() {
            *slot = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        while digits[count - 1] == b'0' {
            count -= 1;
        }
    } else {
        (count, point) = shortest(value, &mut digits);
    }
    let digits = &digits[..count];
    let exponent = point - 1;
    if exponent < -4 || exponent >= 6 {
        out.push(digits[0]);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        let exponent = exponent.unsigned_abs();
        if exponent >= 100 {
            out.push(b'0' + (exponent / 100) as u8);
        }
        out.push(b'0' + (exponent / 10 % 10) as u8);
        out.push(b'0' + (exponent % 10) as u8);
    } else if point <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + point.unsigned_abs() as usize, b'0');
        out.extend_from_slice(digits);
    } else if count as i32 <= point {
        out.extend_from_slice(digits);
        out.resize(out.len() + (point as usize - count), b'0');
    } else {
        out.extend_from_slice(&digits[..point as usize]);
        out.push(b'.');
        out.extend_from_slice(&digits[point as usize..]);
    }
}

/// The shortest digits that read back as `value`, and where the point is: `0.ddd * 10^point`.
fn shortest(value: f64, digits: &mut [u8; 20]) -> (usize, i32) {
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (mut count, mut point, mut seen_point) = (0, 0, false);
    for byte in mantissa.bytes() {
        if byte == b'.' {
            seen_point = true;
            continue;
        }
        if count == 0 && byte == b'0' {
            // A leading zero, as in 0.001.
            point -= i32::from(seen_point);
            continue;
        }
        point += i32::from(!seen_point);
        // The zeros of a whole number may be more than there is room for; they are cut off below.
        if count < digits.len() {
            digits[count] = byte;
            count += 1;
        }
    }
    while count > 1 && digits[count - 1] == b'0' {
        count -= 1;
    }
    (count, point + exponent)
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
            ("0x123456789abcdef01p-4", Some(81_985_529_216_486_895.0)),
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
