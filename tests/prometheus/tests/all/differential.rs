//! The same targets through the Go collector, the Prometheus agent and us, into one Prometheus that
//! scrapes them itself besides. And the page of the `prometheus` exporter beside the Go collector's.
//!
//! `$PROMCOL_BIN` is a Go collector of contrib v0.149 with the receivers `prometheus` and `otlp` and the
//! exporters `prometheusremotewrite` and `prometheus` (`just peers-prometheus` builds one). Without it
//! the tests say so and pass.

mod page;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use prometheus_tests::process::{Running, named, node_exporter};
use prometheus_tests::{Prometheus, free_port};

use crate::alike::{Allowed, alike, exemplars, wait};
use crate::pipeline::{Pipeline, job};
use crate::samples::now;
use crate::scrape::BODY;
use crate::target::Target;
use crate::targets::{go, native, python};

/// What differs in OpenMetrics: info with its suffix, exemplars, units, times of creation.
const OPEN_METRICS: &str = r#"# HELP http_requests Requests.
# TYPE http_requests counter
http_requests_total{code="200"} 1027 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 1 1795941057.5
http_requests_created{code="200"} 1795941000
# TYPE usage_ratio gauge
# UNIT usage_ratio ratio
usage_ratio 0.5
# TYPE read_bytes counter
# UNIT read_bytes bytes
read_bytes_total 17
# TYPE build info
build_info{version="1.2"} 1
# TYPE state stateset
state{state="on"} 1
state{state="off"} 0
# TYPE size gaugehistogram
size_bucket{le="1"} 3
size_bucket{le="+Inf"} 5
size_gcount 5
size_gsum 9
# TYPE latency histogram
latency_bucket{le="0.5"} 1 # {a="b"} 0.25 1795941057.25
latency_bucket{le="+Inf"} 2
latency_count 2
latency_sum 3
latency_created 1795941000
# TYPE temperature unknown
temperature 21.5
# TYPE target info
target_info{version="7",region="eu"} 1
# EOF
"#;

/// The Go collector; `None` without.
fn collector() -> Option<PathBuf> {
    named("PROMCOL_BIN", "`just peers-prometheus` builds one")
}

/// Starts the Go collector with a configuration.
fn started(program: PathBuf, yaml: &str) -> Running {
    Running::start(Command::new(program).arg(format!("--config=yaml:{yaml}")))
}

/// All four scrape `target`: what the Collector writes is what we write, and that of the agent is what
/// Prometheus has.
async fn same(target: SocketAddr, keys: &str, least: usize, allowed: &Allowed) {
    let Some(program) = collector() else {
        return;
    };
    let direct = job("direct", target, &format!("{keys}{}", native(true)));
    let Some(prometheus) = Prometheus::start(&format!("scrape_configs: [{direct}]\n")) else {
        return;
    };
    let agent = job("agent", target, &format!("{keys}{}", native(true)));
    let _agent = Prometheus::agent(&format!(
        "scrape_configs: [{agent}]\nremote_write: [{{url: '{}', send_exemplars: true, \
         send_native_histograms: true, queue_config: {{batch_send_deadline: 100ms, max_shards: 1}}}}]\n",
        prometheus.write_url()
    ));
    let theirs = job("theirs", target, &format!("{keys}{}", native(false)));
    let _theirs = started(
        program,
        &format!(
            "{{receivers: {{prometheus: {{config: {{scrape_configs: [{theirs}]}}}}}}, \
             exporters: {{prometheusremotewrite: {{endpoint: '{}'}}}}, \
             service: {{telemetry: {{metrics: {{level: none}}}}, pipelines: {{metrics: \
             {{receivers: [prometheus], exporters: [prometheusremotewrite]}}}}}}}}",
            prometheus.write_url()
        ),
    );
    let ours = job("ours", target, &format!("{keys}{}", native(false)));
    let pipeline = Pipeline::start(&ours, &prometheus).await;

    let exact = Allowed {
        moving: allowed.moving,
        ..Allowed::NOTHING
    };
    alike(&prometheus, ["direct", "agent"], least, &exact).await;
    alike(&prometheus, ["direct", "ours"], least, allowed).await;
    // The buckets of gauge histograms keep their name here.
    let as_theirs = Allowed {
        renamed: &[("size", "size_bucket")],
        ..exact
    };
    alike(&prometheus, ["theirs", "ours"], least, &as_theirs).await;
    let [direct, agent, theirs, ours] =
        ["direct", "agent", "theirs", "ours"].map(|job| exemplars(&prometheus, job));
    assert_eq!(agent, direct);
    // Those of native histograms are lost in the Collector.
    let kept: BTreeSet<_> = ours.difference(&theirs).cloned().collect();
    assert!(theirs.is_subset(&ours), "{theirs:?} {ours:?}");
    assert!(kept.is_empty() || theirs.is_empty(), "{kept:?}");
    pipeline.stop().await;
}

