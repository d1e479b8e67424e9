//! Relabelling: what a target, and a series that is seen for the first time, costs.

#![allow(
    missing_docs,
    reason = "criterion's macros make functions without docs"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up ends by panicking"
)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use headwater_prometheus::Labels;
use headwater_prometheus::relabel::{Action, Pattern, RelabelConfig, Rules};
use headwater_prometheus::scrape_config::{GlobalConfig, Job, NameValidation, ScrapeConfig};

/// A rule; the default where a text is empty.
fn rule(
    action: Action,
    sources: &[&str],
    regex: &str,
    target: &str,
    replacement: &str,
) -> RelabelConfig {
    let mut rule = RelabelConfig {
        action,
        source_labels: sources.iter().map(|name| (*name).into()).collect(),
        target_label: target.into(),
        ..RelabelConfig::default()
    };
    if !regex.is_empty() {
        rule.regex = Pattern::new(regex).unwrap();
    }
    if !replacement.is_empty() {
        rule.replacement = replacement.into();
    }
    rule
}

/// What most clusters have: pods that say by annotations that they want to be scraped.
fn annotated_pods() -> Vec<RelabelConfig> {
    const SCRAPE: &str = "__meta_kubernetes_pod_annotation_prometheus_io_scrape";
    const PATH: &str = "__meta_kubernetes_pod_annotation_prometheus_io_path";
    const PORT: &str = "__meta_kubernetes_pod_annotation_prometheus_io_port";
    use Action::{Drop, Keep, LabelMap, Replace};
    vec![
        rule(Keep, &[SCRAPE], "true", "", ""),
        rule(Replace, &[PATH], "(.+)", "__metrics_path__", ""),
        rule(
            Replace,
            &["__address__", PORT],
            r"([^:]+)(?::\d+)?;(\d+)",
            "__address__",
            "$1:$2",
        ),
        rule(LabelMap, &[], "__meta_kubernetes_pod_label_(.+)", "", ""),
        rule(
            Replace,
            &["__meta_kubernetes_namespace"],
            "",
            "namespace",
            "",
        ),
        rule(Replace, &["__meta_kubernetes_pod_name"], "", "pod", ""),
        rule(
            Drop,
            &["__meta_kubernetes_pod_phase"],
            "Pending|Succeeded|Failed|Completed",
            "",
            "",
        ),
    ]
}

/// The labels of a pod as discovery finds them.
fn pod() -> Labels {
    let mut labels: Labels = [
        ("__address__", "10.244.3.17:8080"),
        ("__meta_kubernetes_namespace", "shop"),
        ("__meta_kubernetes_pod_name", "checkout-7d9f6c5b8-x2x7z"),
        ("__meta_kubernetes_pod_phase", "Running"),
        ("__meta_kubernetes_pod_ready", "true"),
        ("__meta_kubernetes_pod_ip", "10.244.3.17"),
        ("__meta_kubernetes_pod_node_name", "node-3"),
        ("__meta_kubernetes_pod_container_name", "checkout"),
        ("__meta_kubernetes_pod_container_port_number", "8080"),
        (
            "__meta_kubernetes_pod_annotation_prometheus_io_scrape",
            "true",
        ),
        (
            "__meta_kubernetes_pod_annotation_prometheus_io_path",
            "/metrics",
        ),
        (
            "__meta_kubernetes_pod_annotation_prometheus_io_port",
            "9102",
        ),
    ]
    .into_iter()
    .collect();
    for name in [
        "app",
        "component",
        "part_of",
        "version",
        "pod_template_hash",
    ] {
        let label = format!("__meta_kubernetes_pod_label_{name}");
        labels.set(&label, "value");
        let present = format!("__meta_kubernetes_pod_labelpresent_{name}");
        labels.set(&present, "true");
    }
    labels
}

fn targets(c: &mut Criterion) {
    let mut group = c.benchmark_group("relabel");
    group.throughput(Throughput::Elements(1));
    let rules = Rules::new(&annotated_pods(), NameValidation::Utf8).unwrap();
    group.bench_function("pod by annotations, 7 rules", |b| {
        b.iter_batched(
            pod,
            |mut labels| {
                let keep = rules.apply(&mut labels);
                (keep, labels)
            },
            BatchSize::SmallInput,
        );
    });
    let config = ScrapeConfig {
        job_name: "pods".into(),
        relabel_configs: annotated_pods(),
        ..ScrapeConfig::default()
    };
    let job = Job::new(&config, &GlobalConfig::default()).unwrap();
    let (found, none) = (pod(), Labels::new());
    group.bench_function("target of a pod", |b| {
        b.iter(|| job.build(black_box(&found), &none));
    });
    group.finish();
}

fn series(c: &mut Criterion) {
    let mut group = c.benchmark_group("relabel");
    group.throughput(Throughput::Elements(1));
    let drops = [rule(
        Action::Drop,
        &["__name__"],
        "go_.*|process_.*|promhttp_.*",
        "",
        "",
    )];
    let rules = Rules::new(&drops, NameValidation::Utf8).unwrap();
    let mut labels: Labels = [
        ("__name__", "http_request_duration_seconds_bucket"),
        ("code", "200"),
        ("handler", "/api/v1/query"),
        ("le", "0.25"),
        ("method", "get"),
    ]
    .into_iter()
    .collect();
    group.bench_function("series, 1 drop rule", |b| {
        b.iter(|| rules.apply(black_box(&mut labels)));
    });
    group.finish();
}

criterion_group!(benches, targets, series);
criterion_main!(benches);
