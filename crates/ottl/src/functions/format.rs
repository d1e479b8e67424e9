//! `Format`: Go's `fmt.Sprintf`. What does not fit is shown in the text, as there. Widths from
//! arguments (`*`) and numbers of arguments (`[1]`) are not known.

mod numbers;

use super::Arguments;
use crate::error::EvalError;
use crate::value::Value;

/// The largest width or precision. Source: Go `fmt`, tooLarge.
const MOST: usize = 1_000_000;

/// What stands between `%` and the verb.
#[derive(Debug, Clone, Copy, Default)]
struct Spec {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

pub(super) fn format<'a>(arguments: &Arguments<'a, '_>) -> Result<Value<'a>, EvalError> {
    let layout = arguments.text(0)?;
    let values = arguments.values(1).iter();
    let values: Vec<_> = values
        .map(|value| value.eval(arguments.env))
        .collect::<Result<_, _>>()?;
    Ok(Value::text(sprintf(&layout, &values)?.into_bytes()))
}

fn sprintf(layout: &str, values: &[Value<'_>]) -> Result<String, EvalError> {
    let mut out = String::with_capacity(layout.len());
    let mut values = values.iter();
    let mut rest = layout;
    while let Some((text, directive)) = rest.split_once('%') {
        out.push_str(text);
        let (spec, after) = spec(directive);
        let Some(verb) = after.chars().next() else {
            out.push_str("%!(NOVERB)");
            rest = "";
            break;
        };
        rest = &after[verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
            continue;
        }
        match values.next() {
            None => out.push_str(&format!("%!{verb}(MISSING)")),
            Some(value) => match formatted(value, spec, verb)? {
                Some(text) => out.push_str(&text),
                None => out.push_str(&bad(value, verb)?),
            },
        }
    }
    out.push_str(rest);
    let extra: Vec<_> = values.map(described).collect::<Result<_, _>>()?;
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    Ok(out)
}

fn spec(text: &str) -> (Spec, &str) {
    let mut spec = Spec::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '+' => spec.plus = true,
            '-' => spec.minus = true,
            '#' => spec.sharp = true,
            ' ' => spec.space = true,
            '0' => spec.zero = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    let (width, after) = number(rest);
    spec.width = width.unwrap_or(0);
    rest = after;
    if let Some(after) = rest.strip_prefix('.') {
        let (precision, after) = number(after);
        spec.precision = Some(precision.unwrap_or(0));
        rest = after;
    }
    (spec, rest)
}

fn number(text: &str) -> (Option<usize>, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number = text[..end]
        .parse()
        .ok()
        .map(|number: usize| number.min(MOST));
    (number, &text[end..])
}

/// A value under a verb; `None` if they do not go together.
fn formatted(value: &Value<'_>, spec: Spec, verb: char) -> Result<Option<String>, EvalError> {
    let text = match value {
        Value::Bool(value) if matches!(verb, 't' | 'v') => value.to_string(),
        Value::Int(value) => return Ok(numbers::int(*value, spec, verb)),
        Value::Double(value) => return Ok(numbers::double(*value, spec, verb)),
        Value::Bool(_) => return Ok(None),
        Value::Nil if verb == 'v' => "<nil>".to_owned(),
        Value::Nil => return Ok(None),
        Value::String(bytes) | Value::Bytes(bytes) if matches!(verb, 'x' | 'X') => {
            let hex = String::from_utf8_lossy(&crate::value::hex(bytes)).into_owned();
            if verb == 'X' { hex.to_uppercase() } else { hex }
        }
        other => {
            let text = shown(other)?;
            match verb {
                's' | 'v' => match spec.precision {
                    Some(most) => text.chars().take(most).collect(),
                    None => text,
                },
                'q' => quoted(&text),
                _ => return Ok(None),
            }
        }
    };
    Ok(Some(padded(text, spec)))
}

/// A value as `%v` shows it, times and durations as OTTL does.
fn shown(value: &Value<'_>) -> Result<String, EvalError> {
    let text = value.clone().string_like()?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn padded(text: String, spec: Spec) -> String {
    let missing = spec.width.saturating_sub(text.chars().count());
    if missing == 0 {
        text
    } else if spec.minus {
        text + &" ".repeat(missing)
    } else {
        " ".repeat(missing) + &text
    }
}

/// Type and value, as Go names them where something is wrong.
fn described(value: &Value<'_>) -> Result<String, EvalError> {
    let kind = match value {
        Value::Nil => return Ok("<nil>".to_owned()),
        Value::Int(_) => "int64",
        Value::Double(_) => "float64",
        other => other.kind(),
    };
    let value = formatted(value, Spec::default(), 'v')?.unwrap_or_default();
    Ok(format!("{kind}={value}"))
}

fn bad(value: &Value<'_>, verb: char) -> Result<String, EvalError> {
    Ok(format!("%!{verb}({})", described(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(layout: &str, values: &[Value<'_>]) -> String {
        sprintf(layout, values).unwrap()
    }

    #[test]
    fn values_are_shown_as_go_shows_them() {
        let text = || Value::text(&b"h\xc3\xa4"[..]);
        for (layout, value, expected) in [
            ("%02d", Value::Int(7), "07"),
            ("%5d|", Value::Int(-7), "   -7|"),
            ("%-5d|", Value::Int(7), "7    |"),
            ("%05d", Value::Int(-7), "-0007"),
            ("%+d", Value::Int(7), "+7"),
            ("% d", Value::Int(7), " 7"),
            ("%.3d", Value::Int(7), "007"),
            ("%x", Value::Int(255), "ff"),
            ("%#X", Value::Int(255), "0XFF"),
            ("%o", Value::Int(8), "10"),
            ("%b", Value::Int(-5), "-101"),
            ("%c", Value::Int(0x41), "A"),
            ("%U", Value::Int(0x41), "U+0041"),
            ("%v", Value::Int(i64::MIN), "-9223372036854775808"),
            ("%f", Value::Double(1.5), "1.500000"),
            ("%.2f", Value::Double(2.006), "2.01"),
            ("%08.2f", Value::Double(-1.5), "-0001.50"),
            ("%e", Value::Double(123_456.789), "1.234568e+05"),
            ("%E", Value::Double(0.0), "0.000000E+00"),
            ("%g", Value::Double(100_000.0), "100000"),
            ("%v", Value::Double(1e6), "1e+06"),
            ("%v", Value::Double(1e20), "1e+20"),
            ("%v", Value::Double(0.000_01), "1e-05"),
            ("%v", Value::Double(0.25), "0.25"),
            ("%.3g", Value::Double(1234.5), "1.23e+03"),
            ("%.3g", Value::Double(0.5), "0.5"),
            ("%v", Value::Double(f64::INFINITY), "+Inf"),
            ("%5.1f|", Value::Double(f64::NAN), "  NaN|"),
            ("%s|%%", text(), "hä|%"),
            ("%4s|", text(), "  hä|"),
            ("%-4s|", text(), "hä  |"),
            ("%.1s", text(), "h"),
            ("%q", text(), "\"hä\""),
            ("%x", text(), "68c3a4"),
            ("%t", Value::Bool(true), "true"),
            ("%v", Value::Nil, "<nil>"),
        ] {
            assert_eq!(shown(layout, &[value]), expected, "{layout}");
        }
    }

    #[test]
    fn what_does_not_fit_is_shown_in_the_text() {
        for (layout, values, expected) in [
            ("%d", vec![Value::text(&b"hi"[..])], "%!d(string=hi)"),
            ("%s", vec![Value::Int(1)], "%!s(int64=1)"),
            ("%s", vec![Value::Nil], "%!s(<nil>)"),
            ("%z", vec![Value::Double(1.5)], "%!z(float64=1.5)"),
            ("%d %d", vec![Value::Int(1)], "1 %!d(MISSING)"),
            (
                "a",
                vec![Value::Int(1), Value::Bool(true)],
                "a%!(EXTRA int64=1, bool=true)",
            ),
            ("a%", vec![], "a%!(NOVERB)"),
            ("a%-07", vec![], "a%!(NOVERB)"),
        ] {
            assert_eq!(shown(layout, &values), expected, "{layout}");
        }
        for (layout, length) in [("%.70000f", 70_002), ("%.70000e", 70_006), ("%.70000g", 3)] {
            let text = shown(layout, &[Value::Double(1.5)]);
            assert_eq!(text.len(), length, "{layout}");
        }
        // A width without end is none.
        let long = shown(
            "%99999999999999999999999d%9999999d",
            &[Value::Int(1), Value::Int(1)],
        );
        assert_eq!(long.len(), 1 + MOST);
    }
}
