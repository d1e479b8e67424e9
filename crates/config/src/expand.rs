//! `${…}`: references inside values.
//!
//! Source: the Collector's `confmap` resolver. A value is expanded again and again, innermost
//! reference first, until nothing changes; `$$` becomes `$` at the very end. A value that is
//! nothing but a reference may become anything, one that holds a reference stays text.

use std::ops::Range;

use headwater_core::config::{
    Code, Diagnostic, Diagnostics, Map, Node, Origin, Severity, Span, Value,
};

use crate::MAX_DOCUMENT_BYTES;
use crate::place::Place;
use crate::retrieve::{Surroundings, Text, is_configuration, parse_document, variable_origin};
use crate::uri::Uri;
use crate::yaml::{self, MAX_DEPTH};

/// How often one value may be expanded, as in the Collector.
const MAX_PASSES: usize = 1000;
/// How many references a whole configuration may hold, those in what they bring in included.
const MAX_REFERENCES: usize = 20_000;
/// How much text may be written while references inside of text are replaced, all in all.
const MAX_WRITTEN_BYTES: usize = 64 * 1024 * 1024;

/// Expands every value of a tree.
pub(crate) struct Expander<'a> {
    surroundings: &'a Surroundings<'a>,
    diagnostics: &'a mut Diagnostics,
    references_left: usize,
    bytes_left: usize,
    path: String,
    /// Whether what is found out is known already.
    quiet: bool,
}

/// What one reference gave.
struct Retrieved {
    node: Node,
    text: String,
}

impl<'a> Expander<'a> {
    pub(crate) fn new(
        surroundings: &'a Surroundings<'a>,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Self {
            surroundings,
            diagnostics,
            references_left: MAX_REFERENCES,
            bytes_left: MAX_WRITTEN_BYTES,
            path: String::new(),
            quiet: false,
        }
    }

    /// Expands a value and everything below it.
    pub(crate) fn expand(&mut self, node: Node) -> Node {
        self.value(node, 0)
    }

    fn value(&mut self, node: Node, depth: usize) -> Node {
        if depth > MAX_DEPTH {
            let message = format!("lists and maps are nested deeper than {MAX_DEPTH} levels");
            self.report(
                Diagnostic::new(Severity::Error, Code::TOO_DEEP, message),
                &node.origin,
            );
            return Node::null(node.origin);
        }
        match node.value {
            Value::String(text) if text.contains('$') => {
                let node = Node {
                    value: Value::Null,
                    ..node
                };
                self.string(text, node, depth)
            }
            Value::Seq(items) => {
                let items = items.into_iter().enumerate().map(|(index, item)| {
                    self.below(&index.to_string(), |this| this.value(item, depth + 1))
                });
                let items = items.collect();
                Node {
                    value: Value::Seq(items),
                    ..node
                }
            }
            Value::Map(map) => {
                let mut expanded = Map::new();
                for (key, value) in map {
                    let name = key.name.clone();
                    let value = self.below(&name, |this| this.value(value, depth + 1));
                    expanded.insert(key, value);
                }
                Node {
                    value: Value::Map(expanded),
                    ..node
                }
            }
            _ => node,
        }
    }

    /// Expands a text; `node` has its origin.
    fn string(&mut self, text: String, node: Node, depth: usize) -> Node {
        let mut text = text;
        let Node {
            mut origin,
            mut expanded,
            ..
        } = node;
        for _ in 0..MAX_PASSES {
            let Some(range) = self.next_reference(&text, &origin) else {
                let text = unescape(&text);
                let expanded = expanded.map(|text| unescape(&text).into());
                return Node {
                    value: Value::String(text),
                    origin,
                    expanded,
                };
            };
            let place = reference_place(&origin, &text[range.clone()]);
            let whole = range.len() == text.len();
            let Some(retrieved) = self.retrieve(&text[range.clone()], &place) else {
                return Node::null(origin);
            };
            if !whole {
                if retrieved.node.origin.is_env() {
                    origin = retrieved.node.origin;
                }
                expanded = None;
                match self.replace(&text, &text[range], &retrieved.text, &place) {
                    Some(replaced) => text = replaced,
                    None => return Node::null(origin),
                }
                continue;
            }
            expanded = Some(retrieved.text.into());
            match retrieved.node.value {
                Value::String(value) => {
                    origin = retrieved.node.origin;
                    text = value;
                }
                value => {
                    let node = Node {
                        value,
                        ..retrieved.node
                    };
                    return self.structure(node, expanded, depth);
                }
            }
        }
        let message = "the value expands without end";
        let diagnostic = Diagnostic::new(Severity::Error, Code::TOO_MANY_EXPANSIONS, message);
        self.report(diagnostic, &origin);
        Node::null(origin)
    }

