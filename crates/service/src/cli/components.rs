//! `components`: what this program can build, in upstream's shape.

use headwater_config::to_yaml;
use headwater_core::config::{Key, Map, Node, Origin};
use headwater_core::registry::Registered;
use headwater_core::{ComponentKind, Factory, Registry, Signal, Stability};

use super::{Context, FINE, Streams};
use crate::distribution::Distribution;

/// Configuration URIs that the resolver reads.
const PROVIDERS: [&str; 5] = ["env", "file", "http", "https", "yaml"];

impl Context {
    pub(super) fn components(&self, streams: &mut Streams<'_>) -> u8 {
        streams.print(&to_yaml(&components(&self.distribution, &self.registry)));
        FINE
    }
}

fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    entries
        .into_iter()
        .map(|(name, node)| (Key::new(name, Origin::Default), node))
        .collect::<Map>()
        .into()
}

fn components(distribution: &Distribution, registry: &Registry) -> Node {
    let mut root = Map::new();
    let mut put = |name: &str, node| root.insert(Key::new(name, Origin::Default), node);
    put(
        "buildinfo",
        map([
            ("command", distribution.command.into()),
            ("description", distribution.description.into()),
            ("version", distribution.version.into()),
        ]),
    );
    for kind in ComponentKind::ALL {
        let items: Vec<Node> = registry.of_kind(kind).map(component).collect();
        if !items.is_empty() {
            put(kind.section(), items.into());
        }
    }
    let module = concat!("headwater-config v", env!("CARGO_PKG_VERSION"));
    let providers =
        PROVIDERS.map(|scheme| map([("scheme", scheme.into()), ("module", module.into())]));
    put("providers", Vec::from(providers).into());
    root.into()
}

fn component(registered: &Registered) -> Node {
    let factory = &registered.factory;
    map([
        ("name", factory.component_type().into()),
        ("module", registered.module.as_str().into()),
        ("stability", stability(factory)),
    ])
}

fn stability(factory: &Factory) -> Node {
    let word = |stability: Option<Stability>| stability.map_or("Undefined", Stability::as_str);
    let mut map = Map::new();
    let mut put = |name: &str, stability| {
        map.insert(Key::new(name, Origin::Default), word(stability).into());
    };
    // Upstream's order: alphabetical.
    let signals = [Signal::Logs, Signal::Metrics, Signal::Traces];
    match factory.kind() {
        ComponentKind::Extension => put("extension", factory.extension_stability()),
        ComponentKind::Connector => {
            for from in signals {
                for to in signals {
                    let name = format!("{from}-to-{to}");
                    put(&name, factory.connector_stability(from, to));
                }
            }
        }
        _ => {
            for signal in signals {
                put(signal.as_str(), factory.stability(signal));
            }
        }
    }
    map.into()
}
