//! YAML as the Collector reads it: the dialect of go-yaml v3, with positions.

mod scalar;

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, Tag};
use headwater_core::config::{Code, Diagnostics, Key, Map, Node, Origin, Source, Value};

use crate::place::Place;

pub(crate) use scalar::resolve;

/// Lists and maps may be nested this deep.
pub(crate) const MAX_DEPTH: usize = 128;
/// Aliases may add this many values; merge keys and repeated blocks need a few hundred.
const MAX_ALIAS_VALUES: usize = 50_000;

/// Reads the first document of `text`; an empty one is null. `None` after an error that leaves
/// nothing to read; other errors are reported, too, and the rest is returned.
pub(crate) fn parse(text: &str, place: &Place<'_>, diagnostics: &mut Diagnostics) -> Option<Node> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder {
        text: body,
        shift: text.len() - body.len(),
        place,
        diagnostics,
        frames: Vec::new(),
        anchors: HashMap::new(),
        alias_values: MAX_ALIAS_VALUES,
        root: None,
    };
    builder.run()
}

/// A list or map that is being read.
struct Frame {
    start: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    Seq(Vec<Node>),
    Map {
        map: Map,
        merged: Vec<Map>,
        key: Option<PendingKey>,
    },
}

/// A key whose value comes next.
enum PendingKey {
    Name(Key),
    Merge(Origin),
    /// Reported already; its value is read and forgotten.
    Invalid,
}

struct Builder<'a, 'd> {
    text: &'a str,
    shift: usize,
    place: &'a Place<'a>,
    diagnostics: &'d mut Diagnostics,
    frames: Vec<Frame>,
    /// Finished anchors by their number; an open one is `None`.
    anchors: HashMap<usize, Option<Node>>,
    alias_values: usize,
    root: Option<Node>,
}

