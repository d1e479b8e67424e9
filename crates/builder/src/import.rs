//! Reads a manifest of the OpenTelemetry Collector Builder and writes ours.
//!
//! Nothing is dropped in silence: what has no counterpart is reported, and a component that
//! Headwater does not have yet stays in the written manifest as a comment.
//!
//! Source: `cmd/builder` of the Collector, its `Config`.

mod upstream;

use headwater_core::ComponentKind;
use headwater_core::config::{Code, Diagnostics, Key, Map, Node, Value, nearest};
use toml_edit::Value as Toml;

use crate::catalog::Catalog;

/// Reports that something of the Go manifest has no effect here.
fn no_counterpart(
    diagnostics: &mut Diagnostics,
    path: &str,
    key: &Key,
    message: impl Into<String>,
) {
    diagnostics
        .warning(Code::NO_EFFECT, message)
        .path(path)
        .at(&key.origin);
}

/// Translates the manifest `node`; `catalog` tells what Headwater has.
pub fn import(node: &Node, catalog: &Catalog, diagnostics: &mut Diagnostics) -> String {
    let empty = Map::new();
    let root = match &node.value {
        Value::Map(map) => map,
        Value::Null => &empty,
        _ => {
            diagnostics
                .error(
                    Code::NOT_A_MAP,
                    "an OpenTelemetry Collector Builder manifest is a map",
                )
                .at(&node.origin);
            &empty
        }
    };
    let mut out = String::new();
    distribution(root, &mut out, diagnostics);
    out.push_str("\n[components]\n");
    for kind in ComponentKind::ALL {
        components(
            kind,
            root.get(kind.section()),
            catalog,
            &mut out,
            diagnostics,
        );
    }
    for (key, value) in root {
        rest(key, value, diagnostics);
    }
    out
}

fn distribution(root: &Map, out: &mut String, diagnostics: &mut Diagnostics) {
    let mut name = "otelcol-custom".to_owned();
    let mut description = "Custom OpenTelemetry Collector distribution".to_owned();
    let mut version = "1.0.0".to_owned();
    let dist = root.get("dist").and_then(Node::as_map);
    for (key, value) in dist.into_iter().flatten() {
        let path = format!("dist::{}", key.name);
        let text = value.as_text().unwrap_or_default().to_owned();
        match key.name.as_str() {
            "name" if !text.is_empty() => name = text,
            "description" => description = text,
            "version" if !text.is_empty() => version = text,
            "name" | "version" => {}
            "otelcol_version" | "include_core" => {
                no_counterpart(
                    diagnostics,
                    &path,
                    key,
                    "not needed since components are listed",
                );
            }
            "module"
            | "output_path"
            | "go"
            | "build_tags"
            | "debug_compilation"
            | "cgo_enabled"
            | "use_absolute_replace_paths" => {
                no_counterpart(
                    diagnostics,
                    &path,
                    key,
                    "only means something to the Go compiler",
                );
            }
            _ => no_counterpart(diagnostics, &path, key, "not a key of this manifest"),
        }
    }
    let fitting: String = name
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    if fitting != name {
        let origin = dist
            .and_then(|dist| dist.get("name"))
            .map(|node| node.origin.clone());
        diagnostics
            .warning(
                Code::QUESTIONABLE,
                format!("the distribution is called `{fitting}` here"),
            )
            .path("dist::name")
            .at(&origin.unwrap_or_default());
    }
    out.push_str(&format!(
        "[distribution]\nname = {}\ndescription = {}\nversion = {}\n",
        Toml::from(fitting),
        Toml::from(description),
        Toml::from(version),
    ));
}

/// What a module of a list became.
enum Translation {
    /// A component that Headwater has, by its type.
    Type(String),
    /// One that it does not have, with what to say about it.
    Missing(String),
}

