//! What a decoder, an encoder and a validator know about their surroundings.

use std::collections::BTreeMap;

use super::fields::StructInfo;
use super::{Code, Diagnostic, Diagnostics, Node, Origin, Value};

/// Where each decoded value came from, by its path with today's spelling of the keys. A path
/// that is not there kept its default.
#[derive(Debug, Clone, Default)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Where the value at `path` came from.
    #[must_use]
    pub fn get(&self, path: &str) -> &Origin {
        self.0.get(path).unwrap_or(&Origin::Default)
    }
}

/// Collects what is wrong while a tree of values becomes a configuration, and knows the path.
#[derive(Debug)]
pub struct DecodeContext<'a> {
    diagnostics: &'a mut Diagnostics,
    origins: Option<&'a mut Origins>,
    path: String,
    anchor: Origin,
    secret: bool,
    /// Whether the next struct stands in a section that can be switched off.
    optional: bool,
}

impl<'a> DecodeContext<'a> {
    /// Starts at `path`, for example `exporters::otlp`, whose key stands at `anchor`.
    pub fn new(diagnostics: &'a mut Diagnostics, path: &str, anchor: &Origin) -> Self {
        Self {
            diagnostics,
            origins: None,
            path: path.to_owned(),
            anchor: anchor.clone(),
            secret: false,
            optional: false,
        }
    }

    /// Records where each value comes from.
    #[must_use]
    pub fn record(mut self, origins: &'a mut Origins) -> Self {
        self.origins = Some(origins);
        self
    }

    /// The path of the value that is being decoded.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The key of the value that is being decoded.
    #[must_use]
    pub const fn anchor(&self) -> &Origin {
        &self.anchor
    }

    /// Runs `decode` for `node`, which stands under the key or index `segment`, written at
    /// `anchor`.
    pub fn child<R>(
        &mut self,
        segment: &str,
        anchor: &Origin,
        node: &Node,
        decode: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let length = self.path.len();
        if length > 0 {
            self.path.push_str("::");
        }
        self.path.push_str(segment);
        let anchor = std::mem::replace(&mut self.anchor, anchor.clone());
        if let Some(origins) = &mut self.origins {
            origins.0.insert(self.path.clone(), node.origin.clone());
        }
        let result = decode(self);
        self.path.truncate(length);
        self.anchor = anchor;
        result
    }

    /// Runs `decode` for a value that must never be shown.
    pub fn secret<R>(&mut self, node: &Node, decode: impl FnOnce(&mut Self) -> R) -> R {
        if let Origin::Text(span) = &node.origin {
            self.diagnostics.mark_secret(span);
        }
        let outer = std::mem::replace(&mut self.secret, true);
        let result = decode(self);
        self.secret = outer;
        result
    }

    /// Runs `decode` for the section that can be switched off with `enabled`.
    pub(super) fn optional<R>(&mut self, decode: impl FnOnce(&mut Self) -> R) -> R {
        self.optional = true;
        let result = decode(self);
        self.optional = false;
        result
    }

    /// Whether this is such a section; asked once by its struct.
    pub(super) fn take_optional(&mut self) -> bool {
        std::mem::take(&mut self.optional)
    }

    /// Adds an error at `origin`; a value without a place is shown by its key.
    pub fn error(
        &mut self,
        code: Code,
        origin: &Origin,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let origin = if origin.span().is_some() {
            origin
        } else {
            &self.anchor
        };
        self.diagnostics
            .error(code, message)
            .path(&self.path)
            .at(origin)
    }

    /// Adds a warning at `origin`.
    pub fn warning(
        &mut self,
        code: Code,
        origin: &Origin,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let origin = if origin.span().is_some() {
            origin
        } else {
            &self.anchor
        };
        self.diagnostics
            .warning(code, message)
            .path(&self.path)
            .at(origin)
    }

    /// Adds a note at `origin`.
    pub fn note(
        &mut self,
        code: Code,
        origin: &Origin,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let origin = if origin.span().is_some() {
            origin
        } else {
            &self.anchor
        };
        self.diagnostics
            .note(code, message)
            .path(&self.path)
            .at(origin)
    }

    /// The value for a message, as far as it may be shown.
    #[must_use]
    pub fn shown(&self, node: &Node) -> String {
        if self.secret {
            node.value.kind().to_owned()
        } else {
            node.shown()
        }
    }

    /// Adds the error for a value of the wrong type; `expected` is a phrase such as
    /// `an integer`.
    pub fn wrong_type(&mut self, node: &Node, expected: &str) -> &mut Diagnostic {
        let message = format!("expected {expected}, found {}", self.shown(node));
        self.error(Code::WRONG_TYPE, &node.origin, message)
    }

    /// Adds the error for a value that cannot be parsed as `what`, with the reason.
    pub fn invalid_value(&mut self, node: &Node, what: &str, reason: &str) -> &mut Diagnostic {
        let message = format!("{} is not {what}", self.shown(node));
        let colon = if reason.is_empty() { "" } else { ": " };
        self.error(
            Code::INVALID_VALUE,
            &node.origin,
            format!("{message}{colon}{reason}"),
        )
    }
}

