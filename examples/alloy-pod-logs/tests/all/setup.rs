//! A pipeline out of a configuration, with a recorder in the place of its exporter.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::{Resolver, render_human};
use headwater_core::config::{Config, Node, Origin, load};
use headwater_core::pdata::owned::{AnyValue, KeyValue, LogsData, Value};
use headwater_core::{
    Budget, BufferingProcessor, BuiltProcessor, ComponentKind, Outputs, Receiver, Signal,
};
use headwater_testkit::{Recorder, environment, host_with};
use tempfile::TempDir;

/// Longer waits are failures.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type Pairs = BTreeMap<String, String>;

pub(crate) fn pairs(of: &[(&str, &str)]) -> Pairs {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    of.iter().map(own).collect()
}

/// An entry as Loki gets it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) labels: Pairs,
    pub(crate) metadata: Pairs,
    pub(crate) line: String,
    pub(crate) timestamp: u64,
}

pub(crate) struct Setup {
    yaml: &'static str,
    folder: TempDir,
    recorder: Recorder,
    running: Option<(Arc<dyn Receiver>, Arc<dyn BufferingProcessor>)>,
}

/// Decodes the section at `path`.
fn section<T: Config + Default>(root: &Node, path: &str) -> T {
    let node = root.lookup(path).unwrap();
    let mut diagnostics = headwater_core::config::Diagnostics::default();
    let config = load(path, &Origin::Default, node, &mut diagnostics);
    let errors = render_human(&diagnostics, false);
    assert_eq!(errors, "");
    config.unwrap()
}

impl Setup {
    pub(crate) fn new(yaml: &'static str) -> Self {
        Self {
            yaml,
            folder: tempfile::tempdir().unwrap(),
            recorder: Recorder::new(),
            running: None,
        }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join("pods").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) async fn start(&mut self, api: &str, node: &str) {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let variables = [
            ("KUBERNETES_API", api.to_owned()),
            ("HOSTNAME", node.to_owned()),
            ("POD_LOGS", path("pods")),
            ("POSITIONS", path("positions")),
        ];
        let resolved = Resolver::new()
            .environment(move |name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.clone())
            })
            .uri(format!("yaml:{}", self.yaml))
            .resolve();
        assert_eq!(render_human(&resolved.diagnostics, false), "");
        let environment = environment();
        let (id, pipeline) = ("loki_process".parse().unwrap(), "logs".parse().unwrap());
        let config: headwater_processor_loki_process::Config =
            section(&resolved.root, "processors::loki_process");
        let built = headwater_processor_loki_process::factory()
            .build_processor(
                environment.pipeline_settings(&id, &pipeline),
                &config,
                Arc::new(self.recorder.clone()),
            )
            .unwrap();
        let BuiltProcessor::Buffering(processor) = built else {
            panic!("it holds partial lines")
        };
        let config: headwater_receiver_pod_logs::Config =
            section(&resolved.root, "receivers::pod_logs");
        let outputs = Outputs::new().with(Signal::Logs, Arc::clone(&processor) as _);
        let settings = environment.settings(ComponentKind::Receiver, &"pod_logs".parse().unwrap());
        let receiver = headwater_receiver_pod_logs::factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        let host = host_with(BTreeMap::new(), Budget::default());
        processor.start(&host).await.unwrap();
        receiver.start(&host).await.unwrap();
        self.running = Some((receiver, processor));
    }

    /// Waits until so many entries have come, and gives them by time.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Entry> {
        let begin = Instant::now();
        loop {
            let mut entries = entries(&self.recorder);
            if entries.len() >= count {
                entries.sort_by_key(|entry| entry.timestamp);
                return entries;
            }
            assert!(begin.elapsed() < PATIENCE, "{entries:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn stop(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        if let Some((receiver, processor)) = self.running.take() {
            receiver.shutdown(deadline).await.unwrap();
            processor.shutdown(deadline).await.unwrap();
        }
    }
}

/// What a recorder has got.
pub(crate) fn entries(recorder: &Recorder) -> Vec<Entry> {
    let mut entries = Vec::new();
    for batch in recorder.batches() {
        let data = LogsData::decode(&batch.payload().to_contiguous()).unwrap();
        for logs in data.resource_logs {
            let mut labels = shown(&logs.resource.unwrap_or_default().attributes);
            assert!(labels.remove("loki.stream").is_some());
            for record in logs
                .scope_logs
                .into_iter()
                .flat_map(|logs| logs.log_records)
            {
                entries.push(Entry {
                    labels: labels.clone(),
                    metadata: shown(&record.attributes),
                    line: text(&record.body),
                    timestamp: record.time_unix_nano,
                });
            }
        }
    }
    entries
}

fn shown(attributes: &[KeyValue]) -> Pairs {
    attributes
        .iter()
        .map(|attribute| (attribute.key.to_string(), text(&attribute.value)))
        .collect()
}

fn text(value: &AnyValue) -> String {
    match &value.value {
        Value::String(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}
