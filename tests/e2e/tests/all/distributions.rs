//! Every distribution's ConfigMap, and what is built into its program, without a mistake or a
//! warning.

use std::fs;
use std::path::{Path, PathBuf};

use headwater_e2e::{Binary, Launch, binary};

/// The files that a ConfigMap holds, by name.
fn files(config_map: &Path) -> Vec<(String, String)> {
    let manifest = fs::read_to_string(config_map).unwrap();
    let mut files: Vec<(String, String)> = Vec::new();
    for line in manifest.lines() {
        if let Some(name) = line
            .strip_prefix("  ")
            .and_then(|line| line.strip_suffix(": |"))
            && !name.starts_with(' ')
        {
            files.push((name.to_owned(), String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            if let Some(line) = line.strip_prefix("    ") {
                text.push_str(line);
            }
            text.push('\n');
        }
    }
    files
}

fn distributions() -> Vec<PathBuf> {
    let folder = binary::root().join("distributions");
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Checks configurations that are merged.
async fn validate(what: &str, configs: &[&str]) {
    let launch = Launch::of(&Binary::headwater()).arg("validate");
    let launch = configs
        .iter()
        .fold(launch, |launch, text| launch.config(text));
    // As the manifests beside the ConfigMap set them.
    let finished = [
        ("MY_POD_IP", "127.0.0.1"),
        ("NODE_NAME", "node-1"),
        ("CLUSTER_NAME", "cluster-1"),
        ("LOKI_ENDPOINT", "http://loki:3100/loki/api/v1/push"),
        ("LOKI_URL", "http://loki:3100/loki/api/v1/push"),
        ("OTLP_ENDPOINT", "https://otlp.example.com/otlp"),
        (
            "PROMETHEUS_REMOTE_WRITE_ENDPOINT",
            "https://example.com/api/prom/push",
        ),
    ]
    .into_iter()
    .fold(launch, |launch, (name, value)| launch.env(name, value))
    .run()
    .await;
    assert_eq!(
        finished.code,
        Some(0),
        "{what}: {}{}",
        finished.out,
        finished.log
    );
    assert_eq!(finished.log.trim(), "", "{what}: no warnings");
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn every_configuration_is_valid() {
    let mut checked = 0;
    for distribution in distributions() {
        let name = distribution.display().to_string();
        let built_in = fs::read_to_string(distribution.join("config.yaml")).unwrap();
        validate(&name, &[&built_in]).await;
        let config_map = distribution.join("k8s/configmap.yaml");
        if !config_map.exists() {
            continue;
        }
        let files = files(&config_map);
        let (first, more) = files.split_first().unwrap();
        assert_eq!(first.0, "config.yaml", "{name}");
        validate(&name, &[&first.1]).await;
        for (file, text) in more {
            validate(&format!("{name}: {file}"), &[&first.1, text]).await;
            checked += 1;
        }
        checked += 1;
    }
    assert!(checked >= 9, "only {checked} were found");
}