fn nothing_moves(_: &str) -> bool {
    false
}

fn runtime_moves(name: &str) -> bool {
    ["process_", "python_gc_", "go_", "node_", "promhttp_"]
        .iter()
        .any(|start| name.starts_with(start))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_page_of_text() {
    let target = Target::new(BODY);
    same(target.address, "", 19, &Allowed::OTLP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_page_of_openmetrics() {
    let target = Target::new(OPEN_METRICS);
    let allowed = Allowed {
        missing: |name| name.ends_with("_created") || name == "target_info",
        renamed: &[("build_info", "build")],
        moving: nothing_moves,
        ..Allowed::OTLP
    };
    same(target.address, "", 20, &allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn labels_of_targets_rules_and_honour() {
    let target = Target::new(
        "a{job=\"own\",instance=\"own\",x=\"1\",y=\"2\"} 1\nb{le=\"x\",dropped=\"1\"} 2\nc 3\nd{z=\"\"} 4\n",
    );
    let keys = ", params: {module: [a]}, metric_relabel_configs: [{action: labeldrop, regex: dropped}, \
                {source_labels: [__name__], regex: c, action: drop}, \
                {source_labels: [__name__, x], regex: 'a;(.*)', target_label: from, replacement: 'x-1'}]";
    same(target.address, keys, 8, &Allowed::OTLP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_python_library() {
    let Some((_target, address)) = python() else {
        return;
    };
    let allowed = Allowed {
        missing: |name| name.ends_with("_created"),
        renamed: &[("shop_build_info", "shop_build")],
        moving: runtime_moves,
        ..Allowed::OTLP
    };
    same(address, "", 55, &allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_go_library() {
    let Some((_target, address)) = go() else {
        return;
    };
    let allowed = Allowed {
        moving: runtime_moves,
        ..Allowed::OTLP
    };
    same(address, "", 60, &allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_go_library_in_openmetrics() {
    let Some((_target, address)) = go() else {
        return;
    };
    let allowed = Allowed {
        missing: |name| name.ends_with("_created"),
        moving: runtime_moves,
        ..Allowed::OTLP
    };
    same(address, ", metrics_path: /openmetrics", 60, &allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn native_histograms() {
    let Some((_target, address)) = go() else {
        return;
    };
    same(address, ", metrics_path: /native", 11, &Allowed::OTLP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_node_exporter() {
    let (Some(program), Some(_)) = (node_exporter(), collector()) else {
        return;
    };
    let address = free_port();
    let _node =
        Running::start(Command::new(program).arg(format!("--web.listen-address={address}")));
    let allowed = Allowed {
        moving: runtime_moves,
        ..Allowed::OTLP
    };
    same(address, "", 200, &allowed).await;
}

/// A series that is gone, then all of them after a page that is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_gone_is_gone_at_once_for_all() {
    let Some(program) = collector() else {
        return;
    };
    let target = Target::new("a_metric 1\nanother 2\n");
    let direct = job("direct", target.address, "");
    let Some(prometheus) = Prometheus::start(&format!("scrape_configs: [{direct}]\n")) else {
        return;
    };
    let theirs = job("theirs", target.address, "");
    let _theirs = started(
        program,
        &format!(
            "{{receivers: {{prometheus: {{config: {{scrape_configs: [{theirs}]}}}}}}, \
             exporters: {{prometheusremotewrite: {{endpoint: '{}'}}}}, \
             service: {{telemetry: {{metrics: {{level: none}}}}, pipelines: {{metrics: \
             {{receivers: [prometheus], exporters: [prometheusremotewrite]}}}}}}}}",
            prometheus.write_url()
        ),
    );
    let pipeline = Pipeline::start(&job("ours", target.address, ""), &prometheus).await;
    let jobs = ["direct", "theirs", "ours"];
    let all = |name: &str, value: Option<f64>| {
        jobs.iter()
            .all(|job| prometheus.value_at(&format!("{name}{{job=\"{job}\"}}"), now()) == value)
    };
    wait("all have both", || {
        all("a_metric", Some(1.0)) && all("another", Some(2.0))
    })
    .await;
    target.show("a_metric 1\n");
    wait("one is gone", || {
        all("another", None) && all("a_metric", Some(1.0))
    })
    .await;
    target.show("not a metric at all {\n");
    wait("all are gone", || {
        all("a_metric", None) && all("up", Some(0.0))
    })
    .await;
    pipeline.stop().await;
}
