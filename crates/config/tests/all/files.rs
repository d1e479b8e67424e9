//! Whole configurations as people run them.

use headwater_config::{Document, Options, Resolver};
use headwater_core::ComponentKind;

fn open(name: &str) -> Document {
    let path = format!("{}/tests/testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    let resolved = Resolver::new()
        .environment(|name| Some(format!("value-of-{name}")))
        .uri(path)
        .resolve();
    let mut diagnostics = resolved.diagnostics;
    let document = Document::parse(resolved.root, Options::default(), &mut diagnostics);
    let shown = headwater_config::render_human(&diagnostics, false);
    assert!(
        diagnostics
            .iter()
            .all(|item| item.severity != headwater_core::config::Severity::Error),
        "{shown}"
    );
    document
}

#[test]
fn a_node_agent_resolves() {
    let document = open("agent.yaml");
    assert_eq!(document.components(ComponentKind::Receiver).len(), 5);
    assert_eq!(document.service.pipelines.len(), 5);
    let prometheus = document.components(ComponentKind::Receiver)[1].node.clone();
    let config = "config::scrape_configs::0";
    assert_eq!(
        prometheus
            .lookup(&format!("{config}::relabel_configs::1::replacement"))
            .unwrap()
            .as_text(),
        Some("/api/v1/nodes/${1}/proxy/metrics/cadvisor")
    );
    assert_eq!(
        prometheus
            .lookup(&format!("{config}::relabel_configs::3::regex"))
            .unwrap()
            .as_text(),
        Some("value-of-K8S_NODE_NAME")
    );
}

#[test]
fn a_gateway_resolves() {
    let document = open("gateway.yaml");
    assert!(document.components(ComponentKind::Connector).len() >= 2);
    assert!(
        document
            .service
            .pipelines
            .iter()
            .any(|pipeline| pipeline.processors.len() > 3)
    );
    assert!(document.service.telemetry.is_some());
}
