//! Following the objects of a kind: list, then watch, for ever.
//!
//! Source: Kubernetes, "Efficient detection of changes". A list comes in pages; a watch goes on from
//! the version of the list, through as many requests as it takes, until the server has forgotten that
//! version (410). Then everything is listed again, over what is there: nothing is removed before the
//! new list is complete. When the server is away, what was known stays. A [`Sink`] is what becomes of it:
//! a store ([`stored`]), or a row of changes ([`followed`]).

mod events;
pub(crate) mod followed;
mod lines;
mod list;
mod path;
pub(crate) mod stored;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::api::{Api, ApiError};
use crate::cluster::Cluster;
use crate::objects::Kind;

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

/// Where a put object comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A list.
    Listed,
    /// A watch: it was not there.
    Added,
    /// A watch: it is a new version of what was there.
    Modified,
}

/// What becomes of the objects. It is told things one after the other, and may take its time: the
/// server is not read meanwhile.
pub(crate) trait Sink: Send + 'static {
    /// What is decoded of an object.
    type Item: DeserializeOwned + Send;

    /// Where the API serves them.
    const KIND: Kind;

    /// Whether an object that cannot be read makes everything be listed again.
    const STRICT: bool;

    /// Whether an object has what every object has; one that has not is no object.
    fn has_name(item: &Self::Item) -> bool;

    /// Everything is about to be listed.
    fn begin(&mut self) {}

    /// There is an object, or a new version of it.
    fn put(&mut self, item: Self::Item, origin: Origin) -> impl Future<Output = ()> + Send;

    /// An object is gone.
    fn remove(&mut self, item: Self::Item);

    /// Everything has been listed since [`Self::begin`], as of this version.
    fn complete(&mut self, version: &str) -> impl Future<Output = ()> + Send;

    /// The server has said something of use.
    fn contact(&mut self, scope: &Scope) -> impl Future<Output = ()> + Send;

    /// The server cannot be used: why, and what to do about it (empty if nobody knows).
    fn fail(
        &mut self,
        scope: &Scope,
        error: &ApiError,
        hint: String,
    ) -> impl Future<Output = ()> + Send;
}

/// Feeds a sink for ever.
pub(crate) struct Watcher<S> {
    api: Api,
    scope: Scope,
    pace: Pace,
    /// As `pace.page`, less if pages have turned out to be too large.
    page: u32,
    sink: S,
    /// Where the first watch goes on; without it everything is listed first.
    from: Option<Version>,
}

/// Where a watch goes on.
type Version = String;

impl<S: Sink> Watcher<S> {
    pub(crate) fn new(cluster: Arc<Cluster>, scope: Scope, pace: Pace, sink: S) -> Self {
        Self {
            api: Api::new(cluster),
            scope,
            pace,
            page: pace.page.max(1),
            sink,
            from: None,
        }
    }

    /// Begins with a watch from a version, instead of a list.
    pub(crate) fn from(mut self, version: Option<String>) -> Self {
        self.from = version;
        self
    }

    pub(crate) async fn run(mut self) {
        let mut version = self.from.take();
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
                        self.failed(&error).await;
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

    async fn failed(&mut self, error: &ApiError) {
        let hint = hint(error, &S::KIND, &self.scope);
        self.sink.fail(&self.scope, error, hint).await;
    }

    /// Lists everything and returns the version of the list.
    async fn list(&mut self) -> Result<Version, ApiError> {
        self.sink.begin();
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
            self.sink.contact(&self.scope).await;
            for object in page.items {
                self.sink.put(object, Origin::Listed).await;
            }
            if page.metadata.next.is_empty() {
                self.sink.complete(&page.metadata.version).await;
                return Ok(page.metadata.version);
            }
            next = page.metadata.next;
        }
    }

    async fn page(&mut self, next: &str) -> Result<list::List<S::Item>, ApiError> {
        let path = self.scope.list(&S::KIND, self.page, next);
        let answer = self.api.get(&path, list::accept(&S::KIND)).await;
        let page = list::read::<S>(&mut answer?).await;
        if page.is_err() {
            self.api.close();
        }
        page
    }

    /// Follows changes until the server ends the watch; says whether it was of any use.
    async fn watch(&mut self, version: &mut Version) -> (Result<(), ApiError>, bool) {
        let started = Instant::now();
        let path = self.scope.watch(&S::KIND, version, self.pace.watch);
        let answer = match self.api.get(&path, events::accept(&S::KIND)).await {
            Ok(answer) => answer,
            Err(error) => return (Err(error), false),
        };
        self.sink.contact(&self.scope).await;
        // The server ends a watch in time; one that is silent for longer has been forgotten.
        let silence = self.pace.watch + Duration::from_secs(30);
        let mut lines = lines::Lines::new(answer, silence);
        let mut useful = false;
        let ended = loop {
            match lines.next().await {
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
                Ok(Some(line)) => match events::read::<S>(&line) {
                    Ok(event) => {
                        self.sink.contact(&self.scope).await;
                        useful = true;
                        self.apply(event, version).await;
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

    async fn apply(&mut self, event: events::Event<S::Item>, version: &mut Version) {
        match event.change {
            events::Change::Add(object) => self.sink.put(object, Origin::Added).await,
            events::Change::Modify(object) => self.sink.put(object, Origin::Modified).await,
            events::Change::Remove(object) => self.sink.remove(object),
            events::Change::Bookmark => {}
        }
        if !event.version.is_empty() {
            *version = event.version;
        }
    }
}

/// What to do about an error.
fn hint(error: &ApiError, kind: &Kind, scope: &Scope) -> String {
    match error {
        ApiError::Status { code: 401, .. } => "is the token valid for this cluster?".to_owned(),
        ApiError::Status { code: 403, .. } => {
            let namespace = scope.namespace.as_ref().filter(|_| kind.namespaced);
            let role = namespace.map_or_else(
                || "a ClusterRole".to_owned(),
                |name| format!("a Role in {name}"),
            );
            let path = kind
                .api
                .trim_start_matches("/apis/")
                .trim_start_matches('/');
            let group = path.split_once('/').map_or("", |(group, _)| group);
            let group = if group == "api" { "" } else { group };
            format!(
                "the service account needs {role} with the rule `apiGroups: [{group:?}], \
                 resources: [{}], verbs: [list, watch]`",
                kind.plural
            )
        }
        _ => String::new(),
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

#[cfg(test)]
mod tests {
    use super::{Scope, hint};
    use crate::api::ApiError;
    use crate::objects::{Ingress, Kind, Node, Pod, Resource as _};

    #[test]
    fn who_is_forbidden_learns_which_rule_is_missing() {
        let forbidden = ApiError::Status {
            code: 403,
            message: String::new(),
        };
        let hint = |kind: &Kind, namespace: Option<&str>| {
            let scope = Scope {
                plural: kind.plural,
                namespace: namespace.map(str::to_owned),
                selector: crate::Selector::default(),
            };
            hint(&forbidden, kind, &scope)
        };
        assert_eq!(
            hint(&Pod::KIND, Some("shop")),
            "the service account needs a Role in shop with the rule `apiGroups: [\"\"], \
             resources: [pods], verbs: [list, watch]`"
        );
        let ingresses = hint(&Ingress::KIND, None);
        assert!(ingresses.contains("a ClusterRole"), "{ingresses}");
        assert!(ingresses.contains("[\"networking.k8s.io\"]"), "{ingresses}");
        let nodes = hint(&Node::KIND, Some("shop"));
        assert!(nodes.contains("a ClusterRole"), "{nodes}");
    }
}
