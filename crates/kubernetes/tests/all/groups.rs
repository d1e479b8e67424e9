//! What a reader of updates knows, and objects to feed the server with.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_discovery::{Discovery as _, Health, TargetGroup};
use headwater_kubernetes::testing::ApiServer;
use headwater_kubernetes::{KubernetesDiscovery, Options, Role};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Longer waits are failures.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running discovery and the groups it has reported.
pub(crate) struct Reader {
    updates: mpsc::Receiver<Vec<TargetGroup>>,
    task: JoinHandle<()>,
    pub(crate) health: Health,
    pub(crate) groups: BTreeMap<String, TargetGroup>,
    /// How many groups have been reported, those without targets too.
    pub(crate) reported: usize,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reader {
    pub(crate) fn start(options: Options) -> Self {
        let discovery = KubernetesDiscovery::new(options).unwrap();
        let health = discovery.health().unwrap();
        let (sender, updates) = mpsc::channel(4);
        let task = tokio::spawn(Box::new(discovery).run(sender));
        Self {
            updates,
            task,
            health,
            groups: BTreeMap::new(),
            reported: 0,
        }
    }

    fn take(&mut self, update: Vec<TargetGroup>) {
        for group in update {
            self.reported += 1;
            let source = group.source.to_string();
            if group.targets.is_empty() {
                self.groups.remove(&source);
            } else {
                self.groups.insert(source, group);
            }
        }
    }

    /// Waits for an update.
    pub(crate) async fn update(&mut self) {
        let update = tokio::time::timeout(PATIENCE, self.updates.recv()).await;
        let update = update.expect("an update in time");
        self.take(update.expect("the discovery goes on"));
    }

    /// Reads updates until the groups are as wanted.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&BTreeMap<String, TargetGroup>) -> bool) {
        while !wanted(&self.groups) {
            self.update().await;
        }
    }

    /// Reads updates until there are exactly these sources.
    pub(crate) async fn until_sources(&mut self, sources: &[&str]) {
        let same = |groups: &BTreeMap<String, TargetGroup>| groups.keys().eq(sources.iter());
        self.until(same).await;
    }

    /// Reads updates until there are no more and the groups are as wanted; `false` if that does not
    /// happen in time.
    pub(crate) async fn until_settled(
        &mut self,
        wanted: impl Fn(&BTreeMap<String, TargetGroup>) -> bool,
    ) -> bool {
        let started = Instant::now();
        let silence = Duration::from_millis(60);
        loop {
            match tokio::time::timeout(silence, self.updates.recv()).await {
                Ok(update) => self.take(update.expect("the discovery goes on")),
                Err(_) if wanted(&self.groups) => return true,
                Err(_) if started.elapsed() > PATIENCE => return false,
                Err(_) => {}
            }
        }
    }

    /// Whether nothing is reported for a while.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        let silence = Duration::from_millis(150);
        tokio::time::timeout(silence, self.updates.recv())
            .await
            .is_err()
    }
}

/// Everything of a role of a server, at the pace of tests.
pub(crate) fn options(server: &ApiServer, role: Role) -> Options {
    Options {
        cluster: server.cluster(),
        pace: ApiServer::pace(),
        ..Options::new(role)
    }
}

/// Waits until something is so.
pub(crate) async fn eventually(mut what: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("it happens in time");
}

/// A pod with one port.
pub(crate) fn pod(namespace: &str, name: &str, ip: &str) -> Value {
    json!({
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "uid": format!("uid-{name}"),
                     "labels": {"app": name}},
        "spec": {"nodeName": "node-1", "containers": [
            {"name": "c", "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]},
        "status": {"phase": "Running", "podIP": ip},
    })
}

/// An object that has only metadata, with one label.
pub(crate) fn labelled(kind: &str, namespace: &str, name: &str, label: (&str, &str)) -> Value {
    let mut object =
        json!({"kind": kind, "metadata": {"name": name, "labels": {label.0: label.1}}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}
