//! The Cargo features that a manifest switches on.

use std::collections::BTreeMap;

use headwater_core::ComponentKind;
use headwater_core::config::{Code, Diagnostic, Diagnostics, Origin, nearest};

use super::{article, there_are};
use crate::catalog::Catalog;
use crate::manifest::{Features, Placed};
use crate::plan::LinkedComponent;

/// Switches features of `components` on, as the table `features` says; `diagnostics` says which
/// component is not there, which feature is not, and what is written twice.
pub(super) fn switch_on(
    features: &Features,
    catalog: &Catalog,
    components: &mut [LinkedComponent],
    diagnostics: &mut Diagnostics,
) {
    for kind in ComponentKind::ALL {
        // By package: a component may be written by its type and by another name of it.
        let mut taken: BTreeMap<String, (String, Origin)> = BTreeMap::new();
        for (name, list) in features.of_kind(kind).iter() {
            let found = components
                .iter_mut()
                .find(|component| component.kind == kind && component.is_called(name));
            let Some(found) = found else {
                let message = format!("the manifest lacks the {kind} `{}`", name.escape_debug());
                let diagnostic = diagnostics.error(Code::UNKNOWN_TYPE, message);
                diagnostic.path(&list.path).at(&list.origin);
                explain_missing(kind, name, catalog, components, diagnostic);
                continue;
            };
            if let Some((first, origin)) = taken.get(&found.package) {
                let message = format!("`{name}` and `{first}` are the same {kind}");
                diagnostics
                    .error(Code::DUPLICATE_NAME, message)
                    .path(&list.path)
                    .at(&list.origin)
                    .also(origin, "first named here")
                    .help("write all of its features into one list");
                continue;
            }
            taken.insert(
                found.package.clone(),
                (name.to_owned(), list.origin.clone()),
            );
            add(&list.value, found, diagnostics);
        }
    }
}

/// Adds `features` to those of `component`; `diagnostics` says which it does not have and which
/// it has been given already.
pub(super) fn add(
    features: &[Placed<String>],
    component: &mut LinkedComponent,
    diagnostics: &mut Diagnostics,
) {
    let mut given: BTreeMap<&str, &Origin> = BTreeMap::new();
    for feature in features {
        let name = feature.value.as_str();
        if component.features.iter().any(|other| other == name) {
            let message = format!("the feature `{}` is listed twice", name.escape_debug());
            let diagnostic = diagnostics.error(Code::DUPLICATE_NAME, message);
            diagnostic.path(&feature.path).at(&feature.origin);
            match given.get(name) {
                Some(first) => diagnostic.also(first, "first listed here"),
                None => diagnostic.help("it stands where the crate is listed, too"),
            };
            continue;
        }
        let known = component.known_features.as_deref();
        if let Some(known) = known.filter(|known| name != "default" && !is_in(known, name)) {
            unknown(feature, component, known, diagnostics);
            continue;
        }
        given.insert(name, &feature.origin);
        component.features.push(name.to_owned());
    }
}

fn is_in(known: &[String], name: &str) -> bool {
    known.iter().any(|other| other == name)
}

fn unknown(
    feature: &Placed<String>,
    component: &LinkedComponent,
    known: &[String],
    diagnostics: &mut Diagnostics,
) {
    let kind = component.kind;
    let name = component.type_name.as_deref();
    let name = name.unwrap_or(&component.package);
    let wanted = feature.value.escape_debug();
    let message = format!("the {kind} `{name}` has no feature `{wanted}`");
    let diagnostic = diagnostics.error(Code::INVALID_VALUE, message);
    diagnostic.path(&feature.path).at(&feature.origin);
    if let Some(near) = nearest(&feature.value, known.iter().map(String::as_str)) {
        diagnostic.label(format!("did you mean `{near}`?"));
    }
    diagnostic.help(if known.is_empty() {
        format!("`{name}` has no features")
    } else {
        format!("the features of `{name}` are: {}", known.join(", "))
    });
}

/// Says what could be meant by a component that is not there.
fn explain_missing(
    kind: ComponentKind,
    name: &str,
    catalog: &Catalog,
    components: &[LinkedComponent],
    diagnostic: &mut Diagnostic,
) {
    let section = kind.section();
    // Without a checkout nobody knows which there are.
    if catalog.iter().len() == 0 || catalog.find(kind, name).is_some() {
        diagnostic.help(format!("add \"{name}\" to `components.{section}`"));
        return;
    }
    let listed = || components.iter().filter(|component| component.kind == kind);
    let types = listed().filter_map(|component| component.type_name.as_deref());
    let other = components
        .iter()
        .find(|component| component.is_called(name));
    if let Some(near) = nearest(name, types) {
        diagnostic.label(format!("did you mean `{near}`?"));
    } else if let Some(other) = other.map(|component| component.kind) {
        let (article, section) = (article(other), other.section());
        diagnostic.label(format!(
            "{article} {other}: write it under `features.{section}`"
        ));
    }
    if let Some(unknown) = listed().find(|component| component.type_name.is_none()) {
        diagnostic.help(format!(
            "unless the crate `{0}` brings it: features of that one stand where it is listed, \
             `{{ crate = \"{0}\", features = [\"…\"], … }}`",
            unknown.package,
        ));
    } else {
        diagnostic.help(there_are(kind, catalog));
    }
}
