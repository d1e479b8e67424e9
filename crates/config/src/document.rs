//! The shape of a whole configuration: its components, the service and the pipelines.
//!
//! What needs no knowledge of components is checked here: ids, references, empty lists. What a
//! component type accepts, and which signals it works with, is for the pipeline graph to say.

mod checks;

use headwater_core::config::{Code, Diagnostics, Key, Map, Node, Origin, Value, nearest};
use headwater_core::{ComponentId, ComponentKind, IdError, PipelineId, Signal};

/// A configuration split into its parts.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The configured components, in the order in which they were written.
    components: [Vec<Entry>; 5],
    /// The `service` section.
    pub service: Service,
}

/// A configured component.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id.
    pub id: ComponentId,
    /// Where the id was written.
    pub key: Origin,
    /// Its configuration; null means the defaults.
    pub node: Node,
}

/// The `service` section.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// Where `telemetry` was written, and its value.
    pub telemetry: Option<(Origin, Node)>,
    /// The extensions to start, each once.
    pub extensions: Vec<Reference>,
    /// The pipelines, in the order in which they were written.
    pub pipelines: Vec<Pipeline>,
}

/// A pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its id.
    pub id: PipelineId,
    /// Where the id was written.
    pub key: Origin,
    /// Receivers, or connectors that end other pipelines; each once.
    pub receivers: Vec<Reference>,
    /// Processors in the order in which they work.
    pub processors: Vec<Reference>,
    /// Exporters, or connectors that begin other pipelines; each once.
    pub exporters: Vec<Reference>,
}

/// The mention of a component.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The id of the component.
    pub id: ComponentId,
    /// Where it is mentioned.
    pub origin: Origin,
}

/// What a program allows beyond the usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether a configuration without pipelines is fine, as with the Collector's gate
    /// `service.AllowNoPipelines`. Default: no.
    pub allow_no_pipelines: bool,
}

impl Document {
    /// Splits a resolved tree and checks what can be checked without knowing the components.
    /// Everything that is wrong is reported; what is left is returned, so that the components
    /// can be checked in the same run.
    #[must_use]
    pub fn parse(root: Node, options: Options, diagnostics: &mut Diagnostics) -> Self {
        let mut document = Self::default();
        let origin = root.origin.clone();
        let Value::Map(map) = root.value else {
            let message = "empty configuration";
            diagnostics
                .error(Code::EMPTY_CONFIGURATION, message)
                .at(&origin);
            return document;
        };
        let mut service_key = None;
        for (key, node) in map {
            let kind = ComponentKind::ALL
                .into_iter()
                .find(|kind| kind.section() == key.name);
            match kind {
                Some(kind) => {
                    let entries = components(kind, &key, node, diagnostics);
                    document.components[kind as usize].extend(entries);
                }
                None if key.name == "service" => {
                    service_key = Some(key.origin.clone());
                    document.service = service(&key, node, diagnostics);
                }
                None => unknown_key(&key, "", &TOP_LEVEL, diagnostics),
            }
        }
        checks::check(
            &document,
            &origin,
            service_key.as_ref(),
            options,
            diagnostics,
        );
        document
    }

    /// The configured components of a kind, in the order in which they were written.
    #[must_use]
    pub fn components(&self, kind: ComponentKind) -> &[Entry] {
        &self.components[kind as usize]
    }

    /// The configured component of that kind and id.
    #[must_use]
    pub fn component(&self, kind: ComponentKind, id: &ComponentId) -> Option<&Entry> {
        self.components(kind).iter().find(|entry| entry.id == *id)
    }
}

const TOP_LEVEL: [&str; 6] = [
    "receivers",
    "processors",
    "exporters",
    "connectors",
    "extensions",
    "service",
];
const SERVICE: [&str; 3] = ["telemetry", "extensions", "pipelines"];
const PIPELINE: [&str; 3] = ["receivers", "processors", "exporters"];

