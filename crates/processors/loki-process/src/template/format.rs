//! Go's `fmt`: how values are shown, and `printf`.

use std::fmt::Write as _;

use super::value::Val;

/// The widest that a value is padded to.
const MAX_WIDTH: usize = 1000;

/// A float as Go's `%v` shows it: the shortest digits, with an exponent below 1e-4 and from 1e6 on.
pub(super) fn go_float(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        match (value.is_nan(), value > 0.0) {
            (true, _) => "NaN",
            (_, true) => "+Inf",
            (_, false) => "-Inf",
        }
        .to_owned()
    } else if magnitude != 0.0 && !(1e-4..1e6).contains(&magnitude) {
        exponent(&format!("{value:e}"))
    } else {
        format!("{value}")
    }
}

/// A float as `%.3g` shows it: so many digits, without zeros at the end.
fn go_digits(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return go_float(value);
    }
    let digits = digits.max(1);
    let text = format!("{value:.*e}", digits - 1);
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let strip = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    let power: i32 = power.parse().unwrap_or(0);
    match usize::try_from(i64::try_from(digits).unwrap_or(i64::MAX) - 1 - i64::from(power)) {
        Ok(decimals) if power >= -4 => strip(&format!("{value:.decimals$}")),
        _ => exponent(&format!("{}e{power}", strip(mantissa))),
    }
}

/// Rust's exponent in Go's form: a sign and at least two digits.
fn exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// A value as Go's `%v` shows it.
pub(super) fn go_value(value: &Val) -> String {
    match value {
        Val::Missing => "<no value>".to_owned(),
        Val::Nil => "<nil>".to_owned(),
        Val::Bool(value) => value.to_string(),
        Val::Int(value) => value.to_string(),
        Val::Float(value) => go_float(*value),
        Val::Str(text) => text.clone(),
        Val::List(items) => {
            let items: Vec<_> = items.iter().map(go_value).collect();
            format!("[{}]", items.join(" "))
        }
        Val::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{key}:{}", go_value(value)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

/// A string in Go's quotes.
pub(super) fn go_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => {
                write!(out, "\\x{:02x}", u32::from(c)).unwrap_or_default();
            }
            c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What stands between `%` and the verb.
#[derive(Default)]
struct Flags {
    minus: bool,
    plus: bool,
    sharp: bool,
    zero: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// `printf`.
pub(super) fn sprintf(format: &str, arguments: &[Val]) -> String {
    let mut out = String::new();
    let mut next = 0;
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = Flags::default();
        while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '+' | '#' | '0' | ' ')) {
            match flag {
                '-' => flags.minus = true,
                '+' => flags.plus = true,
                '#' => flags.sharp = true,
                '0' => flags.zero = true,
                _ => flags.space = true,
            }
        }
        let mut number = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            if chars.next_if_eq(&'*').is_some() {
                let value = arguments.get(next);
                next += 1;
                return match value {
                    Some(Val::Int(value)) => usize::try_from(*value).ok(),
                    _ => None,
                };
            }
            let mut value = None;
            while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                chars.next();
                value = Some((value.unwrap_or(0) * 10 + digit as usize).min(MAX_WIDTH));
            }
            value
        };
        flags.width = number(&mut chars);
        if chars.next_if_eq(&'.').is_some() {
            flags.precision = Some(number(&mut chars).unwrap_or(0));
        }
        let Some(verb) = chars.next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        let Some(value) = arguments.get(next) else {
            write!(out, "%!{verb}(MISSING)").unwrap_or_default();
            continue;
        };
        next += 1;
        out.push_str(&formatted(verb, &flags, value));
    }
    if next < arguments.len() {
        let extra: Vec<_> = arguments[next..]
            .iter()
            .map(|value| format!("{}={}", value.type_name(), value.show()))
            .collect();
        write!(out, "%!(EXTRA {})", extra.join(", ")).unwrap_or_default();
    }
    out
}

fn formatted(verb: char, flags: &Flags, value: &Val) -> String {
    let bad = || format!("%!{verb}({}={})", value.type_name(), value.show());
    let text = match (verb, value) {
        ('v', Val::Str(text)) if flags.sharp => go_quote(text),
        ('v' | 's', Val::Str(text)) => cut(text, flags),
        ('v' | 'g', Val::Float(value)) => match flags.precision {
            Some(digits) => signed(go_digits(*value, digits), flags),
            None => signed(go_float(*value), flags),
        },
        ('v', Val::Int(value)) | ('d', Val::Int(value)) => signed(value.to_string(), flags),
        ('v', other) => go_value(other),
        ('t', Val::Bool(value)) => value.to_string(),
        ('T', other) => other.type_name().to_owned(),
        ('q', Val::Str(text)) => go_quote(text),
        ('x', Val::Str(text)) => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ('X', Val::Str(text)) => text.bytes().map(|byte| format!("{byte:02X}")).collect(),
        ('x', Val::Int(value)) => format!("{value:x}"),
        ('X', Val::Int(value)) => format!("{value:X}"),
        ('o', Val::Int(value)) => format!("{value:o}"),
        ('b', Val::Int(value)) => format!("{value:b}"),
        ('c', Val::Int(value)) => u32::try_from(*value)
            .ok()
            .and_then(char::from_u32)
            .unwrap_or('\u{fffd}')
            .to_string(),
        ('f' | 'F', Val::Float(value)) => {
            let precision = flags.precision.unwrap_or(6);
            signed(format!("{value:.precision$}"), flags)
        }
        ('e', Val::Float(value)) => {
            let precision = flags.precision.unwrap_or(6);
            signed(exponent(&format!("{value:.precision$e}")), flags)
        }
        ('s', other @ (Val::List(_) | Val::Map(_))) => go_value(other),
        _ => bad(),
    };
    pad(text, flags, matches!(value, Val::Int(_) | Val::Float(_)))
}

fn cut(text: &str, flags: &Flags) -> String {
    match flags.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text.to_owned(),
    }
}

fn signed(text: String, flags: &Flags) -> String {
    match (text.starts_with('-'), flags.plus, flags.space) {
        (false, true, _) => format!("+{text}"),
        (false, false, true) => format!(" {text}"),
        _ => text,
    }
}

fn pad(text: String, flags: &Flags, number: bool) -> String {
    let width = flags.width.unwrap_or(0);
    let length = text.chars().count();
    if length >= width {
        return text;
    }
    let missing = width - length;
    if flags.minus {
        return text + &" ".repeat(missing);
    }
    if flags.zero && number {
        let (sign, digits) = match text.strip_prefix(['-', '+']) {
            Some(digits) => text.split_at(text.len() - digits.len()),
            None => ("", text.as_str()),
        };
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    " ".repeat(missing) + &text
}
