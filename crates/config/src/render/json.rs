//! Diagnostics for programs.

use headwater_core::config::{Diagnostic, Diagnostics, Label, Origin};

use crate::write::json_string;

/// Renders errors and warnings as JSON, one object on each line, in the order of
/// their places: `severity`, `code`, `message`,
/// and where they are known `path`, `file`, `line`, `column`, `end_line`, `end_column` (both
/// counted from 1, the end exclusive), `env`, `label`, `help` and `related` (a list of places).
/// Lines of the configuration are not part of it.
#[must_use]
pub fn render_json(diagnostics: &Diagnostics) -> String {
    let mut text = String::new();
    for diagnostic in super::in_order(diagnostics) {
        object(diagnostic, &mut text);
        text.push('\n');
    }
    text
}

fn object(diagnostic: &Diagnostic, out: &mut String) {
    let mut object = Object::open(out);
    object.text("severity", diagnostic.severity.as_str());
    object.text("code", diagnostic.code.as_str());
    object.text("message", &diagnostic.message);
    if !diagnostic.path.is_empty() {
        object.text("path", &diagnostic.path);
    }
    if let Some(label) = &diagnostic.primary {
        place(label, &mut object);
    }
    if let Some(help) = &diagnostic.help {
        object.text("help", help);
    }
    if !diagnostic.secondary.is_empty() {
        object.key("related");
        object.out.push('[');
        for (index, label) in diagnostic.secondary.iter().enumerate() {
            if index > 0 {
                object.out.push(',');
            }
            let mut related = Object::open(object.out);
            place(label, &mut related);
            related.close();
        }
        object.out.push(']');
    }
    object.close();
}

fn place(label: &Label, object: &mut Object<'_>) {
    if let Some(span) = label.origin.span() {
        let (line, column) = span.position();
        let (end_line, end_column) = span.source.position(span.end);
        object.text("file", &span.source.name);
        object.number("line", line);
        object.number("column", column);
        object.number("end_line", end_line);
        object.number("end_column", end_column);
    }
    if let Origin::Env { name, .. } = &label.origin {
        object.text("env", name);
    }
    if !label.text.is_empty() {
        object.text("label", &label.text);
    }
}

struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        json_string(key, self.out);
        self.out.push(':');
    }

    fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        json_string(text, self.out);
    }

    fn number(&mut self, key: &str, number: usize) {
        self.key(key);
        self.out.push_str(&number.to_string());
    }

    fn close(self) {
        self.out.push('}');
    }
}
