//! This repository's own components and distributions.

use std::fs;
use std::path::{Path, PathBuf};

use headwater_builder::catalog::Catalog;
use headwater_builder::check::check;
use headwater_builder::load::{load, read_tree};
use headwater_core::config::Diagnostics;

use super::fixture::brief;

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// `Cargo.toml` is what the builder believes; the factory is what the program registers. A full
/// comparison of both ends every `builder build`; this finds a slip earlier.
#[test]
fn the_type_and_aliases_in_cargo_toml_stand_in_the_code() {
    let catalog = Catalog::read(&root()).unwrap();
    for component in catalog.iter() {
        let mut code = String::new();
        read_code(&component.folder.join("src"), &mut code);
        for name in std::iter::once(&component.type_name).chain(&component.aliases) {
            let literal = format!("\"{name}\"");
            assert!(
                code.contains(&literal),
                "{literal} in {}",
                component.folder.display()
            );
        }
        let folder = component.folder.file_name().unwrap().to_str().unwrap();
        let kebab = component.type_name.replace('_', "-");
        assert_eq!(
            folder, kebab,
            "the folder of {} {}",
            component.kind, component.type_name
        );
        assert_eq!(
            component.package,
            format!("headwater-{}-{kebab}", component.kind)
        );
    }
}

fn read_code(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_code(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            code.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_distribution_has_what_its_configurations_use() {
    let root = root();
    let mut seen = 0;
    let folders = ["distributions", "examples"].map(|folder| root.join(folder));
    for entry in folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
    {
        let folder = entry.unwrap().path();
        let manifest = folder.join("manifest.toml");
        if !manifest.is_file() {
            continue;
        }
        seen += 1;
        let mut diagnostics = Diagnostics::new();
        let loaded = load(&manifest, &root, &mut diagnostics).unwrap_or_else(|failure| {
            panic!("{failure:?}");
        });
        let loaded = loaded.unwrap_or_else(|| panic!("{}", brief(&diagnostics)));
        assert_eq!(
            loaded.plan.name,
            folder.file_name().unwrap().to_str().unwrap()
        );
        let mut configs: Vec<_> = loaded.config.iter().cloned().collect();
        let map = folder.join("k8s/configmap.yaml");
        configs.extend(config_maps(&map, &mut diagnostics));
        assert!(!configs.is_empty());
        for config in &configs {
            check(config, &loaded.plan, &mut diagnostics);
        }
        assert_eq!(brief(&diagnostics), "", "{}", manifest.display());
    }
    assert!(seen >= 2, "pattern-a and headwater at least");
}

/// The configurations in a Kubernetes `ConfigMap`: one for each of its keys.
fn config_maps(path: &Path, diagnostics: &mut Diagnostics) -> Vec<headwater_core::config::Node> {
    let Ok(text) = fs::read_to_string(path) else {
        return Vec::new();
    };
    // The expansion of the outer file would take the references of the inner one away.
    let marked = tempfile::tempdir().unwrap();
    let outer = marked.path().join("outer.yaml");
    fs::write(&outer, text.replace("${", "$${")).unwrap();
    let outer = read_tree(&outer, diagnostics).unwrap();
    let mut configs = Vec::new();
    let mut keys = vec![];
    for line in text.lines() {
        if let Some(key) = line
            .strip_prefix("  ")
            .and_then(|line| line.strip_suffix(".yaml: |"))
        {
            keys.push(format!("{key}.yaml"));
        }
    }
    assert!(!keys.is_empty(), "{}", path.display());
    for key in keys {
        let inner = outer.lookup(&format!("data::{key}")).unwrap();
        let path = marked.path().join(&key);
        fs::write(&path, inner.as_text().unwrap()).unwrap();
        configs.extend(read_tree(&path, diagnostics));
    }
    configs
}
