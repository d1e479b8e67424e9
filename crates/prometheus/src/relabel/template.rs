//! Replacements: text with groups of a regular expression in it. Source: Go, `Regexp.Expand`.

use headwater_regexp::Regex;

/// A replacement that was taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    /// The first of these groups that took part in the match; several where a name is given twice.
    Group(usize),
}

impl Template {
    /// Takes a replacement apart; names that `regex` does not have stand for nothing.
    pub(super) fn new(text: &str, regex: &Regex) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            push(&mut parts, before);
            rest = after;
            if let Some(after) = rest.strip_prefix('$') {
                push(&mut parts, "$");
                rest = after;
            } else if let Some((name, after)) = reference(rest) {
                parts.extend(group(name, regex).map(Part::Group));
                rest = after;
            } else {
                push(&mut parts, "$");
            }
        }
        push(&mut parts, rest);
        Self(parts)
    }

    /// Whether a group must be known to expand it, besides the whole match.
    pub(super) fn needs_groups(&self) -> bool {
        self.0
            .iter()
            .any(|part| matches!(part, Part::Group(index) if *index > 0))
    }

    /// Expands the replacement; `group` gives the text of a group that took part.
    pub(super) fn expand<'t>(&self, group: impl Fn(usize) -> Option<&'t str>) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Group(index) => text.push_str(group(*index).unwrap_or("")),
            }
        }
        text
    }
}

fn push(parts: &mut Vec<Part>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Part::Text(last)) = parts.last_mut() {
        *last = format!("{last}{text}").into();
    } else {
        parts.push(Part::Text(text.into()));
    }
}

/// The name after a `$`, in braces or as long as it goes, and what follows; `None` if it is no
/// reference, and the `$` stands for itself.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (braced, name) = match text.strip_prefix('{') {
        Some(name) => (true, name),
        None => (false, text),
    };
    let end = name
        .find(|character: char| !is_letter_or_digit(character) && character != '_')
        .unwrap_or(name.len());
    if end == 0 {
        return None;
    }
    let (name, rest) = name.split_at(end);
    if braced {
        Some((name, rest.strip_prefix('}')?))
    } else {
        Some((name, rest))
    }
}

/// Letters (L) and decimal digits (Nd), as Go tells them.
fn is_letter_or_digit(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric();
    }
    // What Rust calls alphabetic or numeric and Go neither letter nor digit are marks and number
    // letters; a group cannot have such a name in Go.
    use std::sync::LazyLock;
    static LETTER: LazyLock<Option<Regex>> =
        LazyLock::new(|| headwater_regexp::compile(r"^[\p{L}\p{Nd}]$").ok());
    let mut buffer = [0; 4];
    let text = character.encode_utf8(&mut buffer);
    LETTER
        .as_ref()
        .is_some_and(|letter| letter.is_match(text.as_bytes()))
}

/// The group of a number or name; none if there is no such group.
fn group(name: &str, regex: &Regex) -> Option<usize> {
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number has no leading zeros, and nobody has a hundred million groups.
        let number = name.len() <= 8 && (name == "0" || !name.starts_with('0'));
        let index: usize = name.parse().ok().filter(|_| number)?;
        return Some(index).filter(|index| *index < regex.captures_len());
    }
    regex.capture_names().position(|known| known == Some(name))
}
