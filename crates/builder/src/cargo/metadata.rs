//! What `cargo metadata` answers, as far as it is needed here.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Packages and how they depend on each other.
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    /// Every package that was resolved, for whatever it is needed.
    pub packages: Vec<Package>,
    resolve: Resolve,
}

/// One package.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// Cargo's name for exactly this package.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it comes from; none for a folder.
    pub source: Option<String>,
    /// An SPDX expression.
    pub license: Option<String>,
    /// One line for people.
    pub description: Option<String>,
    targets: Vec<Target>,
}

#[derive(Debug, Clone, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
    root: Option<String>,
}

/// The dependencies of one package.
#[derive(Debug, Clone, Deserialize)]
pub struct Node {
    /// The package.
    pub id: String,
    deps: Vec<Dependency>,
}

#[derive(Debug, Clone, Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Debug, Clone, Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

impl Package {
    /// The name that Rust code knows its library by.
    #[must_use]
    pub fn library(&self) -> String {
        const KINDS: [&str; 4] = ["lib", "rlib", "dylib", "proc-macro"];
        self.targets
            .iter()
            .find(|target| {
                target
                    .kind
                    .iter()
                    .any(|kind| KINDS.contains(&kind.as_str()))
            })
            .map_or(&self.name, |target| &target.name)
            .replace('-', "_")
    }
}

impl Node {
    /// The packages that it depends on at run time.
    pub fn normal(&self) -> impl Iterator<Item = &str> {
        self.deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none()))
            .map(|dependency| dependency.pkg.as_str())
    }
}

impl Metadata {
    /// The id of the generated crate.
    #[must_use]
    pub fn root(&self) -> Option<&str> {
        self.resolve.root.as_deref()
    }

    /// The dependencies of every package.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.resolve.nodes
    }

    /// The ids of all packages that the root needs at run time, each behind everything that it
    /// needs itself.
    #[must_use]
    pub fn bottom_up(&self) -> Vec<&str> {
        let nodes: BTreeMap<&str, &Node> = self
            .nodes()
            .iter()
            .map(|node| (node.id.as_str(), node))
            .collect();
        let mut order = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        // Depth first without recursion: a package is put down when it is met the second time.
        let mut open: Vec<(&str, bool)> =
            self.root().map(|root| (root, false)).into_iter().collect();
        while let Some((id, finished)) = open.pop() {
            if finished {
                order.push(id);
            } else if seen.insert(id) {
                open.push((id, true));
                let below = nodes.get(id).into_iter().flat_map(|node| node.normal());
                open.extend(below.map(|id| (id, false)));
            }
        }
        order
    }
}
