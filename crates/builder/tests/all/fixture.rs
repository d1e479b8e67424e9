//! Checkouts and files for tests.

use std::fs;
use std::path::{Path, PathBuf};

use headwater_builder::load::{Loaded, load};
use headwater_core::config::{Diagnostics, Origin};
use tempfile::TempDir;

/// A folder that looks like a checkout of Headwater with a few components.
pub(super) struct Checkout(TempDir);

/// Features of component crates.
const FEATURES: [(&str, &str); 2] = [
    ("batch", "default = [\"size\"]\nsize = []\ncount = []"),
    ("otlp_grpc", "compression = []"),
];

const COMPONENTS: [(&str, &str, &str); 6] = [
    ("receiver", "otlp", ""),
    ("processor", "batch", ""),
    ("processor", "memory_limiter", ""),
    ("exporter", "otlp_grpc", "\"otlp\""),
    ("exporter", "debug", ""),
    ("extension", "health_check", ""),
];

/// One way to lead to the transport library of its own and one through another.
fn connects(name: &str) -> &'static str {
    match name {
        "otlp" => "headwater-transport.workspace = true\n",
        "otlp_grpc" => "headwater-exporting = { workspace = true }\n",
        _ => "",
    }
}

fn features(name: &str) -> &'static str {
    let found = FEATURES.iter().find(|(other, _)| *other == name);
    found.map_or("", |(_, features)| features)
}

impl Checkout {
    pub(super) fn new() -> Self {
        let checkout = Self(tempfile::tempdir().unwrap());
        for library in ["core", "service", "transport"] {
            checkout.write(
                &format!("crates/{library}/Cargo.toml"),
                &format!("[package]\nname = \"headwater-{library}\"\n"),
            );
        }
        checkout.write(
            "crates/exporting/Cargo.toml",
            "[package]\nname = \"headwater-exporting\"\n\
             [dependencies]\nheadwater-transport.workspace = true\n",
        );
        for (kind, name, aliases) in COMPONENTS {
            let folder = name.replace('_', "-");
            checkout.write(
                &format!("crates/{kind}s/{folder}/Cargo.toml"),
                &format!(
                    "[package]\nname = \"headwater-{kind}-{folder}\"\n\
                     [package.metadata.headwater]\nkind = \"{kind}\"\ntype = \"{name}\"\n\
                     aliases = [{aliases}]\n[features]\n{}\n[dependencies]\n{}",
                    features(name),
                    connects(name),
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
        (loaded, brief(&diagnostics))
    }
}

/// What is said to the user without how it is laid out, which is tested where it is done.
pub(super) fn brief(diagnostics: &Diagnostics) -> String {
    let mut out = String::new();
    for one in diagnostics {
        out.push_str(&format!("{}[{}]", one.severity.as_str(), one.code));
        if let Some(span) = one.span() {
            let (line, column) = span.position();
            let file = Path::new(&span.source.name).file_name().unwrap();
            out.push_str(&format!(" {}:{line}:{column}", file.display()));
        }
        out.push_str(&format!(" {}: {}\n", one.path, one.message));
        let label = one.primary.as_ref().map(|label| label.text.as_str());
        for more in label.into_iter().chain(one.help.as_deref()) {
            if !more.is_empty() {
                out.push_str(&format!("    {more}\n"));
            }
        }
        for other in &one.secondary {
            if let Origin::Text(span) = &other.origin {
                let (line, column) = span.position();
                out.push_str(&format!("    {line}:{column} {}\n", other.text));
            }
        }
    }
    out
}

/// A manifest with the given list of components.
pub(super) fn manifest(components: &str) -> String {
    format!("[distribution]\nname = \"a\"\nversion = \"1.2.3\"\n\n[components]\n{components}\n")
}
