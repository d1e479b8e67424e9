//! The bill of materials holds exactly what is linked.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use headwater_builder::cargo::{Cargo, Lock, compiler};
use headwater_builder::sbom::{Materials, sbom};
use serde_json::Value;

/// A crate of the fixture with what stands below its `[package]`.
fn write_crate(root: &Path, name: &str, more: &str) {
    let folder = root.join(name);
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    let text = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
         license = \"MIT/Apache-2.0\"\n{more}"
    );
    fs::write(folder.join("Cargo.toml"), text).unwrap();
}

fn fixture(root: &Path) -> Cargo {
    for leaf in [
        "below",
        "for-build",
        "for-tests",
        "for-macro",
        "for-windows",
        "left-out",
    ] {
        write_crate(root, leaf, "");
    }
    write_crate(
        root,
        "linked",
        "[dependencies]\nbelow = { path = \"../below\" }\n\
         left-out = { path = \"../left-out\", optional = true }\n\
         [dev-dependencies]\nfor-tests = { path = \"../for-tests\" }\n",
    );
    write_crate(
        root,
        "a-macro",
        "[lib]\nproc-macro = true\n[dependencies]\nfor-macro = { path = \"../for-macro\" }\n",
    );
    write_crate(
        root,
        "top",
        "[dependencies]\nlinked = { path = \"../linked\" }\na-macro = { path = \"../a-macro\" }\n\
         [build-dependencies]\nfor-build = { path = \"../for-build\" }\n\
         [target.'cfg(windows)'.dependencies]\nfor-windows = { path = \"../for-windows\" }\n\
         [workspace]\n",
    );
    Cargo {
        folder: root.join("top"),
        target_dir: root.join("target"),
        target: None,
        offline: true,
        checkout: None,
    }
}

#[test]
fn exactly_the_linked_crates_are_listed() {
    let root = tempfile::tempdir().unwrap();
    let cargo = fixture(root.path());
    let target = "x86_64-unknown-linux-gnu";
    let metadata = cargo.metadata(target).unwrap();
    let linked = cargo.linked(target).unwrap();
    let compiler = compiler(root.path()).unwrap();
    let materials = Materials {
        distribution: ("mine", "My collector", "1.2.3"),
        target,
        compiler: &compiler,
        metadata: &metadata,
        linked: &linked,
        lock: &Lock::default(),
        program: b"program",
    };
    let text = sbom(materials);
    assert_eq!(text, sbom(materials), "nothing depends on the time");
    let bill: Value = serde_json::from_str(&text).unwrap();

    let names = |list: &Value, key: &str| -> BTreeSet<String> {
        let items = list.as_array().unwrap().iter();
        items
            .map(|item| item[key].as_str().unwrap().to_owned())
            .collect()
    };
    let expected = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        names(&bill["components"], "name"),
        expected(&["below", "linked"])
    );
    assert_eq!(
        names(&bill["dependencies"], "ref"),
        expected(&[
            "mine@1.2.3",
            "pkg:cargo/below@0.1.0",
            "pkg:cargo/linked@0.1.0"
        ])
    );
    let dependencies = bill["dependencies"].as_array().unwrap();
    let top = dependencies
        .iter()
        .find(|one| one["ref"] == "mine@1.2.3")
        .unwrap();
    assert_eq!(
        top["dependsOn"],
        serde_json::json!(["pkg:cargo/linked@0.1.0"])
    );
    assert_eq!(bill["specVersion"], "1.5");
    assert_eq!(
        bill["components"][0]["licenses"][0]["expression"],
        "MIT OR Apache-2.0"
    );
    assert_eq!(
        bill["metadata"]["component"]["hashes"][0]["content"],
        // SHA-256 of "program".
        "1310ca2c8932dbd118668bd97442558a3e1f546b5e15c69699dfbd6024f548d8"
    );
    let serial = bill["serialNumber"].as_str().unwrap();
    assert!(
        serial.starts_with("urn:uuid:") && serial.len() == 45,
        "{serial}"
    );
}
