//! A running receiver, and what it has reported.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headwater_config::testing::decode;
use headwater_core::calendar::civil_from_days;
use headwater_core::graph::Environment;
use headwater_core::pdata::owned::{KeyValue, LogsData, ResourceLogs, Value};
use headwater_core::status::Status;
use headwater_core::{ComponentKind, Host, Outputs, Receiver, Signal};
use headwater_kubernetes::testing::ApiServer;
use headwater_receiver_k8s_events::{Config, factory};
use headwater_testkit::{Recorder, environment, host, host_with_extension, metric};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// Longer waits are failures.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Setup {
    pub(crate) server: ApiServer,
    pub(crate) recorder: Recorder,
    pub(crate) environment: Environment,
    pub(crate) folder: TempDir,
    receiver: Option<Arc<dyn Receiver>>,
}

impl Setup {
    pub(crate) async fn new() -> Self {
        Self {
            server: ApiServer::start().await,
            recorder: Recorder::new(),
            environment: environment(),
            folder: tempfile::tempdir().unwrap(),
            receiver: None,
        }
    }

    /// A receiver that runs with these further keys, and has listed what there is.
    pub(crate) async fn running(yaml: &str) -> Self {
        let mut setup = Self::new().await;
        setup.start(yaml).await;
        setup.watching(1).await;
        setup
    }

    pub(crate) async fn start(&mut self, yaml: &str) {
        self.start_on(yaml, &host()).await;
    }

    pub(crate) async fn start_on(&mut self, yaml: &str, host: &Host) {
        let kubeconfig = self.folder.path().join("config");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
             contexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
             clusters: [{{name: k, cluster: {{server: '{}'}}}}]\n\
             users: [{{name: u, user: {{token: t}}}}]\n",
            self.server.url()
        );
        std::fs::write(&kubeconfig, text).unwrap();
        let yaml = format!("auth_type: kubeConfig\nkubeconfig_file: {kubeconfig:?}\n{yaml}");
        let (config, _) = decode::<Config>(&yaml).unwrap_or_else(|errors| panic!("{errors}"));
        let id = "k8s_events".parse().unwrap();
        let settings = self.environment.settings(ComponentKind::Receiver, &id);
        settings.status.report(Status::Starting);
        let outputs = Outputs::new().with(Signal::Logs, Arc::new(self.recorder.clone()));
        let receiver = factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        receiver.start(host).await.unwrap();
        self.receiver = Some(receiver);
    }

    /// Stops the receiver; the books must balance.
    pub(crate) async fn stop(&mut self) {
        self.stop_within(Duration::from_secs(10)).await;
    }

    pub(crate) async fn stop_within(&mut self, time: Duration) {
        let receiver = self.receiver.take().unwrap();
        receiver.shutdown(Instant::now() + time).await.unwrap();
        let ledger = &self.environment.ledger;
        assert_eq!(ledger.imbalance(), 0, "{ledger:?}");
    }

    /// Waits until so many watches are open.
    pub(crate) async fn watching(&self, watches: usize) {
        eventually(|| self.server.open_watches() == watches).await;
    }

    /// What was reported, record by record.
    pub(crate) fn records(&self) -> Vec<ResourceLogs> {
        let mut records = Vec::new();
        for batch in self.recorder.batches() {
            let data = LogsData::decode(&batch.payload().to_contiguous()).unwrap();
            for mut logs in data.resource_logs {
                let mut scope = logs.scope_logs.remove(0);
                for record in std::mem::take(&mut scope.log_records) {
                    let mut alone = logs.clone();
                    let mut scope = scope.clone();
                    scope.log_records.push(record);
                    alone.scope_logs.push(scope);
                    records.push(alone);
                }
            }
        }
        records
    }

    /// The bodies of what was reported.
    pub(crate) fn bodies(&self) -> Vec<String> {
        let records = self.records();
        let bodies = records.iter().map(|logs| {
            let body = &logs.scope_logs[0].log_records[0].body;
            let Value::String(text) = &body.value else {
                panic!("{body:?}")
            };
            text.to_string()
        });
        bodies.collect()
    }

    /// Waits until this was reported, and nothing else.
    pub(crate) async fn reported(&self, bodies: &[&str]) {
        let begin = Instant::now();
        while self.bodies().len() < bodies.len() {
            assert!(begin.elapsed() < PATIENCE, "{:?}", self.bodies());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(self.bodies(), bodies);
    }

    /// The sum of the receiver's metric `otelcol_receiver_<name>`.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        metric(&self.environment, &format!("otelcol_receiver_{name}"))
    }
}

pub(crate) async fn eventually(what: impl Fn() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("it happens in time");
}

/// A host with a started `file_storage` extension whose folder is `folder`.
pub(crate) async fn storage_host(folder: &Path) -> Host {
    let yaml = format!("directory: '{}'", folder.display());
    let (config, _) = decode::<headwater_extension_file_storage::Config>(&yaml).unwrap();
    let id = "file_storage";
    let settings = environment().settings(ComponentKind::Extension, &id.parse().unwrap());
    let extension = headwater_extension_file_storage::factory()
        .build_extension(settings, &config)
        .unwrap();
    let host = host_with_extension(id, extension.clone());
    extension.start(&host).await.unwrap();
    host
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// A time as Kubernetes writes it.
pub(crate) fn rfc3339(seconds: i64) -> String {
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// An event that happens in a minute, so that no start is later.
pub(crate) fn event(name: &str, message: &str) -> Json {
    event_at(name, message, now() + 60)
}

pub(crate) fn event_at(name: &str, message: &str, seconds: i64) -> Json {
    json!({
        "kind": "Event",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"),
                     "creationTimestamp": rfc3339(seconds)},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1"},
        "reason": "Started", "message": message, "type": "Normal",
        "lastTimestamp": rfc3339(seconds), "firstTimestamp": null, "eventTime": null, "count": 1,
    })
}

/// Names and texts of attributes; other values as Rust shows them.
pub(crate) fn pairs(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let pairs = attributes.iter().map(|entry| {
        let text = match &entry.value.value {
            Value::String(text) => text.to_string(),
            other => format!("{other:?}"),
        };
        (entry.key.to_string(), text)
    });
    pairs.collect()
}