    /// Goes on with what a reference gave when that is not text.
    fn structure(&mut self, node: Node, text: Option<Box<str>>, depth: usize) -> Node {
        let holds_references = matches!(node.value, Value::Seq(_) | Value::Map(_));
        let node = self.value(node, depth + 1);
        let text = match text {
            // A string that is given this value takes its text, with references expanded.
            Some(text) if holds_references && text.contains("${") => {
                let outer = std::mem::replace(&mut self.quiet, true);
                let spliced = self.splice(text.into_string(), &node.origin);
                self.quiet = outer;
                Some(spliced)
            }
            text => text.map(|text| unescape(&text).into()),
        };
        Node {
            expanded: text,
            ..node
        }
    }

    /// Expands every reference of a text in place.
    fn splice(&mut self, text: String, origin: &Origin) -> Box<str> {
        let mut text = text;
        for _ in 0..MAX_PASSES {
            let Some(range) = self.next_reference(&text, origin) else {
                break;
            };
            let Some(retrieved) = self.retrieve(&text[range.clone()], origin) else {
                break;
            };
            match self.replace(&text, &text[range], &retrieved.text, origin) {
                Some(replaced) => text = replaced,
                None => break,
            }
        }
        unescape(&text).into()
    }

    /// Replaces a reference wherever it stands in a text; `None` if that grows out of bounds.
    fn replace(&mut self, text: &str, from: &str, to: &str, place: &Origin) -> Option<String> {
        // The reference stands there at least once; growth is bounded by what is left.
        let places = text.matches(from).count();
        let length = text.len() + places * to.len();
        match self
            .bytes_left
            .checked_sub(length)
            .filter(|_| length <= MAX_DOCUMENT_BYTES)
        {
            Some(left) => {
                self.bytes_left = left;
                Some(text.replace(from, to))
            }
            None => {
                self.exhausted(
                    "the value expands to more text than a configuration can need",
                    place,
                );
                None
            }
        }
    }

    /// Stops all further expansion; said once.
    fn exhausted(&mut self, message: &str, place: &Origin) {
        if self.references_left > 0 {
            let message = message.to_owned();
            self.diagnostics
                .error(Code::TOO_MANY_EXPANSIONS, message)
                .path(&self.path)
                .at(place);
        }
        self.references_left = 0;
    }

    /// The next reference to expand. Warns about those that are never reached.
    fn next_reference(&mut self, text: &str, origin: &Origin) -> Option<Range<usize>> {
        match find_reference(text) {
            Found::Reference(range) => Some(range),
            Found::Nothing => None,
            Found::Escaped { unreached: None } => None,
            Found::Escaped {
                unreached: Some(range),
            } => {
                let uri = &text[range];
                let message = format!(
                    "`{}` stays as it is: an escaped reference stands before it",
                    uri.escape_debug()
                );
                let mut diagnostic =
                    Diagnostic::new(Severity::Warning, Code::REFERENCE_NOT_EXPANDED, message);
                diagnostic.help("give the whole text in one environment variable");
                self.report(diagnostic, &reference_place(origin, uri));
                None
            }
        }
    }

    /// What `${…}` stands for; `None` after an error.
    fn retrieve(&mut self, reference: &str, place: &Origin) -> Option<Retrieved> {
        let inner = &reference[2..reference.len() - 1];
        let with_scheme;
        let uri = if inner.contains(':') {
            inner
        } else {
            with_scheme = format!("env:{inner}");
            &with_scheme
        };
        let error = |code, message: String| Diagnostic::new(Severity::Error, code, message);
        let Some(uri) = Uri::parse(uri) else {
            let message = format!("`{}` is not a reference", reference.escape_debug());
            let mut diagnostic = error(Code::INVALID_REFERENCE, message);
            if inner.contains(":-") {
                diagnostic.help(format!("write `${{env:{inner}}}`"));
            } else {
                diagnostic.help(format!(
                    "write `${{env:NAME}}`, or `${reference}` for the text itself"
                ));
            }
            self.report(diagnostic, place);
            return None;
        };
        if uri.opaque.contains('$') {
            let message = format!("`{}` has a `$` in it", reference.escape_debug());
            self.report(error(Code::DOLLAR_IN_REFERENCE, message), place);
            return None;
        }
        match self.references_left {
            0 => return None,
            1 => {
                let message = format!("there are more than {MAX_REFERENCES} references");
                self.exhausted(&message, place);
                return None;
            }
            _ => self.references_left -= 1,
        }
        match self.surroundings.retrieve(&uri) {
            Ok(text) => self.read(text, place),
            Err(diagnostic) => {
                self.report(*diagnostic, place);
                None
            }
        }
    }

