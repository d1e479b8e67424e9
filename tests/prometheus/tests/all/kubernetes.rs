//! Pattern C finds its pods: the configuration of the distribution, as it stands in its ConfigMap, in
//! front of an API server whose pods come and go, and of real targets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::{Document, Options, Resolver, render_human};
use headwater_core::config::{Config, Origin, load};
use headwater_core::pdata::owned::{self, KeyValue, MetricData, MetricsData};
use headwater_core::{ComponentKind, Outputs, Signal};
use headwater_exporter_prometheus_remote_write as exporter;
use headwater_kubernetes::testing::ApiServer;
use headwater_receiver_prometheus as receiver;
use headwater_testkit::{Recorder, environment, host};
use prometheus_tests::process::root;
use prometheus_tests::{EMPTY, Prometheus};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::alike::wait;
use crate::pipeline::Pipeline;
use crate::samples::now;
use crate::target::Target;

const JOB: &str = "prometheus.scrape.vcluster3";

/// `text` with one thing changed, which must be there once.
fn changed(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

/// The distribution's configuration, but for where the cluster is and how often it scrapes.
fn configuration(server: &ApiServer, folder: &Path) -> String {
    let kubeconfig = folder.join("kubeconfig");
    let content = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         contexts: [{{name: c, context: {{cluster: k}}}}]\n\
         clusters: [{{name: k, cluster: {{server: '{}'}}}}]\n",
        server.url()
    );
    std::fs::write(&kubeconfig, content).unwrap();
    let manifest = root().join("distributions/pattern-c/k8s/configmap.yaml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let (_, block) = manifest.split_once("  config.yaml: |\n").unwrap();
    let lines = block
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = changed(&text, "scrape_interval: 60s", "scrape_interval: 500ms");
    let text = changed(&text, "scrape_timeout: 10s", "scrape_timeout: 500ms");
    let role = "- role: pod\n";
    let with_file = format!(
        "{role}              kubeconfig_file: {}\n",
        kubeconfig.display()
    );
    changed(&text, role, &with_file)
}

/// The configuration of one component in it.
fn component<T: Config + Default>(text: &str, kind: ComponentKind, id: &str, endpoint: &str) -> T {
    let variable = |name: &str| match name {
        "MY_POD_IP" => Some("127.0.0.1".to_owned()),
        "PROMETHEUS_ENDPOINT" => Some(endpoint.to_owned()),
        _ => None,
    };
    let resolved = Resolver::new()
        .environment(variable)
        .uri(format!("yaml:{text}"))
        .resolve();
    let mut diagnostics = resolved.diagnostics;
    let document = Document::parse(resolved.root, Options::default(), &mut diagnostics);
    let value = document
        .component(kind, &id.parse().unwrap())
        .and_then(|entry| load("", &Origin::Default, &entry.node, &mut diagnostics));
    assert!(
        !diagnostics.has_errors(),
        "{}",
        render_human(&diagnostics, false)
    );
    value.unwrap()
}

fn pod(namespace: &str, name: &str, annotations: &Value, port: u16) -> Value {
    json!({
        "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, "uid": format!("uid-{name}"),
            "labels": {"app": "checkout"}, "annotations": annotations,
        },
        "spec": {"nodeName": "node-1", "containers": [{
            "name": "app", "image": "registry.example/app:1",
            "ports": [{"containerPort": port, "name": "http", "protocol": "TCP"}],
        }]},
        "status": {
            "phase": "Running", "hostIP": "127.0.0.1", "podIP": "127.0.0.1",
            "podIPs": [{"ip": "127.0.0.1"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

/// Annotations that ask to be scraped there.
fn at(target: SocketAddr, path: &str) -> Value {
    json!({
        "prometheus.io/scrape": "true",
        "prometheus.io/port": target.port().to_string(),
        "prometheus.io/path": path,
    })
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|pair| pair.key == *key);
    match found.map(|pair| &pair.value.value) {
        Some(owned::Value::String(text)) => text.to_lossy().into_owned(),
        _ => String::new(),
    }
}

/// What arrived of one metric: of each instance the attributes of the resource and of the newest point
/// that are asked for, and its value, unless it is marked as gone.
fn arrived(recorder: &Recorder, name: &str) -> BTreeMap<String, (Vec<String>, Option<String>)> {
    let mut all = BTreeMap::new();
    for batch in recorder.batches() {
        let bytes = batch.payload().to_contiguous();
        for resource in MetricsData::decode(&bytes).unwrap().resource_metrics {
            let of = resource.resource.unwrap_or_default().attributes;
            let metrics = resource
                .scope_metrics
                .into_iter()
                .flat_map(|scope| scope.metrics);
            for metric in metrics.filter(|metric| metric.name == *name) {
                let points = match metric.data.unwrap() {
                    MetricData::Gauge(gauge) => gauge.data_points,
                    MetricData::Sum(sum) => sum.data_points,
                    other => panic!("{other:?}"),
                };
                let point = points.last().unwrap();
                let mut known: Vec<_> = ["service.name", "k8s.pod.name", "k8s.namespace.name"]
                    .map(|key| text(&of, key))
                    .into();
                known.extend(
                    ["vcluster_name", "service_name"].map(|key| text(&point.attributes, key)),
                );
                let gone = point.flags & 1 == 1;
                let value = (!gone).then(|| format!("{:?}", point.value.unwrap()));
                all.insert(text(&of, "service.instance.id"), (known, value));
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn annotated_pods_are_scraped_while_they_are_there() {
    let server = ApiServer::start().await;
    let (one, two) = (Target::new("orders 1\n"), Target::new("orders 2\n"));
    let folder = TempDir::new().unwrap();
    let annotated = at(one.address, "/stats");
    server.apply(pod("vcluster-3", "one", &annotated, 1));
    // Nobody asks for it, or somebody else's.
    server.apply(pod("vcluster-3", "silent", &json!({}), two.address.port()));
    let refused = json!({"prometheus.io/scrape": "false"});
    server.apply(pod("vcluster-3", "refused", &refused, two.address.port()));
    server.apply(pod("vcluster-4", "other", &at(two.address, "/other"), 1));

    let configuration = configuration(&server, folder.path());
    let config: receiver::Config = component(
        &configuration,
        ComponentKind::Receiver,
        "prometheus",
        "http://unused",
    );
    let environment = environment();
    let recorder = Recorder::new();
    let outputs = Outputs::new().with(Signal::Metrics, Arc::new(recorder.clone()));
    let settings = environment.settings(ComponentKind::Receiver, &"prometheus".parse().unwrap());
    let receiver = receiver::factory()
        .build_receiver(settings, &config, outputs)
        .unwrap();
    receiver.start(&host()).await.unwrap();

    let labels = |pod: &str| {
        [JOB, pod, "vcluster-3", "vcluster-3", "checkout"]
            .map(str::to_owned)
            .to_vec()
    };
    let (first, second) = (one.address.to_string(), two.address.to_string());
    wait("the pod is scraped", || {
        arrived(&recorder, "orders").contains_key(&first)
    })
    .await;
    assert_eq!(
        arrived(&recorder, "orders"),
        BTreeMap::from([(
            first.clone(),
            (labels("one"), Some("Double(1.0)".to_owned()))
        )])
    );
    assert!(
        one.paths().iter().all(|path| path == "/stats"),
        "{:?}",
        one.paths()
    );

    // One comes that says no port: then it is the ports of its containers.
    let only = json!({"prometheus.io/scrape": "true"});
    server.apply(pod("vcluster-3", "two", &only, two.address.port()));
    wait("the new pod is scraped", || {
        arrived(&recorder, "orders").contains_key(&second)
    })
    .await;
    let (known, value) = arrived(&recorder, "orders").remove(&second).unwrap();
    assert_eq!(
        (known, value.as_deref()),
        (labels("two"), Some("Double(2.0)"))
    );
    assert!(
        two.paths().iter().all(|path| path == "/metrics"),
        "{:?}",
        two.paths()
    );

    // One goes, in the midst of a watch that begins anew: its series end, those of the other do not.
    server.end_watches();
    server.delete("Pod", "vcluster-3", "one");
    wait("the pod that is gone is marked", || {
        ["orders", "up"]
            .iter()
            .all(|name| arrived(&recorder, name)[&first].1.is_none())
    })
    .await;
    let asked = (one.paths().len(), two.paths().len());
    wait("the other is scraped further on", || {
        two.paths().len() > asked.1 + 1
    })
    .await;
    assert_eq!(one.paths().len(), asked.0);
    assert_eq!(
        arrived(&recorder, "up")[&second].1.as_deref(),
        Some("Double(1.0)")
    );

    let deadline = Instant::now() + Duration::from_secs(20);
    receiver.shutdown(deadline).await.unwrap();
    assert_eq!(environment.ledger.imbalance(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_pattern_c_scrapes_has_the_labels_of_its_dashboards() {
    let Some(prometheus) = Prometheus::start(EMPTY) else {
        return;
    };
    let server = ApiServer::start().await;
    let target = Target::new("# TYPE orders counter\norders_total 7\n");
    let folder = TempDir::new().unwrap();
    server.apply(pod("vcluster-3", "one", &at(target.address, "/metrics"), 1));
    let configuration = configuration(&server, folder.path());
    let url = prometheus.write_url();
    let config: receiver::Config =
        component(&configuration, ComponentKind::Receiver, "prometheus", &url);
    let written: exporter::Config = component(
        &configuration,
        ComponentKind::Exporter,
        "prometheus_remote_write",
        &url,
    );
    let pipeline = Pipeline::of(&config, &written).await;

    let instance = target.address.to_string();
    for name in ["orders_total", "up"] {
        let found = tokio::task::block_in_place(|| prometheus.eventually(name));
        assert_eq!(found.len(), 1, "{found:?}");
        let labels = &found[0].labels;
        assert_eq!(labels["job"], JOB);
        assert_eq!(labels["instance"], instance);
        assert_eq!(labels["vcluster_name"], "vcluster-3");
        assert_eq!(labels["service_name"], "checkout");
    }
    let described = prometheus.query_at("target_info", now());
    assert_eq!(described[0].labels["k8s_pod_name"], "one", "{described:?}");

    server.delete("Pod", "vcluster-3", "one");
    wait("nothing is left of the pod", || {
        prometheus
            .query_at("{job!=\"\",__name__!=\"target_info\"}", now())
            .is_empty()
    })
    .await;
    pipeline.stop().await;
}
