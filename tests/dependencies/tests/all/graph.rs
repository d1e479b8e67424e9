//! What `cargo metadata` says about the workspace on this machine's platform.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// One crate: the workspace's own or a foreign one.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Where it comes from; none for a folder of the workspace.
    pub(crate) source: Option<String>,
    /// An SPDX expression.
    pub(crate) licence: Option<String>,
    is_macro: bool,
    /// `kind` and `type` of a component.
    component: Option<(String, String)>,
}

/// Every crate that the workspace needs, its tests included, and who needs whom at run time.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) packages: BTreeMap<String, Package>,
    needs: BTreeMap<String, Vec<String>>,
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

impl Graph {
    pub(crate) fn read() -> Self {
        let version = output(Command::new("rustc").arg("-vV"));
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .unwrap();
        let metadata = output(
            Command::new(env!("CARGO"))
                .current_dir(root())
                .args(["metadata", "--format-version", "1", "--filter-platform"])
                .arg(host),
        );
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        let packages = metadata["packages"].as_array().unwrap().iter();
        let nodes = metadata["resolve"]["nodes"].as_array().unwrap().iter();
        let needs: BTreeMap<_, _> = nodes
            .map(|node| {
                let needed = node["deps"].as_array().unwrap().iter().filter(|needed| {
                    let mut kinds = needed["dep_kinds"].as_array().unwrap().iter();
                    kinds.any(|kind| kind["kind"].is_null())
                });
                let needed = needed.map(|needed| text(&needed["pkg"]).unwrap());
                (text(&node["id"]).unwrap(), needed.collect())
            })
            .collect();
        let packages = packages
            .map(|package| (text(&package["id"]).unwrap(), Package::new(package)))
            .filter(|(id, _)| needs.contains_key(id))
            .collect();
        Self { packages, needs }
    }

    /// The ids of a crate of the workspace.
    pub(crate) fn library(&self, name: &str) -> String {
        self.packages
            .iter()
            .find(|(_, package)| package.name == name && package.source.is_none())
            .map_or_else(|| panic!("no crate {name}"), |(id, _)| id.clone())
    }

    pub(crate) fn component(&self, kind: &str, type_name: &str) -> String {
        let component = Some((kind.to_owned(), type_name.to_owned()));
        self.packages
            .iter()
            .find(|(_, package)| package.component == component)
            .map_or_else(|| panic!("no {kind} {type_name}"), |(id, _)| id.clone())
    }

    /// Every component of the workspace.
    pub(crate) fn components(&self) -> Vec<String> {
        let components = self.packages.iter().filter(|(_, p)| p.component.is_some());
        components.map(|(id, _)| id.clone()).collect()
    }

    /// What these need to run, themselves included. Macros and what they need are not linked.
    pub(crate) fn linked(&self, from: impl IntoIterator<Item = String>) -> BTreeSet<&str> {
        self.reach(from, false)
    }

    /// What these need to be built: `linked` and the macros, themselves included.
    pub(crate) fn tree(&self, from: impl IntoIterator<Item = String>) -> BTreeSet<&str> {
        self.reach(from, true)
    }

    fn reach(&self, from: impl IntoIterator<Item = String>, macros: bool) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<String> = from.into_iter().collect();
        while let Some(id) = open.pop() {
            let (id, package) = self.packages.get_key_value(&id).unwrap();
            if (macros || !package.is_macro) && reached.insert(id.as_str()) {
                open.extend(self.needs[id].iter().cloned());
            }
        }
        reached
    }
}

impl Package {
    fn new(package: &Value) -> Self {
        let targets = package["targets"].as_array().unwrap();
        let mut kinds = targets.iter().flat_map(|t| t["kind"].as_array().unwrap());
        let component = &package["metadata"]["headwater"];
        Self {
            name: text(&package["name"]).unwrap(),
            version: text(&package["version"]).unwrap(),
            source: text(&package["source"]),
            licence: text(&package["license"]),
            is_macro: kinds.any(|kind| kind == "proc-macro"),
            component: text(&component["kind"]).zip(text(&component["type"])),
        }
    }
}
