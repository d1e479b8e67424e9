//! Finds the crate of every component that a manifest names.

mod features;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use headwater_core::ComponentKind;
use headwater_core::config::{Code, Diagnostics, nearest};

use crate::catalog::{Catalog, ComponentCrate, leads_to, read_crate};
use crate::manifest::{ComponentRef, Components, CrateRef, Manifest, SourceRef, Wanted};
use crate::plan::{CrateSource, GitReference, LinkedComponent};

/// Where to look for crates, and from where the generated `Cargo.toml` looks at them.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The components of the checkout; empty without one.
    pub catalog: &'a Catalog,
    /// The root of the checkout, absolute.
    pub checkout: Option<&'a Path>,
    /// The folder of the manifest, absolute.
    pub manifest: &'a Path,
    /// The folder of the generated crate, absolute.
    pub output: &'a Path,
}

/// The crates of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The components, by kind, then package.
    pub components: Vec<LinkedComponent>,
    /// Where `headwater-service` is found.
    pub service: CrateSource,
    /// Where `headwater-allocator` is found.
    pub allocator: CrateSource,
    /// Where `headwater-transport` is found, if a component needs it.
    pub transport: Option<CrateSource>,
}

/// Finds every crate; `diagnostics` says which could not be found.
pub fn resolve(
    manifest: &Manifest,
    around: Surroundings<'_>,
    diagnostics: &mut Diagnostics,
) -> Resolved {
    let framework = Framework::of(manifest, around);
    let mut components = Vec::new();
    match &manifest.components {
        Components::All => {
            components.extend(around.catalog.iter().map(|found| framework.link(found)));
        }
        Components::Listed(lists) => {
            for kind in ComponentKind::ALL {
                let mut taken = BTreeMap::new();
                for wanted in lists.of_kind(kind) {
                    let Some(found) = find(kind, wanted, &framework, diagnostics) else {
                        continue;
                    };
                    if let Some(first) = taken.get(&found.package) {
                        diagnostics
                            .warning(Code::DUPLICATE_NAME, "this component is listed twice")
                            .path(&wanted.path)
                            .at(&wanted.origin)
                            .also(first, "first listed here");
                        continue;
                    }
                    taken.insert(found.package.clone(), wanted.origin.clone());
                    components.push(found);
                }
            }
        }
    }
    features::switch_on(
        &manifest.features,
        around.catalog,
        &mut components,
        diagnostics,
    );
    components.sort_by(|a, b| (a.kind, &a.package).cmp(&(b.kind, &b.package)));
    let connects = components.iter().any(|component| component.uses_transport);
    Resolved {
        components,
        service: framework.source("crates/service"),
        allocator: framework.source("crates/allocator"),
        transport: connects.then(|| framework.source("crates/transport")),
    }
}

