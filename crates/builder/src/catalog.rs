//! The component crates that a checkout holds, as their `Cargo.toml` files tell.
//!
//! A component crate says what it is:
//! ```toml
//! [package.metadata.headwater]
//! kind = "exporter"
//! type = "otlp_grpc"
//! aliases = ["otlp"]
//! ```
//! There is no other list: a new folder is a new component.

mod features;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use headwater_core::ComponentKind;
use thiserror::Error;
use toml_edit::{DocumentMut, Item};

/// Why the component crates of a checkout cannot be listed.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// A folder or file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A `Cargo.toml` is not TOML.
    #[error("{} is not valid TOML", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: toml_edit::TomlError,
    },
    /// A `Cargo.toml` lacks something or says something impossible.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: Problem,
    },
    /// Two crates claim the same name.
    #[error("{kind} {name:?} is claimed by {} and by {}", first.display(), second.display())]
    Claimed {
        /// The kind of both.
        kind: ComponentKind,
        /// The type or alias.
        name: String,
        /// One folder.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}

/// What is wrong with the `Cargo.toml` of a component crate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// A key is missing or is not text.
    #[error("{0} is missing or is no string")]
    Missing(&'static str),
    /// The kind is none of the five.
    #[error("package.metadata.headwater.kind is {0:?}")]
    UnknownKind(String),
    /// The crate lies in the folder of another kind.
    #[error("a {found} in the folder of {folder}s")]
    WrongFolder {
        /// What `Cargo.toml` says.
        found: ComponentKind,
        /// What the folder says.
        folder: ComponentKind,
    },
}

/// What the `Cargo.toml` of a component crate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentCrate {
    /// Its kind.
    pub kind: ComponentKind,
    /// The type that configurations name.
    pub type_name: String,
    /// Other spellings of the type that configurations may use.
    pub aliases: Vec<String>,
    /// The Cargo package.
    pub package: String,
    /// The name that Rust code knows it by.
    pub library: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What it depends on, by the names in its `Cargo.toml`.
    pub dependencies: Vec<String>,
    /// Its Cargo features, `default` aside.
    pub features: Vec<String>,
}

impl ComponentCrate {
    /// Whether configurations may call the component `name`.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.type_name == name || self.aliases.iter().any(|alias| alias == name)
    }
}

/// Package, library and, if it says so, component of the crate in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateFacts {
    /// The Cargo package.
    pub package: String,
    /// The name that Rust code knows it by.
    pub library: String,
    /// Kind, type and aliases.
    pub component: Option<(ComponentKind, String, Vec<String>)>,
    /// What it depends on, by the names in its `Cargo.toml`.
    pub dependencies: Vec<String>,
    /// Its Cargo features, `default` aside.
    pub features: Vec<String>,
}

/// Reads the `Cargo.toml` in `folder`.
///
/// # Errors
/// [`CatalogError`] when it cannot be read or lacks the package's name; a missing
/// `package.metadata.headwater` is none.
pub fn read_crate(folder: &Path) -> Result<CrateFacts, CatalogError> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|source| CatalogError::Read {
        path: path.clone(),
        source,
    })?;
    let manifest: DocumentMut = text.parse().map_err(|source| CatalogError::Syntax {
        path: path.clone(),
        source,
    })?;
    let wrong = |problem| CatalogError::Content {
        path: path.clone(),
        problem,
    };
    let package = text_of(&manifest, &["package", "name"])
        .ok_or_else(|| wrong(Problem::Missing("package.name")))?;
    let library = text_of(&manifest, &["lib", "name"]).unwrap_or_else(|| package.replace('-', "_"));
    let component = match item(&manifest, &["package", "metadata", "headwater"]) {
        None => None,
        Some(table) => Some(read_component(table).map_err(wrong)?),
    };
    Ok(CrateFacts {
        package,
        library,
        component,
        dependencies: dependencies(&manifest),
        features: features::features(&manifest),
    })
}