fn unknown_key(key: &Key, path: &str, known: &[&str], diagnostics: &mut Diagnostics) {
    let message = format!("unknown field `{}`", key.name.escape_debug());
    let diagnostic = diagnostics.error(Code::UNKNOWN_FIELD, message);
    diagnostic.path(path).at(&key.origin);
    match nearest(&key.name, known.iter().copied()) {
        Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("the keys here are: {}", known.join(", "))),
    };
}

/// The entries of a section; null is an empty one.
fn section(key: &Key, node: Node, path: &str, diagnostics: &mut Diagnostics) -> Map {
    match node.value {
        Value::Map(map) => map,
        Value::Null => Map::new(),
        _ => {
            let message = format!("expected a map, found {}", node.shown());
            let origin = if node.origin.span().is_some() {
                &node.origin
            } else {
                &key.origin
            };
            diagnostics
                .error(Code::WRONG_TYPE, message)
                .path(path)
                .at(origin);
            Map::new()
        }
    }
}

fn components(
    kind: ComponentKind,
    key: &Key,
    node: Node,
    diagnostics: &mut Diagnostics,
) -> Vec<Entry> {
    let path = kind.section();
    let mut entries: Vec<Entry> = Vec::new();
    for (key, node) in section(key, node, path, diagnostics) {
        let id: ComponentId = match key.name.parse() {
            Ok(id) => id,
            Err(error) => {
                invalid_id(&key.name, &error, path, &key.origin, diagnostics);
                continue;
            }
        };
        if let Some(first) = entries.iter().find(|entry| entry.id == id) {
            let message = format!("`{}` and another key are the same id `{id}`", key.name);
            diagnostics
                .error(Code::DUPLICATE_ID, message)
                .path(path)
                .at(&key.origin)
                .also(&first.key, "first written here");
            continue;
        }
        entries.push(Entry {
            id,
            key: key.origin,
            node,
        });
    }
    entries
}

fn invalid_id(
    text: &str,
    error: &IdError,
    path: &str,
    origin: &Origin,
    diagnostics: &mut Diagnostics,
) {
    let message = format!("`{}` is not an id: {error}", text.escape_debug());
    let diagnostic = diagnostics.error(Code::INVALID_ID, message);
    diagnostic.path(path).at(origin);
    match error {
        IdError::TypeCharacters(_) => {
            diagnostic.help(
                "a type is a letter, then up to 62 letters, digits and `_`; a name may follow a `/`",
            );
        }
        IdError::NameCharacters(_) => {
            diagnostic.help("a name has no blanks and none of + = < > | ~ ^ $ `");
        }
        IdError::Empty | IdError::EmptyType | IdError::EmptyName | IdError::UnknownSignal(_) => {
            diagnostic.help("an id is `type` or `type/name`");
        }
    }
}

fn service(key: &Key, node: Node, diagnostics: &mut Diagnostics) -> Service {
    let mut service = Service::default();
    for (key, node) in section(key, node, "service", diagnostics) {
        match key.name.as_str() {
            "telemetry" => service.telemetry = Some((key.origin, node)),
            "extensions" => {
                let path = "service::extensions";
                service.extensions = collapse(references(&key, node, path, diagnostics));
            }
            "pipelines" => service.pipelines = pipelines(&key, node, diagnostics),
            _ => unknown_key(&key, "service", &SERVICE, diagnostics),
        }
    }
    service
}

