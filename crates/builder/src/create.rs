//! `builder new`: a distribution to start from.

use std::fs;
use std::path::Path;

use crate::build::BuildError;

/// Writes `manifest.toml`, `config.yaml` and `README.md` of the distribution `name` into
/// `folder`, which must not exist.
///
/// # Errors
/// [`BuildError::Write`] when the folder exists or cannot be written.
pub fn create(name: &str, folder: &Path) -> Result<(), BuildError> {
    let failed = |path: &Path, source| BuildError::Write {
        path: path.to_owned(),
        source,
    };
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
    }
    fs::create_dir(folder).map_err(|source| failed(folder, source))?;
    for (file, text) in files(name) {
        let path = folder.join(file);
        fs::write(&path, text).map_err(|source| failed(&path, source))?;
    }
    Ok(())
}

/// The files of a distribution to start from.
#[must_use]
pub fn files(name: &str) -> [(&'static str, String); 3] {
    [
        ("manifest.toml", MANIFEST.replace("NAME", name)),
        ("config.yaml", CONFIG.to_owned()),
        ("README.md", README.replace("NAME", name)),
    ]
}

const MANIFEST: &str = r#"[distribution]
name = "NAME"
description = "NAME collector"
version = "0.1.0"
config = "config.yaml" # built in; used when the program is started without --config

# The types that configurations name. A crate of your own:
#   processors = ["batch", { crate = "my-processor", path = "../my-processor" }]
[components]
receivers = ["otlp"]
processors = ["memory_limiter", "batch"]
exporters = ["otlp_grpc", "debug"]
connectors = []
extensions = ["health_check"]

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
builder check manifest.toml   # is everything there that the configuration uses?
builder run manifest.toml     # build, then run with config.yaml
builder build manifest.toml   # the last line is the path of the program
```
";
