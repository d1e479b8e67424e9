//! Checks between the parts of a configuration.

use headwater_core::config::{Code, Diagnostics, Origin, nearest};
use headwater_core::{ComponentId, ComponentKind};

use super::{Document, Options, Pipeline, Reference};

/// Reports everything that does not fit together.
pub(super) fn check(
    document: &Document,
    root: &Origin,
    service: Option<&Origin>,
    options: Options,
    diagnostics: &mut Diagnostics,
) {
    let mistakes = diagnostics.has_errors();
    if ComponentKind::ALL
        .iter()
        .all(|kind| document.components(*kind).is_empty())
    {
        // Components whose ids are wrong have been reported already.
        if !mistakes {
            let message = "empty configuration: it has no components";
            diagnostics
                .error(Code::EMPTY_CONFIGURATION, message)
                .at(root);
        }
        return;
    }
    if !options.allow_no_pipelines {
        for kind in [ComponentKind::Receiver, ComponentKind::Exporter] {
            let section = kind.section();
            if document.components(kind).is_empty() && !diagnostics.has_errors_below(section) {
                let message = format!("no {kind} is configured");
                diagnostics
                    .error(Code::NO_COMPONENT, message)
                    .path(section)
                    .at(root)
                    .help(format!(
                        "add a section `{section}` with at least one {kind}"
                    ));
            }
        }
        if document.service.pipelines.is_empty() && !diagnostics.has_errors_below("service") {
            let message = "the service must have at least one pipeline";
            diagnostics
                .error(Code::NO_PIPELINE, message)
                .path("service::pipelines")
                .at(service.unwrap_or(root));
        }
    }
    ambiguous_connectors(document, diagnostics);
    for reference in &document.service.extensions {
        defined(
            document,
            ComponentKind::Extension,
            reference,
            "service::extensions",
            diagnostics,
        );
    }
    for pipeline in &document.service.pipelines {
        check_pipeline(document, pipeline, diagnostics);
    }
    unused(document, diagnostics);
}

/// A connector must not have the id of a receiver or exporter: a pipeline could mean either.
fn ambiguous_connectors(document: &Document, diagnostics: &mut Diagnostics) {
    for connector in document.components(ComponentKind::Connector) {
        for kind in [ComponentKind::Receiver, ComponentKind::Exporter] {
            if let Some(other) = document.component(kind, &connector.id) {
                let id = &connector.id;
                let message =
                    format!("ambiguous id: there are both a connector and a {kind} `{id}`");
                diagnostics
                    .error(Code::AMBIGUOUS_ID, message)
                    .path(format!("connectors::{id}"))
                    .at(&connector.key)
                    .also(&other.key, format!("the {kind}"))
                    .help(format!("give one of them a name, for example `{id}/2`"));
            }
        }
    }
}

fn check_pipeline(document: &Document, pipeline: &Pipeline, diagnostics: &mut Diagnostics) {
    let path = format!("service::pipelines::{}", pipeline.id);
    let lists = [
        (ComponentKind::Receiver, &pipeline.receivers),
        (ComponentKind::Exporter, &pipeline.exporters),
    ];
    for (kind, list) in lists {
        let list_path = format!("{path}::{}", kind.section());
        if list.is_empty() && !diagnostics.has_errors_below(&list_path) {
            let message = format!("must have at least one {kind}");
            diagnostics
                .error(Code::INCOMPLETE_PIPELINE, message)
                .path(&path)
                .at(&pipeline.key);
        }
    }
    for reference in &pipeline.receivers {
        defined(
            document,
            ComponentKind::Receiver,
            reference,
            &path,
            diagnostics,
        );
    }
    for (index, reference) in pipeline.processors.iter().enumerate() {
        let earlier = &pipeline.processors[..index];
        match earlier.iter().find(|earlier| earlier.id == reference.id) {
            Some(first) => {
                let message = format!("references processor `{}` multiple times", reference.id);
                diagnostics
                    .error(Code::DUPLICATE_PROCESSOR, message)
                    .path(&path)
                    .at(&reference.origin)
                    .also(&first.origin, "first named here");
            }
            None => {
                defined(
                    document,
                    ComponentKind::Processor,
                    reference,
                    &path,
                    diagnostics,
                );
            }
        }
    }
    for reference in &pipeline.exporters {
        defined(
            document,
            ComponentKind::Exporter,
            reference,
            &path,
            diagnostics,
        );
    }
}

/// Reports a reference to a component that is not configured.
fn defined(
    document: &Document,
    kind: ComponentKind,
    reference: &Reference,
    path: &str,
    diagnostics: &mut Diagnostics,
) {
    let accepted = accepted(kind);
    let known = |id: &ComponentId| {
        accepted
            .iter()
            .any(|kind| document.component(*kind, id).is_some())
    };
    let id = &reference.id;
    if known(id) {
        return;
    }
    let message = format!("references {kind} `{id}` which is not configured");
    let names: Vec<String> = accepted
        .iter()
        .flat_map(|kind| document.components(*kind))
        .map(|entry| entry.id.to_string())
        .collect();
    let other = ComponentKind::ALL
        .into_iter()
        .find(|other| document.component(*other, id).is_some());
    let diagnostic = diagnostics.error(Code::UNDEFINED_REFERENCE, message);
    diagnostic.path(path).at(&reference.origin);
    if let Some(other) = other {
        diagnostic.help(format!(
            "`{id}` is configured as {} {other}",
            article(other)
        ));
    } else if let Some(near) = nearest(&id.to_string(), names.iter().map(String::as_str)) {
        diagnostic.label(format!("did you mean `{near}`?"));
    } else {
        diagnostic.help(format!("add `{id}` to the section `{}`", kind.section()));
    }
}

/// The kinds that can stand in a list for `kind`.
const fn accepted(kind: ComponentKind) -> &'static [ComponentKind] {
    match kind {
        ComponentKind::Receiver => &[ComponentKind::Receiver, ComponentKind::Connector],
        ComponentKind::Exporter => &[ComponentKind::Exporter, ComponentKind::Connector],
        ComponentKind::Processor => &[ComponentKind::Processor],
        ComponentKind::Connector => &[ComponentKind::Connector],
        ComponentKind::Extension => &[ComponentKind::Extension],
    }
}

const fn article(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Exporter | ComponentKind::Extension => "an",
        ComponentKind::Receiver | ComponentKind::Processor | ComponentKind::Connector => "a",
    }
}

/// Notes components that nothing uses; that is allowed.
fn unused(document: &Document, diagnostics: &mut Diagnostics) {
    let service = &document.service;
    for kind in ComponentKind::ALL {
        for entry in document.components(kind) {
            let names = |list: &[Reference]| list.iter().any(|named| named.id == entry.id);
            let used = names(&service.extensions) && kind == ComponentKind::Extension
                || service.pipelines.iter().any(|pipeline| match kind {
                    ComponentKind::Receiver => names(&pipeline.receivers),
                    ComponentKind::Processor => names(&pipeline.processors),
                    ComponentKind::Exporter => names(&pipeline.exporters),
                    ComponentKind::Connector => {
                        names(&pipeline.receivers) || names(&pipeline.exporters)
                    }
                    ComponentKind::Extension => false,
                });
            if !used {
                let message = format!("{kind} `{}` is configured and not used", entry.id);
                diagnostics
                    .note(Code::UNUSED_COMPONENT, message)
                    .path(format!("{}::{}", kind.section(), entry.id))
                    .at(&entry.key);
            }
        }
    }
}
