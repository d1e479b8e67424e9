//! The command line: what it prints, and how it ends.

use std::collections::BTreeSet;

use headwater_e2e::collector::Finished;
use headwater_e2e::{Binary, Launch, ports, yaml};

const TEN_MISTAKES: &str = include_str!("../../fixtures/ten-mistakes.yaml");

const READER: &str = "
service:
  telemetry:
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: 127.0.0.1
                port: ${env:METRICS_PORT}
";

fn headwater() -> Launch {
    Launch::of(&Binary::headwater())
}

/// The diagnostics that `--error-format json` prints, one object per line.
fn diagnostics(finished: &Finished) -> Vec<serde_json::Value> {
    let lines = finished.log.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The numbers of the lines of ten-mistakes.yaml that a comment marks with a number.
fn marked_lines() -> Vec<(u64, u64)> {
    let marked = (1..).zip(TEN_MISTAKES.lines()).filter_map(|(line, text)| {
        let (_, comment) = text.split_once("# ")?;
        Some((line, comment.split_once(':')?.0.parse().ok()?))
    });
    marked.collect()
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn ten_mistakes_are_all_shown_where_they_are() {
    for verb in [None, Some("validate")] {
        let mut launch = headwater();
        if let Some(verb) = verb {
            launch = launch.arg(verb);
        }
        let finished = launch
            .config(TEN_MISTAKES)
            .arg("--error-format")
            .arg("json")
            .run()
            .await;
        assert_eq!(finished.code, Some(78), "{}", finished.log);
        let found: BTreeSet<u64> = diagnostics(&finished)
            .iter()
            .map(|one| one["line"].as_u64().unwrap())
            .collect();
        let marked = marked_lines();
        assert_eq!(marked.len(), 10);
        for (line, number) in marked {
            assert!(
                found.contains(&line),
                "mistake {number} in line {line}:\n{}",
                finished.log
            );
        }
        assert_eq!(found.len(), 10, "{}", finished.log);
    }
    let finished = headwater().config(TEN_MISTAKES).run().await;
    assert_eq!(finished.code, Some(78));
    assert!(
        finished.log.contains("did you mean `endpoint`?"),
        "{}",
        finished.log
    );
    assert!(
        finished.log.contains("config-0.yaml:6:9"),
        "{}",
        finished.log
    );
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn wrong_usage_is_64_and_says_how() {
    for arguments in [
        &["--confg", "x"][..],
        &["frobnicate"],
        &["graph", "--format", "png"],
    ] {
        let launch = arguments
            .iter()
            .fold(headwater(), |launch, one| launch.arg(*one));
        let finished = launch.run().await;
        assert_eq!(finished.code, Some(64), "{arguments:?}: {}", finished.log);
        assert!(!finished.log.is_empty(), "{arguments:?}");
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_configuration_that_is_not_there_is_78_and_names_the_file() {
    let finished = headwater()
        .arg("--config")
        .arg("/does/not/exist.yaml")
        .run()
        .await;
    assert_eq!(finished.code, Some(78), "{}", finished.log);
    assert!(
        finished.log.contains("/does/not/exist.yaml"),
        "{}",
        finished.log
    );
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_certificate_that_is_not_there_ends_it_and_names_the_file() {
    let tls = "
receivers:
  otlp:
    protocols:
      grpc:
        tls:
          cert_file: /does/not/exist.pem
          key_file: /does/not/exist.key
exporters:
  nop:
";
    let finished = headwater()
        .config(yaml::OTLP_IN)
        .config(tls)
        .config(&yaml::pipelines("", "nop"))
        .metrics()
        .run()
        .await;
    assert!(
        matches!(finished.code, Some(1 | 78)),
        "{:?}\n{}",
        finished.code,
        finished.log
    );
    assert!(
        finished.log.contains("/does/not/exist.pem"),
        "{}",
        finished.log
    );
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn a_port_that_is_taken_ends_it_with_1_and_is_named() {
    let pipelines = yaml::pipelines("", "nop");
    let launch = || {
        headwater()
            .config(yaml::OTLP_IN)
            .config("exporters:\n  nop:\n")
            .config(&pipelines)
    };
    for (key, what) in [
        ("GRPC_PORT", "gRPC"),
        ("HTTP_PORT", "HTTP"),
        ("METRICS_PORT", "metrics"),
    ] {
        let taken = std::net::TcpListener::bind(ports::free()).unwrap();
        let address = taken.local_addr().unwrap();
        let finished = launch().config(READER).env(key, address.port()).run().await;
        assert_eq!(finished.code, Some(1), "{what}: {}", finished.log);
        assert!(
            finished.log.contains(&address.to_string()),
            "{what}: {}",
            finished.log
        );
        assert!(
            finished.log.to_lowercase().contains("in use"),
            "{what}: {}",
            finished.log
        );
        let last = finished.log.lines().last().unwrap();
        assert!(last.contains("Error: "), "{what}: the last line is {last}");
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn components_are_those_of_the_manifest() {
    let finished = Launch::of(&Binary::pattern_a())
        .arg("components")
        .run()
        .await;
    assert_eq!(finished.code, Some(0), "{}", finished.log);
    for (kind, names) in [
        ("receivers", &["otlp"][..]),
        ("processors", &["batch", "memory_limiter"]),
        ("exporters", &["debug", "otlp_grpc"]),
        ("extensions", &["health_check"]),
    ] {
        let section = finished.out.split_once(&format!("\n{kind}:\n")).unwrap().1;
        let section = section.lines().take_while(|line| line.starts_with(' '));
        let found: Vec<_> = section
            .filter_map(|line| line.trim_start().strip_prefix("- name: "))
            .collect();
        assert_eq!(found, names, "{kind}:\n{}", finished.out);
    }
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn print_config_says_where_each_value_comes_from() {
    let config = "
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: ${env:WHERE}:4317
exporters:
  otlp_http:
    endpoint: http://127.0.0.1:4318
    headers:
      api-key: hush
service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [otlp_http]
";
    let finished = headwater()
        .arg("print-config")
        .arg("--origin")
        .config(config)
        .set("exporters.otlp_http.compression", "zstd")
        .env("WHERE", "127.0.0.2")
        .run()
        .await;
    assert_eq!(finished.code, Some(0), "{}", finished.log);
    let origin = |value: &str| {
        let line = finished.out.lines().find(|line| line.contains(value));
        let line = line.unwrap_or_else(|| panic!("no {value} in\n{}", finished.out));
        line.split_once(" # ")
            .map(|(_, origin)| origin.to_owned())
            .unwrap_or_default()
    };
    assert!(origin("endpoint: 127.0.0.2:4317").contains("env:WHERE"));
    assert!(origin("endpoint: 127.0.0.2:4317").contains("config-0.yaml:6:"));
    assert!(origin("endpoint: http://").contains("config-0.yaml:9:"));
    assert!(origin("compression: zstd").contains("--set"));
    assert_eq!(origin("max_interval: "), "default");
    assert!(
        !finished.out.contains("hush"),
        "a secret:\n{}",
        finished.out
    );
    assert!(finished.out.contains("[REDACTED]"), "{}", finished.out);
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn the_graph_shows_every_pipeline_in_every_format() {
    for format in ["dot", "mermaid", "text"] {
        let finished = headwater()
            .arg("graph")
            .arg("--format")
            .arg(format)
            .config(yaml::OTLP_IN)
            .config("processors:\n  batch/b:\nexporters:\n  nop/e:\n")
            .config(&yaml::pipelines("batch/b", "nop/e"))
            .run()
            .await;
        assert_eq!(finished.code, Some(0), "{}", finished.log);
        for name in ["otlp", "batch/b", "nop/e", "traces", "metrics", "logs"] {
            assert!(
                finished.out.contains(name),
                "{format} without {name}:\n{}",
                finished.out
            );
        }
    }
}

/// Three configurations as they run somewhere: only what is not in the repository yet is an
/// error, and old spellings are warnings.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn given_configurations_have_no_mistake_but_components_that_are_not_there_yet() {
    for (name, config) in [
        ("agent", include_str!("../../fixtures/configs/agent.yaml")),
        (
            "clusteragent",
            include_str!("../../fixtures/configs/clusteragent.yaml"),
        ),
        (
            "gateway",
            include_str!("../../fixtures/configs/gateway.yaml"),
        ),
    ] {
        let finished = headwater()
            .arg("validate")
            .arg("--error-format")
            .arg("json")
            .config(config)
            .env("K8S_POD_IP", "127.0.0.1")
            .env("K8S_NODE_IP", "127.0.0.1")
            .env("K8S_NODE_NAME", "node-1")
            .env("METRICS_SCRAPE_INTERVAL", "1m")
            .run()
            .await;
        let found = diagnostics(&finished);
        let errors: Vec<_> = found
            .iter()
            .filter(|one| one["severity"] == "error")
            .collect();
        for error in &errors {
            assert_eq!(error["code"], "C0301", "{name}: {error}");
            let message = error["message"].as_str().unwrap();
            assert!(message.starts_with("unknown type: "), "{name}: {message}");
        }
        let warnings: Vec<_> = found
            .iter()
            .filter(|one| one["severity"] == "warning")
            .collect();
        assert!(
            warnings.iter().all(|one| one["code"] == "C0302"),
            "{name}: {warnings:?}"
        );
        assert!(!warnings.is_empty(), "{name}: no word about the alias otlp");
        let code = if errors.is_empty() { 0 } else { 78 };
        assert_eq!(finished.code, Some(code), "{name}: {}", finished.log);
    }
}
