//! The pod-log pipeline of a real deployment, moved over one to one.

use crate::support::{line, pairs, run};

/// As the k8s-monitoring chart generates it (seed 001), in YAML. Also measured by benches/micro and
/// tests/allocations.
const POD_LOGS: &str = include_str!("pod-logs.yaml");

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
