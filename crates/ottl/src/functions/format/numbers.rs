//! Numbers under Go's verbs.

use super::{Spec, padded};

/// A whole number; `None` for a verb that it does not go with.
pub(super) fn int(value: i64, spec: Spec, verb: char) -> Option<String> {
    let magnitude = value.unsigned_abs();
    let (digits, prefix) = match verb {
        'd' | 'v' => (magnitude.to_string(), ""),
        'b' => (format!("{magnitude:b}"), if spec.sharp { "0b" } else { "" }),
        'o' => (format!("{magnitude:o}"), if spec.sharp { "0" } else { "" }),
        'O' => (format!("{magnitude:o}"), "0o"),
        'x' => (format!("{magnitude:x}"), if spec.sharp { "0x" } else { "" }),
        'X' => (format!("{magnitude:X}"), if spec.sharp { "0X" } else { "" }),
        'c' => {
            let c = u32::try_from(value).ok().and_then(char::from_u32);
            return Some(padded(c.unwrap_or('\u{fffd}').to_string(), spec));
        }
        'U' => return Some(padded(format!("U+{magnitude:04X}"), spec)),
        _ => return None,
    };
    let sign = sign(value < 0, spec);
    let taken = sign.len() + prefix.len();
    let least = match spec.precision {
        Some(precision) => precision,
        None if spec.zero && !spec.minus => spec.width.saturating_sub(taken),
        None => 0,
    };
    let zeros = "0".repeat(least.saturating_sub(digits.len()));
    Some(padded(format!("{sign}{prefix}{zeros}{digits}"), spec))
}

/// A number with a fraction; `None` for a verb that it does not go with.
pub(super) fn double(value: f64, spec: Spec, verb: char) -> Option<String> {
    if !matches!(verb, 'v' | 'g' | 'G' | 'f' | 'F' | 'e' | 'E') {
        return None;
    }
    if value.is_nan() || value.is_infinite() {
        // Neither has leading zeros.
        let text = match (value.is_nan(), value > 0.0) {
            (true, _) => "NaN",
            (_, true) => "+Inf",
            (_, false) => "-Inf",
        };
        return Some(padded(text.to_owned(), spec));
    }
    let magnitude = value.abs();
    let digits = match verb {
        'f' | 'F' => {
            let (digits, zeros) = digits(spec.precision.unwrap_or(6));
            format!("{magnitude:.digits$}{zeros}")
        }
        'e' | 'E' => {
            let (digits, zeros) = digits(spec.precision.unwrap_or(6));
            let text = format!("{magnitude:.digits$e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            scientific(&format!("{digits}{zeros}e{exponent}"))
        }
        _ => general(magnitude, spec.precision),
    };
    let digits = match verb {
        'E' | 'G' => digits.to_uppercase(),
        _ => digits,
    };
    let sign = sign(value.is_sign_negative(), spec);
    let zeros = if spec.zero && !spec.minus {
        "0".repeat(spec.width.saturating_sub(sign.len() + digits.len()))
    } else {
        String::new()
    };
    Some(padded(format!("{sign}{zeros}{digits}"), spec))
}

/// The digits behind a point that can differ from 0, and the zeros behind them: more digits than
/// 65,535 cannot be asked for.
fn digits(precision: usize) -> (usize, String) {
    /// The smallest double has so many.
    const ALL: usize = 1074;
    let zeros = "0".repeat(precision.saturating_sub(ALL));
    (precision.min(ALL), zeros)
}

const fn sign(negative: bool, spec: Spec) -> &'static str {
    if negative {
        "-"
    } else if spec.plus {
        "+"
    } else if spec.space {
        " "
    } else {
        ""
    }
}

/// `1.5e7` as Go writes it: `1.5e+07`.
fn scientific(text: &str) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// With an exponent if that is below -4 or not below the precision; that counts as 6 where the
/// shortest form is asked for.
fn general(value: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{value:.*e}", digits(precision.max(1) - 1).0),
        None => format!("{value:e}"),
    };
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    };
    let most = precision.map_or(6, |precision| {
        i32::try_from(precision.max(1)).unwrap_or(i32::MAX)
    });
    if exponent < -4 || exponent >= most {
        return scientific(&format!("{digits}e{exponent}"));
    }
    let count = digits.len() as i32 - i32::from(digits.contains('.'));
    let decimals = (count - 1 - exponent).max(0) as usize;
    format!("{value:.decimals$}")
}
