//! Just enough JSON to write a log line, tight or with blanks as zap's console lines have them.

use std::fmt::Write;

use headwater_core::config::{Node, Value};

/// Whether a blank follows `:` and `,`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    Tight,
    Spaced,
}

/// The inside of a JSON object that grows key by key.
pub(super) struct Object<'a> {
    line: &'a mut String,
    spacing: Spacing,
    empty: bool,
}

impl<'a> Object<'a> {
    /// An object of which nothing has been written yet; the caller writes the braces.
    pub(super) fn new(line: &'a mut String, spacing: Spacing) -> Self {
        Self {
            line,
            spacing,
            empty: true,
        }
    }

    /// Writes the key; the value must follow on the returned text.
    pub(super) fn key(&mut self, name: &str) -> &mut String {
        let comma = match (self.empty, self.spacing) {
            (true, _) => "",
            (false, Spacing::Tight) => ",",
            (false, Spacing::Spaced) => ", ",
        };
        self.empty = false;
        self.line.push_str(comma);
        write_string(self.line, name);
        self.line.push_str(match self.spacing {
            Spacing::Tight => ":",
            Spacing::Spaced => ": ",
        });
        self.line
    }

    /// Writes text that is already the inside of an object with the same spacing.
    pub(super) fn raw(&mut self, fields: &str) {
        if fields.is_empty() {
            return;
        }
        if !self.empty {
            self.line.push_str(match self.spacing {
                Spacing::Tight => ",",
                Spacing::Spaced => ", ",
            });
        }
        self.empty = false;
        self.line.push_str(fields);
    }
}

/// Writes `text` in quotes.
pub(crate) fn write_string(line: &mut String, text: &str) {
    line.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\' || c == '\u{7f}') {
        line.push_str(&rest[..at]);
        let mut behind = rest[at..].chars();
        match behind.next() {
            Some('"') => line.push_str("\\\""),
            Some('\\') => line.push_str("\\\\"),
            Some('\n') => line.push_str("\\n"),
            Some('\r') => line.push_str("\\r"),
            Some('\t') => line.push_str("\\t"),
            Some(control) => {
                write!(line, "\\u{:04x}", u32::from(control)).ok();
            }
            None => {}
        }
        rest = behind.as_str();
    }
    line.push_str(rest);
    line.push('"');
}

/// Writes a number; what JSON has no number for becomes a string.
pub(super) fn write_float(line: &mut String, value: f64) {
    if value.is_finite() {
        write!(line, "{value}").ok();
    } else {
        let text = if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        };
        write_string(line, text);
    }
}

/// Writes a value of the configuration.
pub(super) fn write_node(line: &mut String, node: &Node, spacing: Spacing) {
    match &node.value {
        Value::Null => line.push_str("null"),
        Value::Bool(value) => line.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => {
            write!(line, "{value}").ok();
        }
        Value::UInt(value) => {
            write!(line, "{value}").ok();
        }
        Value::Float(value) => write_float(line, *value),
        Value::String(text) => write_string(line, text),
        Value::Seq(items) => {
            line.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    line.push(',');
                }
                write_node(line, item, spacing);
            }
            line.push(']');
        }
        Value::Map(map) => {
            line.push('{');
            let mut object = Object::new(line, spacing);
            for (key, value) in map {
                write_node(object.key(&key.name), value, spacing);
            }
            line.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_break_a_line() {
        let mut line = String::new();
        write_string(&mut line, "a\"b\\c\nd\u{1}ü\u{7f}");
        assert_eq!(line, r#""a\"b\\c\nd\u0001ü\u007f""#);
    }

    #[test]
    fn numbers_without_json_form_are_strings() {
        let mut line = String::new();
        write_float(&mut line, f64::NAN);
        write_float(&mut line, -0.5);
        assert_eq!(line, "\"NaN\"-0.5");
    }
}
