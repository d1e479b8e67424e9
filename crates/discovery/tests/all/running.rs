//! A discovery that runs, and what it has found.

use std::collections::BTreeMap;
use std::time::Duration;

use headwater_discovery::{Discovery, Health, TargetGroup};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Nothing takes as long; it ends tests that would wait for ever.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Running {
    updates: mpsc::Receiver<Vec<TargetGroup>>,
    task: JoinHandle<()>,
    pub(crate) health: Option<Health>,
    groups: BTreeMap<String, TargetGroup>,
}

impl Running {
    pub(crate) fn start(discovery: impl Discovery + 'static) -> Self {
        let (sender, updates) = mpsc::channel(4);
        Self {
            updates,
            health: discovery.health(),
            task: tokio::spawn(Box::new(discovery).run(sender)),
            groups: BTreeMap::new(),
        }
    }

    /// Waits for the next update and takes it over as a reader does.
    pub(crate) async fn update(&mut self) -> Vec<TargetGroup> {
        let update = timeout(PATIENCE, self.updates.recv()).await;
        let update = update
            .expect("an update in time")
            .expect("the discovery goes on");
        for group in &update {
            if group.targets.is_empty() {
                self.groups.remove(&*group.source);
            } else {
                self.groups.insert(group.source.to_string(), group.clone());
            }
        }
        update
    }

    /// Waits until the addresses are these, in order.
    pub(crate) async fn until(&mut self, addresses: &[&str]) {
        while self.addresses() != addresses {
            self.update().await;
        }
    }

    /// The addresses of all targets in order.
    pub(crate) fn addresses(&self) -> Vec<&str> {
        let targets = self.groups.values().flat_map(|group| &group.targets);
        let mut addresses: Vec<_> = targets.map(|target| target.get("__address__")).collect();
        addresses.sort_unstable();
        addresses
    }

    /// The groups by source.
    pub(crate) fn group(&self, source: &str) -> &TargetGroup {
        &self.groups[source]
    }

    /// The error, once there is one.
    pub(crate) async fn error(&self) -> String {
        let health = self.health.as_ref().expect("it tells how it goes");
        let error = async {
            loop {
                if let Some(error) = health.status().error {
                    return error;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, error).await.expect("an error in time")
    }

    /// That nothing more was reported.
    pub(crate) fn assert_silent(&mut self) {
        assert!(self.updates.try_recv().is_err());
    }

    /// Stops listening; the discovery has to end by itself.
    pub(crate) async fn leave(self) {
        drop(self.updates);
        let ended = timeout(PATIENCE, self.task).await;
        ended.expect("it ends").expect("without panic");
    }
}