fn dependencies(manifest: &DocumentMut) -> Vec<String> {
    let table = item(manifest, &["dependencies"]).and_then(Item::as_table_like);
    let names = table.into_iter().flat_map(|table| table.iter());
    names.map(|(name, _)| name.to_owned()).collect()
}

/// Whether one of `dependencies`, or a library of the checkout at `root` that they lead to, is
/// the package `wanted`.
#[must_use]
pub fn leads_to(wanted: &str, dependencies: &[String], root: &Path) -> bool {
    let mut open = dependencies.to_vec();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if name == wanted {
            return true;
        }
        let library = name.strip_prefix("headwater-").map(str::to_owned);
        let Some(library) = library.filter(|_| seen.insert(name)) else {
            continue;
        };
        if let Ok(facts) = read_crate(&root.join("crates").join(library)) {
            open.extend(facts.dependencies);
        }
    }
    false
}

fn read_component(table: &Item) -> Result<(ComponentKind, String, Vec<String>), Problem> {
    let text = |key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let kind = text("kind").ok_or(Problem::Missing("package.metadata.headwater.kind"))?;
    let kind = ComponentKind::ALL
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or(Problem::UnknownKind(kind))?;
    let type_name = text("type").ok_or(Problem::Missing("package.metadata.headwater.type"))?;
    let aliases = table
        .get("aliases")
        .and_then(Item::as_array)
        .map(|list| {
            list.iter()
                .filter_map(|one| one.as_str().map(str::to_owned))
                .collect()
        })
        .unwrap_or_default();
    Ok((kind, type_name, aliases))
}

fn item<'a>(manifest: &'a DocumentMut, path: &[&str]) -> Option<&'a Item> {
    path.iter()
        .try_fold(manifest.as_item(), |item, key| item.get(key))
}

fn text_of(manifest: &DocumentMut, path: &[&str]) -> Option<String> {
    item(manifest, path)?.as_str().map(str::to_owned)
}

/// The component crates of a checkout, by kind, then type.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    components: Vec<ComponentCrate>,
}

impl Catalog {
    /// Lists the folders `crates/<kind>s/*` of the checkout at `root`. A folder without
    /// `Cargo.toml` is none of ours.
    ///
    /// # Errors
    /// [`CatalogError`] when a folder cannot be read, a crate does not say what it is, or two
    /// crates of one kind claim the same name.
    pub fn read(root: &Path) -> Result<Self, CatalogError> {
        let mut components = Vec::new();
        for kind in ComponentKind::ALL {
            let parent = root.join("crates").join(kind.section());
            for folder in folders(&parent)? {
                components.push(read_listed(&folder, kind)?);
            }
        }
        components.sort_by(|a, b| (a.kind, &a.type_name).cmp(&(b.kind, &b.type_name)));
        let catalog = Self { components };
        catalog.check_claims()?;
        Ok(catalog)
    }

    /// A catalog of exactly `components`.
    #[must_use]
    pub const fn new(components: Vec<ComponentCrate>) -> Self {
        Self { components }
    }

    /// All components.
    pub fn iter(&self) -> std::slice::Iter<'_, ComponentCrate> {
        self.components.iter()
    }

    /// The components of one kind.
    pub fn of_kind(&self, kind: ComponentKind) -> impl Iterator<Item = &ComponentCrate> {
        self.components
            .iter()
            .filter(move |component| component.kind == kind)
    }

    /// The component that configurations may call `name`.
    #[must_use]
    pub fn find(&self, kind: ComponentKind, name: &str) -> Option<&ComponentCrate> {
        self.of_kind(kind)
            .find(|component| component.is_called(name))
    }

    fn check_claims(&self) -> Result<(), CatalogError> {
        for (index, component) in self.components.iter().enumerate() {
            let others = self.components[index + 1..].iter();
            for other in others.filter(|other| other.kind == component.kind) {
                let mut names = std::iter::once(&other.type_name).chain(&other.aliases);
                if let Some(name) = names.find(|name| component.is_called(name)) {
                    return Err(CatalogError::Claimed {
                        kind: component.kind,
                        name: name.clone(),
                        first: component.folder.clone(),
                        second: other.folder.clone(),
                    });
                }
            }
        }
        Ok(())
    }
}

