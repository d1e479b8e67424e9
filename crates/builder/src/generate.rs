//! The crate that a distribution is built from, as text: a pure function of the plan.

mod cargo_toml;
mod main_rs;

use crate::plan::Plan;

/// A file of the generated crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Its path in the crate.
    pub path: &'static str,
    /// Its text.
    pub text: String,
}

/// The files of the crate of `plan`: the same plan gives the same bytes.
#[must_use]
pub fn generate(plan: &Plan) -> Vec<GeneratedFile> {
    let mut files = vec![
        GeneratedFile {
            path: "Cargo.toml",
            text: cargo_toml::cargo_toml(plan),
        },
        GeneratedFile {
            path: "src/main.rs",
            text: main_rs::main_rs(plan),
        },
        GeneratedFile {
            path: ".gitignore",
            text: "*\n".into(),
        },
    ];
    if let Some(config) = &plan.config {
        files.push(GeneratedFile {
            path: "config.yaml",
            text: config.clone(),
        });
    }
    files
}

/// The Cargo package of the distribution `name`: apart from every other crate's name, whatever
/// the distribution is called.
#[must_use]
pub fn package(name: &str) -> String {
    format!("headwater-distribution-{name}")
}
