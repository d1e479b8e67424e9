//! The whole configuration: from the API server to what Loki gets, with the credentials of mounted
//! files. Loki is our own receiver for pushes, which wants a password.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::{ComponentKind, Outputs, Registry, Signal};
use headwater_kubernetes::testing::ApiServer;
use headwater_service::Collector;
use headwater_testkit::{Recorder, environment, host, host_with_extension};
use serde_json::json;

use crate::setup::{PATIENCE, entries, pairs};
use crate::{SECOND, pod};

/// A Loki that wants `team-a:secret`.
async fn loki(recorder: &Recorder) -> (Arc<dyn headwater_core::Receiver>, u16) {
    let environment = environment();
    let settings = environment.settings(ComponentKind::Extension, &"basicauth".parse().unwrap());
    let (config, _) =
        decode::<headwater_extension_basicauth::Config>("htpasswd: {inline: 'team-a:secret'}")
            .unwrap();
    let extension = headwater_extension_basicauth::factory()
        .build_extension(settings, &config)
        .unwrap();
    extension.start(&host()).await.unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let yaml = format!(
        "protocols: {{http: {{endpoint: '127.0.0.1:{port}', auth: {{authenticator: basicauth}}}}}}\n\
         as_streams: true\nuse_incoming_timestamp: true"
    );
    let (config, _) = decode::<headwater_receiver_loki::Config>(&yaml).unwrap();
    let settings = environment.settings(ComponentKind::Receiver, &"loki".parse().unwrap());
    let outputs = Outputs::new().with(Signal::Logs, Arc::new(recorder.clone()));
    let receiver = headwater_receiver_loki::factory()
        .build_receiver(settings, &config, outputs)
        .unwrap();
    receiver
        .start(&host_with_extension("basicauth", extension))
        .await
        .unwrap();
    (receiver, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_configuration_pushes_with_the_credentials_of_mounted_files() {
    let recorder = Recorder::new();
    let (loki, port) = loki(&recorder).await;
    let server = ApiServer::start().await;
    let metadata = json!({"name": "shop-1", "namespace": "shop"});
    server.apply(pod("u1", "node-1", "containerd", metadata, &["web"]));
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (name, text) in [
        ("secrets/username", "team-a\n"),
        ("secrets/password", "secret\n"),
        (
            "pods/shop_shop-1_u1/web/0.log",
            "2026-11-29T08:45:12Z stdout F hello\n",
        ),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut yaml = include_str!("../../k8s-monitoring.yaml").to_owned();
    for (variable, value) in [
        ("KUBERNETES_API:-", server.url()),
        ("HOSTNAME:-", "node-1".to_owned()),
        ("POD_LOGS:-/var/log/pods", path("pods")),
        ("POSITIONS:-/var/lib/headwater", path("positions")),
        ("SECRETS:-/etc/grafana-cloud-logs", path("secrets")),
        (
            "LOKI_URL:-https://logs.example.com/loki/api/v1/push",
            format!("http://127.0.0.1:{port}/loki/api/v1/push"),
        ),
    ] {
        let variable = format!("${{env:{variable}}}");
        assert!(yaml.contains(&variable), "{variable}");
        yaml = yaml.replace(&variable, &value);
    }
    let registry = Registry::new()
        .with(headwater_receiver_pod_logs::factory())
        .with(headwater_processor_loki_process::factory())
        .with(headwater_exporter_loki::factory())
        .with(headwater_extension_basicauth::factory());
    let collector = Collector::builder()
        .registry(registry)
        .config(&yaml)
        .build()
        .unwrap_or_else(|error| panic!("{error}"));
    let running = collector.start().await.unwrap();
    let begin = Instant::now();
    while recorder.batches().is_empty() {
        assert!(begin.elapsed() < PATIENCE, "nothing was pushed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ended = running.shutdown().await;
    assert!(ended.errors.is_empty(), "{ended:?}");
    loki.shutdown(Instant::now() + Duration::from_secs(5))
        .await
        .unwrap();
    let found = entries(&recorder);
    assert_eq!(found.len(), 1, "{found:?}");
    let labels: BTreeMap<_, _> = pairs(&[
        ("cluster", "my-cluster"),
        ("container", "web"),
        ("job", "shop/web"),
        ("k8s_cluster_name", "my-cluster"),
        ("namespace", "shop"),
        ("service_name", "web"),
        ("service_namespace", "shop"),
    ]);
    assert_eq!(found[0].labels, labels);
    let metadata = [
        ("pod", "shop-1"),
        ("service_instance_id", "shop.shop-1.web"),
    ];
    assert_eq!(found[0].metadata, pairs(&metadata));
    assert_eq!((&*found[0].line, found[0].timestamp), ("hello", SECOND));
}
