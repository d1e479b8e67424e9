//! From what the user names to a decoded and checked configuration.

mod graph_errors;
mod known_types;
mod unknown_type;
mod web;

use std::sync::Arc;

use headwater_config::{Document, Entry, Options, Resolver};
use headwater_core::config::{Code, Diagnostics, Origins, Severity, load_onto};
use headwater_core::factory::{AnyConfig, Place};
use headwater_core::graph::{Environment, Graph, GraphConfig, PipelineConfig};
use headwater_core::{BuildInfo, ComponentId, ComponentKind, Registry};

use crate::gates::Gates;
use crate::telemetry::TelemetryConfig;

pub(crate) use web::fetch_document;

/// Where a configuration comes from; asked again at every reload.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// `--config`, in order.
    pub(crate) uris: Vec<String>,
    /// `--set`, in order.
    pub(crate) sets: Vec<String>,
    /// `--feature-gates`.
    pub(crate) gates: Gates,
}

/// A decoded and checked configuration: what is needed to run it, and no text.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    pub(crate) graph: GraphConfig,
    /// The extensions to start, in order.
    pub(crate) extensions: Vec<ComponentId>,
    pub(crate) telemetry: TelemetryConfig,
}

/// All that became of a [`Source`].
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What could be decoded; to be run only if `diagnostics` has no errors.
    pub(crate) configuration: Configuration,
    pub(crate) document: Document,
    /// Where each decoded value came from.
    pub(crate) origins: Origins,
    pub(crate) diagnostics: Diagnostics,
}

/// Reads and decodes `source` and finds everything that is wrong with it, unused components
/// included. Blocks on files and on the network.
pub(crate) fn load(source: &Source, registry: &Registry) -> Loaded {
    let mut resolver = Resolver::new()
        .process_environment()
        .fetcher(web::Web)
        .append_lists(source.gates.is_enabled("confmap.enableMergeAppendOption"));
    for uri in &source.uris {
        resolver = resolver.uri(uri);
    }
    for set in &source.sets {
        resolver = resolver.set(set);
    }
    let resolved = resolver.resolve();
    let mut diagnostics = resolved.diagnostics;
    let options = Options {
        allow_no_pipelines: source.gates.is_enabled("service.AllowNoPipelines"),
    };
    let document = if incomplete(&diagnostics) {
        let mut ignored = Diagnostics::new();
        Document::parse(resolved.root, options, &mut ignored)
    } else {
        Document::parse(resolved.root, options, &mut diagnostics)
    };
    let mut origins = Origins::default();
    let mut decoder = Decoder {
        registry,
        diagnostics: &mut diagnostics,
        origins: &mut origins,
    };
    let configuration = decoder.configuration(&document);
    Loaded {
        configuration,
        document,
        origins,
        diagnostics,
    }
}

/// Whether a whole text is missing: then what it would have said must not be missed.
fn incomplete(diagnostics: &Diagnostics) -> bool {
    diagnostics.errors().any(|error| {
        error.path.is_empty() && error.code < Code::WRONG_TYPE && error.code != Code::DUPLICATE_KEY
    })
}

/// Builds the graph and the extensions for a try, apart from anything that runs, and reports
/// what their constructors say.
pub(crate) fn check(loaded: &mut Loaded, registry: &Registry, build_info: &BuildInfo) {
    let environment = Environment::new(build_info.clone());
    let Loaded {
        configuration,
        document,
        diagnostics,
        ..
    } = loaded;
    let known = diagnostics.has_errors();
    if let Err(errors) = Graph::build(&configuration.graph, registry, &environment) {
        for error in errors {
            graph_errors::report(error, document, known, diagnostics);
        }
    }
    for id in &configuration.extensions {
        let kind = ComponentKind::Extension;
        let Some((factory, config)) = configuration.component(registry, kind, id) else {
            continue;
        };
        let settings = environment.settings(kind, id);
        if let Err(error) = factory.build_extension(settings, &*config) {
            graph_errors::report_component(kind, id, &error, document, diagnostics);
        }
    }
}

impl Configuration {
    /// The factory and the decoded configuration of a component.
    pub(crate) fn component<'a>(
        &self,
        registry: &'a Registry,
        kind: ComponentKind,
        id: &ComponentId,
    ) -> Option<(&'a headwater_core::Factory, Arc<dyn AnyConfig>)> {
        let (factory, _) = registry.get(kind, id.component_type())?;
        let config = self.graph.components.get(&(kind, id.clone()))?;
        Some((factory, Arc::clone(config)))
    }
}

struct Decoder<'a> {
    registry: &'a Registry,
    diagnostics: &'a mut Diagnostics,
    origins: &'a mut Origins,
}

impl Decoder<'_> {
    fn configuration(&mut self, document: &Document) -> Configuration {
        let mut graph = GraphConfig::default();
        for kind in ComponentKind::ALL {
            for entry in document.components(kind) {
                if let Some(config) = self.component(kind, entry) {
                    graph.components.insert((kind, entry.id.clone()), config);
                }
            }
        }
        for pipeline in &document.service.pipelines {
            let ids = |references: &[headwater_config::Reference]| {
                references.iter().map(|named| named.id.clone()).collect()
            };
            let parts = PipelineConfig {
                receivers: ids(&pipeline.receivers),
                processors: ids(&pipeline.processors),
                exporters: ids(&pipeline.exporters),
            };
            graph.pipelines.insert(pipeline.id.clone(), parts);
        }
        let extensions = &document.service.extensions;
        Configuration {
            graph,
            extensions: extensions.iter().map(|named| named.id.clone()).collect(),
            telemetry: self.telemetry(document),
        }
    }

    fn component(&mut self, kind: ComponentKind, entry: &Entry) -> Option<Arc<dyn AnyConfig>> {
        let path = format!("{}::{}", kind.section(), entry.id);
        let Some((factory, alias)) = self.registry.get(kind, entry.id.component_type()) else {
            unknown_type::report(kind, entry, self.registry, self.diagnostics);
            return None;
        };
        if alias {
            let written = entry.id.component_type();
            let today = factory.component_type();
            let message = format!("\"{written}\" alias is deprecated; use \"{today}\" instead");
            self.diagnostics
                .warning(Code::DEPRECATED_TYPE, message)
                .path(&path)
                .at(&entry.key);
        }
        let place = Place {
            path: &path,
            anchor: &entry.key,
        };
        factory.load(place, &entry.node, self.diagnostics, self.origins)
    }

    fn telemetry(&mut self, document: &Document) -> TelemetryConfig {
        let default = TelemetryConfig::default();
        let Some((key, node)) = &document.service.telemetry else {
            return default;
        };
        let path = "service::telemetry";
        let origins = Some(&mut *self.origins);
        load_onto(default, path, key, node, self.diagnostics, origins).unwrap_or_default()
    }
}

/// Shows warnings and notes in the log, where they belong once the collector runs.
pub(crate) fn log_remarks(diagnostics: &Diagnostics) {
    for diagnostic in diagnostics {
        let location = diagnostic.span().map(ToString::to_string);
        let location = location.as_deref();
        let code = diagnostic.code.as_str();
        let path = Some(diagnostic.path.as_str()).filter(|path| !path.is_empty());
        let help = diagnostic.help.as_deref();
        let message = &diagnostic.message;
        match diagnostic.severity {
            Severity::Error => {
                tracing::error!(path, location, code, help, "{message}");
            }
            Severity::Warning => {
                tracing::warn!(path, location, code, help, "{message}");
            }
            Severity::Note => {
                tracing::debug!(path, location, code, help, "{message}");
            }
        }
    }
}
