//! This repository's own components and distributions.

use std::fs;
use std::path::{Path, PathBuf};

use headwater_builder::catalog::Catalog;
use headwater_builder::check::check;
use headwater_builder::load::{load, read_merged, read_tree};
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

#[test]
fn the_distribution_of_everything_has_the_stage_geoip() {
    let root = root();
    let manifest = root.join("distributions/headwater/manifest.toml");
    let mut diagnostics = Diagnostics::new();
    let loaded = load(&manifest, &root, &mut diagnostics).unwrap_or_else(|failure| {
        panic!("{failure:?}");
    });
    let components = loaded.unwrap().plan.components;
    let with_features = components.iter().filter(|one| !one.features.is_empty());
    let with_features: Vec<_> = with_features
        .map(|one| (one.type_name.as_deref().unwrap(), one.features.join(", ")))
        .collect();
    assert_eq!(with_features, [("loki_process", "geoip".to_owned())]);
}

/// The configurations in a Kubernetes `ConfigMap`: the first of its keys, and each of the others merged
/// over it.
fn config_maps(path: &Path, diagnostics: &mut Diagnostics) -> Vec<headwater_core::config::Node> {
    let Ok(text) = fs::read_to_string(path) else {
        return Vec::new();
    };
    // The expansion of the outer file would take the references of the inner ones away.
    let folder = tempfile::tempdir().unwrap();
    let outer = folder.path().join("outer.yaml");
    fs::write(&outer, text.replace("${", "$${")).unwrap();
    let outer = read_tree(&outer, diagnostics).unwrap();
    let keys = text.lines().filter_map(|line| {
        let key = line.strip_prefix("  ")?.strip_suffix(": |")?;
        (!key.starts_with(' ')).then_some(key)
    });
    let files: Vec<PathBuf> = keys
        .map(|key| {
            let inner = outer.lookup(&format!("data::{key}")).unwrap();
            let file = folder.path().join(key);
            fs::write(&file, inner.as_text().unwrap()).unwrap();
            file
        })
        .collect();
    let (first, others) = files.split_first().unwrap();
    let mut configs = vec![read_tree(first, diagnostics).unwrap()];
    for other in others {
        configs.push(read_merged(&[first, other], diagnostics).unwrap());
    }
    configs
}
