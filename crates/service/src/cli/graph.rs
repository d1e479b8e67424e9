//! `graph`: the pipelines as a picture.

use std::collections::BTreeMap;
use std::fmt::Write;

use headwater_core::graph::{NodeId, Topology};
use headwater_core::{ComponentKind, PipelineId};

use super::arguments::{Arguments, Graph, GraphFormat};
use super::{Context, FINE, Streams, WRONG_USAGE};
use crate::collector::load_checked;

impl Context {
    pub(super) fn graph(
        &self,
        arguments: &Arguments,
        options: &Graph,
        streams: &mut Streams<'_>,
    ) -> u8 {
        let Some(source) = self.source(arguments, streams) else {
            return WRONG_USAGE;
        };
        let build_info = self.distribution.build_info();
        let loaded = match load_checked(&source, &self.registry, &build_info) {
            Ok(loaded) => loaded,
            Err(error) => return streams.config_error(arguments, &error),
        };
        let topology = Topology::new(&loaded.configuration.graph, &self.registry);
        streams.print(&match options.format {
            GraphFormat::Dot => dot(&topology),
            GraphFormat::Mermaid => mermaid(&topology),
            GraphFormat::Text => text(&topology),
        });
        FINE
    }
}

/// Short names for the components: `n0`, `n1`, …
fn names(topology: &Topology) -> BTreeMap<&NodeId, String> {
    let nodes = topology.nodes.iter().enumerate();
    nodes
        .map(|(index, node)| (node, format!("n{index}")))
        .collect()
}

fn dot(topology: &Topology) -> String {
    let names = names(topology);
    let mut out = String::from("digraph pipelines {\n    rankdir=LR;\n    node [shape=box];\n");
    for (node, name) in &names {
        let style = match node.kind {
            ComponentKind::Receiver | ComponentKind::Exporter => "",
            ComponentKind::Connector => ", shape=hexagon",
            ComponentKind::Processor | ComponentKind::Extension => ", style=rounded",
        };
        let label = format!("{}\\n{}", quoted(&node.id.to_string()), node.kind);
        writeln!(out, "    {name} [label=\"{label}\"{style}];").ok();
    }
    for edge in &topology.edges {
        let (from, to) = (&names[&edge.from], &names[&edge.to]);
        let label = quoted(&edge.pipeline.to_string());
        writeln!(out, "    {from} -> {to} [label=\"{label}\"];").ok();
    }
    out.push_str("}\n");
    out
}

fn mermaid(topology: &Topology) -> String {
    let names = names(topology);
    let mut out = String::from("flowchart LR\n");
    for (node, name) in &names {
        let (open, close) = match node.kind {
            ComponentKind::Receiver | ComponentKind::Exporter => ("[", "]"),
            ComponentKind::Connector => ("{{", "}}"),
            ComponentKind::Processor | ComponentKind::Extension => ("(", ")"),
        };
        let id = node
            .id
            .to_string()
            .replace('#', "#35;")
            .replace('"', "#quot;");
        writeln!(out, "    {name}{open}\"{id}<br/>{}\"{close}", node.kind).ok();
    }
    for edge in &topology.edges {
        let (from, to) = (&names[&edge.from], &names[&edge.to]);
        writeln!(out, "    {from} -->|\"{}\"| {to}", edge.pipeline).ok();
    }
    out
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// A block for each pipeline: its ends, and its processors in the order in which they work.
fn text(topology: &Topology) -> String {
    let mut pipelines: BTreeMap<&PipelineId, Vec<_>> = BTreeMap::new();
    for edge in &topology.edges {
        pipelines.entry(&edge.pipeline).or_default().push(edge);
    }
    let mut out = String::new();
    for (pipeline, edges) in pipelines {
        writeln!(out, "{pipeline}").ok();
        let inner = |node: &NodeId| node.pipeline.as_ref() == Some(pipeline);
        let mut receivers: Vec<&NodeId> = Vec::new();
        let mut exporters: Vec<&NodeId> = Vec::new();
        for edge in &edges {
            if !inner(&edge.from) && !receivers.contains(&&edge.from) {
                receivers.push(&edge.from);
            }
            if !inner(&edge.to) && !exporters.contains(&&edge.to) {
                exporters.push(&edge.to);
            }
        }
        let mut processors: Vec<&NodeId> = Vec::new();
        let mut at = receivers.first().copied();
        while let Some(node) = at {
            let next = edges
                .iter()
                .find(|edge| edge.from == *node && inner(&edge.to))
                .map(|edge| &edge.to);
            processors.extend(next);
            at = next;
        }
        for node in receivers {
            writeln!(out, "    from  {}", described(node)).ok();
        }
        for node in processors {
            writeln!(out, "    via   {}", node.id).ok();
        }
        for node in exporters {
            writeln!(out, "    to    {}", described(node)).ok();
        }
    }
    out
}

fn described(node: &NodeId) -> String {
    match node.kind {
        ComponentKind::Connector => format!("{} (connector)", node.id),
        _ => node.id.to_string(),
    }
}
