//! Checkouts and files for tests.

use std::fs;
use std::path::{Path, PathBuf};

use headwater_builder::load::{Loaded, load};
use headwater_config::render_human;
use headwater_core::config::Diagnostics;
use tempfile::TempDir;

/// A folder that looks like a checkout of Headwater with a few components.
pub(super) struct Checkout(TempDir);

const COMPONENTS: [(&str, &str, &str); 6] = [
    ("receiver", "otlp", ""),
    ("processor", "batch", ""),
    ("processor", "memory_limiter", ""),
    ("exporter", "otlp_grpc", "\"otlp\""),
    ("exporter", "debug", ""),
    ("extension", "health_check", ""),
];

impl Checkout {
    pub(super) fn new() -> Self {
        let checkout = Self(tempfile::tempdir().unwrap());
        for library in ["core", "service", "transport"] {
            checkout.write(
                &format!("crates/{library}/Cargo.toml"),
                &format!("[package]\nname = \"headwater-{library}\"\n"),
            );
        }
        for (kind, name, aliases) in COMPONENTS {
            let folder = name.replace('_', "-");
            checkout.write(
                &format!("crates/{kind}s/{folder}/Cargo.toml"),
                &format!(
                    "[package]\nname = \"headwater-{kind}-{folder}\"\n\
                     [package.metadata.headwater]\nkind = \"{kind}\"\ntype = \"{name}\"\n\
                     aliases = [{aliases}]\n"
                ),
            );
        }
        checkout
    }

    pub(super) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Loads a manifest that lies in the checkout; gives it with what is said about it.
    pub(super) fn load(&self, manifest: &str) -> (Option<Loaded>, String) {
        let path = self.write("distributions/a/manifest.toml", manifest);
        let mut diagnostics = Diagnostics::new();
        let loaded = load(&path, self.root(), &mut diagnostics).unwrap_or_else(|failure| {
            panic!("{failure:?}");
        });
        (loaded, self.hide(&render_human(&diagnostics, false)))
    }

    /// A text without the place of the checkout, which differs from run to run.
    pub(super) fn hide(&self, text: &str) -> String {
        text.replace(self.root().to_str().unwrap(), "/checkout")
    }
}

/// A manifest with the given list of components.
pub(super) fn manifest(components: &str) -> String {
    format!("[distribution]\nname = \"a\"\nversion = \"1.2.3\"\n\n[components]\n{components}\n")
}
