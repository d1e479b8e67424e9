//! A started receiver in front of a recorder, on files in a folder of its own.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::graph::Environment;
use headwater_core::pdata::owned::{LogRecord, LogsData};
use headwater_core::{Budget, ComponentKind, Consumer, Host, Outputs, Receiver, Signal};
use headwater_receiver_file_log::{Config, factory};
use headwater_testkit::{Recorder, environment, host_with, host_with_extension};
use tempfile::TempDir;

/// How long anything may take before a test fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A folder with log files and one for positions.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("logs").join(name)
    }

    pub(crate) fn positions(&self) -> PathBuf {
        self.0.path().join("positions")
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        append(&self.path(name), text);
    }

    /// A configuration that reads `*.log` from the beginning, with more keys.
    pub(crate) fn yaml(&self, keys: &str) -> String {
        let include = if keys.contains("include:") {
            String::new()
        } else {
            format!("include: ['{}']\n", self.path("*.log").display())
        };
        let start = if keys.contains("start_at:") {
            ""
        } else {
            "start_at: beginning\n"
        };
        let logs = self.0.path().join("logs");
        format!(
            "{include}{start}poll_interval: 10ms\ncheckpoints: {{directory: '{}', interval: 10ms}}\n{}",
            self.positions().display(),
            keys.replace("{logs}", &logs.to_string_lossy())
        )
    }
}

pub(crate) fn append(path: &Path, text: impl AsRef<[u8]>) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_ref()).unwrap();
}

/// A receiver that runs.
pub(crate) struct Running {
    pub(crate) environment: Environment,
    pub(crate) recorder: Recorder,
    receiver: Arc<dyn Receiver>,
}

impl Running {
    pub(crate) async fn start(yaml: &str) -> Self {
        Self::with(yaml, Recorder::new()).await
    }

    pub(crate) async fn with(yaml: &str, recorder: Recorder) -> Self {
        let host = host_with(BTreeMap::new(), Budget::default());
        Self::on(yaml, recorder, &host).await
    }

    pub(crate) async fn on(yaml: &str, recorder: Recorder, host: &Host) -> Self {
        let environment = environment();
        let receiver = build(yaml, &environment, Arc::new(recorder.clone()));
        receiver.start(host).await.unwrap();
        Self::of(environment, recorder, receiver)
    }

    pub(crate) fn of(
        environment: Environment,
        recorder: Recorder,
        receiver: Arc<dyn Receiver>,
    ) -> Self {
        Self {
            environment,
            recorder,
            receiver,
        }
    }

    /// Every record so far.
    pub(crate) fn records(&self) -> Vec<LogRecord> {
        let mut records = Vec::new();
        for batch in self.recorder.batches() {
            let data = LogsData::decode(&batch.payload().to_contiguous()).unwrap();
            for resource in data.resource_logs {
                for scope in resource.scope_logs {
                    records.extend(scope.log_records);
                }
            }
        }
        records
    }

    /// The bodies of every record so far.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.records().iter().map(body).collect()
    }

    /// Waits for that many records and gives their bodies.
    pub(crate) async fn wait(&self, count: usize) -> Vec<String> {
        let begin = Instant::now();
        loop {
            let bodies = self.bodies();
            if bodies.len() >= count {
                return bodies;
            }
            let last = bodies.last();
            assert!(
                begin.elapsed() < LIMIT,
                "{} of {count}, the last one {last:?}",
                bodies.len()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits for that many records, and that no more come.
    pub(crate) async fn wait_exactly(&self, count: usize) -> Vec<String> {
        self.wait(count).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let bodies = self.bodies();
        let mut seen = HashSet::new();
        let again: Vec<_> = bodies.iter().filter(|body| !seen.insert(*body)).collect();
        assert_eq!(bodies.len(), count, "more than once: {again:?}");
        bodies
    }

    /// Waits for a record with that body.
    pub(crate) async fn wait_for(&self, body: &str) {
        let begin = Instant::now();
        while !self.bodies().iter().any(|other| other == body) {
            assert!(begin.elapsed() < LIMIT, "no {body:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn stop(&self) {
        self.receiver
            .shutdown(Instant::now() + Duration::from_secs(10))
            .await
            .unwrap();
        assert_eq!(self.environment.ledger.imbalance(), 0);
    }
}

/// A host with a started `file_storage` extension whose folder is `folder`.
pub(crate) async fn storage_host(folder: &Path) -> Host {
    let yaml = format!("directory: '{}'", folder.display());
    let (config, _) = decode::<headwater_extension_file_storage::Config>(&yaml).unwrap();
    let id = "file_storage";
    let settings = environment().settings(ComponentKind::Extension, &id.parse().unwrap());
    let factory = headwater_extension_file_storage::factory();
    let extension = factory.build_extension(settings, &config).unwrap();
    let host = host_with_extension(id, extension.clone());
    extension.start(&host).await.unwrap();
    host
}

pub(crate) fn build(
    yaml: &str,
    environment: &Environment,
    output: Arc<dyn Consumer>,
) -> Arc<dyn Receiver> {
    let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    let settings = environment.settings(ComponentKind::Receiver, &"file_log".parse().unwrap());
    let outputs = Outputs::new().with(Signal::Logs, output);
    factory()
        .build_receiver(settings, &config, outputs)
        .unwrap()
}

pub(crate) fn body(record: &LogRecord) -> String {
    text(&record.body)
}

pub(crate) fn text(value: &headwater_core::pdata::owned::AnyValue) -> String {
    use headwater_core::pdata::owned::Value;
    match &value.value {
        Value::String(text) => text.to_string(),
        Value::Bytes(bytes) => format!("bytes {bytes:?}"),
        Value::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

/// Attributes as `key=value`, in order.
pub(crate) fn attributes(record: &LogRecord) -> Vec<String> {
    let attributes = record.attributes.iter();
    attributes
        .map(|entry| format!("{}={}", entry.key, text(&entry.value)))
        .collect()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < LIMIT, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn numbered(range: std::ops::Range<usize>) -> String {
    range.map(|n| format!("line {n:06}\n")).collect()
}

pub(crate) fn sorted(mut bodies: Vec<String>) -> Vec<String> {
    bodies.sort();
    bodies
}
