//! What jobs have and inherit.

use std::fs;
use std::time::Duration;

use super::{decode, job, jobs};
use crate::scrape_config::{
    DnsRecord, KubernetesRole, NameEscaping, NameValidation, PrometheusConfig, ScrapeProtocol,
};

#[test]
fn a_job_without_keys_has_prometheuss_defaults() {
    let job = job("", "");
    assert_eq!(job.interval(), Duration::from_secs(60));
    assert_eq!(job.timeout(), Duration::from_secs(10));
    assert_eq!(job.scrape_protocols, ScrapeProtocol::DEFAULT);
    assert_eq!((&*job.metrics_path, &*job.scheme), ("/metrics", "http"));
    assert!(job.honor_timestamps && !job.honor_labels && job.enable_compression);
    assert!(job.http.follow_redirects && job.http.enable_http2);
    assert_eq!(job.name_escaping, NameEscaping::AllowUtf8);
    assert_eq!(job.fallback_scrape_protocol, None);
}

#[test]
fn a_blank_global_section_is_that_of_the_defaults() {
    let of = |global: &str| jobs(&format!("{global}\nscrape_configs: [{{job_name: a}}]"));
    assert_eq!(of("global:"), of(""));
}

#[test]
fn times_are_inherited_and_the_timeout_follows_the_interval() {
    let times = |global: &str, keys: &str| {
        let job = job(global, keys);
        (job.interval().as_secs(), job.timeout().as_secs())
    };
    assert_eq!(times("scrape_interval: 30s", ""), (30, 10));
    assert_eq!(times("scrape_interval: 5s", ""), (5, 5));
    assert_eq!(times("", "scrape_interval: 5s"), (5, 5));
    assert_eq!(
        times("scrape_timeout: 20s", "scrape_interval: 2m"),
        (120, 20)
    );
    assert_eq!(
        times(
            "scrape_timeout: 20s",
            "scrape_interval: 15s, scrape_timeout: 3s"
        ),
        (15, 3)
    );
    assert_eq!(
        times("scrape_interval: 30s", "scrape_interval: 0s"),
        (30, 10)
    );
}

#[test]
fn limits_of_the_job_win_over_those_of_all() {
    let job = job(
        "sample_limit: 10, body_size_limit: 1MB, label_limit: 3, keep_dropped_targets: 5",
        "sample_limit: 20, target_limit: 7",
    );
    let limits = job.limits;
    assert_eq!((limits.samples, limits.body_size), (20, 1 << 20));
    assert_eq!((limits.labels, limits.targets), (3, 7));
    assert_eq!(job.keep_dropped_targets, 5);
}

#[test]
fn native_histograms_put_protobuf_first_unless_formats_are_given() {
    let first = |global: &str, keys: &str| job(global, keys).scrape_protocols[0];
    let native = "scrape_native_histograms: true";
    assert_eq!(first("", native), ScrapeProtocol::PrometheusProto);
    assert_eq!(first(native, ""), ScrapeProtocol::PrometheusProto);
    assert_eq!(
        first("scrape_protocols: [PrometheusText0.0.4]", native),
        ScrapeProtocol::PrometheusText0_0_4
    );
    assert!(job("always_scrape_classic_histograms: true", "").always_scrape_classic_histograms);
}

#[test]
fn escaping_follows_the_names() {
    let both = |global: &str, keys: &str| {
        let job = job(global, keys);
        (job.name_validation, job.name_escaping)
    };
    let legacy = "metric_name_validation_scheme: legacy";
    let underscores = (NameValidation::Legacy, NameEscaping::Underscores);
    assert_eq!(both(legacy, ""), underscores);
    assert_eq!(both("", legacy), underscores);
    assert_eq!(
        both(legacy, "metric_name_validation_scheme: utf8"),
        (NameValidation::Utf8, NameEscaping::AllowUtf8)
    );
    assert_eq!(
        both("metric_name_escaping_scheme: dots", ""),
        (NameValidation::Utf8, NameEscaping::Dots)
    );
}

