//! What the graph refuses, as diagnostics with the place in the configuration.

use headwater_config::{Document, Pipeline, Reference};
use headwater_core::config::{Code, Diagnostics, Origin};
use headwater_core::graph::GraphError;
use headwater_core::{ComponentError, ComponentId, ComponentKind, PipelineId, Signal};

use crate::logs::chain;

/// Reports one error. `known`: other errors were found before, which are why a component that a
/// pipeline names is not there.
pub(super) fn report(
    error: GraphError,
    document: &Document,
    known: bool,
    diagnostics: &mut Diagnostics,
) {
    let path = error.path();
    let message = error.to_string();
    match error {
        GraphError::Unconfigured { .. } if known => {}
        GraphError::Unconfigured { id, kind, pipeline } => {
            let origin = reference(document, &pipeline, kind, &id);
            let diagnostic = diagnostics.error(Code::UNDEFINED_REFERENCE, message);
            diagnostic.path(path).at(&origin);
        }
        GraphError::UnsupportedSignal {
            id,
            kind,
            pipeline,
            supported,
        } => {
            let origin = reference(document, &pipeline, kind, &id);
            let names: Vec<&str> = supported.into_iter().map(Signal::as_str).collect();
            let help = match names.as_slice() {
                [] => format!("`{id}` works in no pipeline"),
                names => format!("`{id}` works with {}", names.join(", ")),
            };
            diagnostics
                .error(Code::SIGNAL_NOT_SUPPORTED, message)
                .path(path)
                .at(&origin)
                .help(help);
        }
        GraphError::Dangling {
            id,
            role,
            other,
            pipelines,
        } => {
            let kind = match role {
                "receiver" => ComponentKind::Receiver,
                _ => ComponentKind::Exporter,
            };
            let places: Vec<Origin> = pipelines
                .iter()
                .map(|pipeline| reference(document, pipeline, kind, &id))
                .collect();
            let help = format!("name it among the {other}s of a pipeline whose signal it connects");
            let diagnostic = diagnostics.error(Code::DANGLING_CONNECTOR, message);
            diagnostic.path(path).help(help);
            if let Some((first, rest)) = places.split_first() {
                diagnostic.at(first);
                for place in rest {
                    diagnostic.also(place, "and here");
                }
            }
        }
        GraphError::Cycle { pipeline, .. } => {
            let diagnostic = diagnostics.error(Code::CYCLE, message);
            diagnostic.path(path);
            if let Some(pipeline) = find(document, &pipeline) {
                diagnostic.at(&pipeline.key);
            }
        }
        GraphError::Component { id, kind, source } => {
            report_component(kind, &id, &source, document, diagnostics);
        }
    }
}

/// Reports that a component cannot be built.
pub(super) fn report_component(
    kind: ComponentKind,
    id: &ComponentId,
    error: &ComponentError,
    document: &Document,
    diagnostics: &mut Diagnostics,
) {
    let message = format!("failed to create \"{id}\" {kind}: {}", chain(error));
    let diagnostic = diagnostics.error(Code::CANNOT_BUILD, message);
    diagnostic.path(format!("{}::{id}", kind.section()));
    if let Some(entry) = document.component(kind, id) {
        diagnostic.at(&entry.key);
    }
}

fn find<'a>(document: &'a Document, id: &PipelineId) -> Option<&'a Pipeline> {
    let mut pipelines = document.service.pipelines.iter();
    pipelines.find(|pipeline| pipeline.id == *id)
}

/// Where a pipeline names a component.
fn reference(
    document: &Document,
    pipeline: &PipelineId,
    kind: ComponentKind,
    id: &ComponentId,
) -> Origin {
    let Some(pipeline) = find(document, pipeline) else {
        return Origin::Default;
    };
    let list: &[Reference] = match kind {
        ComponentKind::Receiver => &pipeline.receivers,
        ComponentKind::Processor => &pipeline.processors,
        _ => &pipeline.exporters,
    };
    let named = list.iter().find(|named| named.id == *id);
    named.map_or_else(|| pipeline.key.clone(), |named| named.origin.clone())
}
