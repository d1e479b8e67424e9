//! Whether a program that is built from a manifest can run a configuration.

use headwater_config::{Document, Options};
use headwater_core::ComponentKind;
use headwater_core::config::{Code, Diagnostic, Diagnostics, Node, Severity, nearest};

use crate::plan::{LinkedComponent, Plan};

/// Reports every component of the configuration `tree` that a program built from `plan` does
/// not have, and everything that is wrong with the configuration's shape.
pub fn check(tree: &Node, plan: &Plan, diagnostics: &mut Diagnostics) {
    let document = Document::parse(tree.clone(), Options::default(), diagnostics);
    for kind in ComponentKind::ALL {
        let linked: Vec<&LinkedComponent> = plan
            .components
            .iter()
            .filter(|component| component.kind == kind)
            .collect();
        // A crate that cannot be looked into before it is built may bring anything.
        let unknown = linked
            .iter()
            .find(|component| component.type_name.is_none());
        for entry in document.components(kind) {
            let wanted = entry.id.component_type();
            if linked.iter().any(|component| component.is_called(wanted)) {
                continue;
            }
            let severity = match unknown {
                Some(_) => Severity::Warning,
                None => Severity::Error,
            };
            let message = format!("the manifest lacks the {kind} `{wanted}`");
            let diagnostic =
                diagnostics.push(Diagnostic::new(severity, Code::UNKNOWN_TYPE, message));
            diagnostic
                .path(format!("{}::{}", kind.section(), entry.id))
                .at(&entry.key);
            let types = linked
                .iter()
                .filter_map(|component| component.type_name.as_deref());
            let add = format!("add \"{wanted}\" to `components.{}`", kind.section());
            match (nearest(wanted, types), unknown) {
                (Some(near), _) => diagnostic.label(format!("did you mean `{near}`?")),
                (None, None) => diagnostic.help(add),
                (None, Some(other)) => {
                    let other = &other.package;
                    diagnostic.help(format!("unless the crate `{other}` brings it: {add}"))
                }
            };
        }
    }
}
