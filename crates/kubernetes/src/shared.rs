//! One watch for everybody who wants the same objects of the same cluster.

use std::any::{Any, TypeId};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::cluster::{Cluster, ClusterConfig};
use crate::objects::Resource;
use crate::watch::stored::Watch;
use crate::watch::{Pace, Scope};

/// Every watch of this process. There are few: kinds times namespaces times selectors.
static WATCHES: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

struct Entry {
    cluster: ClusterConfig,
    kind: TypeId,
    scope: Scope,
    pace: Pace,
    watch: Weak<dyn Shared>,
}

trait Shared: Any + Send + Sync {
    fn status(&self, scope: &Scope) -> WatchStatus;
    fn is_over(&self) -> bool;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<K: Resource> Shared for Watch<K> {
    fn status(&self, scope: &Scope) -> WatchStatus {
        let health = self.store().health();
        let (failing_for, error) = match health.failing {
            Some((since, error)) => (Some(since.elapsed()), Some(error)),
            None => (None, None),
        };
        WatchStatus {
            what: scope.to_string(),
            objects: self.store().len(),
            readers: self.store().subscribers(),
            complete: health.synced,
            age: health.last_contact.map(|last| last.elapsed()),
            failing_for,
            error,
        }
    }

    fn is_over(&self) -> bool {
        Self::is_over(self)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// How a watch is doing.
#[derive(Debug, Clone)]
pub struct WatchStatus {
    /// What is watched, for example `pods in shop with app=web`.
    pub what: String,
    /// How many objects are known.
    pub objects: usize,
    /// How many read them.
    pub readers: usize,
    /// Whether every object has been listed at least once.
    pub complete: bool,
    /// How long ago the server last said anything of use; `None` if it never did. Servers speak up at
    /// least every minute or so.
    pub age: Option<Duration>,
    /// For how long it has been failing, if it is.
    pub failing_for: Option<Duration>,
    /// What it fails with.
    pub error: Option<Arc<str>>,
}

/// How every watch of this process is doing.
#[must_use]
pub fn watches() -> Vec<WatchStatus> {
    let watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    let alive = watches.iter().filter_map(|entry| {
        let watch = entry.watch.upgrade()?;
        Some(watch.status(&entry.scope))
    });
    alive.collect()
}

/// The watch of a scope; a new one on the current runtime if there is none.
pub(crate) fn acquire<K: Resource>(
    cluster: &ClusterConfig,
    scope: Scope,
    pace: Pace,
) -> Arc<Watch<K>> {
    let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    watches.retain(|entry| entry.watch.strong_count() > 0);
    let same = watches.iter().filter(|entry| {
        entry.kind == TypeId::of::<K>()
            && entry.scope == scope
            && entry.pace == pace
            && entry.cluster == *cluster
    });
    let known = same
        .filter_map(|entry| entry.watch.upgrade())
        .filter(|watch| !watch.is_over())
        .find_map(|watch| watch.into_any().downcast::<Watch<K>>().ok());
    if let Some(watch) = known {
        return watch;
    }
    let api = Arc::new(Cluster::new(cluster.clone()));
    let watch = Arc::new(Watch::start(api, scope.clone(), pace));
    let shared: Arc<dyn Shared> = Arc::<Watch<K>>::clone(&watch);
    watches.push(Entry {
        cluster: cluster.clone(),
        kind: TypeId::of::<K>(),
        scope,
        pace,
        watch: Arc::downgrade(&shared),
    });
    watch
}
