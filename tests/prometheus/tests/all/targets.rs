//! Targets that others wrote, scraped by us and by a Prometheus: the same series with the same
//! values, exemplars and histograms.

mod own;

use std::net::SocketAddr;
use std::process::Command;

use headwater_exporter_prometheus_remote_write::Config;
use prometheus_tests::process::{Running, installed, root};
use prometheus_tests::{Prometheus, version};

use crate::alike::{Allowed, alike, exemplars};
use crate::pipeline::{Pipeline, job};

/// What a process and its runtime say of themselves, and how it is served.
fn moving(name: &str) -> bool {
    let of_the_runtime = ["process_", "python_gc_", "go_"];
    of_the_runtime.iter().any(|start| name.starts_with(start)) && name != "process_max_fds"
}

/// The time of creation is the start of a point in OTLP; Prometheus keeps it as a series.
fn created(name: &str) -> bool {
    name.ends_with("_created")
}

pub(crate) fn python() -> Option<(Running, SocketAddr)> {
    let program = installed("venv/bin/python")?;
    let script = root().join("tests/prometheus/targets/python/target.py");
    Some(Running::target(Command::new(program).arg(script)))
}

pub(crate) fn go() -> Option<(Running, SocketAddr)> {
    Some(Running::target(&mut Command::new(installed("go-target")?)))
}

/// The keys of a job that wants native histograms: Prometheus 2, and 3 before it learned them, wants
/// them by a flag.
pub(crate) fn native(prometheus: bool) -> &'static str {
    if !prometheus || version() >= Some((3, 8)) {
        ", scrape_native_histograms: true"
    } else {
        ""
    }
}

/// Scrapes a path of a target with both; as many exemplars as `exemplified` come along.
async fn same(target: SocketAddr, keys: &str, least: usize, exemplified: usize, allowed: &Allowed) {
    same_if(target, keys, least, exemplified, allowed, |_| {}).await;
}

/// The same with another configuration of the exporter.
async fn same_if(
    target: SocketAddr,
    keys: &str,
    least: usize,
    exemplified: usize,
    allowed: &Allowed,
    change: impl FnOnce(&mut Config),
) {
    let direct = job("direct", target, &format!("{keys}{}", native(true)));
    let Some(prometheus) = Prometheus::start(&format!("scrape_configs: [{direct}]\n")) else {
        return;
    };
    let ours = job("ours", target, &format!("{keys}{}", native(false)));
    let pipeline = Pipeline::changed(&ours, &prometheus, change).await;
    alike(&prometheus, ["direct", "ours"], least, allowed).await;
    let [direct, ours] = ["direct", "ours"].map(|job| exemplars(&prometheus, job));
    assert_eq!(direct.len(), exemplified, "{direct:?}");
    if version() >= Some((3, 0)) {
        assert_eq!(direct, ours);
    } else {
        assert!(direct.is_subset(&ours), "{direct:?} {ours:?}");
    }
    pipeline.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_python_library_in_text() {
    let Some((_target, address)) = python() else {
        return;
    };
    let allowed = Allowed {
        moving,
        ..Allowed::OTLP
    };
    same(address, ", metrics_path: /text", 60, 0, &allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_python_library_in_openmetrics() {
    let Some((_target, address)) = python() else {
        return;
    };
    let allowed = Allowed {
        moving: |name| moving(name) || name.starts_with("scrape_samples_"),
        missing: created,
        // As in the Collector.
        renamed: &[("shop_build_info", "shop_build")],
        ..Allowed::OTLP
    };
    same(address, "", 55, 6, &allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_go_library_in_text() {
    let Some((_target, address)) = go() else {
        return;
    };
    let allowed = Allowed {
        moving,
        ..Allowed::OTLP
    };
    same(address, ", metrics_path: /text", 60, 0, &allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_go_library_in_openmetrics() {
    let Some((_target, address)) = go() else {
        return;
    };
    let allowed = Allowed {
        moving: |name| moving(name) || name.starts_with("scrape_samples_"),
        missing: created,
        ..Allowed::OTLP
    };
    same(address, ", metrics_path: /openmetrics", 60, 6, &allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_go_library_in_protobuf() {
    let Some((_target, address)) = go() else {
        return;
    };
    let allowed = Allowed {
        moving,
        ..Allowed::OTLP
    };
    same(address, "", 60, 6, &allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn native_histograms_of_the_go_library() {
    let Some((_target, address)) = go() else {
        return;
    };
    // Prometheus 2 keeps only those exemplars of a native histogram that stand at a bucket besides.
    let exemplars = if version() >= Some((3, 0)) { 33 } else { 5 };
    same(
        address,
        ", metrics_path: /native",
        11,
        exemplars,
        &Allowed::OTLP,
    )
    .await;
}
