//! From a manifest file to the plan of its distribution.

use std::path::{Path, PathBuf, absolute};

use headwater_config::Resolver;
use headwater_core::config::{Code, Diagnostics, Node};

use crate::catalog::{Catalog, CatalogError};
use crate::error::Failure;
use crate::layout::{Layout, find_checkout};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::resolve::{Surroundings, resolve};

/// A manifest and what it leads to.
#[derive(Debug)]
pub struct Loaded {
    /// As written.
    pub manifest: Manifest,
    /// With every component's crate.
    pub plan: Plan,
    /// Where the build reads and writes.
    pub layout: Layout,
    /// The folder of the manifest, absolute.
    pub folder: PathBuf,
    /// The embedded configuration, if there is one that can be read.
    pub config: Option<Node>,
}

/// Reads and checks the manifest at `path`. What is wrong goes to `diagnostics`; `None` if
/// there is no going on.
///
/// # Errors
/// [`Failure`] when the checkout around it cannot be read.
pub fn load(
    path: &Path,
    working: &Path,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Loaded>, Failure> {
    let Some(node) = read_tree(path, diagnostics) else {
        return Ok(None);
    };
    let manifest = Manifest::decode(&node, diagnostics);
    let Some(manifest) = manifest.filter(|_| !diagnostics.has_errors()) else {
        return Ok(None);
    };
    let file = absolute(path)?;
    let folder = file.parent().unwrap_or(&file).to_owned();
    let given = manifest
        .build
        .headwater
        .as_ref()
        .and_then(|source| source.path.as_ref());
    let checkout = match given {
        Some(path) => Some(folder.join(path)),
        None => find_checkout(&folder, working),
    };
    let catalog = read_catalog(checkout.as_deref())?;
    let layout = Layout::new(&manifest.distribution.name, checkout.as_deref(), working);
    let around = Surroundings {
        catalog: &catalog,
        checkout: checkout.as_deref(),
        manifest: &folder,
        output: &layout.output,
    };
    let resolved = resolve(&manifest, around, diagnostics);
    let embedded = embedded(&manifest, path, &node, diagnostics);
    let distribution = &manifest.distribution;
    let plan = Plan {
        name: distribution.name.clone(),
        description: distribution.description.clone(),
        version: distribution.version.clone(),
        config: embedded.as_ref().map(|(text, _)| text.clone()),
        components: resolved.components,
        service: resolved.service,
        allocator_crate: resolved.allocator,
        transport: resolved.transport,
        allocator: manifest.build.allocator,
        tls: manifest.build.tls,
        profile: manifest.build.profile,
    };
    let config = embedded.and_then(|(_, tree)| tree);
    Ok(Some(Loaded {
        manifest,
        plan,
        layout,
        folder,
        config,
    }))
}

/// The components of a checkout; none without one.
///
/// # Errors
/// [`CatalogError`] when the checkout cannot be read.
pub fn read_catalog(checkout: Option<&Path>) -> Result<Catalog, CatalogError> {
    checkout.map_or_else(|| Ok(Catalog::default()), Catalog::read)
}

/// Reads a file as a tree of values with their positions; `None` after an error. References to
/// environment variables are expanded; those that are not set on this machine are no matter.
pub fn read_tree(path: &Path, diagnostics: &mut Diagnostics) -> Option<Node> {
    read_merged(&[path], diagnostics)
}

/// Reads several files as [`read_tree`] reads one; a later one is merged over those before it.
pub fn read_merged(paths: &[&Path], diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut resolver = Resolver::new().process_environment();
    for path in paths {
        resolver = resolver.uri(format!("file:{}", path.display()));
    }
    let resolved = resolver.resolve();
    let failed = resolved.diagnostics.has_errors();
    for diagnostic in &resolved.diagnostics {
        if !matches!(diagnostic.code, Code::ENV_NOT_SET | Code::ENV_EMPTY) {
            diagnostics.push(diagnostic.clone());
        }
    }
    (!failed).then_some(resolved.root)
}

/// Text and tree of the embedded configuration.
fn embedded(
    manifest: &Manifest,
    path: &Path,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<(String, Option<Node>)> {
    let relative = manifest.distribution.config.as_ref()?;
    let place = node
        .lookup("distribution::config")
        .map(|node| node.origin.clone());
    let place = place.unwrap_or_default();
    let file = path
        .parent()
        .unwrap_or_else(|| Path::new(""))
        .join(relative);
    if relative
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        diagnostics
            .error(Code::REFUSED_VALUE, "an embedded configuration is YAML")
            .path("distribution::config")
            .at(&place);
        return None;
    }
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            let tree = read_tree(&file, diagnostics);
            Some((text, tree))
        }
        Err(error) => {
            diagnostics
                .error(
                    Code::CANNOT_READ,
                    format!("cannot read {}: {error}", file.display()),
                )
                .path("distribution::config")
                .at(&place);
            None
        }
    }
}
