//! `builder new`: a distribution to start from.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use headwater_config::{Document, Options};
use headwater_core::ComponentKind;
use headwater_core::config::{Code, Diagnostics, Node, nearest};

use crate::build::BuildError;
use crate::catalog::Catalog;

/// The text of one file.
pub type File = (&'static str, String);

/// Writes `files` into `folder`, which must not exist.
///
/// # Errors
/// [`BuildError::Write`] when the folder exists or cannot be written.
pub fn create(files: &[File], folder: &Path) -> Result<(), BuildError> {
    let failed = |path: &Path, source| BuildError::Write {
        path: path.to_owned(),
        source,
    };
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
    }
    fs::create_dir(folder).map_err(|source| failed(folder, source))?;
    for (file, text) in files {
        let path = folder.join(file);
        fs::write(&path, text).map_err(|source| failed(&path, source))?;
    }
    Ok(())
}

/// Manifest, configuration and README of a usual distribution.
#[must_use]
pub fn usual(name: &str) -> Vec<File> {
    vec![
        (
            "manifest.toml",
            distribution(name, EMBEDDED) + COMPONENTS + BUILD,
        ),
        ("config.yaml", CONFIG.to_owned()),
        ("README.md", README.replace("NAME", name)),
    ]
}

/// Manifest and README of a distribution with exactly what `configs` use. They are not built
/// in: a configuration that was written for one place may hold what is nobody else's business.
/// A type that Headwater does not have is an error in `diagnostics`.
#[must_use]
pub fn for_configs(
    name: &str,
    configs: &[Node],
    catalog: &Catalog,
    diagnostics: &mut Diagnostics,
) -> Vec<File> {
    let mut wanted = BTreeSet::new();
    for config in configs {
        let document = Document::parse(config.clone(), Options::default(), diagnostics);
        for kind in ComponentKind::ALL {
            for entry in document.components(kind) {
                let name = entry.id.component_type();
                if let Some(found) = catalog.find(kind, name) {
                    wanted.insert((kind, found.type_name.as_str()));
                    continue;
                }
                let types = catalog.of_kind(kind).map(|found| found.type_name.as_str());
                let near = nearest(name, types);
                let diagnostic =
                    diagnostics.error(Code::UNKNOWN_TYPE, format!("there is no {kind} `{name}`"));
                let path = format!("{}::{}", kind.section(), entry.id);
                diagnostic.path(path).at(&entry.key);
                if let Some(near) = near {
                    diagnostic.label(format!("did you mean `{near}`?"));
                }
            }
        }
    }
    let mut manifest = distribution(name, "") + "[components]\n";
    for kind in ComponentKind::ALL {
        let types = wanted.iter().filter(|(other, _)| *other == kind);
        let types: Vec<String> = types.map(|(_, name)| format!("\"{name}\"")).collect();
        if !types.is_empty() {
            manifest.push_str(&format!("{} = [{}]\n", kind.section(), types.join(", ")));
        }
    }
    manifest.push_str(BUILD);
    vec![
        ("manifest.toml", manifest),
        ("README.md", README.replace("NAME", name)),
    ]
}

fn distribution(name: &str, config: &str) -> String {
    format!(
        "[distribution]\nname = \"{name}\"\ndescription = \"{name} collector\"\n\
         version = \"0.1.0\"\n{config}\n"
    )
}

const EMBEDDED: &str = r#"config = "config.yaml" # built in; used when the program is started without --config
"#;

const COMPONENTS: &str = r#"# The types that configurations name. A crate of your own:
#   processors = ["batch", { crate = "my-processor", path = "../my-processor" }]
[components]
receivers = ["otlp"]
processors = ["memory_limiter", "batch"]
exporters = ["otlp_grpc", "debug"]
connectors = []
extensions = ["health_check"]
"#;

const BUILD: &str = r#"
[build]
allocator = "system" # system, mimalloc, jemalloc
tls = "ring"         # ring, aws-lc, none
profile = "fast"     # fast, small
"#;

const CONFIG: &str = r#"extensions:
  health_check:

receivers:
  otlp:
    protocols:
      grpc:
      http:

processors:
  memory_limiter:
    check_interval: 1s
    limit_mib: 256
  batch:

exporters:
  debug:
    verbosity: detailed

service:
  extensions: [health_check]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [debug]
    metrics:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [debug]
    logs:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [debug]
"#;

const README: &str = r"# NAME

A collector of exactly the components in `manifest.toml`.

```
builder check manifest.toml   # is everything there that a configuration uses? --config FILE
builder build manifest.toml   # the last line is the path of the program
builder run manifest.toml     # build, then run; what follows `--` goes to the collector
```
";
