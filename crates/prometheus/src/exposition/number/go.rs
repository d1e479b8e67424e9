//! Every form of number that Go reads, as it is used on `le` and `quantile`.

use super::decimal_or_special;

/// Go's `ParseFloat` in full.
pub(in super::super) fn parse_go_float(text: &str) -> Option<f64> {
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
