//! Pods of a cluster.

use headwater_kubernetes::testing::ApiServer;
use serde_json::{Value, json};

use crate::support::{Setup, line};

fn pod(name: &str, uid: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": uid, "labels": {"app": "web"}},
        "spec": {"nodeName": node, "containers": [
            {"name": "web", "image": "i", "ports": [
                {"containerPort": 80, "name": "http"}, {"containerPort": 81, "name": "admin"}]},
            {"name": "side", "image": "i"}]},
        "status": {"podIP": "10.0.0.1", "phase": "Running", "containerStatuses": [
            {"name": "web", "containerID": "containerd://abc", "ready": true, "image": "i",
             "imageID": "", "restartCount": 0}]},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_of_the_nodes_pods_are_read_with_the_labels_of_the_rules() {
    let mut setup = Setup::new();
    setup.append("pods/shop_a_u1/web/0.log", "from web\n");
    setup.append("pods/shop_a_u1/side/0.log", "from side\n");
    setup.append("pods/shop_b_u2/web/0.log", "another node\n");
    let server = ApiServer::start().await;
    server.apply(pod("a", "u1", "n1"));
    server.apply(pod("b", "u2", "n2"));
    let yaml = format!(
        r#"
kubernetes_sd_configs:
  - role: pod
    api_server: {url}
    selectors: [{{role: pod, field: spec.nodeName=n1}}]
relabel_configs:
  - {{source_labels: [__meta_kubernetes_namespace], target_label: namespace}}
  - {{source_labels: [__meta_kubernetes_pod_container_name], target_label: container}}
  - {{source_labels: [__meta_kubernetes_pod_container_id], regex: '^(\S+):\/\/.+$', target_label: runtime}}
  - {{action: labelmap, regex: __meta_kubernetes_pod_label_(.+)}}
  - source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name]
    separator: /
    target_label: __path__
    replacement: $DIR/pods/*$$1/*.log
filename_label: ""
"#,
        url = server.url()
    );
    setup.start(&yaml).await;
    let stream = ("loki.stream", "true");
    let labels = |container: &'static str| {
        vec![
            stream,
            ("app", "web"),
            ("container", container),
            ("namespace", "shop"),
        ]
    };
    let mut web = labels("web");
    web.push(("runtime", "containerd"));
    let expected = [line(&labels("side"), "from side"), line(&web, "from web")];
    assert_eq!(setup.wait(2).await, expected);
    // A pod that comes later is read from its beginning.
    setup.append("pods/shop_c_u3/web/0.log", "new pod\n");
    server.apply(pod("c", "u3", "n1"));
    let lines = setup.wait(3).await;
    assert!(lines.contains(&line(&web, "new pod")), "{lines:?}");
    setup.stop().await;
}
