//! Cases of names. Source: Go `iancoleman/strcase`, which looks at ASCII only.

use super::{Argument, Arguments, Value};
use crate::error::EvalError;

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'_' | b'-' | b'.')
}

pub(super) fn to_snake_case<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::text(snake(&arguments.string(0)?)))
}

pub(super) fn to_camel_case<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::text(camel(&arguments.string(0)?)))
}

pub(super) fn to_lower_case<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.text(0)?;
    Ok(Value::text(text.to_lowercase().into_bytes()))
}

pub(super) fn to_upper_case<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.text(0)?;
    Ok(Value::text(text.to_uppercase().into_bytes()))
}

pub(super) fn check(arguments: &[Argument]) -> std::result::Result<(), String> {
    match arguments.get(1).and_then(Argument::literal).as_deref() {
        None | Some("lower" | "upper" | "snake" | "camel") => Ok(()),
        Some(other) => Err(format!(
            "invalid case: {other}, allowed cases are: lower, upper, snake, camel"
        )),
    }
}

/// To one of the cases that [`check`] has let through.
pub(super) fn convert<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    match &*arguments.text(1)? {
        "lower" => to_lower_case(arguments),
        "upper" => to_upper_case(arguments),
        "snake" => to_snake_case(arguments),
        _ => to_camel_case(arguments),
    }
}

/// `JSONData 2` to `json_data_2`: a word ends where the case changes, or letters and digits meet;
/// the last capital before small letters begins the next one.
fn snake(text: &[u8]) -> Vec<u8> {
    let text = text.trim_ascii();
    let mut out = Vec::with_capacity(text.len() + 4);
    for (at, byte) in text.iter().copied().enumerate() {
        let next = text.get(at + 1).copied().unwrap_or(b' ');
        if is_blank(byte) {
            out.push(b'_');
            continue;
        }
        let starts_word = byte.is_ascii_uppercase()
            && next.is_ascii_lowercase()
            && at > 0
            && text[at - 1].is_ascii_uppercase();
        if starts_word {
            out.push(b'_');
        }
        out.push(byte.to_ascii_lowercase());
        let ends_word = (byte.is_ascii_lowercase() && next.is_ascii_uppercase())
            || (byte.is_ascii_digit() && next.is_ascii_alphabetic())
            || (byte.is_ascii_alphabetic() && next.is_ascii_digit());
        if ends_word {
            out.push(b'_');
        }
    }
    out
}

/// `my_metric` to `MyMetric`. What is neither letter nor digit is left out; of several capitals only
/// the first remains one.
fn camel(text: &[u8]) -> Vec<u8> {
    let text = text.trim_ascii();
    let mut out = Vec::with_capacity(text.len());
    let mut begins = true;
    let mut capital = false;
    for byte in text.iter().copied() {
        if byte.is_ascii_alphabetic() {
            out.push(if begins {
                byte.to_ascii_uppercase()
            } else if capital {
                byte.to_ascii_lowercase()
            } else {
                byte
            });
            begins = false;
        } else if byte.is_ascii_digit() {
            out.push(byte);
            begins = true;
        } else {
            begins = is_blank(byte);
        }
        capital = byte.is_ascii_uppercase();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_case() {
        for (text, as_snake, as_camel) in [
            ("simpleString", "simple_string", "SimpleString"),
            (
                "CPUUtilizationMetric",
                "cpu_utilization_metric",
                "CpuutilizationMetric",
            ),
            ("my_metric_name", "my_metric_name", "MyMetricName"),
            (
                " http.server-duration ",
                "http_server_duration",
                "HttpServerDuration",
            ),
            ("CONSTANT_CASE", "constant_case", "ConstantCase"),
            ("JSONData", "json_data", "Jsondata"),
            ("a1b", "a_1_b", "A1B"),
            ("", "", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&snake(text.as_bytes())), as_snake);
            assert_eq!(String::from_utf8_lossy(&camel(text.as_bytes())), as_camel);
        }
    }
}
