//! `clusterEvents` of the k8s-monitoring chart (seed 001): from the API server to what Loki gets, with
//! the ConfigMap of the distribution grafana-cloud as it stands. Loki is our own receiver for pushes,
//! which wants a password.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use headwater_config::testing::decode;
use headwater_core::pdata::owned::{KeyValue, LogsData};
use headwater_core::{ComponentKind, Outputs, Receiver, Registry, Signal};
use headwater_kubernetes::testing::ApiServer;
use headwater_service::Collector;
use headwater_testkit::{Recorder, environment, host, host_with_extension};
use serde_json::{Value as Json, json};

use crate::support::{PATIENCE, eventually, now, pairs, rfc3339};

const CONFIG_MAP: &str =
    include_str!("../../../../../distributions/grafana-cloud/k8s/configmap.yaml");

/// A section of the ConfigMap's configuration: the lines below `path`, with it.
fn section(path: &[&str]) -> String {
    let (_, text) = CONFIG_MAP.split_once("  config.yaml: |\n").unwrap();
    let mut found = String::new();
    let mut depth = 0;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        if depth == path.len() {
            if indent < 4 + 2 * depth && !line.trim().is_empty() {
                return found;
            }
        } else if indent == 4 + 2 * depth && line.trim() == format!("{}:", path[depth]) {
            depth += 1;
        } else {
            continue;
        }
        found.push_str(line.strip_prefix("    ").unwrap_or(line));
        found.push('\n');
    }
    assert_eq!(depth, path.len(), "{path:?} is in the ConfigMap");
    found
}

/// What of the ConfigMap has to do with events, on this machine.
fn configuration(server: &ApiServer, loki: u16, folder: &std::path::Path) -> String {
    let kubeconfig = folder.join("config");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         contexts: [{{name: c, context: {{cluster: k}}}}]\n\
         clusters: [{{name: k, cluster: {{server: '{}'}}}}]\n",
        server.url()
    );
    std::fs::write(&kubeconfig, text).unwrap();
    for (name, text) in [("username", "team-a\n"), ("password", "secret\n")] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let mut yaml = [
        section(&["extensions", "basicauth/logs"]),
        section(&["receivers", "k8s_events"]),
        section(&["processors", "loki_process"]),
        section(&["exporters", "loki"]),
    ]
    .concat();
    yaml.push_str(
        "service:\n  extensions: [basicauth/logs]\n  pipelines:\n    logs/events:\n      \
         receivers: [k8s_events]\n      processors: [loki_process]\n      exporters: [loki]\n",
    );
    let endpoint = format!("http://127.0.0.1:{loki}/loki/api/v1/push");
    let secrets = folder.display().to_string();
    let account = format!(
        "  k8s_events:\n    auth_type: kubeConfig\n    kubeconfig_file: {}\n",
        kubeconfig.display()
    );
    for (from, to) in [
        ("${env:LOKI_ENDPOINT}", endpoint.as_str()),
        ("/etc/secrets/grafana-cloud-logs", &secrets),
        ("  k8s_events:\n", &account),
    ] {
        assert!(yaml.contains(from), "{from}");
        yaml = yaml.replace(from, to);
    }
    yaml
}

/// A Loki that wants `team-a:secret`.
async fn loki(recorder: &Recorder) -> (Arc<dyn Receiver>, u16) {
    let environment = environment();
    let settings = environment.settings(ComponentKind::Extension, &"basicauth".parse().unwrap());
    let yaml = "htpasswd: {inline: 'team-a:secret'}";
    let (config, _) = decode::<headwater_extension_basicauth::Config>(yaml).unwrap();
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
    let host = host_with_extension("basicauth", extension);
    receiver.start(&host).await.unwrap();
    (receiver, port)
}

type Pairs = BTreeMap<String, String>;

/// Labels, structured metadata, line and time of an entry.
type Entry = (Pairs, Pairs, String, u64);

