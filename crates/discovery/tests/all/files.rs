//! Targets in files.

use std::fs;
use std::path::Path;

use headwater_discovery::{FileDiscovery, StaticDiscovery, discoveries};
use headwater_prometheus::scrape_config::{DiscoveryConfigs, FileSdConfig};

use crate::config;
use crate::running::Running;

/// A discovery that reads again only when it is told that something has changed.
fn start(folder: &Path, pattern: &str) -> Running {
    let keys = format!(
        "{{files: ['{}/{pattern}'], refresh_interval: 1h}}",
        folder.display()
    );
    Running::start(FileDiscovery::new(&config::<FileSdConfig>(&keys)))
}

/// Writes a file in one step, as programs that care do.
fn replace(folder: &Path, name: &str, text: &str) {
    let temporary = folder.join("temporary");
    fs::write(&temporary, text).unwrap();
    fs::rename(temporary, folder.join(name)).unwrap();
}

#[tokio::test]
async fn files_are_read_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    replace(
        path,
        "a.json",
        r#"[{"targets": ["a:1"], "labels": {"env": "x"}}]"#,
    );
    replace(path, "b.yml", "- targets: ['b:1', 'b:2']\n");
    replace(path, "ignored.txt", "x");
    let mut running = start(path, "*.json");
    running.until(&["a:1"]).await;
    let source = format!("{}/a.json:0", path.display());
    let group = running.group(&source);
    assert_eq!(group.labels.get("env"), "x");
    let file = group.labels.get("__meta_filepath");
    assert_eq!(file, format!("{}/a.json", path.display()));

    replace(
        path,
        "a.json",
        r#"[{"targets": ["a:2"]}, {"targets": ["a:3"]}]"#,
    );
    running.until(&["a:2", "a:3"]).await;
    fs::write(path.join("c.json"), r#"[{"targets": ["c:1"]}]"#).unwrap();
    running.until(&["a:2", "a:3", "c:1"]).await;
    replace(path, "a.json", r#"[{"targets": ["a:2"]}]"#);
    running.until(&["a:2", "c:1"]).await;
    fs::remove_file(path.join("a.json")).unwrap();
    running.until(&["c:1"]).await;
    running.leave().await;
}

#[tokio::test]
async fn a_bad_file_keeps_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    replace(path, "a.yml", "- targets: ['a:1']\n");
    replace(path, "b.yml", "- targets: ['b:1']\n");
    let mut running = start(path, "*.yml");
    running.until(&["a:1", "b:1"]).await;
    replace(path, "a.yml", "- targets: [");
    assert!(running.error().await.contains("a.yml"));
    replace(path, "b.yml", "- targets: ['b:2']\n");
    running.until(&["a:1", "b:2"]).await;
    assert!(running.health.as_ref().unwrap().status().error.is_some());
    replace(path, "a.yml", "- targets: ['a:2']\n");
    running.until(&["a:2", "b:2"]).await;
    let status = running.health.as_ref().unwrap().status();
    assert_eq!((status.error, status.targets), (None, 2));
    assert!(status.succeeded.is_some());
    running.leave().await;
}

#[tokio::test]
async fn a_folder_that_is_swapped_by_a_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // As Kubernetes mounts a ConfigMap: `..data` is swapped, the file is a link through it.
    for (name, text) in [
        ("..1", "- targets: ['a:1']\n"),
        ("..2", "- targets: ['a:2']\n"),
    ] {
        fs::create_dir(path.join(name)).unwrap();
        fs::write(path.join(name).join("t.yaml"), text).unwrap();
    }
    std::os::unix::fs::symlink("..1", path.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/t.yaml", path.join("t.yaml")).unwrap();
    let mut running = start(path, "t.yaml");
    running.until(&["a:1"]).await;
    std::os::unix::fs::symlink("..2", path.join("..next")).unwrap();
    fs::rename(path.join("..next"), path.join("..data")).unwrap();
    running.until(&["a:2"]).await;
    running.leave().await;
}

#[tokio::test]
async fn files_that_come_late_are_found_by_the_interval() {
    let folder = tempfile::tempdir().unwrap();
    let late = folder.path().join("late");
    let keys = format!(
        "{{files: ['{}/t.json'], refresh_interval: 20ms}}",
        late.display()
    );
    let discovery = FileDiscovery::new(&config::<FileSdConfig>(&keys));
    let mut running = Running::start(discovery);
    assert!(
        running.update().await.is_empty(),
        "nothing is known, and that is said"
    );
    fs::create_dir(&late).unwrap();
    replace(&late, "t.json", r#"[{"targets": ["a:1"]}]"#);
    running.until(&["a:1"]).await;
    running.leave().await;
}

#[tokio::test]
async fn static_targets_are_reported_once() {
    let configs = config::<DiscoveryConfigs>(
        "static_configs: [{targets: ['a:1', 'b:2'], labels: {env: x}}, {targets: ['c:3']}]",
    );
    let mut running = Running::start(StaticDiscovery::new(&configs.static_configs));
    assert_eq!(running.update().await.len(), 2);
    assert_eq!(running.addresses(), ["a:1", "b:2", "c:3"]);
    assert_eq!(running.group("0").labels.get("env"), "x");
    running.assert_silent();
    running.leave().await;
}

#[test]
fn a_job_gets_every_discovery_that_it_asks_for() {
    let configs = config::<DiscoveryConfigs>(
        "static_configs: [{targets: [a]}, {targets: [b]}]\n\
         file_sd_configs: [{files: [a.json]}, {files: [b.yml]}]\n\
         http_sd_configs: [{url: 'http://a'}]\n\
         dns_sd_configs: [{names: [a]}]",
    );
    let all = discoveries(&configs, "agent/1").unwrap();
    let names = all.iter().map(|discovery| discovery.health());
    let names: Vec<_> = names
        .map(|health| health.map(|health| health.status().name))
        .collect();
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(
        names,
        [
            None,
            named("file_sd a.json"),
            named("file_sd b.yml"),
            named("http_sd http://a"),
            named("dns_sd a")
        ]
    );
}
