//! `print-config`: what the collector would run on, defaults included.

use headwater_config::{Document, Reference, to_annotated_yaml, to_json, to_yaml};
use headwater_core::ComponentKind;
use headwater_core::config::{Config, EncodeContext, Key, Map, Node, Origin, Origins, Value};

use super::arguments::{Arguments, ConfigFormat, Mode, PrintConfig};
use super::{Context, FINE, Streams, WRONG_USAGE};
use crate::error::ConfigError;
use crate::load::{Configuration, check, load};

impl Context {
    pub(super) fn print_config(
        &self,
        arguments: &Arguments,
        options: &PrintConfig,
        streams: &mut Streams<'_>,
    ) -> u8 {
        let Some(source) = self.source(arguments, streams) else {
            return WRONG_USAGE;
        };
        let mut loaded = load(&source, &self.registry);
        if options.validate {
            check(&mut loaded, &self.registry, &self.distribution.build_info());
            if loaded.diagnostics.has_errors() {
                let error = ConfigError::new(loaded.diagnostics);
                return streams.config_error(arguments, &error);
            }
        }
        let cx = EncodeContext {
            redact: matches!(options.mode, Mode::Redacted),
            durations_as_nanoseconds: matches!(options.format, ConfigFormat::Json),
        };
        let root = effective(&loaded.configuration, &loaded.document, cx);
        let origin = |path: &str, node: &Node| origin(path, node, &loaded.origins);
        streams.print(&match (options.format, options.origin) {
            (ConfigFormat::Yaml, false) => to_yaml(&root),
            (ConfigFormat::Yaml, true) => {
                to_annotated_yaml(&root, |path, node| Some(origin(path, node).to_string()))
            }
            (ConfigFormat::Json, false) => to_json(&root),
            (ConfigFormat::Json, true) => to_json(&with_origins(root, &mut String::new(), &origin)),
        });
        FINE
    }
}

/// Where a value comes from: the value knows itself if it was kept as written.
fn origin(path: &str, node: &Node, origins: &Origins) -> Origin {
    match &node.origin {
        Origin::Default => origins.get(path).clone(),
        known => known.clone(),
    }
}

fn put(map: &mut Map, name: &str, node: Node) {
    map.insert(Key::new(name, Origin::Default), node);
}

/// The configuration as it is used, in upstream's order. What could not be decoded is missing.
fn effective(configuration: &Configuration, document: &Document, cx: EncodeContext) -> Node {
    let mut root = Map::new();
    // Upstream's order of sections.
    for kind in [
        ComponentKind::Connector,
        ComponentKind::Exporter,
        ComponentKind::Extension,
        ComponentKind::Processor,
        ComponentKind::Receiver,
    ] {
        let components = &configuration.graph.components;
        let mut section = Map::new();
        for ((of, id), config) in components {
            if *of == kind {
                put(&mut section, &id.to_string(), config.encode(cx));
            }
        }
        put(&mut root, kind.section(), section.into());
    }
    let mut pipelines = Map::new();
    let mut sorted: Vec<_> = document.service.pipelines.iter().collect();
    sorted.sort_by_key(|pipeline| &pipeline.id);
    for pipeline in sorted {
        let mut parts = Map::new();
        put(&mut parts, "exporters", list(&pipeline.exporters));
        put(&mut parts, "processors", list(&pipeline.processors));
        put(&mut parts, "receivers", list(&pipeline.receivers));
        put(&mut pipelines, &pipeline.id.to_string(), parts.into());
    }
    let mut service = Map::new();
    put(
        &mut service,
        "extensions",
        list(&document.service.extensions),
    );
    put(&mut service, "pipelines", pipelines.into());
    let telemetry = without_nulls(configuration.telemetry.encode(cx));
    put(&mut service, "telemetry", telemetry);
    put(&mut root, "service", service.into());
    root.into()
}

/// The same tree without keys that have no value: some of them the Collector would not read.
fn without_nulls(mut node: Node) -> Node {
    node.value = match node.value {
        Value::Map(map) => Value::Map(
            map.into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key, without_nulls(value)))
                .collect(),
        ),
        Value::Seq(items) => Value::Seq(items.into_iter().map(without_nulls).collect()),
        value => value,
    };
    node
}

fn list(references: &[Reference]) -> Node {
    let items = references.iter();
    items
        .map(|named| Node::new(Value::String(named.id.to_string()), named.origin.clone()))
        .collect::<Vec<_>>()
        .into()
}

/// The same tree, each value that has no keys below it as `{value, origin}`.
fn with_origins(node: Node, path: &mut String, origin: &dyn Fn(&str, &Node) -> Origin) -> Node {
    let mut below = |segment: &str, node: Node| {
        let length = path.len();
        if length > 0 {
            path.push_str("::");
        }
        path.push_str(segment);
        let node = with_origins(node, path, origin);
        path.truncate(length);
        node
    };
    match node.value {
        Value::Map(map) if !map.is_empty() => map
            .into_iter()
            .map(|(key, value)| {
                let value = below(&key.name, value);
                (key, value)
            })
            .collect::<Map>()
            .into(),
        Value::Seq(items) if !items.is_empty() => {
            let items = items.into_iter().enumerate();
            let items = items.map(|(index, item)| below(&index.to_string(), item));
            items.collect::<Vec<_>>().into()
        }
        value => {
            let node = Node { value, ..node };
            let from = origin(path, &node).to_string();
            let mut leaf = Map::new();
            put(&mut leaf, "value", node);
            put(&mut leaf, "origin", from.into());
            leaf.into()
        }
    }
}