fn entries(recorder: &Recorder) -> Vec<Entry> {
    let map = |attributes: &[KeyValue]| pairs(attributes).into_iter().collect::<Pairs>();
    let mut entries = Vec::new();
    for batch in recorder.batches() {
        let data = LogsData::decode(&batch.payload().to_contiguous()).unwrap();
        for logs in data.resource_logs {
            let mut labels = map(&logs.resource.unwrap_or_default().attributes);
            labels.remove("loki.stream");
            for record in logs.scope_logs.into_iter().flat_map(|it| it.log_records) {
                let body = KeyValue::new("body", record.body);
                let line = pairs(&[body]).remove(0).1;
                let metadata = map(&record.attributes);
                entries.push((labels.clone(), metadata, line, record.time_unix_nano));
            }
        }
    }
    entries.sort_by_key(|(.., time)| *time);
    entries
}

fn event(name: &str, object: &Json, kind: &str, host: &str, second: i64) -> Json {
    json!({
        "kind": "Event", "metadata": {"name": name, "namespace": "default", "uid": name},
        "involvedObject": object, "reason": "BackOff", "message": name, "type": kind, "count": 2,
        "source": {"component": "kubelet", "host": host}, "lastTimestamp": rfc3339(second),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn loki_gets_what_the_chart_s_alloy_pushes() {
    let recorder = Recorder::new();
    let (loki, port) = loki(&recorder).await;
    let server = ApiServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let yaml = configuration(&server, port, folder.path());
    let registry = Registry::new()
        .with(headwater_receiver_k8s_events::factory())
        .with(headwater_processor_loki_process::factory())
        .with(headwater_exporter_loki::factory())
        .with(headwater_extension_basicauth::factory());
    let collector = Collector::builder()
        .registry(registry)
        .config(&yaml)
        .build()
        .unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    let running = collector.start().await.unwrap();
    eventually(|| server.open_watches() == 1).await;
    let second = now() + 60;
    let pod = json!({"kind": "Pod", "namespace": "shop", "name": "web-1"});
    server.apply(event("one", &pod, "Warning", "node-1", second));
    let node = json!({"kind": "Node", "name": "node-2"});
    server.apply(event("two", &node, "Normal", "", second + 1));
    let begin = Instant::now();
    while entries(&recorder).len() < 2 {
        assert!(begin.elapsed() < PATIENCE, "nothing was pushed");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let ended = running.shutdown().await;
    assert!(ended.errors.is_empty(), "{ended:?}");
    loki.shutdown(Instant::now() + PATIENCE).await.unwrap();
    let labels = |further: &[(&str, &str)]| {
        let mut labels: Pairs = [
            ("cluster", "my-cluster"),
            ("job", "integrations/kubernetes/eventhandler"),
            ("k8s_cluster_name", "my-cluster"),
            ("reason", "BackOff"),
            ("service_name", "integrations/kubernetes/eventhandler"),
            ("source", "kubernetes-events"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let further = further.iter();
        labels.extend(further.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        labels
    };
    let found = entries(&recorder);
    assert_eq!(found.len(), 2, "{found:?}");
    let (stream, metadata, line, time) = &found[0];
    assert_eq!(
        *stream,
        labels(&[
            ("level", "Warning"),
            ("namespace", "shop"),
            ("node", "node-1")
        ])
    );
    assert_eq!(metadata["name"], "web-1");
    assert!(line.starts_with("name=web-1 kind=Pod eventRV="), "{line}");
    assert!(
        line.ends_with(
            " sourcecomponent=kubelet sourcehost=node-1 reason=BackOff type=Warning count=2 msg=\"one\" "
        ),
        "{line:?}"
    );
    assert_eq!(*time, u64::try_from(second).unwrap() * 1_000_000_000);
    // A node is its own node, in no namespace, and what is normal is Info.
    let (stream, metadata, line, _) = &found[1];
    assert_eq!(*stream, labels(&[("level", "Info"), ("node", "node-2")]));
    assert_eq!(metadata["name"], "node-2");
    assert!(line.contains(" type=Normal "), "{line}");
}