impl<'a> Builder<'a, '_> {
    fn run(&mut self) -> Option<Node> {
        let mut options = Options::default();
        options.emit_unresolved_aliases = true;
        options.set_emit_comments(false);
        options.block_nesting_limit = MAX_DEPTH;
        options.flow_nesting_limit = MAX_DEPTH;
        let mut parser = Parser::new_from_str_with_options(self.text, options);
        while let Some(event) = parser.next_event() {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    self.syntax_error(&error);
                    return None;
                }
            };
            match event {
                Event::DocumentEnd => {
                    self.look_for_more(&mut parser);
                    break;
                }
                Event::StreamEnd => break,
                event => self.event(event, span)?,
            }
        }
        Some(
            self.root
                .take()
                .unwrap_or_else(|| Node::null(self.origin(0, 0))),
        )
    }

    /// Warns if another document follows.
    fn look_for_more(&mut self, parser: &mut Parser<'a, granit_parser::StrInput<'a>>) {
        while let Some(Ok((event, span))) = parser.next_event() {
            match event {
                Event::StreamEnd => return,
                Event::Scalar(text, ScalarStyle::Plain, _, None) if text.is_empty() => {}
                event if event.is_node() => {
                    let origin = self.origin_of(span);
                    let message = "only the first document of a file is read";
                    self.diagnostics
                        .warning(Code::MORE_DOCUMENTS, message)
                        .at(&origin);
                    return;
                }
                _ => {}
            }
        }
    }

    /// Takes one event; `None` if reading cannot go on.
    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_key = self.expects_key();
                let node = self.scalar(&text, style, tag.as_deref(), span, is_key);
                if anchor != 0 {
                    self.anchors.insert(anchor, Some(node.clone()));
                }
                if is_key {
                    self.key(node, style == ScalarStyle::Plain);
                } else {
                    self.value(node);
                }
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::UnresolvedAlias(name) => {
                let origin = self.origin_of(span);
                let message = format!("there is no anchor `&{name}` before this alias");
                self.diagnostics
                    .error(Code::UNKNOWN_ANCHOR, message)
                    .at(&origin);
                self.add(Node::null(origin));
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(anchor, span, Content::Seq(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, _) => {
                let content = Content::Map {
                    map: Map::new(),
                    merged: Vec::new(),
                    key: None,
                };
                self.open(anchor, span, content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => {}
        }
        Some(())
    }

    fn open(&mut self, anchor: usize, span: Span, content: Content) -> Option<()> {
        let start = span.byte_range().map_or(0, |range| range.start);
        if self.frames.len() >= MAX_DEPTH {
            let origin = self.origin_of(span);
            self.too_deep(&origin);
            return None;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
        self.frames.push(Frame {
            start,
            anchor,
            content,
        });
        Some(())
    }

    fn close(&mut self, span: Span) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let end = span
            .byte_range()
            .map_or(frame.start, |range| range.end)
            .max(frame.start);
        let covered = self.text.get(frame.start..end).unwrap_or_default();
        let origin = self.origin(frame.start, frame.start + covered.trim_end().len());
        let value = match frame.content {
            Content::Seq(items) => Value::Seq(items),
            Content::Map {
                mut map, merged, ..
            } => {
                for (key, node) in merged.into_iter().flatten() {
                    if map.get(&key.name).is_none() {
                        map.insert(key, node);
                    }
                }
                Value::Map(map)
            }
        };
        let node = Node::new(value, origin);
        if frame.anchor != 0 {
            self.anchors.insert(frame.anchor, Some(node.clone()));
        }
        self.add(node);
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Option<()> {
        let origin = self.origin_of(span);
        let Some(Some(node)) = self.anchors.get(&anchor) else {
            let message = "the anchor contains itself";
            self.diagnostics
                .error(Code::TOO_MANY_ALIASES, message)
                .at(&origin);
            return None;
        };
        let (size, depth) = extent(node);
        if size > self.alias_values {
            let message = format!("aliases expand to more than {MAX_ALIAS_VALUES} values");
            self.diagnostics
                .error(Code::TOO_MANY_ALIASES, message)
                .at(&origin);
            return None;
        }
        if self.frames.len() + depth > MAX_DEPTH {
            self.too_deep(&origin);
            return None;
        }
        self.alias_values -= size;
        let node = node.clone();
        self.add(node);
        Some(())
    }

    fn expects_key(&self) -> bool {
        matches!(
            self.frames.last(),
            Some(Frame {
                content: Content::Map { key: None, .. },
                ..
            })
        )
    }

    /// Puts a value where the next one belongs: as a key or as a value.
    fn add(&mut self, node: Node) {
        if self.expects_key() {
            self.key(node, false)
        } else {
            self.value(node)
        }
    }

    fn value(&mut self, node: Node) {
        let Some(frame) = self.frames.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        match &mut frame.content {
            Content::Seq(items) => items.push(node),
            Content::Map { map, merged, key } => match key.take() {
                Some(PendingKey::Name(key)) => map.insert(key, node),
                Some(PendingKey::Merge(origin)) => {
                    if !merge(node, merged) {
                        let message = "a merge key takes a map or a list of maps";
                        self.diagnostics
                            .error(Code::INVALID_MERGE_KEY, message)
                            .at(&origin);
                    }
                }
                Some(PendingKey::Invalid) | None => {}
            },
        }
    }

    fn key(&mut self, node: Node, plain: bool) {
        let pending = match node.value {
            Value::String(name) if plain && name == "<<" => PendingKey::Merge(node.origin),
            Value::String(name) => self.named_key(Key::new(name, node.origin)),
            value => match scalar::key(&value).filter(|_| self.frames.len() > 1) {
                Some(name) => self.named_key(Key::new(name, node.origin)),
                None => {
                    self.invalid_key(&value, &node.origin);
                    PendingKey::Invalid
                }
            },
        };
        if let Some(Frame {
            content: Content::Map { key, .. },
            ..
        }) = self.frames.last_mut()
        {
            *key = Some(pending);
        }
    }

    fn invalid_key(&mut self, value: &Value, origin: &Origin) {
        let message = format!("a key must be a string, this one is a {}", value.kind());
        let diagnostic = self.diagnostics.error(Code::KEY_NOT_STRING, message);
        diagnostic.at(origin);
        if !matches!(value, Value::Seq(_) | Value::Map(_)) {
            diagnostic.help("put the key in quotes");
        }
    }

    /// A key, unless the map has it already.
    fn named_key(&mut self, key: Key) -> PendingKey {
        let Some(Frame {
            content: Content::Map { map, .. },
            ..
        }) = self.frames.last()
        else {
            return PendingKey::Invalid;
        };
        let Some((first, _)) = map.entry(&key.name) else {
            return PendingKey::Name(key);
        };
        let first = first.origin.clone();
        let message = format!("key `{}` is written twice", key.name.escape_debug());
        self.diagnostics
            .error(Code::DUPLICATE_KEY, message)
            .at(&key.origin)
            .also(&first, "first written here");
        PendingKey::Invalid
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
        is_key: bool,
    ) -> Node {
        let origin = self.origin_of(span);
        let core = tag.and_then(|tag| tag.suffix_in_namespace("tag:yaml.org,2002:"));
        let value = match core.as_deref() {
            // A tag of one's own makes a string of it, as in go-yaml.
            None if tag.is_some_and(|tag| tag.original() != "!") => Value::String(text.to_owned()),
            None if style == ScalarStyle::Plain && tag.is_none() => {
                if is_key && text == "<<" {
                    Value::String(text.to_owned())
                } else {
                    resolve(text)
                }
            }
            None | Some("str" | "timestamp") => Value::String(text.to_owned()),
            Some(kind) => scalar::tagged(text, kind).unwrap_or_else(|| {
                let message = format!("`!!{kind}` does not fit this value");
                self.diagnostics
                    .error(Code::YAML_SYNTAX, message)
                    .at(&origin);
                Value::Null
            }),
        };
        Node::new(value, origin)
    }

    fn origin_of(&self, span: Span) -> Origin {
        let range = span.byte_range().unwrap_or(0..0);
        self.origin(range.start, range.end)
    }

    fn origin(&self, start: usize, end: usize) -> Origin {
        self.place.origin(start + self.shift, end + self.shift)
    }

    fn too_deep(&mut self, origin: &Origin) {
        let message = format!("lists and maps are nested deeper than {MAX_DEPTH} levels");
        self.diagnostics.error(Code::TOO_DEEP, message).at(origin);
    }

    /// Says what the parser did not understand, and for tabs what to do.
    fn syntax_error(&mut self, error: &ScanError) {
        let at = error
            .marker()
            .byte_offset()
            .unwrap_or(0)
            .min(self.text.len());
        let origin = self.origin(at, at);
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            self.too_deep(&origin);
            return;
        }
        if let Some(tab) = indenting_tab(self.text, at) {
            let origin = self.origin(tab, tab + 1);
            self.diagnostics
                .error(Code::YAML_TAB, "a tab cannot indent in YAML")
                .at(&origin)
                .help("indent with spaces");
            return;
        }
        let message = format!("not valid YAML: {}", error.info());
        let diagnostic = self.diagnostics.error(Code::YAML_SYNTAX, message);
        diagnostic.at(&origin);
        diagnostic.help(match error.kind() {
            ErrorKind::UnknownQuotedScalarEscape => {
                "use single quotes, where a backslash is nothing but a backslash"
            }
            _ => hint(self.text, at),
        });
    }
}

/// Adds the map, or the maps of a list, to those that a merge key brings in.
fn merge(node: Node, merged: &mut Vec<Map>) -> bool {
    match node.value {
        Value::Map(map) => {
            merged.push(map);
            true
        }
        Value::Seq(items) => items
            .into_iter()
            .all(|item| matches!(item.value, Value::Map(_)) && merge(item, merged)),
        _ => false,
    }
}

/// How many values a node consists of, and how many levels of lists and maps it has.
fn extent(node: &Node) -> (usize, usize) {
    let below = |nodes: &mut dyn Iterator<Item = &Node>| {
        nodes.map(extent).fold((1, 1), |(size, depth), below| {
            (size + below.0, depth.max(below.1 + 1))
        })
    };
    match &node.value {
        Value::Seq(items) => below(&mut items.iter()),
        Value::Map(map) => below(&mut map.iter().map(|(_, node)| node)),
        _ => (1, 0),
    }
}

/// The first tab among the blanks that begin a line near `at`: its own, the one before, or one of
/// the two behind, because a line with a tab can be taken for a part of the value before it.
fn indenting_tab(text: &str, at: usize) -> Option<usize> {
    let own = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let mut line = text[..own.saturating_sub(1)]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let lines = if line == own { 3 } else { 4 };
    for _ in 0..lines {
        let rest = &text[line..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = rest[..blanks].find('\t') {
            return Some(line + tab);
        }
        line += rest.find('\n')? + 1;
    }
    None
}

/// What to write for the mistakes that are made most.
fn hint(text: &str, at: usize) -> &'static str {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let value = line
        .split_once(": ")
        .map_or(line, |(_, value)| value)
        .trim_start();
    let value = value.strip_prefix("- ").unwrap_or(value);
    match value.chars().next() {
        Some('{' | '[') => "close the bracket, or put a value that begins with one in quotes",
        Some('"' | '\'') => "close the quotes, and double those that are part of the text",
        Some('*' | '&' | '!' | '%' | '@' | '`') => {
            "put a value that begins with a special character in quotes"
        }
        _ if value.contains(": ") || value.ends_with(':') => {
            "put a value that contains `: ` in quotes, or check the indentation"
        }
        _ => "check the indentation of this line and of the one before",
    }
}

/// Reads the first document of a source as YAML, without expanding anything in it; an empty one is
/// null. `None` after an error that leaves nothing to read; all errors are in `diagnostics`.
pub fn parse_source(
    source: &std::sync::Arc<Source>,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    parse(&source.text, &Place::Source(source), diagnostics)
}

#[cfg(test)]
mod tests;