#[test]
fn every_key_of_a_job_is_understood() {
    let yaml = "
global:
  scrape_interval: 30s
  scrape_timeout: 5s
  scrape_protocols: [PrometheusProto, OpenMetricsText1.0.0]
  external_labels: {region: a, number: 1}
  scrape_failure_log_file: /tmp/failures
scrape_configs:
- job_name: everything
  honor_labels: true
  honor_timestamps: false
  track_timestamps_staleness: true
  params: {module: [a, b], match: [c]}
  scrape_interval: 1m30s
  scrape_timeout: 10s
  scrape_protocols: [OpenMetricsText0.0.1, PrometheusText1.0.0]
  fallback_scrape_protocol: PrometheusText0.0.4
  scrape_native_histograms: true
  always_scrape_classic_histograms: true
  convert_classic_histograms_to_nhcb: true
  scrape_failure_log_file: /tmp/other
  metrics_path: /m
  scheme: https
  enable_compression: false
  body_size_limit: 10MB
  sample_limit: 1
  target_limit: 2
  label_limit: 3
  label_name_length_limit: 4
  label_value_length_limit: 5
  native_histogram_bucket_limit: 6
  native_histogram_min_bucket_factor: 1.1
  keep_dropped_targets: 7
  metric_name_validation_scheme: legacy
  metric_name_escaping_scheme: values
  extra_scrape_metrics: true
  authorization: {type: Token, credentials: abc}
  tls_config: {ca_file: ca, cert_file: cert, key_file: key, server_name: s, min_version: TLS12, max_version: TLS13}
  follow_redirects: false
  enable_http2: false
  proxy_url: http://proxy:3128
  no_proxy: localhost
  proxy_connect_header: {X-A: [b]}
  http_headers: {X-Tenant: {values: [a], secrets: [b], files: [c]}}
  static_configs: [{targets: ['a:1', 'b:2'], labels: {team: 1}}]
  file_sd_configs: [{files: [a.json, 'b/*.yml'], refresh_interval: 1m}]
  http_sd_configs: [{url: 'http://a/b', refresh_interval: 30s, basic_auth: {username: u, password: 5}}]
  dns_sd_configs: [{names: [a], type: a, port: 80}]
  kubernetes_sd_configs:
  - role: endpointslice
    api_server: https://k
    bearer_token: t
    namespaces: {names: [a]}
    selectors: [{role: pod, label: a=b, field: c=d}]
    attach_metadata: {node: true, namespace: true, deployment: true, job: true, cronjob: true}
  relabel_configs: [{source_labels: [a], target_label: b}]
  metric_relabel_configs: [{action: drop, source_labels: [__name__], regex: go_.*}]
";
    let job = jobs(yaml).remove(0);
    assert_eq!(job.interval(), Duration::from_secs(90));
    assert_eq!(job.params[0].1, ["a", "b"]);
    assert_eq!(job.limits.body_size, 10 << 20);
    assert_eq!(job.scrape_failure_log_file, "/tmp/other");
    assert_eq!(job.discovery.dns_sd_configs[0].record, DnsRecord::A);
    let basic = job.discovery.http_sd_configs[0].http.basic_auth.as_ref();
    assert_eq!(basic.unwrap().password.expose(), "5");
    let kubernetes = &job.discovery.kubernetes_sd_configs[0];
    assert_eq!(kubernetes.role, Some(KubernetesRole::EndpointSlice));
    assert_eq!(job.http.settled_authorization().unwrap().scheme(), "Token");
    assert!(!job.relabel.is_empty() && !job.metric_relabel.is_empty());
    assert!(job.accept().starts_with(
        "application/openmetrics-text;version=0.0.1;q=0.6,text/plain;version=1.0.0;escaping=values;q=0.5,"
    ));
}

#[test]
fn old_spellings_are_accepted_with_a_warning() {
    let yaml = "scrape_configs: [{job_name: a, scrape_classic_histograms: true}]";
    let (config, warnings) = decode::<PrometheusConfig>(yaml).unwrap();
    assert!(config.jobs().unwrap()[0].always_scrape_classic_histograms);
    assert!(
        warnings.contains("`scrape_classic_histograms` is deprecated"),
        "{warnings}"
    );
}

#[test]
fn files_add_jobs_whose_paths_begin_at_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let text = "scrape_configs: [{job_name: b, bearer_token_file: token, file_sd_configs: [{files: [a.yml]}]}]";
    fs::write(folder.path().join("jobs.yml"), text).unwrap();
    let yaml = format!(
        "{{global: {{scrape_interval: 7s}}, scrape_configs: [{{job_name: a}}], scrape_config_files: ['{place}/*.yml']}}"
    );
    let all = jobs(&yaml);
    assert_eq!((&*all[1].name, all[1].interval().as_secs()), ("b", 7));
    assert_eq!(all[1].http.bearer_token_file, *format!("{place}/token"));
    let files = &all[1].discovery.file_sd_configs[0].files;
    assert_eq!(files[0], *format!("{place}/a.yml"));

    fs::write(
        folder.path().join("more.yml"),
        "scrape_configs: [{job_name: a}]",
    )
    .unwrap();
    let error = decode::<PrometheusConfig>(&yaml).unwrap_err();
    assert!(
        error.contains("found multiple scrape configs with job name"),
        "{error}"
    );
    fs::write(
        folder.path().join("more.yml"),
        "scrape_configs: [{job_nam: a}]",
    )
    .unwrap();
    let error = decode::<PrometheusConfig>(&yaml).unwrap_err();
    assert!(
        error.contains("more.yml") && error.contains("did you mean `job_name`?"),
        "{error}"
    );
}

#[test]
fn equal_configurations_are_equal_jobs() {
    let keys = "relabel_configs: [{source_labels: [a], target_label: b}]";
    assert_eq!(job("", keys), job("", keys));
    assert_ne!(
        job("", keys),
        job(
            "",
            "relabel_configs: [{source_labels: [a], target_label: c}]"
        )
    );
    assert_ne!(job("", keys), job("scrape_interval: 5s", keys));
}