fn find(
    kind: ComponentKind,
    wanted: &ComponentRef,
    framework: &Framework<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<LinkedComponent> {
    match &wanted.wanted {
        Wanted::Crate(reference) => elsewhere(kind, reference, wanted, framework, diagnostics),
        Wanted::Type(name) => match framework.around.catalog.find(kind, name) {
            Some(found) => {
                if found.type_name != *name {
                    let message = format!("`{name}` is an old name of `{}`", found.type_name);
                    diagnostics
                        .warning(Code::DEPRECATED_TYPE, message)
                        .path(&wanted.path)
                        .at(&wanted.origin)
                        .help(format!("write \"{}\"", found.type_name));
                }
                Some(framework.link(found))
            }
            None if framework.around.checkout.is_none() && is_type(name) => {
                Some(framework.published(kind, name))
            }
            None => {
                unknown(kind, name, wanted, framework.around.catalog, diagnostics);
                None
            }
        },
    }
}

fn unknown(
    kind: ComponentKind,
    name: &str,
    wanted: &ComponentRef,
    catalog: &Catalog,
    diagnostics: &mut Diagnostics,
) {
    let message = format!("there is no {kind} `{}`", name.escape_debug());
    let diagnostic = diagnostics.error(Code::UNKNOWN_TYPE, message);
    diagnostic.path(&wanted.path).at(&wanted.origin);
    if let Some((before, _)) = name.split_once('/') {
        diagnostic.help(format!(
            "a manifest names types, not the components of a configuration: write \"{before}\""
        ));
        return;
    }
    let names = catalog.of_kind(kind).map(|found| found.type_name.as_str());
    if let Some(near) = nearest(name, names) {
        diagnostic.label(format!("did you mean `{near}`?"));
    } else if let Some(other) = ComponentKind::ALL
        .into_iter()
        .find(|other| catalog.find(*other, name).is_some())
    {
        diagnostic.label(format!(
            "{} {other}: list it under `{}`",
            article(other),
            other.section()
        ));
    }
    diagnostic.help(there_are(kind, catalog));
}

/// Which components of a kind there are.
fn there_are(kind: ComponentKind, catalog: &Catalog) -> String {
    let names = catalog.of_kind(kind).map(|found| found.type_name.as_str());
    let names = names.collect::<Vec<_>>().join(", ");
    match names.as_str() {
        "" => format!("there are no {} yet", kind.section()),
        names => format!("the {} are: {names}", kind.section()),
    }
}

const fn article(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Exporter | ComponentKind::Extension => "it is an",
        _ => "it is a",
    }
}

fn is_type(name: &str) -> bool {
    headwater_core::ComponentId::try_new(name, None).is_ok()
}

/// A crate that is none of Headwater's.
fn elsewhere(
    kind: ComponentKind,
    reference: &CrateRef,
    wanted: &ComponentRef,
    framework: &Framework<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<LinkedComponent> {
    let mut linked = LinkedComponent {
        kind,
        type_name: None,
        aliases: Vec::new(),
        package: reference.package.clone(),
        library: reference.package.replace('-', "_"),
        source: source(&reference.source, framework.around),
        features: Vec::new(),
        // Nobody knows before it is built.
        known_features: None,
        uses_transport: true,
    };
    let Some(path) = &reference.source.path else {
        features::add(&reference.features, &mut linked, diagnostics);
        return Some(linked);
    };
    let folder = framework.around.manifest.join(path);
    let mut refuse = |message: String, help: Option<String>| {
        let diagnostic = diagnostics.error(Code::REFUSED_VALUE, message);
        diagnostic.path(&wanted.path).at(&wanted.origin);
        if let Some(help) = help {
            diagnostic.help(help);
        }
    };
    let facts = match read_crate(&folder) {
        Ok(facts) => facts,
        Err(error) => {
            refuse(crate::error::chain(&error), None);
            return None;
        }
    };
    if facts.package != reference.package {
        let message = format!(
            "the crate in `{}` is called `{}`",
            path.display(),
            facts.package
        );
        refuse(
            message,
            Some(format!("write `crate = \"{}\"`", facts.package)),
        );
        return None;
    }
    linked.library = facts.library;
    linked.known_features = Some(facts.features);
    linked.uses_transport = framework.uses_transport(&facts.dependencies);
    if let Some((found, type_name, aliases)) = facts.component {
        if found != kind {
            let message = format!("`{}` is {found} `{type_name}`", reference.package);
            refuse(
                message,
                Some(format!("list it under `{}`", found.section())),
            );
            return None;
        }
        linked.type_name = Some(type_name);
        linked.aliases = aliases;
    }
    features::add(&reference.features, &mut linked, diagnostics);
    Some(linked)
}

/// Where Headwater's own crates come from.
struct Framework<'a> {
    around: Surroundings<'a>,
    base: Base<'a>,
}

enum Base<'a> {
    /// The checkout with this root.
    Checkout(&'a Path),
    /// A registry or a git repository, in which Cargo finds each crate by its name.
    Elsewhere(CrateSource),
}

