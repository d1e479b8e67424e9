//! The Prometheus parts of configurations that are in use, as they stand.

use headwater_core::config::{Config, OrderedMap};

use super::decode_with;
use crate::Labels;
use crate::scrape_config::{Built, Job, KubernetesRole, PrometheusConfig};

/// A receiver.
#[derive(Debug, Clone, Default, Config)]
struct Receiver {
    /// Its configuration.
    config: PrometheusConfig,
}

/// Receivers by name.
#[derive(Debug, Clone, Default, Config)]
struct Receivers {
    /// Receivers.
    #[config(rest)]
    all: OrderedMap<Receiver>,
}

fn load(yaml: &str) -> OrderedMap<Receiver> {
    let environment = |name: &str| {
        let value = match name {
            "METRICS_SCRAPE_INTERVAL" => "30s",
            "K8S_POD_IP" => "10.0.0.7",
            "K8S_NODE_IP" => "10.0.0.1",
            "K8S_NODE_NAME" => "node-1",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let (receivers, warnings) = decode_with::<Receivers>(yaml, environment).unwrap();
    assert_eq!(warnings, "");
    receivers.all
}

fn jobs(receivers: &OrderedMap<Receiver>, name: &str) -> Vec<Job> {
    receivers.get(name).unwrap().config.jobs().unwrap()
}

fn names(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| &*job.name).collect()
}

#[test]
fn the_gateways_blocks_load() {
    let receivers = load(include_str!("../fixtures/gateway.yaml"));
    let own = jobs(&receivers, "prometheus/self");
    assert_eq!(own[0].interval().as_secs(), 30);
    let target = own[0].discovery.static_configs[0].targets[0].as_str();
    assert_eq!(target, "10.0.0.7:8888");
    let all = jobs(&receivers, "prometheus");
    assert_eq!(
        names(&all),
        [
            "node-exporter",
            "kube-state-metrics",
            "apiserver",
            "controller-manager",
            "scheduler"
        ]
    );
    assert!(all.iter().all(|job| job.interval().as_secs() == 60));
    let apiserver = &all[2];
    assert_eq!(apiserver.scheme, "https");
    let roles = &apiserver.discovery.kubernetes_sd_configs[0];
    assert_eq!(roles.role, Some(KubernetesRole::Endpoints));
    assert_eq!(roles.namespaces.names[0], "default");
    let file = apiserver
        .http
        .settled_authorization()
        .unwrap()
        .credentials_file;
    assert_eq!(file, "/var/run/secrets/kubernetes.io/serviceaccount/token");
    let insecure = |job: &Job| job.http.tls_config.insecure_skip_verify;
    assert_eq!((insecure(apiserver), insecure(&all[4])), (false, true));
}

#[test]
fn the_agents_blocks_load_and_their_rules_make_paths() {
    let receivers = load(include_str!("../fixtures/agent.yaml"));
    assert_eq!(names(&jobs(&receivers, "prometheus/self")).len(), 1);
    let all = jobs(&receivers, "prometheus");
    assert_eq!(names(&all), ["node-exporter", "cadvisor", "kubelet"]);
    let node = |name: &str| -> Labels {
        [
            ("__address__", "10.0.0.1:10250"),
            ("instance", name),
            ("__meta_kubernetes_node_name", name),
        ]
        .into_iter()
        .collect()
    };
    let Ok(Built::Target(target)) = all[1].build(&node("node-1"), &Labels::new()) else {
        panic!("a node of this name is a target");
    };
    assert_eq!(
        target.url,
        "https://kubernetes.default.svc.cluster.local:443/api/v1/nodes/node-1/proxy/metrics/cadvisor"
    );
    assert_eq!(target.labels.get("job_label"), "cadvisor");
    assert_eq!(target.labels.get("instance"), "node-1");
    let other = all[1].build(&node("node-2"), &Labels::new()).unwrap();
    assert!(matches!(other, Built::Dropped(_)));
}

#[test]
fn the_cluster_agents_block_loads() {
    let receivers = load(include_str!("../fixtures/clusteragent.yaml"));
    let all = jobs(&receivers, "prometheus");
    assert_eq!(names(&all), ["opentelemetry-collector"]);
}
