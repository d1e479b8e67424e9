//! JSON as Go's `encoding/json` writes it: keys in order, and `<`, `>`, `&` escaped.

use std::fmt::Write as _;

use headwater_logs::Value;

/// Appends a string with its quotes.
pub(crate) fn put_string(out: &mut String, text: &str) {
    out.push('"');
    let mut begin = 0;
    for (at, letter) in text.char_indices() {
        let plain = !matches!(
            letter,
            '"' | '\\' | '<' | '>' | '&' | '\u{0}'..='\u{1f}' | '\u{2028}' | '\u{2029}'
        );
        if plain {
            continue;
        }
        out.push_str(&text[begin..at]);
        begin = at + letter.len_utf8();
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            // Writing to a string does not fail.
            letter => write!(out, "\\u{:04x}", u32::from(letter)).unwrap_or_default(),
        }
    }
    out.push_str(&text[begin..]);
    out.push('"');
}

/// Appends a number: without exponent between 1e-6 and 1e21.
pub(crate) fn put_number(out: &mut String, value: f64) {
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        write!(out, "{value}").unwrap_or_default();
        return;
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => {
            write!(out, "{digits}e+{exponent}").unwrap_or_default();
        }
        _ => out.push_str(&text),
    }
}

/// Appends a value.
pub(crate) fn put_value(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => write!(out, "{value}").unwrap_or_default(),
        Value::Float(value) => put_number(out, *value),
        Value::Str(text) => put_string(out, text),
        Value::Bytes(bytes) => put_string(out, &String::from_utf8_lossy(bytes)),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                put_value(out, item);
            }
            out.push(']');
        }
        Value::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                put_string(out, key);
                out.push(':');
                put_value(out, value);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_go_writes_them() {
        let json = r#"{"b":[1,2.5,1e21,1e-7,"<a & \"b\">\n"],"a":{"x":null,"w":true}}"#;
        let value = headwater_logs::parse_json(json, false).unwrap();
        let mut out = String::new();
        put_value(&mut out, &value);
        let expected = concat!(
            r#"{"a":{"w":true,"x":null},"b":[1,2.5,1e+21,1e-7,"#,
            "\"\\u003ca \\u0026 \\\"b\\\"\\u003e\\n\"]}",
        );
        assert_eq!(out, expected);
    }
}