fn components(
    kind: ComponentKind,
    list: Option<&Node>,
    catalog: &Catalog,
    out: &mut String,
    diagnostics: &mut Diagnostics,
) {
    let section = kind.section();
    let Some(list) = list.filter(|list| !list.is_null()) else {
        return;
    };
    let Some(modules) = list.as_seq() else {
        diagnostics
            .error(
                Code::WRONG_TYPE,
                format!("expected a list, found {}", list.value.kind()),
            )
            .path(section)
            .at(&list.origin);
        return;
    };
    let mut lines: Vec<String> = Vec::new();
    for (index, module) in modules.iter().enumerate() {
        let path = format!("{section}::{index}");
        let line = match translate(kind, module, &path, catalog, diagnostics) {
            None => continue,
            Some(Translation::Type(name)) => format!("    {},\n", Toml::from(name)),
            Some(Translation::Missing(what)) => format!("    # {what}\n"),
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if !lines.is_empty() {
        out.push_str(&format!("{section} = [\n{}]\n", lines.concat()));
    }
}

fn translate(
    kind: ComponentKind,
    module: &Node,
    path: &str,
    catalog: &Catalog,
    diagnostics: &mut Diagnostics,
) -> Option<Translation> {
    let map = module.as_map();
    let text = |key: &str| {
        map?.get(key)?
            .as_text()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let Some(gomod) = text("gomod") else {
        diagnostics
            .error(
                Code::REFUSED_VALUE,
                "missing gomod specification for module",
            )
            .path(path)
            .at(&module.origin)
            .help("write `- gomod: path/of/the/module v1.2.3`");
        return None;
    };
    for (key, _) in map.into_iter().flatten() {
        let path = format!("{path}::{}", key.name);
        match key.name.as_str() {
            "gomod" | "import" => {}
            "name" => no_counterpart(diagnostics, &path, key, "only names a Go package"),
            "path" => no_counterpart(
                diagnostics,
                &path,
                key,
                "a Go module in a folder cannot be linked; its changes are not here",
            ),
            _ => no_counterpart(diagnostics, &path, key, "not a key of this manifest"),
        }
    }
    let import = text("import")
        .or_else(|| gomod.split_whitespace().next())
        .unwrap_or(gomod);
    let stem = upstream::stem(kind, import);
    let known = upstream::of_kind(kind).find(|known| known.stem == stem);
    let found = catalog.of_kind(kind).find(|have| {
        let names = std::iter::once(&have.type_name).chain(&have.aliases);
        let wanted = [Some(stem), known.map(|known| known.type_name)];
        names
            .into_iter()
            .any(|name| wanted.iter().flatten().any(|one| same(name, one)))
    });
    if let Some(found) = found {
        return Some(Translation::Type(found.type_name.clone()));
    }
    let origin = map
        .and_then(|map| map.get("gomod"))
        .map_or(&module.origin, |node| &node.origin);
    let (message, label, line) = match known {
        Some(known) => (
            format!("{kind} `{}` is not available yet", known.type_name),
            String::new(),
            format!("{} is not available yet", Toml::from(known.type_name)),
        ),
        None => (
            format!("no {kind} of Headwater stands for the Go module `{import}`"),
            similar(kind, stem),
            format!("no counterpart: {import}"),
        ),
    };
    diagnostics
        .warning(Code::UNKNOWN_TYPE, message)
        .path(path)
        .at(origin)
        .label(label)
        .help("it stays in the manifest as a comment");
    Some(Translation::Missing(line))
}

fn similar(kind: ComponentKind, stem: &str) -> String {
    let stems: Vec<&str> = upstream::of_kind(kind).map(|known| known.stem).collect();
    nearest(stem, stems)
        .map(|near| format!("did you mean `{near}{kind}`?"))
        .unwrap_or_default()
}

/// Whether two spellings of a type differ in underscores only.
fn same(a: &str, b: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| *c != '_').collect::<String>();
    letters(a) == letters(b)
}

/// The keys of the manifest that are neither the distribution nor components.
fn rest(key: &Key, value: &Node, diagnostics: &mut Diagnostics) {
    /// The providers that every distribution has.
    const PROVIDERS: [&str; 5] = [
        "envprovider",
        "fileprovider",
        "httpprovider",
        "httpsprovider",
        "yamlprovider",
    ];
    let modules = || {
        let one = std::slice::from_ref(value);
        let items = value.as_seq().unwrap_or(one);
        items.iter().filter_map(|item| {
            let map = item.as_map()?;
            let module = map.get("import").or_else(|| map.get("gomod"))?;
            let name = module.as_text()?.split_whitespace().next()?;
            Some((name.rsplit('/').next().unwrap_or(name).to_owned(), module))
        })
    };
    let mut report = |message: String, at: &Node| {
        diagnostics
            .warning(Code::NO_EFFECT, message)
            .path(&key.name)
            .at(&at.origin);
    };
    match key.name.as_str() {
        "dist" => {}
        name if ComponentKind::ALL.iter().any(|kind| kind.section() == name) => {}
        _ if value.is_null() => {}
        "providers" => {
            for (name, module) in modules().filter(|(name, _)| !PROVIDERS.contains(&&**name)) {
                report(format!("there is no counterpart of `{name}`"), module);
            }
        }
        "converters" => {
            for (name, module) in modules() {
                report(format!("there is no counterpart of `{name}`"), module);
            }
        }
        "telemetry" => {
            let own = ["service", "otelconftelemetry"];
            for (name, module) in modules().filter(|(name, _)| !own.contains(&&**name)) {
                report(format!("there is no counterpart of `{name}`"), module);
            }
        }
        "replaces" | "excludes" => {
            for item in value.as_seq().unwrap_or_default() {
                report("a directive for go.mod means nothing here".to_owned(), item);
            }
        }
        "conf_resolver" => {
            let scheme = value.lookup("default_uri_scheme");
            if let Some(scheme) = scheme.filter(|scheme| scheme.as_text() != Some("env")) {
                report("the default scheme is always `env` here".to_owned(), scheme);
            }
        }
        _ => no_counterpart(diagnostics, &key.name, key, "not a key of this manifest"),
    }
}
