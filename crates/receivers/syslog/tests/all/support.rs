//! A started receiver in front of a recorder.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::graph::Environment;
use headwater_core::pdata::owned::{AnyValue, LogRecord, LogsData, Value};
use headwater_core::{ComponentKind, Outputs, Receiver, Signal};
use headwater_receiver_syslog::{Config, factory};
use headwater_testkit::{Recorder, environment, host};

/// How long anything may take before a test fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    socket.local_addr().unwrap().port()
}

/// A receiver that runs.
pub(crate) struct Running {
    pub(crate) environment: Environment,
    pub(crate) recorder: Recorder,
    pub(crate) address: SocketAddr,
    receiver: Arc<dyn Receiver>,
}

impl Running {
    /// Starts a receiver; `{address}` in `yaml` stands for where it listens.
    pub(crate) async fn start(yaml: &str) -> Self {
        Self::with(yaml, Recorder::new()).await
    }

    pub(crate) async fn with(yaml: &str, recorder: Recorder) -> Self {
        let mut tries = 0;
        loop {
            let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
            let yaml = yaml.replace("{address}", &address.to_string());
            let (config, _) = decode::<Config>(&yaml).unwrap_or_else(|errors| panic!("{errors}"));
            let environment = environment();
            let id = "syslog".parse().unwrap();
            let settings = environment.settings(ComponentKind::Receiver, &id);
            let outputs = Outputs::new().with(Signal::Logs, Arc::new(recorder.clone()));
            let receiver = factory()
                .build_receiver(settings, &config, outputs)
                .unwrap();
            tries += 1;
            match receiver.start(&host()).await {
                Ok(()) => {
                    return Self {
                        environment,
                        recorder,
                        address,
                        receiver,
                    };
                }
                // Somebody else was given the same port.
                Err(_) if tries < 10 => {}
                Err(error) => panic!("{error:?}"),
            }
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

    /// Waits for that many records.
    pub(crate) async fn wait(&self, count: usize) -> Vec<LogRecord> {
        let begin = Instant::now();
        loop {
            let records = self.records();
            if records.len() >= count {
                assert_eq!(records.len(), count, "{:?}", bodies(&records));
                return records;
            }
            assert!(begin.elapsed() < LIMIT, "{:?}", bodies(&records));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn stop(&self) {
        self.receiver
            .shutdown(Instant::now() + Duration::from_secs(5))
            .await
            .unwrap();
        assert_eq!(self.environment.ledger.imbalance(), 0);
    }
}

pub(crate) fn text(value: &AnyValue) -> String {
    match &value.value {
        Value::String(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

pub(crate) fn bodies(records: &[LogRecord]) -> Vec<String> {
    records.iter().map(|record| text(&record.body)).collect()
}

/// An attribute of a record as text; empty if there is none.
pub(crate) fn attribute(record: &LogRecord, key: &str) -> String {
    let found = record.attributes.iter().find(|entry| entry.key == *key);
    found.map(|entry| text(&entry.value)).unwrap_or_default()
}
