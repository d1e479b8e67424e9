//! Real SDKs through pattern-a, on its shipped Kubernetes configuration, into a second collector
//! and on to a sink: every item and every attribute arrives, exactly once.

use std::fs;
use std::path::Path;

use headwater_e2e::certificates::{Authority, Identity};
use headwater_e2e::clients::{Language, Sdk, shown};
use headwater_e2e::{Binary, Collector, Launch, Signal, Sink, binary, yaml};

/// What both SDKs send: a parent, one child per kind, and a hundred more; nine data points; ten log
/// records.
const SPANS: usize = 106;
const POINTS: usize = 9;
const RECORDS: usize = 10;

/// The `config.yaml` inside of the ConfigMap that pattern-a ships.
fn shipped_config() -> String {
    let path = binary::root().join("distributions/pattern-a/k8s/configmap.yaml");
    let text = fs::read_to_string(path).unwrap();
    let (_, block) = text.split_once("  config.yaml: |\n").unwrap();
    block
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned() + "\n")
        .collect()
}

/// The hub: everything in the repository, from OTLP to the sink.
fn hub(sink: &Sink) -> Launch {
    Launch::of(&Binary::headwater())
        .config(yaml::OTLP_IN)
        .config(yaml::HTTP_OUT)
        .config(&yaml::pipelines("", "otlp_http"))
        .env("SINK", sink.address())
}

/// The tenant's collector, on the configuration it ships with, but for its ports.
fn tenant(hub: &str) -> Launch {
    let launch = Launch::of(&Binary::pattern_a()).config(&shipped_config());
    let (grpc, http) = (launch.grpc(), launch.http());
    launch
        .env("MY_POD_IP", "127.0.0.1")
        .env("HUB_ENDPOINT", hub)
        .set("receivers.otlp.protocols.grpc.endpoint", grpc)
        .set("receivers.otlp.protocols.http.endpoint", http)
        .set("extensions.health_check.endpoint", "127.0.0.1:0")
}

fn sdk<'a>(
    language: Language,
    protocol: &'static str,
    to: &Collector,
    reference: &Sink,
) -> Sdk<'a> {
    let to = if protocol == "grpc" {
        to.grpc()
    } else {
        to.http()
    };
    let reference = reference.address();
    Sdk {
        language,
        protocol,
        to,
        reference,
        gzip: true,
        ca: None,
        identity: None,
    }
}

/// Runs the SDK's program and checks that the sink of the second collector ends up with what the
/// SDK sent to the reference.
async fn check(sdk: Sdk<'_>, tenant: Collector, hub: Collector, reference: Sink, sink: Sink) {
    let output = sdk.run().await;
    assert!(output.status.success(), "the SDK: {}", shown(&output));
    let sent = reference.items();
    for (signal, count) in [
        (Signal::Traces, SPANS),
        (Signal::Metrics, POINTS),
        (Signal::Logs, RECORDS),
    ] {
        assert_eq!(sent.count(signal), count, "{signal:?} sent");
    }
    sink.wait_for(sent.len()).await;
    let taken_in = tenant
        .metrics()
        .await
        .sum("otelcol_receiver_accepted_spans", &[]);
    assert_eq!(taken_in, Some(SPANS as f64));
    tenant.stop().await;
    hub.stop().await;
    sink.items().assert_is(&sent, "what arrived");
    assert_rich(&sink);
}

