//! The pod-log pipeline of a real deployment, moved over one to one.

use crate::support::{line, pairs, run};

/// As the k8s-monitoring chart generates it (seed 001), in YAML.
const POD_LOGS: &str = r#"
  - stage.match:
      selector: '{tmp_container_runtime=~"containerd|cri-o"}'
      stages:
        - stage.cri: {}
        - stage.labels: {values: {flags: "", stream: ""}}
  - stage.match:
      selector: '{tmp_container_runtime="docker"}'
      stages:
        - stage.docker: {}
        - stage.labels: {values: {stream: ""}}
  - stage.label_drop: {values: [filename, tmp_container_runtime]}
  - stage.structured_metadata:
      values: {k8s_pod_name: k8s_pod_name, pod: pod, service_instance_id: service_instance_id}
  - stage.label_keep:
      values: [__tenant_id__, app_kubernetes_io_name, container, instance, job, level, namespace,
        service_name, service_namespace, deployment_environment, deployment_environment_name,
        k8s_namespace_name, k8s_deployment_name, k8s_statefulset_name, k8s_daemonset_name,
        k8s_cronjob_name, k8s_job_name, k8s_node_name]
"#;

const TARGET: &[(&str, &str)] = &[
    ("namespace", "shop"),
    ("pod", "web-6f-x"),
    ("container", "web"),
    ("job", "shop/web"),
    ("service_name", "web"),
    ("service_namespace", "shop"),
    ("service_instance_id", "shop.web-6f-x.web"),
    ("app", "web"),
    ("pod_template_hash", "6f"),
    ("filename", "/var/log/pods/shop_web-6f-x_u/web/0.log"),
];

const KEPT: &[(&str, &str)] = &[
    ("container", "web"),
    ("job", "shop/web"),
    ("namespace", "shop"),
    ("service_name", "web"),
    ("service_namespace", "shop"),
];

#[tokio::test]
async fn pod_logs_of_containerd_and_docker_get_the_same_labels() {
    let with = |runtime: &str, text: &str| {
        let mut labels = TARGET.to_vec();
        labels.push(("tmp_container_runtime", runtime));
        line(text).labels(&labels)
    };
    let given = [
        with("containerd", "2026-11-29T08:45:12Z stdout P half "),
        with("containerd", "2026-11-29T08:45:13Z stdout F line"),
        with(
            "docker",
            r#"{"log":"plain\n","stream":"stderr","time":"2026-11-29T08:45:14Z"}"#,
        ),
        with("other", "as it is"),
    ];
    let out = run(POD_LOGS, &given).await;
    assert_eq!(out.len(), 3);
    let lines = ["half line", "plain\n", "as it is"];
    for (entry, text) in out.iter().zip(lines) {
        assert_eq!(entry.labels, pairs(KEPT));
        let metadata = [
            ("pod", "web-6f-x"),
            ("service_instance_id", "shop.web-6f-x.web"),
        ];
        assert_eq!(entry.metadata, pairs(&metadata));
        assert_eq!(entry.line, text);
    }
    assert_eq!(out[0].timestamp, 1_795_941_913_000_000_000);
    assert_eq!(out[1].timestamp, 1_795_941_914_000_000_000);
}