impl<'a> Framework<'a> {
    fn of(manifest: &Manifest, around: Surroundings<'a>) -> Self {
        let given = manifest.build.headwater.as_ref();
        let base = match (given.filter(|given| given.path.is_none()), around.checkout) {
            (Some(reference), _) => Base::Elsewhere(source(reference, around)),
            (None, Some(root)) => Base::Checkout(root),
            (None, None) => {
                let version = format!("={}", env!("CARGO_PKG_VERSION"));
                Base::Elsewhere(CrateSource::Version(version))
            }
        };
        Self { around, base }
    }

    /// The source of a crate that lies in `folder` of a checkout.
    fn source(&self, folder: &str) -> CrateSource {
        match &self.base {
            Base::Checkout(root) => {
                CrateSource::Path(relative(self.around.output, &root.join(folder)))
            }
            Base::Elsewhere(source) => source.clone(),
        }
    }

    fn link(&self, found: &ComponentCrate) -> LinkedComponent {
        LinkedComponent {
            kind: found.kind,
            type_name: Some(found.type_name.clone()),
            aliases: found.aliases.clone(),
            package: found.package.clone(),
            library: found.library.clone(),
            source: match &self.base {
                Base::Checkout(_) => CrateSource::Path(relative(self.around.output, &found.folder)),
                Base::Elsewhere(source) => source.clone(),
            },
            features: Vec::new(),
            // Those of another version may be others.
            known_features: match &self.base {
                Base::Checkout(_) => Some(found.features.clone()),
                Base::Elsewhere(_) => None,
            },
            uses_transport: self.uses_transport(&found.dependencies),
        }
    }

    /// Whether a crate leads to `headwater-transport`; yes if there is no checkout to look into.
    fn uses_transport(&self, dependencies: &[String]) -> bool {
        let root = self.around.checkout;
        root.is_none_or(|root| leads_to("headwater-transport", dependencies, root))
    }

    /// A component of Headwater that cannot be looked up, by the naming rule of its crates.
    fn published(&self, kind: ComponentKind, name: &str) -> LinkedComponent {
        let folder = name.replace('_', "-");
        let package = format!("headwater-{kind}-{folder}");
        LinkedComponent {
            kind,
            type_name: Some(name.to_owned()),
            aliases: Vec::new(),
            library: package.replace('-', "_"),
            source: self.source(&format!("crates/{}/{folder}", kind.section())),
            package,
            features: Vec::new(),
            known_features: None,
            uses_transport: true,
        }
    }
}

fn source(reference: &SourceRef, around: Surroundings<'_>) -> CrateSource {
    if let Some(path) = &reference.path {
        return CrateSource::Path(relative(around.output, &around.manifest.join(path)));
    }
    if let Some(url) = &reference.git {
        let reference = match (&reference.branch, &reference.tag, &reference.rev) {
            (Some(branch), _, _) => GitReference::Branch(branch.clone()),
            (_, Some(tag), _) => GitReference::Tag(tag.clone()),
            (_, _, Some(rev)) => GitReference::Rev(rev.clone()),
            (None, None, None) => GitReference::Default,
        };
        return CrateSource::Git {
            url: url.clone(),
            reference,
        };
    }
    CrateSource::Version(reference.version.clone().unwrap_or_else(|| "*".into()))
}

/// `to` as seen from the folder `from`; both absolute. `to` itself if they share nothing but
/// the root, where a relative path would only be hard to read.
#[must_use]
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to) = (normal(from), normal(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if shared <= 1 {
        return to.iter().collect();
    }
    let up = std::iter::repeat_n(Component::ParentDir, from.len() - shared);
    up.chain(to[shared..].iter().copied()).collect()
}

/// The parts of a path without `.` and `..`.
fn normal(path: &Path) -> Vec<Component<'_>> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_generated_crate() {
        let from = Path::new("/w/repo/target/distributions/a");
        for (to, expected) in [
            ("/w/repo/crates/core", "../../../crates/core"),
            ("/w/repo/distributions/a/../x", "../../../distributions/x"),
            ("/elsewhere/x", "/elsewhere/x"),
        ] {
            assert_eq!(relative(from, Path::new(to)), Path::new(expected), "{to}");
        }
    }
}
