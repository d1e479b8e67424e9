//! What this repository may depend on. `cargo deny check` knows more (advisories, the text of the
//! licences) but has to be installed; this runs with the tests.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod graph;
mod licences;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use graph::{Graph, root};

fn read(path: &str) -> toml::Table {
    fs::read_to_string(root().join(path))
        .unwrap()
        .parse()
        .unwrap()
}

/// What a distribution of all components consists of, our own crates included.
fn everything(graph: &Graph) -> Vec<String> {
    let mut roots = graph.components();
    roots.push(graph.library("headwater-service"));
    roots
}

#[test]
fn everything_foreign_comes_from_one_registry() {
    let graph = Graph::read();
    let packages = graph.packages.values();
    let sources: BTreeSet<&str> = packages.filter_map(|p| p.source.as_deref()).collect();
    let registries = sources
        .iter()
        .filter(|source| source.starts_with("registry+"));
    // Neither a git repository nor a second registry.
    assert_eq!((sources.len(), registries.count()), (1, 1), "{sources:?}");
}

#[test]
fn every_licence_is_allowed() {
    let deny = read("deny.toml");
    let allowed = deny["licenses"]["allow"].as_array().unwrap().iter();
    let allowed: BTreeSet<_> = allowed
        .map(|licence| licence.as_str().unwrap().to_owned())
        .collect();
    for package in Graph::read().packages.values() {
        let licence = package.licence.as_deref().unwrap_or_default();
        assert!(
            licences::permits(licence, &allowed),
            "{} {} is under {licence:?}",
            package.name,
            package.version
        );
    }
}

#[test]
fn what_is_banned_is_in_no_distribution() {
    let graph = Graph::read();
    let tree = graph.tree(everything(&graph));
    let deny = read("deny.toml");
    for banned in deny["bans"]["deny"].as_array().unwrap() {
        let name = banned["crate"].as_str().unwrap();
        let found = tree.iter().find(|id| graph.packages[**id].name == name);
        assert_eq!(found, None, "{:?}", banned["reason"]);
    }
}

#[test]
fn no_distribution_links_two_versions_of_a_crate() {
    let graph = Graph::read();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for id in graph.linked(everything(&graph)) {
        let package = &graph.packages[id];
        versions
            .entry(&package.name)
            .or_default()
            .push(&package.version);
    }
    let deny = read("deny.toml");
    let skipped = deny["bans"]["skip"].as_array().unwrap().iter();
    for skipped in skipped {
        let (name, version) = skipped["crate"].as_str().unwrap().split_once('@').unwrap();
        let versions = versions.get_mut(name).unwrap();
        let before = versions.len();
        versions.retain(|found| !found.starts_with(version));
        assert!(
            before > 1 && versions.len() < before,
            "deny.toml need not skip {name} {version} any more"
        );
    }
    versions.retain(|_, versions| versions.len() > 1);
    assert_eq!(versions, BTreeMap::new());
}

/// The design's budget.
#[test]
fn core_needs_at_most_sixty_crates() {
    let graph = Graph::read();
    let tree = graph.tree([graph.library("headwater-core")]);
    assert!(tree.len() <= 60, "{}: {tree:#?}", tree.len());
}

/// The design's budget. Features that only tests ask for are counted in, so this is an upper bound.
#[test]
fn pattern_a_needs_at_most_two_hundred_crates() {
    let graph = Graph::read();
    let manifest = read("distributions/pattern-a/manifest.toml");
    let mut roots = vec![graph.library("headwater-service")];
    for (kinds, types) in manifest["components"].as_table().unwrap() {
        let kind = kinds.strip_suffix('s').unwrap();
        let types = types.as_array().unwrap().iter();
        roots.extend(types.map(|name| graph.component(kind, name.as_str().unwrap())));
    }
    let tree = graph.tree(roots);
    assert!(tree.len() <= 200, "{}: {tree:#?}", tree.len());
}