fn read_listed(folder: &Path, kind: ComponentKind) -> Result<ComponentCrate, CatalogError> {
    let facts = read_crate(folder)?;
    let wrong = |problem| CatalogError::Content {
        path: folder.join("Cargo.toml"),
        problem,
    };
    let (found, type_name, aliases) = facts
        .component
        .ok_or_else(|| wrong(Problem::Missing("package.metadata.headwater")))?;
    if found != kind {
        return Err(wrong(Problem::WrongFolder {
            found,
            folder: kind,
        }));
    }
    Ok(ComponentCrate {
        kind,
        type_name,
        aliases,
        package: facts.package,
        library: facts.library,
        folder: folder.to_owned(),
        dependencies: facts.dependencies,
        features: facts.features,
    })
}

/// The folders in `parent` that hold a crate, by name; none if `parent` does not exist.
fn folders(parent: &Path) -> Result<Vec<PathBuf>, CatalogError> {
    let failed = |source| CatalogError::Read {
        path: parent.to_owned(),
        source,
    };
    if !parent.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(parent).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.join("Cargo.toml").is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout(crates: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (folder, text) in crates {
            let folder = root.path().join("crates").join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("Cargo.toml"), text).unwrap();
        }
        root
    }

    fn manifest(package: &str, kind: &str, type_name: &str, aliases: &str) -> String {
        format!(
            "[package]\nname = {package:?}\n[package.metadata.headwater]\n\
             kind = {kind:?}\ntype = {type_name:?}\naliases = [{aliases}]\n"
        )
    }

    #[test]
    fn a_folder_with_a_crate_is_a_component_under_its_type_and_aliases() {
        let otlp = manifest(
            "headwater-exporter-otlp-grpc",
            "exporter",
            "otlp_grpc",
            "\"otlp\"",
        );
        let root = checkout(&[("exporters/otlp-grpc", &otlp)]);
        fs::create_dir_all(root.path().join("crates/exporters/empty")).unwrap();
        let catalog = Catalog::read(root.path()).unwrap();
        for name in ["otlp_grpc", "otlp"] {
            let found = catalog.find(ComponentKind::Exporter, name).unwrap();
            assert_eq!(found.library, "headwater_exporter_otlp_grpc");
        }
        assert!(catalog.find(ComponentKind::Receiver, "otlp").is_none());
        assert_eq!(catalog.iter().count(), 1);
    }

    #[test]
    fn a_crate_that_does_not_say_what_it_is_is_named() {
        let root = checkout(&[("receivers/otlp", "[package]\nname = \"x\"\n")]);
        let error = Catalog::read(root.path()).unwrap_err().to_string();
        assert!(error.contains("receivers/otlp/Cargo.toml"), "{error}");
        assert!(
            error.contains("package.metadata.headwater is missing"),
            "{error}"
        );

        let root = checkout(&[("receivers/b", &manifest("b", "processor", "b", ""))]);
        let error = Catalog::read(root.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("a processor in the folder of receivers"),
            "{error}"
        );
    }

    #[test]
    fn one_name_cannot_belong_to_two_crates_of_a_kind() {
        let (a, b) = (
            manifest("a", "receiver", "a", ""),
            manifest("b", "receiver", "b", "\"a\""),
        );
        let root = checkout(&[("receivers/a", &a), ("receivers/b", &b)]);
        let error = Catalog::read(root.path()).unwrap_err();
        assert!(matches!(error, CatalogError::Claimed { name, .. } if name == "a"));
    }
}