/// That a comparison of two sinks was not one of two empty or poor ones.
fn assert_rich(sink: &Sink) {
    let items = sink.items();
    for (text, at_least) in [
        (r#"StringValue("Grüße, 世界 "#, 10),
        ("DoubleValue(5e-324)", 10),
        ("ArrayValue { values: [] }", 10),
        ("KvlistValue", 10),
        ("BytesValue([0, 1, ", 10),
        (r#"name: "exception""#, 1),
        ("Link {", 5),
        (r#"message: "broke", code: Error"#, 1),
        ("ExponentialHistogramDataPoint", 1),
        ("data: Some(Histogram(", 1),
        ("is_monotonic: true", 3),
        ("is_monotonic: false", 1),
        ("data: Some(Gauge(", 3),
        (r#"name: "temperature""#, 2),
    ] {
        let found = items.mentioning(text);
        assert!(
            found >= at_least,
            "{text}: in {found} items, expected {at_least}"
        );
    }
}

async fn plain(language: Language, protocol: &'static str) {
    let (reference, sink) = (Sink::start().await, Sink::start().await);
    let hub = hub(&sink).start().await;
    let tenant = tenant(&hub.grpc().to_string()).start().await;
    let sdk = sdk(language, protocol, &tenant, &reference);
    check(sdk, tenant, hub, reference, sink).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn python_over_grpc() {
    plain(Language::Python, "grpc").await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn python_over_http_protobuf() {
    plain(Language::Python, "http/protobuf").await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn node_over_grpc() {
    plain(Language::Node, "grpc").await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn node_over_http_protobuf() {
    plain(Language::Node, "http/protobuf").await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn node_over_http_json() {
    plain(Language::Node, "http/json").await;
}

/// Adds the keys of a server's TLS to its receiver; `client_ca` makes it mTLS.
fn serve_tls(mut launch: Launch, identity: &Identity, client_ca: Option<&Path>) -> Launch {
    for protocol in ["grpc", "http"] {
        let key = |name| format!("receivers.otlp.protocols.{protocol}.tls.{name}");
        launch = launch
            .set(&key("cert_file"), identity.cert.display())
            .set(&key("key_file"), identity.key.display());
        if let Some(ca) = client_ca {
            launch = launch.set(&key("client_ca_file"), ca.display());
        }
    }
    launch
}

/// Adds the keys of a client's TLS to pattern-a's exporter.
fn send_tls(mut launch: Launch, ca: &Path, identity: Option<&Identity>) -> Launch {
    let key = |name| format!("exporters.otlp_grpc.tls.{name}");
    launch = launch
        .set(&key("insecure"), false)
        .set(&key("ca_file"), ca.display());
    if let Some(identity) = identity {
        launch = launch
            .set(&key("cert_file"), identity.cert.display())
            .set(&key("key_file"), identity.key.display());
    }
    launch
}

/// Both hops over TLS; with `mutual`, both servers ask for a certificate.
async fn over_tls(language: Language, protocol: &'static str, mutual: bool) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    let ca = authority.ca();
    let client_ca = mutual.then_some(&*ca);
    let (server, client) = (authority.sign("server"), authority.sign("client"));
    let identity = mutual.then_some(&client);

    let (reference, sink) = (Sink::start().await, Sink::start().await);
    let hub = serve_tls(hub(&sink), &server, client_ca).start().await;
    let tenant = tenant(&hub.grpc().to_string());
    let tenant = send_tls(serve_tls(tenant, &server, client_ca), &ca, identity)
        .start()
        .await;
    let mut sdk = sdk(language, protocol, &tenant, &reference);
    (sdk.ca, sdk.identity) = (Some(&*ca), identity);
    check(sdk, tenant, hub, reference, sink).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn python_over_grpc_with_tls() {
    over_tls(Language::Python, "grpc", false).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn node_over_http_json_with_tls() {
    over_tls(Language::Node, "http/json", false).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn python_over_grpc_with_mutual_tls() {
    over_tls(Language::Python, "grpc", true).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn python_over_http_with_mutual_tls() {
    over_tls(Language::Python, "http/protobuf", true).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn node_over_grpc_with_mutual_tls() {
    over_tls(Language::Node, "grpc", true).await;
}

/// A client whose certificate is of another authority, or that has none, gets nothing in.
async fn refused(language: Language, protocol: &'static str, with_certificate: bool) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(&folder.path().join("right"));
    let wrong = Authority::new(&folder.path().join("wrong")).sign("client");
    let ca = authority.ca();

    let (reference, sink) = (Sink::start().await, Sink::start().await);
    let hub = serve_tls(hub(&sink), &authority.sign("server"), Some(&ca))
        .start()
        .await;
    let mut sdk = sdk(language, protocol, &hub, &reference);
    (sdk.ca, sdk.identity) = (Some(&*ca), with_certificate.then_some(&wrong));
    let output = sdk.run().await;
    assert!(!output.status.success(), "the SDK succeeded");
    assert!(
        reference.taken() > 0,
        "the SDK did not even try: {}",
        shown(&output)
    );
    let accepted = hub
        .metrics()
        .await
        .sum("otelcol_receiver_accepted_spans", &[]);
    assert_eq!(accepted.unwrap_or(0.0), 0.0);
    hub.stop().await;
    assert_eq!(sink.taken(), 0);
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_wrong_client_certificate_is_refused_over_http() {
    refused(Language::Node, "http/protobuf", true).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_missing_client_certificate_is_refused_over_http() {
    refused(Language::Node, "http/json", false).await;
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_wrong_client_certificate_is_refused_over_grpc() {
    refused(Language::Python, "grpc", true).await;
}

/// The tenant's own certificate is the wrong one: nothing reaches the hub, nothing is called
/// delivered, and the log says why.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_collector_with_the_wrong_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(&folder.path().join("right"));
    let wrong = Authority::new(&folder.path().join("wrong")).sign("client");
    let ca = authority.ca();

    let (reference, sink) = (Sink::start().await, Sink::start().await);
    let hub = serve_tls(hub(&sink), &authority.sign("server"), Some(&ca))
        .start()
        .await;
    let tenant = send_tls(tenant(&hub.grpc().to_string()), &ca, Some(&wrong))
        .set("exporters.otlp_grpc.retry_on_failure.enabled", false)
        .start()
        .await;
    let output = sdk(Language::Python, "grpc", &tenant, &reference)
        .run()
        .await;
    assert!(output.status.success(), "{}", shown(&output));
    let total = (SPANS + POINTS + RECORDS) as f64;
    let failed = async |signal: &str| {
        let name = format!("otelcol_exporter_send_failed_{signal}");
        tenant.metrics().await.sum(&name, &[]).unwrap_or(0.0)
    };
    headwater_e2e::wait::within("every item to fail", async {
        while failed("spans").await + failed("metric_points").await + failed("log_records").await
            < total
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(tenant.has("Exporting failed"), "no word in the log");
    tenant.stop().await;
    hub.stop().await;
    assert_eq!(sink.taken(), 0);
}