    /// Reads a text as YAML; what is not YAML is text.
    fn read(&mut self, text: Text, place: &Origin) -> Option<Retrieved> {
        let mut scratch = Diagnostics::new();
        let (node, text, origin) = match text {
            Text::Variable {
                name,
                text,
                remark,
                is_text,
            } => {
                if let Some(remark) = remark {
                    self.report(*remark, place);
                }
                let origin = variable_origin(&name, Some(place));
                let node = if is_text {
                    None
                } else {
                    yaml::parse(&text, &Place::Fixed(&origin), &mut scratch)
                };
                (node, text, origin)
            }
            Text::Inline(text) => {
                let node = yaml::parse(&text, &Place::Fixed(place), &mut scratch);
                (node, text, place.clone())
            }
            Text::Document(source) => {
                let node = parse_document(&source, &mut scratch);
                if scratch.has_errors() && is_configuration(&source) {
                    if !self.quiet {
                        self.diagnostics.append(scratch);
                    }
                    return None;
                }
                let origin = Origin::text(&source, 0, source.text.len());
                (node, source.text.clone(), origin)
            }
        };
        let node = match node {
            Some(node) if !scratch.has_errors() && !matches!(node.value, Value::String(_)) => node,
            _ => Node::new(Value::String(text.clone()), origin),
        };
        Some(Retrieved { node, text })
    }

    fn below<R>(&mut self, segment: &str, expand: impl FnOnce(&mut Self) -> R) -> R {
        let length = self.path.len();
        if length > 0 {
            self.path.push_str("::");
        }
        self.path.push_str(segment);
        let result = expand(self);
        self.path.truncate(length);
        result
    }

    fn report(&mut self, mut diagnostic: Diagnostic, origin: &Origin) {
        if !self.quiet {
            diagnostic.path(&self.path).at(origin);
            self.diagnostics.push(diagnostic);
        }
    }
}

enum Found {
    Nothing,
    Reference(Range<usize>),
    /// Looking stops at an escaped reference; `unreached` is one behind it that is not escaped.
    Escaped {
        unreached: Option<Range<usize>>,
    },
}

/// The first closed reference that is not escaped, innermost first. An odd number of `$` before
/// `${` escapes it, and ends the search.
fn find_reference(text: &str) -> Found {
    match next_candidate(text, 0) {
        None => Found::Nothing,
        Some((range, false)) => Found::Reference(range),
        Some((range, true)) => {
            let mut from = range.end;
            while let Some((range, escaped)) = next_candidate(text, from) {
                if !escaped {
                    return Found::Escaped {
                        unreached: Some(range),
                    };
                }
                from = range.end;
            }
            Found::Escaped { unreached: None }
        }
    }
}

/// The next `${…}` from `from` on, and whether it is escaped.
fn next_candidate(text: &str, mut from: usize) -> Option<(Range<usize>, bool)> {
    loop {
        let close = from + text[from..].find('}')?;
        let Some(open) = text[from..close].rfind("${") else {
            from = close + 1;
            continue;
        };
        let open = from + open;
        let dollars = text[from..open]
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'$')
            .count();
        return Some((open..close + 1, dollars % 2 == 1));
    }
}

fn unescape(text: &str) -> String {
    text.replace("$$", "$")
}

/// The place of a reference inside the text of its value, as far as it can be told.
fn reference_place(origin: &Origin, reference: &str) -> Origin {
    let Origin::Text(span) = origin else {
        return origin.clone();
    };
    let covered = span
        .source
        .text
        .get(span.start..span.end)
        .unwrap_or_default();
    match covered.find(reference) {
        Some(at) => {
            let start = span.start + at;
            Origin::Text(Span::new(&span.source, start, start + reference.len()))
        }
        None => origin.clone(),
    }
}
