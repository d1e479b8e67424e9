//! How log lines look.

use std::fs;

use headwater_config::testing::decode;
use headwater_service::logs::{LogSubscriber, Logging};
use headwater_service::telemetry::LogsConfig;

/// What `act` logs under this configuration, with timestamps and line numbers made equal.
fn logged(yaml: &str, act: impl FnOnce()) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let (config, _) = decode::<LogsConfig>(&format!("{yaml}\noutput_paths: [{path:?}]")).unwrap();
    let resource = [("service.name", "test"), ("service.version", "1.0")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let logging = Logging::open(&config, &resource).unwrap();
    tracing::subscriber::with_default(LogSubscriber::new(logging), act);
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| normalized(line) + "\n").collect()
}

fn normalized(line: &str) -> String {
    let at = line.find("20").unwrap();
    let (stamp, rest) = line[at..].split_at("2026-11-21T03:04:05.678Z".len());
    let bytes = stamp.as_bytes();
    assert!(
        bytes[10] == b'T' && bytes[19] == b'.' && bytes[23] == b'Z',
        "{stamp}"
    );
    let mut line = format!("{}TIME{rest}", &line[..at]);
    if let Some(at) = line.find(".rs:") {
        let digits = line[at + 4..].find(|c: char| !c.is_ascii_digit()).unwrap();
        line.replace_range(at + 4..at + 4 + digits, "N");
    }
    line
}

fn some_lines() {
    tracing::info!(Version = "1.0", NumCPU = 2, "Starting test...");
    let component = tracing::error_span!(
        "component",
        otelcol.component.id = "otlp",
        otelcol.component.kind = "receiver",
    );
    tracing::info!(parent: &component, endpoint = %"127.0.0.1:4317", "Starting GRPC server");
    component.in_scope(|| {
        let cause = std::io::Error::other("disk \"full\"\n");
        let error: &dyn std::error::Error = &cause;
        tracing::error!(error, ratio = 0.5, ok = false, "Failed");
    });
    tracing::debug!("unseen");
}

#[test]
fn console_lines_are_separated_by_tabs() {
    insta::assert_snapshot!(logged("encoding: console", some_lines).replace('\t', "→"), @r#"
    TIME→info→all/logs.rs:N→Starting test...→{"resource": {"service.name": "test", "service.version": "1.0"}, "Version": "1.0", "NumCPU": 2}
    TIME→info→all/logs.rs:N→Starting GRPC server→{"resource": {"service.name": "test", "service.version": "1.0"}, "otelcol.component.id": "otlp", "otelcol.component.kind": "receiver", "endpoint": "127.0.0.1:4317"}
    TIME→error→all/logs.rs:N→Failed→{"resource": {"service.name": "test", "service.version": "1.0"}, "otelcol.component.id": "otlp", "otelcol.component.kind": "receiver", "error": "disk \"full\"\n", "ratio": 0.5, "ok": false}
    "#);
}

#[test]
fn json_lines_have_the_keys_that_upstream_has() {
    insta::assert_snapshot!(logged("encoding: json", some_lines), @r#"
    {"level":"info","ts":"TIME","caller":"all/logs.rs:N","msg":"Starting test...","resource":{"service.name":"test","service.version":"1.0"},"Version":"1.0","NumCPU":2}
    {"level":"info","ts":"TIME","caller":"all/logs.rs:N","msg":"Starting GRPC server","resource":{"service.name":"test","service.version":"1.0"},"otelcol.component.id":"otlp","otelcol.component.kind":"receiver","endpoint":"127.0.0.1:4317"}
    {"level":"error","ts":"TIME","caller":"all/logs.rs:N","msg":"Failed","resource":{"service.name":"test","service.version":"1.0"},"otelcol.component.id":"otlp","otelcol.component.kind":"receiver","error":"disk \"full\"\n","ratio":0.5,"ok":false}
    "#);
}

#[test]
fn parts_of_a_line_can_be_left_out_and_added() {
    let yaml = "level: WARN
disable_caller: true
disable_zap_resource: true
initial_fields: {env: prod, shard: 3}";
    insta::assert_snapshot!(logged(yaml, some_lines).replace('\t', "→"), @r#"TIME→error→Failed→{"env": "prod", "shard": 3, "otelcol.component.id": "otlp", "otelcol.component.kind": "receiver", "error": "disk \"full\"\n", "ratio": 0.5, "ok": false}"#);
}

#[test]
fn repetitions_are_left_out() {
    let repeat = || {
        for _ in 0..200 {
            tracing::warn!("the same");
        }
    };
    assert_eq!(logged("level: info", repeat).lines().count(), 11);
    assert_eq!(
        logged("sampling: {enabled: false}", repeat).lines().count(),
        200
    );
    assert_eq!(
        logged("sampling: {initial: 2, thereafter: 0}", repeat)
            .lines()
            .count(),
        2
    );
}

#[test]
fn libraries_are_heard_at_level_debug_only() {
    let act = || tracing::warn!(target: "hyper::proto", "noise");
    assert_eq!(logged("level: info", act), "");
    assert!(logged("level: debug", act).contains("noise"));
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let (config, _) = decode::<LogsConfig>("output_paths: [/nowhere/at/all]").unwrap();
    let error = Logging::open(&config, &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot open the log output \"/nowhere/at/all\""
    );
}
