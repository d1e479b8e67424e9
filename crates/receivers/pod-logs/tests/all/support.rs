//! A running receiver, and what it has read.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::pdata::owned::{AnyValue, LogsData, Value};
use headwater_core::{Budget, ComponentKind, Outputs, Receiver, Signal};
use headwater_receiver_pod_logs::{Config, factory};
use headwater_testkit::{Recorder, environment, host_with};
use tempfile::TempDir;

/// Longer waits are failures.
const PATIENCE: Duration = Duration::from_secs(20);

/// A line with the labels of its stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) text: String,
}

pub(crate) struct Setup {
    pub(crate) folder: TempDir,
    recorder: Recorder,
    receiver: Option<Arc<dyn Receiver>>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            recorder: Recorder::new(),
            receiver: None,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn append(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Starts the receiver; `$DIR` in the configuration is the folder.
    pub(crate) async fn start(&mut self, yaml: &str) {
        let folder = self.folder.path().display().to_string();
        let yaml = format!("{yaml}\ncheckpoints: {{directory: $DIR/positions}}\n");
        let yaml = yaml.replace("$DIR", &folder);
        let (config, _) = decode::<Config>(&yaml).unwrap_or_else(|errors| panic!("{errors}"));
        let settings =
            environment().settings(ComponentKind::Receiver, &"pod_logs".parse().unwrap());
        let outputs = Outputs::new().with(Signal::Logs, Arc::new(self.recorder.clone()));
        let receiver = factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        let host = host_with(std::collections::BTreeMap::new(), Budget::default());
        receiver.start(&host).await.unwrap();
        self.receiver = Some(receiver);
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(receiver) = self.receiver.take() {
            let deadline = Instant::now() + Duration::from_secs(5);
            receiver.shutdown(deadline).await.unwrap();
        }
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for batch in self.recorder.batches() {
            let data = LogsData::decode(&batch.payload().to_contiguous()).unwrap();
            for logs in data.resource_logs {
                let attributes = logs.resource.unwrap_or_default().attributes;
                let labels: Vec<_> = attributes
                    .iter()
                    .map(|label| (label.key.to_string(), text(&label.value)))
                    .collect();
                for record in logs
                    .scope_logs
                    .into_iter()
                    .flat_map(|logs| logs.log_records)
                {
                    lines.push(Line {
                        labels: labels.clone(),
                        text: text(&record.body),
                    });
                }
            }
        }
        lines
    }

    /// Waits until so many lines were read, and gives them in order.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Line> {
        let begin = Instant::now();
        loop {
            let mut lines = self.lines();
            if lines.len() >= count {
                assert_eq!(lines.len(), count, "{lines:?}");
                lines.sort();
                return lines;
            }
            assert!(begin.elapsed() < PATIENCE, "{lines:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn text(value: &AnyValue) -> String {
    match &value.value {
        Value::String(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}

/// A line as it is expected.
pub(crate) fn line(labels: &[(&str, &str)], text: &str) -> Line {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Line {
        labels: labels.iter().map(own).collect(),
        text: text.to_owned(),
    }
}
