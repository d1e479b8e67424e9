//! The bill of materials of a built program: CycloneDX 1.5, exactly the crates that are linked.
//!
//! Nothing in it depends on the time, so the same build gives the same bytes.
//! Source: CycloneDX 1.5 JSON reference; package URL specification, type `cargo`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cargo::{Compiler, Lock, Metadata, Package};

/// What a bill of materials is made from.
#[derive(Debug, Clone, Copy)]
pub struct Materials<'a> {
    /// The distribution's name, description and version.
    pub distribution: (&'a str, &'a str, &'a str),
    /// The target that it was built for.
    pub target: &'a str,
    /// The compiler that built it, whose standard library is linked.
    pub compiler: &'a Compiler,
    /// What Cargo resolved.
    pub metadata: &'a Metadata,
    /// Names and versions of what is linked.
    pub linked: &'a BTreeSet<(String, String)>,
    /// Checksums of what came from a registry.
    pub lock: &'a Lock,
    /// The program.
    pub program: &'a [u8],
}

/// Writes the bill of materials.
#[must_use]
pub fn sbom(materials: Materials<'_>) -> String {
    let metadata = materials.metadata;
    let packages: BTreeMap<&str, &Package> = metadata
        .packages
        .iter()
        .filter(|package| {
            let key = (package.name.clone(), package.version.clone());
            materials.linked.contains(&key)
        })
        .map(|package| (package.id.as_str(), package))
        .collect();
    let root = metadata.root().unwrap_or_default();
    let (name, description, version) = materials.distribution;
    let reference = |id: &str| {
        if id == root {
            Some(format!("{name}@{version}"))
        } else {
            packages.get(id).map(|package| purl(package))
        }
    };
    let components: BTreeMap<String, Value> = packages
        .values()
        .filter(|package| package.id != root)
        .map(|package| (purl(package), component(package, materials.lock)))
        .collect();
    let mut dependencies = BTreeMap::new();
    for node in metadata.nodes() {
        if let Some(from) = reference(&node.id) {
            let to: BTreeSet<String> = node.normal().filter_map(reference).collect();
            dependencies.insert(from.clone(), json!({ "ref": from, "dependsOn": to }));
        }
    }
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": format!("{name}@{version}"),
                "name": name,
                "version": version,
                "description": description,
                "hashes": [{ "alg": "SHA-256", "content": hex(&Sha256::digest(materials.program)) }],
            },
            "tools": { "components": [
                tool("builder", env!("CARGO_PKG_VERSION")),
                tool("rustc", &materials.compiler.version),
            ]},
            "properties": [{ "name": "cargo:target", "value": materials.target }],
        },
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies.into_values().collect::<Vec<_>>(),
    });
    let serial = serial_number(document.to_string().as_bytes());
    document["serialNumber"] = serial.into();
    format!("{document:#}\n")
}

fn component(package: &Package, lock: &Lock) -> Value {
    let purl = purl(package);
    let mut component = json!({
        "type": "library",
        "bom-ref": purl,
        "purl": purl,
        "name": package.name,
        "version": package.version,
    });
    if let Some(license) = &package.license {
        // Cargo's old way to say "or".
        let expression = if license.contains(' ') {
            license.clone()
        } else {
            license.replace('/', " OR ")
        };
        component["licenses"] = json!([{ "expression": expression }]);
    }
    if let Some(description) = &package.description {
        component["description"] = description
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .into();
    }
    if let Some(checksum) = lock.checksum(&package.name, &package.version) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

fn tool(name: &str, version: &str) -> Value {
    json!({ "type": "application", "name": name, "version": version })
}

fn purl(package: &Package) -> String {
    let version = package.version.replace('+', "%2B");
    let base = format!("pkg:cargo/{}@{version}", package.name);
    match package
        .source
        .as_deref()
        .and_then(|source| source.strip_prefix("git+"))
    {
        Some(url) => format!("{base}?vcs_url=git%2B{}", escaped(url)),
        None => base,
    }
}

fn escaped(url: &str) -> String {
    let mut out = String::new();
    for byte in url.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A UUID of version 8, made from the contents instead of from chance.
fn serial_number(contents: &[u8]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(contents)[..16]);
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let text = hex(&bytes);
    let (a, b, c, d, e) = (
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    );
    format!("urn:uuid:{a}-{b}-{c}-{d}-{e}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
