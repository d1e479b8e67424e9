//! The pipelines as they are written, from the API server and the files to what the exporter gets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod setup;
mod whole;

use headwater_kubernetes::testing::ApiServer;
use serde_json::{Value, json};
use setup::{Entry, Setup, pairs};

pub(crate) const SECOND: u64 = 1_795_941_912_000_000_000;

pub(crate) fn pod(
    uid: &str,
    node: &str,
    runtime: &str,
    metadata: Value,
    containers: &[&str],
) -> Value {
    let mut metadata = metadata;
    metadata["uid"] = json!(uid);
    let specs: Vec<_> = containers
        .iter()
        .map(|name| json!({"name": name, "image": "i", "ports": [{"containerPort": 80}]}))
        .collect();
    let statuses: Vec<_> = containers
        .iter()
        .map(|name| {
            let id = format!("{runtime}://{uid}{name}");
            json!({"name": name, "containerID": id, "ready": true, "image": "i", "imageID": "",
                "restartCount": 0})
        })
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": {"nodeName": node, "containers": specs},
        "status": {"podIP": "10.0.0.1", "phase": "Running", "containerStatuses": statuses},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_s_pod_logs_have_alloy_s_labels_metadata_and_lines() {
    let server = ApiServer::start().await;
    server.apply(pod(
        "u1",
        "node-1",
        "containerd",
        json!({"name": "shop-6f-x", "namespace": "shop",
            "labels": {"app.kubernetes.io/name": "shop", "pod-template-hash": "6f"}}),
        &["web"],
    ));
    server.apply(pod(
        "u2",
        "node-1",
        "docker",
        json!({"name": "old", "namespace": "legacy", "annotations": {
            "resource.opentelemetry.io/service.name": "billing",
            "resource.opentelemetry.io/deployment.environment": "prod",
            "k8s.grafana.com/logs.job": "jobs/old"}}),
        &["main"],
    ));
    server.apply(pod(
        "u3",
        "node-2",
        "containerd",
        json!({"name": "far", "namespace": "shop"}),
        &["web"],
    ));
    let mut setup = Setup::new(include_str!("../../k8s-monitoring.yaml"));
    let long = "x".repeat(16 * 1024);
    setup.write(
        "shop_shop-6f-x_u1/web/0.log",
        &format!(
            "2026-11-29T08:45:12Z stdout P {long}\n2026-11-29T08:45:13Z stdout F end\n\
             2026-11-29T08:45:14Z stderr F   at line 2 \n"
        ),
    );
    setup.write(
        "legacy_old_u2/main/0.log",
        "{\"log\":\"plain\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-29T08:45:15Z\"}\n",
    );
    setup.write(
        "shop_far_u3/web/0.log",
        "2026-11-29T08:45:12Z stdout F not ours\n",
    );
    setup.start(&server.url(), "node-1").await;
    let shop = |line: String, second: u64| Entry {
        labels: pairs(&[
            ("app_kubernetes_io_name", "shop"),
            ("container", "web"),
            ("job", "shop/web"),
            ("namespace", "shop"),
            ("service_name", "shop"),
            ("service_namespace", "shop"),
        ]),
        metadata: pairs(&[
            ("pod", "shop-6f-x"),
            ("service_instance_id", "shop.shop-6f-x.web"),
        ]),
        line,
        timestamp: SECOND + second * 1_000_000_000,
    };
    let old = Entry {
        labels: pairs(&[
            ("container", "main"),
            ("deployment_environment", "prod"),
            ("job", "jobs/old"),
            ("namespace", "legacy"),
            ("service_name", "billing"),
            ("service_namespace", "legacy"),
        ]),
        metadata: pairs(&[("pod", "old"), ("service_instance_id", "legacy.old.main")]),
        line: "plain\n".to_owned(),
        timestamp: SECOND + 3_000_000_000,
    };
    let expected = [
        shop(long + "end", 1),
        shop("  at line 2 ".to_owned(), 2),
        old,
    ];
    assert_eq!(setup.wait(3).await, expected);
    setup.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pod_logs_of_a_plain_daemon_set_have_their_labels_and_levels() {
    let server = ApiServer::start().await;
    let metadata = json!({"name": "api-1", "namespace": "app", "labels": {"app": "api"}});
    server.apply(pod("u1", "node-1", "containerd", metadata, &["api"]));
    let mut setup = Setup::new(include_str!("../../eks.yaml"));
    setup.write(
        "app_api-1_u1/api/0.log",
        "2026-11-29T08:45:12Z stdout F {\"level\":\"WARN\",\"message\":\"slow\"}\n\
         2026-11-29T08:45:13Z stderr F plain text\n",
    );
    setup.start(&server.url(), "node-1").await;
    let entry = |stream: &'static str, level: Option<&'static str>, line: &str, second: u64| {
        let mut labels = vec![
            ("app", "api"),
            ("container", "api"),
            ("job", "app/api"),
            ("namespace", "app"),
            ("node", "node-1"),
            ("pod", "api-1"),
            ("stream", stream),
        ];
        labels.extend(level.map(|level| ("level", level)));
        Entry {
            labels: pairs(&labels),
            metadata: pairs(&[]),
            line: line.to_owned(),
            timestamp: SECOND + second * 1_000_000_000,
        }
    };
    let expected = [
        entry(
            "stdout",
            Some("WARN"),
            "{\"level\":\"WARN\",\"message\":\"slow\"}",
            0,
        ),
        entry("stderr", None, "plain text", 1),
    ];
    assert_eq!(setup.wait(2).await, expected);
    setup.stop().await;
}
