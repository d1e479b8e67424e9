//! Keeping a store up to date: list, then watch, for ever.
//!
//! Source: Kubernetes, "Efficient detection of changes". A list comes in pages; a watch goes on from
//! the version of the list, through as many requests as it takes, until the server has forgotten that
//! version (410). Then everything is listed again, over what is there: nothing is removed before the
//! new list is complete. When the server is away, what was known stays.

mod events;
mod lines;
mod list;
mod path;

use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::AbortHandle;

use crate::api::{Api, ApiError};
use crate::cluster::Cluster;
use crate::objects::Resource;
use crate::store::Store;

pub(crate) use path::Scope;

/// How fast things go. The defaults are meant for clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many objects a page of a list has at most.
    pub page: u32,
    /// How long a watch goes on before it is asked for anew.
    pub watch: Duration,
    /// The first pause after a failure; each next one is twice as long, give or take a quarter.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long changes are collected before they are reported.
    pub collect: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            page: 500,
            watch: Duration::from_secs(290),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
            collect: Duration::from_millis(200),
        }
    }
}

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
        let watcher = Watcher {
            api: Api::new(cluster),
            scope,
            pace,
            page: pace.page.max(1),
            kind: PhantomData,
            store: Ended(Arc::clone(&store)),
        };
        let task = tokio::spawn(watcher.run());
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

struct Watcher<K> {
    api: Api,
    scope: Scope,
    pace: Pace,
    /// As `pace.page`, less if pages have turned out to be too large.
    page: u32,
    kind: PhantomData<K>,
    store: Ended<K>,
}

/// Where a watch goes on.
type Version = String;

impl<K: Resource> Watcher<K> {
    async fn run(mut self) {
        let mut version: Option<Version> = None;
        let mut pause = self.pace.first_pause;
        loop {
            let (done, useful) = match &mut version {
                None => match self.list().await {
                    Ok(listed) => {
                        version = Some(listed);
                        continue;
                    }
                    Err(error) => (Err(error), false),
                },
                Some(version) => self.watch(version).await,
            };
            if useful {
                pause = self.pace.first_pause;
            }
            match done {
                Ok(()) if useful => continue,
                // A server that ends every watch at once is not asked at once again.
                Ok(()) => {}
                Err(error) => {
                    if !error.is_gone() || version.is_none() {
                        self.failed(&error);
                    }
                    // Of an event that cannot be read nobody knows what it has changed.
                    let unreadable = matches!(error, ApiError::Garbage(_) | ApiError::TooLarge(_));
                    if error.is_gone() || unreadable {
                        version = None;
                    }
                }
            }
            tokio::time::sleep(spread(pause)).await;
            pause = (pause * 2).min(self.pace.longest_pause);
        }
    }

    /// The server has said something of use.
    fn contact(&self) {
        if let Some((since, _)) = self.store.0.contact() {
            tracing::info!(
                scope = %self.scope,
                after_seconds = since.elapsed().as_secs(),
                "Kubernetes API is back"
            );
        }
    }

    fn failed(&self, error: &ApiError) {
        let store = &self.store.0;
        if store.fail(&error.to_string()) {
            tracing::warn!(
                scope = %self.scope,
                error = format!("{error}{}", hint(error)),
                objects = store.len(),
                "Kubernetes API cannot be read, keeping what is known"
            );
        }
    }

    /// Lists everything and returns the version of the list.
    async fn list(&mut self) -> Result<Version, ApiError> {
        let mut listed = HashSet::new();
        let mut next = String::new();
        loop {
            let page = self.page(&next).await;
            if let Err(ApiError::TooLarge(_)) = page
                && self.page > 1
            {
                self.page /= 2;
                continue;
            }
            let page = page?;
            self.contact();
            for object in page.items {
                listed.insert(self.store.0.put(object));
            }
            if page.metadata.next.is_empty() {
                self.store.0.keep_only(&listed);
                self.store.0.set_synced();
                return Ok(page.metadata.version);
            }
            next = page.metadata.next;
        }
    }

    async fn page(&mut self, next: &str) -> Result<list::List<K>, ApiError> {
        let path = self.scope.list(&K::KIND, self.page, next);
        let answer = self.api.get(&path, list::accept(&K::KIND)).await;
        let page = list::read(&mut answer?).await;
        if page.is_err() {
            self.api.close();
        }
        page
    }

    /// Follows changes until the server ends the watch; says whether it was of any use.
    async fn watch(&mut self, version: &mut Version) -> (Result<(), ApiError>, bool) {
        let started = Instant::now();
        let path = self.scope.watch(&K::KIND, version, self.pace.watch);
        let answer = match self.api.get(&path, events::accept(&K::KIND)).await {
            Ok(answer) => answer,
            Err(error) => return (Err(error), false),
        };
        self.contact();
        // The server ends a watch in time; one that is silent for longer has been forgotten.
        let silence = self.pace.watch + Duration::from_secs(30);
        let mut lines = lines::Lines::new(answer, silence);
        let mut useful = false;
        let ended = loop {
            match lines.next().await {
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
                Ok(Some(line)) => match events::read::<K>(&line) {
                    Ok(event) => {
                        self.contact();
                        useful = true;
                        self.apply(event, version);
                    }
                    Err(error) => break Err(error),
                },
            }
        };
        if ended.is_err() {
            self.api.close();
        }
        (ended, useful || started.elapsed() >= self.pace.watch / 2)
    }

    fn apply(&self, event: events::Event<K>, version: &mut Version) {
        match event.change {
            events::Change::Put(object) => {
                self.store.0.put(object);
            }
            events::Change::Remove(object) => self.store.0.remove(&object.meta().key()),
            events::Change::Bookmark => {}
        }
        if !event.version.is_empty() {
            *version = event.version;
        }
    }
}

/// What to do about an error.
const fn hint(error: &ApiError) -> &'static str {
    match error {
        ApiError::Status { code: 401, .. } => " (is the token valid for this cluster?)",
        ApiError::Status { code: 403, .. } => {
            " (the service account needs a role with the verbs list and watch for it)"
        }
        _ => "",
    }
}

/// A pause between three quarters and five quarters of `pause`, so that not everybody comes back at once.
fn spread(pause: Duration) -> Duration {
    use std::hash::{BuildHasher as _, RandomState};
    // As random as this needs to be, without a crate for it.
    let random = RandomState::new().hash_one(Instant::now());
    let part = u32::try_from(random % 512).unwrap_or_default();
    pause * (768 + part) / 1024
}
