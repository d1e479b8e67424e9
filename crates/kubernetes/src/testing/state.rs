//! The objects of a server, their history, and how it misbehaves.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::Fault;

/// The kinds, each with its API and plural.
const KINDS: [(&str, &str, &str); 10] = [
    ("Pod", "/api/v1", "pods"),
    ("Node", "/api/v1", "nodes"),
    ("Namespace", "/api/v1", "namespaces"),
    ("Service", "/api/v1", "services"),
    ("Endpoints", "/api/v1", "endpoints"),
    (
        "EndpointSlice",
        "/apis/discovery.k8s.io/v1",
        "endpointslices",
    ),
    ("Ingress", "/apis/networking.k8s.io/v1", "ingresses"),
    ("ReplicaSet", "/apis/apps/v1", "replicasets"),
    ("Job", "/apis/batch/v1", "jobs"),
    ("Event", "/api/v1", "events"),
];

/// A request that the server has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Path and query.
    pub target: String,
    /// The header `Accept`.
    pub accept: String,
    /// The header `Authorization`.
    pub authorization: String,
}

/// A change: of which kind, from what, to what.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) kind: &'static str,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// What all connections look at for news.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) version: u64,
    pub(super) ended: u64,
    pub(super) bookmarked: u64,
    pub(super) disconnected: u64,
    pub(super) forgotten: u64,
}

#[derive(Debug)]
pub(super) struct State {
    inner: Mutex<Inner>,
    news: watch::Sender<News>,
}

#[derive(Debug, Default)]
struct Inner {
    objects: BTreeMap<(&'static str, String), Value>,
    history: Vec<Change>,
    faults: Vec<(String, Fault, usize)>,
    requests: Vec<Request>,
    token: Option<String>,
    away: bool,
    open_watches: usize,
}

impl Default for State {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            // Real versions are large; 0 has a meaning of its own.
            news: watch::Sender::new(News {
                version: 1000,
                ..News::default()
            }),
        }
    }
}

/// The kind served at a path, and the namespace it names.
pub(super) fn kind_at(path: &str) -> Option<(&'static str, Option<String>)> {
    KINDS.iter().find_map(|(kind, api, plural)| {
        let rest = path.strip_prefix(api)?.strip_prefix('/')?;
        match rest.split('/').collect::<Vec<_>>()[..] {
            [found] if found == *plural => Some((*kind, None)),
            ["namespaces", namespace, found] if found == *plural => {
                Some((*kind, Some(namespace.to_owned())))
            }
            _ => None,
        }
    })
}

fn known(kind: &str) -> &'static str {
    let found = KINDS.iter().find(|(known, ..)| *known == kind);
    found.unwrap_or_else(|| panic!("unknown kind {kind}")).0
}

fn key(object: &Value) -> String {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
    assert!(!text("name").is_empty(), "no name: {object}");
    format!("{}/{}", text("namespace"), text("name"))
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    pub(super) fn now(&self) -> News {
        *self.news.borrow()
    }

    pub(super) fn apply(&self, mut object: Value) {
        let kind = known(object["kind"].as_str().unwrap_or_default());
        let mut inner = self.lock();
        let version = self.now().version + 1;
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        // What real objects are full of.
        object["metadata"]["managedFields"] = json!([{
            "manager": "kubelet", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
            "fieldsV1": {"f:status": {"f:conditions": {"k:{\"type\":\"Ready\"}": {".": {}, "f:status": {}}}}},
        }]);
        let before = inner.objects.insert((kind, key(&object)), object.clone());
        inner.history.push(Change {
            version,
            kind,
            before,
            after: Some(object),
        });
        self.news.send_modify(|news| news.version = version);
    }

    pub(super) fn delete(&self, kind: &str, namespace: &str, name: &str) {
        let kind = known(kind);
        let mut inner = self.lock();
        let removed = inner.objects.remove(&(kind, format!("{namespace}/{name}")));
        if let Some(removed) = removed {
            let version = self.now().version + 1;
            inner.history.push(Change {
                version,
                kind,
                before: Some(removed),
                after: None,
            });
            self.news.send_modify(|news| news.version = version);
        }
    }

    pub(super) fn objects(&self, kind: &str) -> Vec<Value> {
        let inner = self.lock();
        let all = inner.objects.iter().filter(|((of, _), _)| *of == kind);
        all.map(|(_, object)| object.clone()).collect()
    }

    /// Changes of a kind after a version, or `None` if some of them are forgotten.
    pub(super) fn changes(&self, kind: &str, after: u64) -> Option<Vec<Change>> {
        let inner = self.lock();
        let now = self.now();
        if after < now.forgotten {
            return None;
        }
        let changes = inner.history.iter();
        let changes = changes.filter(|change| change.kind == kind && change.version > after);
        Some(changes.cloned().collect())
    }

    pub(super) fn end_watches(&self) {
        self.news.send_modify(|news| news.ended += 1);
    }

    pub(super) fn compact(&self) {
        let mut inner = self.lock();
        inner.history.clear();
        self.news.send_modify(|news| {
            // Nobody has seen this version yet, so everybody is too late.
            news.version += 1;
            news.forgotten = news.version;
        });
    }

    pub(super) fn bookmark(&self) {
        self.news.send_modify(|news| news.bookmarked += 1);
    }

    pub(super) fn disconnect(&self) {
        self.news.send_modify(|news| news.disconnected += 1);
    }

    pub(super) fn fail(&self, path: &str, fault: Fault, times: usize) {
        self.lock().faults.push((path.to_owned(), fault, times));
    }

    /// What is to be done to a request, if anything.
    pub(super) fn fault(&self, target: &str) -> Option<Fault> {
        let mut inner = self.lock();
        let faults = &mut inner.faults;
        let at = faults
            .iter()
            .position(|(path, ..)| target.contains(path.as_str()))?;
        let (_, fault, left) = &mut faults[at];
        let fault = *fault;
        *left = left.saturating_sub(1);
        if *left == 0 {
            faults.remove(at);
        }
        Some(fault)
    }

    pub(super) fn set_away(&self, away: bool) {
        self.lock().away = away;
        if away {
            self.disconnect();
        }
    }

    pub(super) fn is_away(&self) -> bool {
        self.lock().away
    }

    pub(super) fn require_token(&self, token: &str) {
        self.lock().token = Some(token.to_owned());
    }

    /// Takes note of a request and says whether it may be answered.
    pub(super) fn admit(&self, request: Request) -> bool {
        let mut inner = self.lock();
        let wanted = inner.token.as_ref().map(|token| format!("Bearer {token}"));
        let admitted = wanted.is_none_or(|wanted| wanted == request.authorization);
        inner.requests.push(request);
        admitted
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    pub(super) fn open_watches(&self) -> usize {
        self.lock().open_watches
    }

    /// Counts a watch for as long as the answer lives.
    pub(super) fn watch_opened(&self) -> OpenWatch<'_> {
        self.lock().open_watches += 1;
        OpenWatch(self)
    }
}

/// A watch that is open.
pub(super) struct OpenWatch<'a>(&'a State);

impl Drop for OpenWatch<'_> {
    fn drop(&mut self) {
        self.0.lock().open_watches -= 1;
    }
}
