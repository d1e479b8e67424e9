//! Our receiver, in this process.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::graph::Environment;
use headwater_core::{Budget, ComponentKind, Outputs, Receiver, Signal};
use headwater_receiver_file_log::{Config, factory};
use headwater_testkit::{Recorder, environment, host_with};

use crate::{Record, until};

/// A running `file_log` receiver in front of a recorder.
pub struct Ours {
    environment: Environment,
    recorder: Recorder,
    receiver: Arc<dyn Receiver>,
}

impl Ours {
    /// Starts it with these keys; positions are kept in `positions`.
    pub async fn start(keys: &str, positions: &Path) -> Self {
        let yaml = format!(
            "{keys}\ncheckpoints: {{directory: '{}'}}\n",
            positions.display()
        );
        let (config, _) = decode::<Config>(&yaml).unwrap_or_else(|errors| panic!("{errors}"));
        let environment = environment();
        let settings = environment.settings(ComponentKind::Receiver, &"filelog".parse().unwrap());
        let recorder = Recorder::new();
        let outputs = Outputs::new().with(Signal::Logs, Arc::new(recorder.clone()));
        let receiver = factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        let host = host_with(BTreeMap::new(), Budget::default());
        receiver.start(&host).await.unwrap();
        Self {
            environment,
            recorder,
            receiver,
        }
    }

    /// Every record so far.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        Record::all(&self.recorder)
    }

    /// How many records there are so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.recorder.items().iter().sum()
    }

    /// Waits for that many records, and that no more come.
    pub async fn exactly(&self, count: usize) -> Vec<Record> {
        until(
            || self.count() >= count,
            || format!("{} of {count} records", self.count()),
        )
        .await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(self.count(), count);
        self.records()
    }

    /// Ends it; the books must balance.
    pub async fn stop(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        self.receiver.shutdown(deadline).await.unwrap();
        assert_eq!(self.environment.ledger.imbalance(), 0);
    }
}

impl std::fmt::Debug for Ours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ours").finish_non_exhaustive()
    }
}
