//! The `tempo` exporter sends, TraceQL answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use backends_tests::{Backend, escaped, free_port, program};
use headwater_core::config::Optional;
use headwater_core::pdata::owned::{
    KeyValue, Resource, ResourceSpans, ScopeSpans, Span, TracesData,
};
use headwater_core::{Batch, Signal};
use headwater_exporter_tempo::{Config, factory};
use headwater_transport::config::{GrpcClientConfig, HttpClientConfig};

use crate::logs::{Running, now};

const SECOND: u64 = 1_000_000_000;

/// With tenants, and small limits, so that they are reached.
fn config(folder: &str, api: SocketAddr, grpc: SocketAddr, http: SocketAddr) -> String {
    let (port, internal) = (api.port(), free_port().port());
    format!(
        "multitenancy_enabled: true
server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_address: 127.0.0.1, grpc_listen_port: {internal}}}
distributor: {{receivers: {{otlp: {{protocols: {{grpc: {{endpoint: \"{grpc}\"}}, http: {{endpoint: \"{http}\"}}}}}}}}}}
storage: {{trace: {{backend: local, wal: {{path: {folder}/t/wal}}, local: {{path: {folder}/t/blocks}}, blocklist_poll: 2s}}}}
live_store: {{max_trace_live: 5s, max_trace_idle: 1s, flush_check_period: 1s, max_block_duration: 5s, wal: {{path: {folder}/t/ls}}, shutdown_marker_dir: {folder}/t/sm}}
backend_scheduler: {{local_work_path: {folder}/t/bs}}
query_frontend: {{query_end_cutoff: 1s}}
usage_report: {{reporting_enabled: false}}
overrides: {{defaults: {{ingestion: {{rate_limit_bytes: 150000, burst_size_bytes: 150000}}}}}}
"
    )
}

fn span(trace: u128, id: u64, name: &str) -> Span {
    Span {
        trace_id: trace.to_be_bytes().to_vec().into(),
        span_id: id.to_be_bytes().to_vec().into(),
        name: name.into(),
        kind: 2,
        start_time_unix_nano: now() - 2 * SECOND,
        end_time_unix_nano: now() - SECOND,
        ..Span::default()
    }
}

fn batch(team: &str, spans: Vec<Span>) -> Batch {
    let resource = ResourceSpans {
        resource: Some(Resource {
            attributes: vec![
                KeyValue::new("service.name", "api"),
                KeyValue::new("team", team),
            ],
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans {
            spans,
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    };
    let data = TracesData {
        resource_spans: vec![resource],
        ..TracesData::default()
    };
    let bytes = data.encode();
    let items = headwater_core::pdata::count_items(Signal::Traces, &bytes).unwrap();
    Batch::new(Signal::Traces, bytes, items)
}

async fn push(config: &Config, batches: Vec<Batch>) -> BTreeMap<&'static str, u64> {
    let exporter = Running::start(&factory(), Signal::Traces, config).await;
    for batch in batches {
        exporter.send(batch).await;
    }
    exporter.stop().await.dropped
}

/// Traces that a query finds for a tenant, once there are so many.
fn query(tempo: &Backend, tenant: &str, query: &str, count: usize) -> Vec<String> {
    let target = format!(
        "/api/search?q={}&limit=1000&start={}&end={}",
        escaped(query),
        now() / SECOND - 3600,
        now() / SECOND + 60
    );
    let found = tempo.eventually(&target, tenant, |answer| {
        let traces = answer["traces"].as_array().cloned().unwrap_or_default();
        let ids = traces.iter().filter_map(|trace| trace["traceID"].as_str());
        let ids: Vec<_> = ids.map(str::to_owned).collect();
        (ids.len() >= count).then_some(ids)
    });
    eprintln!("ok: {tenant} {query}: {} traces", found.len());
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn tempo_gives_back_what_was_sent() {
    let Some(program) = program("TEMPO_BIN", "e2e-tempo") else {
        return;
    };
    let (grpc, http) = (free_port(), free_port());
    let tempo = Backend::start(&program, |folder, api| config(folder, api, grpc, http));
    let over_grpc = || Config {
        client: GrpcClientConfig::insecure(grpc.to_string()),
        tenant_attribute: "team".into(),
        ..Config::default()
    };
    let over_http = Config {
        client: GrpcClientConfig::default(),
        http: Optional::Some(HttpClientConfig::new(format!("http://{http}"))),
        ..over_grpc()
    };

    // Tenants, over both protocols.
    let lost = push(&over_grpc(), vec![batch("a", vec![span(0xa1, 1, "one")])]).await;
    assert!(lost.is_empty(), "{lost:?}");
    let lost = push(&over_http, vec![batch("b", vec![span(0xb1, 1, "two")])]).await;
    assert!(lost.is_empty(), "{lost:?}");
    let found = query(
        &tempo,
        "a",
        r#"{resource.service.name="api" && name="one"}"#,
        1,
    );
    assert!(found[0].ends_with("a1"), "{found:?}");
    let found = query(&tempo, "b", r#"{name="two"}"#, 1);
    assert!(found[0].ends_with("b1"), "{found:?}");
    assert_eq!(query(&tempo, "a", "{}", 1).len(), 1);

    // Nobody's.
    let lost = push(&over_grpc(), vec![batch("", vec![span(1, 1, "x")])]).await;
    eprintln!("ok: without a tenant {lost:?}");
    assert_eq!(lost, BTreeMap::from([("no_tenant", 1)]));

    // Spans without ids beside good ones.
    let spans = vec![span(0xc1, 1, "good"), span(0xc2, 0, "bad")];
    let lost = push(&over_grpc(), vec![batch("c", spans)]).await;
    eprintln!("ok: without ids {lost:?}");
    assert_eq!(lost, BTreeMap::from([("invalid_id", 1)]));
    assert_eq!(query(&tempo, "c", r#"{name="good"}"#, 1).len(), 1);

    // More than the limit allows at once: split as Tempo asks, and sent again when it allows.
    let long = "x".repeat(1000);
    let spans = (1..=300)
        .map(|n| {
            let mut span = span(0xd00 + u128::from(n), n, "many");
            span.attributes = vec![KeyValue::new("text", long.as_str())];
            span
        })
        .collect();
    let mut config = over_grpc();
    config.retry_on_failure.initial_interval = std::time::Duration::from_millis(500);
    let lost = push(&config, vec![batch("d", spans)]).await;
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(query(&tempo, "d", r#"{name="many"}"#, 300).len(), 300);
}