/// How to write a configuration back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodeContext {
    /// Whether secrets are written as `[REDACTED]`. Default: true.
    pub redact: bool,
    /// Whether durations are written as nanoseconds instead of as `1m30s`. Default: false.
    pub durations_as_nanoseconds: bool,
}

impl Default for EncodeContext {
    fn default() -> Self {
        Self {
            redact: true,
            durations_as_nanoseconds: false,
        }
    }
}

/// Collects what a component says about its own configuration. Keys are named as in the
/// configuration, a key in a section below as `tls::ca_file`; the caret lands on the value of
/// the key if it was written, else on the section.
#[derive(Debug)]
pub struct Validation<'a> {
    diagnostics: &'a mut Diagnostics,
    path: String,
    anchor: Origin,
    node: Option<&'a Node>,
    info: Option<&'static StructInfo>,
}

impl<'a> Validation<'a> {
    /// Starts at `path`, whose key stands at `anchor` and whose value is `node`.
    pub fn new(
        diagnostics: &'a mut Diagnostics,
        path: &str,
        anchor: &Origin,
        node: Option<&'a Node>,
    ) -> Self {
        Self {
            diagnostics,
            path: path.to_owned(),
            anchor: anchor.clone(),
            node,
            info: None,
        }
    }

    /// The path of the section that is being validated.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The section as it was written; none if it was not.
    #[must_use]
    pub const fn node(&self) -> Option<&'a Node> {
        self.node
    }

    /// Whether `key` was written, in any spelling, and is not null.
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        self.find(key).is_some_and(|(_, node)| !node.is_null())
    }

    /// Adds an error about `key`; the empty key is the section itself.
    pub fn error(&mut self, key: &str, message: impl Into<String>) -> &mut Diagnostic {
        self.error_as(Code::REFUSED_VALUE, key, message)
    }

    /// Adds an error with a code of its own about `key`.
    pub fn error_as(
        &mut self,
        code: Code,
        key: &str,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let (path, origin) = (self.path_of(key), self.locate(key));
        self.diagnostics.error(code, message).path(path).at(&origin)
    }

    /// Adds a warning about `key`.
    pub fn warning(&mut self, key: &str, message: impl Into<String>) -> &mut Diagnostic {
        let (path, origin) = (self.path_of(key), self.locate(key));
        self.diagnostics
            .warning(Code::QUESTIONABLE, message)
            .path(path)
            .at(&origin)
    }

    /// Runs `validate` one level down, under the key or index `segment`.
    pub fn child<R>(&mut self, segment: &str, validate: impl FnOnce(&mut Self) -> R) -> R {
        let found = self.find(segment);
        let anchor = found.map_or_else(|| self.anchor.clone(), |(origin, _)| origin.clone());
        let node = found.map(|(_, node)| node);
        let length = self.path.len();
        if length > 0 {
            self.path.push_str("::");
        }
        self.path.push_str(segment);
        let outer_anchor = std::mem::replace(&mut self.anchor, anchor);
        let outer_node = std::mem::replace(&mut self.node, node);
        let outer_info = self.info.take();
        let result = validate(self);
        self.path.truncate(length);
        self.anchor = outer_anchor;
        self.node = outer_node;
        self.info = outer_info;
        result
    }

    /// Runs `validate` at this level for the struct that `info` describes.
    pub(super) fn with_info<R>(
        &mut self,
        info: &'static StructInfo,
        validate: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let outer = self.info.replace(info);
        let result = validate(self);
        self.info = outer;
        result
    }

    /// Whether an error was found at this level or below it.
    pub(super) fn has_errors(&self) -> bool {
        self.diagnostics.has_errors_below(&self.path)
    }

    fn path_of(&self, key: &str) -> String {
        match (self.path.is_empty(), key.is_empty()) {
            (_, true) => self.path.clone(),
            (true, false) => key.to_owned(),
            (false, false) => format!("{}::{key}", self.path),
        }
    }

    /// The place of a key: its value if that is one line, else the key; the section for a key
    /// that was not written.
    fn locate(&self, key: &str) -> Origin {
        match self.find(key) {
            Some((anchor, node)) => match node.value {
                Value::Null | Value::Map(_) | Value::Seq(_) => anchor.clone(),
                _ => node.origin.clone(),
            },
            None => self.anchor.clone(),
        }
    }

    /// The value of a path of keys with the place of its last key.
    fn find(&self, key: &str) -> Option<(&'a Origin, &'a Node)> {
        let mut node = self.node?;
        let mut anchor = &node.origin;
        let mut info = self.info;
        for segment in key.split("::").filter(|segment| !segment.is_empty()) {
            (anchor, node) = match &node.value {
                Value::Map(map) => {
                    let field = info.take().and_then(|info| info.field(segment));
                    let aliases = field.map_or(&[][..], |field| field.aliases);
                    let entry = map
                        .entry(segment)
                        .or_else(|| aliases.iter().find_map(|alias| map.entry(alias.key)))?;
                    (&entry.0.origin, &entry.1)
                }
                Value::Seq(items) => {
                    let item = items.get(segment.parse::<usize>().ok()?)?;
                    (&item.origin, item)
                }
                _ => return None,
            };
        }
        (!key.is_empty()).then_some((anchor, node))
    }
}
