//! A store that a watch keeps up to date.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::task::AbortHandle;

use super::{Origin, Pace, Scope, Sink, Watcher};
use crate::api::ApiError;
use crate::cluster::Cluster;
use crate::objects::{Kind, Resource};
use crate::store::{Key, Store};

/// A store that is kept up to date for as long as somebody holds this.
#[derive(Debug)]
pub(crate) struct Watch<K> {
    store: Arc<Store<K>>,
    task: AbortHandle,
}

impl<K: Resource> Watch<K> {
    /// Starts a task on the current runtime.
    pub(crate) fn start(cluster: Arc<Cluster>, scope: Scope, pace: Pace) -> Self {
        let store = Arc::new(Store::default());
        let stored = Stored {
            store: Ended(Arc::clone(&store)),
            listed: HashSet::new(),
        };
        let task = tokio::spawn(Watcher::new(cluster, scope, pace, stored).run());
        Self {
            store,
            task: task.abort_handle(),
        }
    }

    pub(crate) fn store(&self) -> &Arc<Store<K>> {
        &self.store
    }

    /// Whether nobody keeps the store up to date any more, since the runtime of its task is gone.
    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

impl<K> Drop for Watch<K> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Wakes those who wait for a store when its task ends, so that they notice.
struct Ended<K>(Arc<Store<K>>);

impl<K> Drop for Ended<K> {
    fn drop(&mut self) {
        self.0.wake();
    }
}

/// Keeps a store up to date.
pub(crate) struct Stored<K> {
    store: Ended<K>,
    /// What the list that is being read has named so far.
    listed: HashSet<Key>,
}

impl<K: Resource> Sink for Stored<K> {
    type Item = K;
    const KIND: Kind = K::KIND;
    // Of an event that cannot be read nobody knows what it has changed.
    const STRICT: bool = true;

    fn has_name(item: &K) -> bool {
        !item.meta().name.is_empty()
    }

    fn begin(&mut self) {
        self.listed.clear();
    }

    async fn put(&mut self, item: K, origin: Origin) {
        let key = self.store.0.put(item);
        if origin == Origin::Listed {
            self.listed.insert(key);
        }
    }

    fn remove(&mut self, item: K) {
        self.store.0.remove(&item.meta().key());
    }

    async fn complete(&mut self, _: &str) {
        self.store.0.keep_only(&std::mem::take(&mut self.listed));
        self.store.0.set_synced();
    }

    async fn contact(&mut self, scope: &Scope) {
        if let Some((since, _)) = self.store.0.contact() {
            tracing::info!(
                scope = %scope,
                after_seconds = since.elapsed().as_secs(),
                "Kubernetes API is back"
            );
        }
    }

    async fn fail(&mut self, scope: &Scope, error: &ApiError, hint: String) {
        let store = &self.store.0;
        if store.fail(&error.to_string()) {
            let hint = if hint.is_empty() {
                hint
            } else {
                format!(" ({hint})")
            };
            tracing::warn!(
                scope = %scope,
                error = format!("{error}{hint}"),
                objects = store.len(),
                "Kubernetes API cannot be read, keeping what is known"
            );
        }
    }
}