fn pipelines(key: &Key, node: Node, diagnostics: &mut Diagnostics) -> Vec<Pipeline> {
    let path = "service::pipelines";
    let mut pipelines: Vec<Pipeline> = Vec::new();
    for (key, node) in section(key, node, path, diagnostics) {
        let id: PipelineId = match key.name.parse() {
            Ok(id) => id,
            Err(IdError::UnknownSignal(signal)) => {
                unknown_signal(&key, &signal, diagnostics);
                continue;
            }
            Err(error) => {
                invalid_id(&key.name, &error, path, &key.origin, diagnostics);
                continue;
            }
        };
        if let Some(first) = pipelines.iter().find(|pipeline| pipeline.id == id) {
            let message = format!("`{}` and another key are the same id `{id}`", key.name);
            diagnostics
                .error(Code::DUPLICATE_ID, message)
                .path(path)
                .at(&key.origin)
                .also(&first.key, "first written here");
            continue;
        }
        pipelines.push(pipeline(id, &key, node, diagnostics));
    }
    pipelines
}

fn unknown_signal(key: &Key, signal: &str, diagnostics: &mut Diagnostics) {
    let path = "service::pipelines";
    if signal == "profiles" {
        let message = "profiles are not supported yet";
        diagnostics
            .error(Code::UNSUPPORTED_SIGNAL, message)
            .path(path)
            .at(&key.origin);
        return;
    }
    let signals = Signal::ALL.map(Signal::as_str);
    let message = format!("unknown pipeline signal `{}`", signal.escape_debug());
    let diagnostic = diagnostics.error(Code::UNKNOWN_SIGNAL, message);
    diagnostic.path(path).at(&key.origin);
    match nearest(signal, signals) {
        Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("a pipeline is one of: {}", signals.join(", "))),
    };
}

fn pipeline(id: PipelineId, key: &Key, node: Node, diagnostics: &mut Diagnostics) -> Pipeline {
    let path = format!("service::pipelines::{id}");
    let mut pipeline = Pipeline {
        id,
        key: key.origin.clone(),
        receivers: Vec::new(),
        processors: Vec::new(),
        exporters: Vec::new(),
    };
    for (key, node) in section(key, node, &path, diagnostics) {
        let list_path = format!("{path}::{}", key.name);
        match key.name.as_str() {
            "receivers" => {
                pipeline.receivers = collapse(references(&key, node, &list_path, diagnostics));
            }
            "processors" => pipeline.processors = references(&key, node, &list_path, diagnostics),
            "exporters" => {
                pipeline.exporters = collapse(references(&key, node, &list_path, diagnostics));
            }
            _ => unknown_key(&key, &path, &PIPELINE, diagnostics),
        }
    }
    pipeline
}

/// A list of ids.
fn references(key: &Key, node: Node, path: &str, diagnostics: &mut Diagnostics) -> Vec<Reference> {
    let items = match node.value {
        Value::Seq(items) => items,
        Value::Null => return Vec::new(),
        _ => {
            let message = format!("expected a list, found {}", node.shown());
            let origin = if node.origin.span().is_some() {
                &node.origin
            } else {
                &key.origin
            };
            let diagnostic = diagnostics.error(Code::WRONG_TYPE, message);
            diagnostic.path(path).at(origin);
            if let (Value::String(text), false) = (&node.value, node.origin.is_env()) {
                diagnostic.help(format!("write `[{text}]`"));
            }
            return Vec::new();
        }
    };
    let mut references = Vec::with_capacity(items.len());
    for item in items {
        let text = match (&item.value, item.as_text()) {
            (Value::Null, _) => "",
            (_, Some(text)) => text,
            (_, None) => {
                let message = format!("expected a component id, found {}", item.shown());
                diagnostics
                    .error(Code::WRONG_TYPE, message)
                    .path(path)
                    .at(&item.origin);
                continue;
            }
        };
        match text.parse() {
            Ok(id) => references.push(Reference {
                id,
                origin: item.origin,
            }),
            Err(error) => invalid_id(text, &error, path, &item.origin, diagnostics),
        }
    }
    references
}

/// Keeps the first mention of each component.
fn collapse(references: Vec<Reference>) -> Vec<Reference> {
    let mut kept: Vec<Reference> = Vec::with_capacity(references.len());
    for reference in references {
        if !kept.iter().any(|known| known.id == reference.id) {
            kept.push(reference);
        }
    }
    kept
}
