//! From URIs to one tree: read, merge, expand.

use std::fmt;

use headwater_core::config::{
    Code, Diagnostic, Diagnostics, Map, Node, Origin, Severity, Source, SourceKind, Value,
};

use crate::expand::Expander;
use crate::fetch::{Fetch, PlainHttp};
use crate::merge;
use crate::place::Place;
use crate::retrieve::{Surroundings, Text, parse_document, variable_origin};
use crate::uri::Uri;
use crate::yaml;

/// Reads configurations, merges them and expands the references in them.
///
/// ```
/// let resolved = headwater_config::Resolver::new()
///     .environment(|name| (name == "PORT").then(|| "4317".to_owned()))
///     .uri("yaml:receivers::otlp::endpoint: localhost:${env:PORT}")
///     .set("receivers.otlp.enabled=true")
///     .resolve();
/// let endpoint = resolved.root.lookup("receivers::otlp::endpoint").unwrap();
/// assert_eq!(endpoint.as_text(), Some("localhost:4317"));
/// assert!(!resolved.diagnostics.has_errors());
/// ```
pub struct Resolver<'a> {
    uris: Vec<String>,
    sets: Vec<String>,
    environment: Environment<'a>,
    fetcher: Box<dyn Fetch + 'a>,
    append_lists: bool,
}

/// What environment variables are.
type Environment<'a> = Box<dyn Fn(&str) -> Option<String> + 'a>;

/// A resolved configuration.
#[derive(Debug)]
pub struct Resolved {
    /// The tree; an empty map if there was nothing to read.
    pub root: Node,
    /// Everything that was found out on the way. With errors the tree is incomplete.
    pub diagnostics: Diagnostics,
}

impl Default for Resolver<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> Resolver<'a> {
    /// Nothing to read, an empty environment, HTTP without TLS.
    #[must_use]
    pub fn new() -> Self {
        Self {
            uris: Vec::new(),
            sets: Vec::new(),
            environment: Box::new(|_| None),
            fetcher: Box::new(PlainHttp),
            append_lists: false,
        }
    }

    /// Uses the environment of the process. Variables that are not UTF-8 are read with
    /// replacement characters.
    #[must_use]
    pub fn process_environment(self) -> Self {
        self.environment(|name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    /// Sets what environment variables are.
    #[must_use]
    pub fn environment(mut self, environment: impl Fn(&str) -> Option<String> + 'a) -> Self {
        self.environment = Box::new(environment);
        self
    }

    /// Sets who fetches `http:` and `https:` URIs.
    #[must_use]
    pub fn fetcher(mut self, fetcher: impl Fetch + 'a) -> Self {
        self.fetcher = Box::new(fetcher);
        self
    }

    /// Adds a `--config`: `file:`, `env:`, `yaml:`, `http:`, `https:` or a path. Later ones
    /// change what earlier ones say. A name that ends in `.toml` is read as TOML.
    #[must_use]
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uris.push(uri.into());
        self
    }

    /// Adds a `--set`: `a.b=value`, the value in YAML. They change what all the URIs say.
    #[must_use]
    pub fn set(mut self, assignment: impl Into<String>) -> Self {
        self.sets.push(assignment.into());
        self
    }

    /// Joins the lists of receivers, exporters and extensions below `service` instead of
    /// replacing them, as the Collector does with the gate `confmap.enableMergeAppendOption`.
    #[must_use]
    pub const fn append_lists(mut self, append: bool) -> Self {
        self.append_lists = append;
        self
    }

    /// Reads, merges and expands. Blocks on files and on the network.
    #[must_use]
    pub fn resolve(&self) -> Resolved {
        let mut diagnostics = Diagnostics::new();
        let surroundings = Surroundings {
            environment: &*self.environment,
            fetcher: &*self.fetcher,
        };
        let mut root = Node::new(Value::Map(Map::new()), Origin::Default);
        for uri in &self.uris {
            if let Some(node) = read(uri, &surroundings, &mut diagnostics) {
                self.merge(&mut root, node);
            }
        }
        for assignment in &self.sets {
            if let Some(node) = read_set(assignment, &mut diagnostics) {
                self.merge(&mut root, node);
            }
        }
        let root = Expander::new(&surroundings, &mut diagnostics).expand(root);
        Resolved { root, diagnostics }
    }

    fn merge(&self, root: &mut Node, node: Node) {
        if root.origin == Origin::Default {
            root.origin = node.origin.clone();
        }
        merge::merge(root, merge::split_keys(node), self.append_lists);
    }
}

impl fmt::Debug for Resolver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The arguments may hold secrets.
        f.debug_struct("Resolver")
            .field("uris", &self.uris.len())
            .field("sets", &self.sets.len())
            .field("append_lists", &self.append_lists)
            .finish_non_exhaustive()
    }
}

/// Reads the configuration that a `--config` names; `None` if it is empty or cannot be read.
fn read(
    location: &str,
    surroundings: &Surroundings<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    let Some(uri) = Uri::parse_location(location) else {
        let message = format!("`{}` is not a configuration URI", location.escape_debug());
        diagnostics.error(Code::UNKNOWN_SCHEME, message).help(
            "write a path, or `file:`, `env:`, `yaml:`, `http:` or `https:` and what it names",
        );
        return None;
    };
    let node = match surroundings.retrieve(&uri) {
        Ok(Text::Document(source)) => parse_document(&source, diagnostics),
        Ok(Text::Inline(text)) => {
            let source = Source::new(SourceKind::Inline, "yaml", text);
            yaml::parse_source(&source, diagnostics)
        }
        Ok(Text::Variable {
            name, text, remark, ..
        }) => {
            if let Some(remark) = remark {
                diagnostics.push(*remark).at(&variable_origin(&name, None));
            }
            let source = Source::new(SourceKind::Inline, format!("env:{name}"), text);
            yaml::parse_source(&source, diagnostics)
        }
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            None
        }
    };
    require_map(node?, diagnostics)
}

/// Reads a `--set`.
fn read_set(assignment: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let Some((key, value)) = assignment.split_once('=') else {
        let shown = assignment
            .split(':')
            .next()
            .unwrap_or_default()
            .escape_debug();
        let message = format!("`--set {shown}` has no equal sign");
        diagnostics
            .error(Code::SET_WITHOUT_EQUALS, message)
            .help("write `--set key.below=value`");
        return None;
    };
    let key = key.trim();
    let text = format!("{}: {}", key.replace('.', "::"), value.trim());
    let source = Source::new(SourceKind::Set, format!("--set {key}"), text);
    let mut node = yaml::parse(&source.text, &Place::Source(&source), diagnostics)?;
    // The whole argument is one place: the value begins behind the key.
    if let Value::Map(map) = &mut node.value {
        for (key, _) in map.iter_mut() {
            key.origin = Origin::text(&source, 0, source.text.len());
        }
    }
    require_map(node, diagnostics)
}

/// A configuration is a map, or nothing.
fn require_map(node: Node, diagnostics: &mut Diagnostics) -> Option<Node> {
    match node.value {
        Value::Map(_) => Some(node),
        Value::Null => None,
        value => {
            let message = format!("a configuration is a map, this is a {}", value.kind());
            let mut diagnostic = Diagnostic::new(Severity::Error, Code::NOT_A_MAP, message);
            if matches!(value, Value::String(_)) {
                diagnostic.help("write a blank after the `:` of each key");
            }
            diagnostics.push(diagnostic).at(&node.origin);
            None
        }
    }
}
