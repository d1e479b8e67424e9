//! Trees as YAML and JSON, for `print-config`.

use headwater_core::config::{Map, Node, Value};

/// Blanks per level, as in the Collector's output.
const INDENT: usize = 4;

/// Writes a tree as YAML in block style; reading it back gives the same values.
#[must_use]
pub fn to_yaml(node: &Node) -> String {
    to_annotated_yaml(node, |_, _| None)
}

/// As [`to_yaml`], with a comment behind each value that has no keys below it. `comment` gets
/// the path, joined by `::`, and the value.
#[must_use]
pub fn to_annotated_yaml(node: &Node, comment: impl Fn(&str, &Node) -> Option<String>) -> String {
    let mut writer = Yaml {
        out: String::new(),
        path: String::new(),
        comment: &comment,
    };
    match &node.value {
        Value::Map(map) if !map.is_empty() => writer.map(map, 0, false),
        Value::Seq(items) if !items.is_empty() => writer.list(items, 0),
        _ => writer.leaf(node),
    }
    writer.out
}

struct Yaml<'a> {
    out: String,
    path: String,
    comment: &'a dyn Fn(&str, &Node) -> Option<String>,
}

impl Yaml<'_> {
    /// `in_line`: the first key goes where the writer stands, behind `- `.
    fn map(&mut self, map: &Map, depth: usize, in_line: bool) {
        for (index, (key, node)) in map.iter().enumerate() {
            if index > 0 || !in_line {
                self.out.push_str(&" ".repeat(depth));
            }
            scalar(&key.name, &mut self.out);
            self.out.push(':');
            self.below(&key.name, |this| this.value(node, depth));
        }
    }

    fn list(&mut self, items: &[Node], depth: usize) {
        for (index, item) in items.iter().enumerate() {
            self.out.push_str(&" ".repeat(depth));
            self.out.push('-');
            self.below(&index.to_string(), |this| match &item.value {
                Value::Map(map) if !map.is_empty() => {
                    this.out.push(' ');
                    this.map(map, depth + 2, true);
                }
                Value::Seq(inner) if !inner.is_empty() => {
                    this.out.push('\n');
                    this.list(inner, depth + 2);
                }
                _ => {
                    this.out.push(' ');
                    this.leaf(item);
                }
            });
        }
    }

    /// The value behind a key.
    fn value(&mut self, node: &Node, depth: usize) {
        match &node.value {
            Value::Map(map) if !map.is_empty() => {
                self.out.push('\n');
                self.map(map, deeper(depth), false);
            }
            Value::Seq(items) if !items.is_empty() => {
                self.out.push('\n');
                self.list(items, deeper(depth));
            }
            _ => {
                self.out.push(' ');
                self.leaf(node);
            }
        }
    }

    fn leaf(&mut self, node: &Node) {
        match &node.value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Int(value) => self.out.push_str(&value.to_string()),
            Value::UInt(value) => self.out.push_str(&value.to_string()),
            Value::Float(value) => self.out.push_str(&yaml_float(*value)),
            Value::String(text) => scalar(text, &mut self.out),
            Value::Seq(_) => self.out.push_str("[]"),
            Value::Map(_) => self.out.push_str("{}"),
        }
        if let Some(comment) = (self.comment)(&self.path, node) {
            self.out.push_str(" # ");
            self.out.push_str(&comment.replace(['\n', '\r'], " "));
        }
        self.out.push('\n');
    }

    fn below(&mut self, segment: &str, write: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push_str("::");
        }
        self.path.push_str(segment);
        write(self);
        self.path.truncate(length);
    }
}

/// The next level, as Go's YAML writer counts: in a map inside a list, which stands two blanks
/// deeper than the list, that is two more, not four.
const fn deeper(depth: usize) -> usize {
    (depth + INDENT) / INDENT * INDENT
}

/// A string, in quotes where it would be read as something else without.
fn scalar(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text)
    } else {
        json_string(text, out)
    }
}

fn is_plain(text: &str) -> bool {
    let first_fits = text
        .starts_with(|first: char| first.is_alphanumeric() || "/._$(".contains(first))
        || (text.starts_with('-') && text.len() > 1 && !text.starts_with("- "));
    first_fits
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(|letter| {
            letter.is_ascii_graphic() || letter == ' ' || (letter.is_alphanumeric() && !letter.is_ascii())
        })
        && matches!(crate::yaml::resolve(text), Value::String(_))
        // Older readers take these for booleans.
        && !["y", "n", "yes", "no", "on", "off"].contains(&text.to_ascii_lowercase().as_str())
}

fn yaml_float(value: f64) -> String {
    if value.is_nan() {
        ".nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 {
            ".inf".to_owned()
        } else {
            "-.inf".to_owned()
        }
    } else {
        // Debug keeps the point: `5.0` stays a float.
        format!("{value:?}")
    }
}

/// Writes a tree as JSON with two blanks per level. Numbers that JSON does not have are strings.
#[must_use]
pub fn to_json(node: &Node) -> String {
    let mut out = String::new();
    json_value(node, 0, &mut out);
    out.push('\n');
    out
}

fn json_value(node: &Node, depth: usize, out: &mut String) {
    let open = |out: &mut String, index: usize, depth: usize| {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
    };
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::UInt(value) => out.push_str(&value.to_string()),
        Value::Float(value) if value.is_finite() => out.push_str(&value.to_string()),
        Value::Float(value) => json_string(&yaml_float(*value), out),
        Value::String(text) => json_string(text, out),
        Value::Seq(items) if items.is_empty() => out.push_str("[]"),
        Value::Seq(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                open(out, index, depth);
                json_value(item, depth + 1, out);
            }
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
            out.push(']');
        }
        Value::Map(map) if map.is_empty() => out.push_str("{}"),
        Value::Map(map) => {
            out.push('{');
            for (index, (key, value)) in map.iter().enumerate() {
                open(out, index, depth);
                json_string(&key.name, out);
                out.push_str(": ");
                json_value(value, depth + 1, out);
            }
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
            out.push('}');
        }
    }
}

/// Writes a string with quotes and escapes, as both JSON and YAML read it.
pub(crate) fn json_string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() || "\u{2028}\u{2029}\u{feff}".contains(letter) => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}
