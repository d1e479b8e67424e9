//! A component type that this program does not have: what was meant, and where to get it.

use headwater_config::Entry;
use headwater_core::config::{Code, Diagnostics, nearest};
use headwater_core::{ComponentKind, Registry};

use super::known_types;

pub(super) fn report(
    kind: ComponentKind,
    entry: &Entry,
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) {
    let written = entry.id.component_type();
    let path = format!("{}::{}", kind.section(), entry.id);
    if kind == ComponentKind::Exporter && written == "logging" {
        let message = "the logging exporter was removed in favour of the debug exporter";
        let diagnostic = diagnostics.error(Code::UNKNOWN_TYPE, message);
        diagnostic.path(path).at(&entry.key);
        diagnostic.help(
            "write `debug` and, for `loglevel: debug`, `verbosity: detailed`; here and in the \
             pipelines",
        );
        return;
    }
    let valid: Vec<&str> = registry.types(kind).collect();
    let message = format!(
        "unknown type: {written:?} for id: {:?} (valid values: [{}])",
        entry.id.to_string(),
        valid.join(" ")
    );
    let diagnostic = diagnostics.error(Code::UNKNOWN_TYPE, message);
    diagnostic.path(path).at(&entry.key);
    let factories = || registry.of_kind(kind).map(|registered| &registered.factory);
    let aliases = factories().flat_map(|factory| factory.aliases().iter().copied());
    let other_kind = ComponentKind::ALL
        .into_iter()
        .find(|other| *other != kind && registry.get(*other, written).is_some());
    if known_types::of_kind(kind).contains(&written) {
        diagnostic.help(format!(
            "the {kind} `{written}` exists, but not in this program: add it to the manifest of \
             the distribution and build again"
        ));
    } else if let Some(near) = nearest(written, valid.iter().copied().chain(aliases)) {
        diagnostic.label(format!("did you mean `{near}`?"));
    } else if let Some(other) = other_kind {
        let section = other.section();
        diagnostic.help(format!(
            "`{written}` is in this program as {other}: move it to `{section}`"
        ));
    } else if let Some(near) = nearest(written, known_types::of_kind(kind).iter().copied()) {
        diagnostic.help(format!(
            "there is a {kind} `{near}`, but not in this program: add it to the manifest of the \
             distribution and build again"
        ));
    }
}
