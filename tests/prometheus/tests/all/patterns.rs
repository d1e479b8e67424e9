//! What a dashboard finds of the tenants of the three patterns: `job` and `instance` after OTLP and
//! remote write. (What pattern C scrapes is in `kubernetes.rs`.)

use std::time::{Duration, Instant};

use headwater_exporter_prometheus_remote_write::ProtobufMessage;
use prometheus_tests::{EMPTY, Prometheus};

use crate::remote_write::exporter;
use crate::samples::{batch_of, now, request_duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_pattern_has_its_job_and_instance() {
    let Some(prometheus) = Prometheus::start(EMPTY) else {
        return;
    };
    let (exporter, _environment) = exporter(prometheus.write_url(), ProtobufMessage::V1).await;
    // An SDK names the service and nothing else; eBPF names what it sees of the pod.
    let sdk = |name| vec![("service.name", name), ("telemetry.sdk.language", "go")];
    let pod = "vcluster-3.go-api-server-5d9f-x-default-x-vcluster-3.go-api-server";
    let resources = [
        sdk("go-api-server-pattern-a"),
        sdk("go-api-server-pattern-b"),
        vec![
            ("service.namespace", "vcluster-3"),
            ("service.name", "go-api-server-pattern-c"),
            ("service.instance.id", pod),
        ],
        // A namespace that is there and empty.
        vec![("service.namespace", ""), ("service.name", "nowhere")],
    ];
    let t = now() - 10_000;
    for resource in &resources {
        let batch = batch_of(resource, vec![request_duration(t)]);
        exporter.consume(batch).await.unwrap();
    }
    exporter
        .shutdown(Instant::now() + Duration::from_secs(20))
        .await
        .unwrap();

    let one = |selector: &str| {
        let found = prometheus.query_at(
            &format!("http_server_request_duration_seconds_count{{{selector}}}"),
            t,
        );
        assert_eq!(found.len(), 1, "{selector}: {found:?}");
        assert_eq!(found[0].value, 100.0);
        found[0].labels.clone()
    };
    for job in ["go-api-server-pattern-a", "go-api-server-pattern-b"] {
        let labels = one(&format!("job={job:?}"));
        assert_eq!(labels.get("instance"), None, "{labels:?}");
    }
    let labels = one(r#"job="vcluster-3/go-api-server-pattern-c""#);
    assert_eq!(labels["instance"], pod);
    // As the dashboards of the tenants ask.
    assert_eq!(one(r#"instance=~"vcluster-3[.]go-api-server.*""#), labels);
    one(r#"job="/nowhere""#);
    let slow = prometheus.query_at(
        "histogram_quantile(0.9, sum by (job, le) (http_server_request_duration_seconds_bucket))",
        t,
    );
    assert_eq!(slow.len(), 4);
    assert!(slow.iter().all(|sample| sample.value == 1.0), "{slow:?}");
    // Only who has more than names and instance is described besides.
    assert_eq!(prometheus.query_at("target_info", t).len(), 2);
}
