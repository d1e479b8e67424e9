//! The `prometheus` receiver scrapes, the `prometheus_remote_write` exporter writes, PromQL answers;
//! a Prometheus that scrapes the same target itself says what the answer has to be.

use std::net::SocketAddr;
use std::process::Command;

use prometheus_tests::process::{Running, node_exporter};
use prometheus_tests::{Prometheus, free_port};

use crate::alike::{Allowed, alike, wait};
use crate::pipeline::{Pipeline, job};
use crate::samples::now;
use crate::target::Target;

/// Every type that the text format has, labels that need escapes, special values.
pub(crate) const BODY: &str = r#"# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{path="/a \"b\" \\ ü",code="200"} 1027
http_requests_total{path="/",code="500"} 3
# TYPE queue_length gauge
queue_length -7.5
# TYPE infinite gauge
infinite +Inf
# TYPE latency_seconds histogram
latency_seconds_bucket{le="0.1"} 5
latency_seconds_bucket{le="1"} 8
latency_seconds_bucket{le="+Inf"} 9
latency_seconds_sum 3.25
latency_seconds_count 9
# TYPE gc_seconds summary
gc_seconds{quantile="0.5"} 0.125
gc_seconds{quantile="0.99"} 2
gc_seconds_sum 17
gc_seconds_count 40
without_a_type{a="b"} 12
"#;

/// A Prometheus that scrapes `target` itself, every second as job `direct`.
fn prometheus(target: SocketAddr) -> Option<Prometheus> {
    let job = job("direct", target, "");
    Prometheus::start(&format!("scrape_configs: [{job}]\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_target_has_the_series_that_prometheus_gives_it() {
    let target = Target::new(BODY);
    let Some(prometheus) = prometheus(target.address) else {
        return;
    };
    let pipeline = Pipeline::start(&job("ours", target.address, ""), &prometheus).await;
    // 14 of the page and the five that a scrape adds.
    alike(&prometheus, ["direct", "ours"], 19, &Allowed::OTLP).await;
    pipeline.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_gone_is_gone_at_once() {
    let target = Target::new("a_metric 1\nanother 2\n");
    let Some(prometheus) = prometheus(target.address) else {
        return;
    };
    let pipeline = Pipeline::start(&job("ours", target.address, ""), &prometheus).await;
    let has = |name: &str| {
        let expression = format!("{name}{{job=\"ours\"}}");
        prometheus.value_at(&expression, now())
    };
    wait("both are there", || {
        has("a_metric") == Some(1.0) && has("another") == Some(2.0)
    })
    .await;
    target.show("a_metric 1\n");
    // Without a marker it would stay for five minutes.
    wait("one is gone", || has("another").is_none()).await;
    assert_eq!(has("a_metric"), Some(1.0));

    target.show("not a metric at all {\n");
    wait("a scrape that fails ends all", || {
        has("a_metric").is_none() && has("up") == Some(0.0)
    })
    .await;
    pipeline.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_node_exporter_has_the_series_that_prometheus_gives_it() {
    let Some(program) = node_exporter() else {
        return;
    };
    let address = free_port();
    // What does not come and go from one scrape to the next.
    let collectors = ["loadavg", "meminfo", "cpu", "uname", "vmstat", "stat"];
    let mut command = Command::new(&program);
    command
        .arg(format!("--web.listen-address={address}"))
        .arg("--collector.disable-defaults")
        .args(collectors.map(|name| format!("--collector.{name}")));
    let _node = Running::start(&mut command);
    let Some(prometheus) = prometheus(address) else {
        return;
    };
    let pipeline = Pipeline::start(&job("ours", address, ""), &prometheus).await;
    let allowed = Allowed {
        moving: |name| {
            ["node_", "go_", "process_", "promhttp_"]
                .iter()
                .any(|start| name.starts_with(start))
                && name != "node_uname_info"
                && name != "node_memory_MemTotal_bytes"
        },
        ..Allowed::OTLP
    };
    alike(&prometheus, ["direct", "ours"], 100, &allowed).await;
    pipeline.stop().await;
}
