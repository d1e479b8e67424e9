//! Mistakes as diagnostics, with the caret inside of the user's string.

use std::ops::Range;

use headwater_core::config::{Node, Origin, Span, Validation};

use crate::error::OttlError;

/// Reports what is wrong with the text under `key`. `what` says what the text is, for example
/// `condition`.
pub fn report(validation: &mut Validation<'_>, key: &str, what: &str, errors: &[OttlError]) {
    for error in errors {
        let node = validation.node().and_then(|node| node.lookup(key));
        let origin = node.and_then(|node| place(node, &error.range));
        let diagnostic = validation.error(key, format!("invalid {what}: {}", error.message));
        if let Some(origin) = origin {
            diagnostic.at(&origin);
        }
        if let Some(label) = &error.label {
            diagnostic.label(label.clone());
        }
        if let Some(help) = &error.help {
            diagnostic.help(help.clone());
        }
    }
}

/// Where a range of the text that `node` holds stands in the file. `None` for what a `${…}` gave,
/// and where text and file cannot be matched.
#[must_use]
pub fn place(node: &Node, range: &Range<usize>) -> Option<Origin> {
    if node.is_expanded() {
        return None;
    }
    let text = node.as_text()?;
    let Origin::Text(span) = &node.origin else {
        return None;
    };
    let written = span.source.text.get(span.start..span.end)?;
    let (from, to) = align(text, written, range)?;
    let (start, end) = (span.start + from, span.start + to);
    Some(Origin::Text(Span::new(&span.source, start, end.max(start))))
}

/// Where `range` of `text` stands in `written`, the same text as YAML has it: in quotes, escaped,
/// folded, indented.
fn align(text: &str, written: &str, range: &Range<usize>) -> Option<(usize, usize)> {
    let mut at = match written.chars().next() {
        Some('"' | '\'') => 1,
        // The text of a block begins in the next line.
        Some('|' | '>') => written.find('\n')? + 1,
        _ => 0,
    };
    let (mut from, mut to) = (None, None);
    for (index, wanted) in text.char_indices() {
        if index >= range.end && from.is_some() {
            break;
        }
        if index == range.start && range.is_empty() {
            from = Some(at);
            break;
        }
        // Whatever stands between belongs to what comes before it.
        let found = find(wanted, written, at)?;
        if index == range.start {
            from = Some(found.start);
        }
        if index < range.end {
            to = Some(found.end);
        }
        at = found.end;
    }
    let from = from.unwrap_or(at);
    Some((from, to.unwrap_or(from).max(from)))
}

/// The next place in `written` that stands for `wanted`.
fn find(wanted: char, written: &str, mut at: usize) -> Option<Range<usize>> {
    let mut escaped = false;
    while let Some(c) = written.get(at..)?.chars().next() {
        let end = at + c.len_utf8();
        let same = c == wanted
            || (c.is_whitespace() && wanted.is_whitespace())
            || (escaped && matches!((c, wanted), ('n', '\n') | ('t', '\t') | ('r', '\r')));
        if same {
            return Some(at..end);
        }
        // What YAML adds: escapes, doubled quotes, indentation; and `$$`.
        if !(c.is_whitespace() || matches!(c, '\\' | '\'' | '"' | '$')) {
            return None;
        }
        escaped = c == '\\';
        at = end;
    }
    None
}
