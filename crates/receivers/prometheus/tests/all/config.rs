//! What users write, and what they are told about it.

use headwater_config::testing::decode;
use headwater_receiver_prometheus::Config;

#[test]
fn something_to_scrape_is_needed() {
    for yaml in ["", "config: {}", "config: {global: {scrape_interval: 5s}}"] {
        let error = decode::<Config>(yaml).unwrap_err();
        assert!(error.contains("no Prometheus scrape_configs"), "{error}");
    }
}

#[test]
fn keys_that_upstream_removed_give_a_warning() {
    let yaml = "config: {scrape_configs: [{job_name: a}]}\nuse_start_time_metric: true\n\
                start_time_metric_regex: x\nreport_extra_scrape_metrics: true\nbuffer_count: 1";
    let (_, warnings) = decode::<Config>(yaml).unwrap();
    let text = format!("{warnings:?}");
    for key in [
        "use_start_time_metric",
        "start_time_metric_regex",
        "report_extra_scrape_metrics",
        "buffer_count",
    ] {
        assert!(text.contains(key), "{text}");
    }
}

#[test]
fn what_only_prometheus_does_is_refused() {
    let yaml = "config: {scrape_configs: [{job_name: a}], remote_write: [{url: 'http://x'}]}";
    let error = decode::<Config>(yaml).unwrap_err();
    assert!(error.contains("remote_write"), "{error}");
}

#[test]
fn a_target_allocator_needs_an_address_an_interval_and_a_name() {
    let error = decode::<Config>("target_allocator: {collector_id: '${x'}").unwrap_err();
    for part in [
        "TargetAllocator endpoint is not valid",
        "CollectorID is not a valid ID",
        "interval must be a positive duration",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let yaml = "target_allocator: {endpoint: 'http://ta', interval: 30s, collector_id: c}";
    let (config, _) = decode::<Config>(yaml).unwrap();
    assert!(config.target_allocator.is_some());
}

#[test]
fn the_readme_lists_every_key() {
    let table = headwater_config::keys_table::<Config>();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "put this into README.md:\n{table}");
}

#[test]
fn configurations_of_a_cluster_are_taken_as_they_are() {
    // Shortened from agents and gateways that run in clusters; `$$` is a `$`.
    let yaml = r"
config:
  scrape_configs:
  - job_name: cadvisor
    scrape_interval: 15s
    bearer_token_file: /var/run/secrets/kubernetes.io/serviceaccount/token
    kubernetes_sd_configs:
    - role: node
    relabel_configs:
    - replacement: kubernetes.default.svc.cluster.local:443
      target_label: __address__
    - regex: (.+)
      replacement: /api/v1/nodes/$${1}/proxy/metrics/cadvisor
      source_labels:
        - __meta_kubernetes_node_name
      target_label: __metrics_path__
    - action: replace
      target_label: job_label
      replacement: cadvisor
    scheme: https
    tls_config:
      ca_file: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
      insecure_skip_verify: false
      server_name: kubernetes
  - job_name: pods
    kubernetes_sd_configs: [{role: pod, namespaces: {names: [shop]}}]
    metric_relabel_configs: [{action: drop, source_labels: [__name__], regex: 'go_.*'}]
";
    let (config, warnings) = decode::<Config>(yaml).unwrap();
    assert_eq!(config.config.jobs().unwrap().len(), 2);
    assert!(warnings.is_empty(), "{warnings:?}");
}
