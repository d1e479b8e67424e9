//! The objects of a watch, and who wants to hear of their changes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use tokio::sync::Notify;

use crate::objects::Resource;

/// The key of an object: `namespace/name`, or only its name.
pub type Key = Arc<str>;

/// Objects by key, kept up to date by a watch.
#[derive(Debug)]
pub struct Store<K> {
    inner: Mutex<Inner<K>>,
}

#[derive(Debug)]
struct Inner<K> {
    objects: HashMap<Key, Arc<K>>,
    subscribers: Vec<(Weak<Inbox>, u8)>,
    health: Health,
}

/// How a watch is doing.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Whether every object has been listed once.
    pub synced: bool,
    /// When the server last said anything of use.
    pub last_contact: Option<Instant>,
    /// Since when it fails, and why.
    pub failing: Option<(Instant, Arc<str>)>,
}

impl<K> Default for Store<K> {
    fn default() -> Self {
        Self {
            inner: Mutex::new(Inner {
                objects: HashMap::new(),
                subscribers: Vec::new(),
                health: Health::default(),
            }),
        }
    }
}

impl<K> Store<K> {
    fn lock(&self) -> MutexGuard<'_, Inner<K>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Arc<K>> {
        self.lock().objects.get(key).cloned()
    }

    /// The object of a key, with the store's own copy of the key.
    pub(crate) fn entry(&self, key: &str) -> Option<(Key, Arc<K>)> {
        let inner = self.lock();
        let found = inner.objects.get_key_value(key);
        found.map(|(key, object)| (Arc::clone(key), Arc::clone(object)))
    }

    /// The keys of all objects, in no order.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        self.lock().objects.keys().cloned().collect()
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().objects.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How the watch is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.lock().health.clone()
    }

    /// How many want to hear of changes.
    pub(crate) fn subscribers(&self) -> usize {
        let mut inner = self.lock();
        inner.subscribers.retain(|(to, _)| to.strong_count() > 0);
        inner.subscribers.len()
    }

    /// Reports every object there is and every change from now on to `inbox`, under `slot`.
    pub(crate) fn subscribe(&self, inbox: &Arc<Inbox>, slot: u8) {
        let mut inner = self.lock();
        inner.subscribers.push((Arc::downgrade(inbox), slot));
        inbox.extend(inner.objects.keys().map(|key| (slot, Arc::clone(key))));
    }

    /// The server has said something of use. Returns what it failed with until now.
    pub(crate) fn contact(&self) -> Option<(Instant, Arc<str>)> {
        let mut inner = self.lock();
        inner.health.last_contact = Some(Instant::now());
        inner.health.failing.take()
    }

    /// The server cannot be used. Returns whether it could until now, or failed in another way.
    pub(crate) fn fail(&self, error: &str) -> bool {
        let mut inner = self.lock();
        match &mut inner.health.failing {
            Some((_, known)) if **known == *error => false,
            Some((_, known)) => {
                *known = error.into();
                true
            }
            none => {
                *none = Some((Instant::now(), error.into()));
                true
            }
        }
    }

    /// Every object has been listed.
    pub(crate) fn set_synced(&self) {
        let mut inner = self.lock();
        if !inner.health.synced {
            inner.health.synced = true;
            inner.wake();
        }
    }

    /// Lets everybody look at what has become of the watch.
    pub(crate) fn wake(&self) {
        self.lock().wake();
    }
}

impl<K: Resource> Store<K> {
    /// Adds or replaces an object. An equal one is left as it is, and nobody hears of it.
    pub(crate) fn put(&self, object: K) -> Key {
        let key = object.meta().key();
        let mut inner = self.lock();
        let known = inner.objects.get_key_value(&*key);
        let key = match known {
            Some((key, known)) if **known == object => return Arc::clone(key),
            Some((key, _)) => Arc::clone(key),
            None => key.into(),
        };
        inner.objects.insert(Arc::clone(&key), Arc::new(object));
        inner.tell(&key);
        key
    }

    /// Removes an object.
    pub(crate) fn remove(&self, key: &str) {
        let mut inner = self.lock();
        if let Some((key, _)) = inner.objects.remove_entry(key) {
            inner.tell(&key);
        }
    }

    /// Removes every object that is not in `listed`.
    pub(crate) fn keep_only(&self, listed: &HashSet<Key>) {
        let gone = |key: &Key| !listed.contains(key);
        let gone: Vec<_> = self.keys().into_iter().filter(gone).collect();
        for key in gone {
            self.remove(&key);
        }
        let mut inner = self.lock();
        let objects = &mut inner.objects;
        if objects.capacity() > 4 * objects.len() + 64 {
            objects.shrink_to_fit();
        }
    }
}

impl<K> Inner<K> {
    fn tell(&mut self, key: &Key) {
        self.subscribers.retain(|(inbox, slot)| {
            let inbox = inbox.upgrade();
            if let Some(inbox) = &inbox {
                inbox.extend([(*slot, Arc::clone(key))]);
            }
            inbox.is_some()
        });
    }

    fn wake(&self) {
        let inboxes = self.subscribers.iter();
        for inbox in inboxes.filter_map(|(inbox, _)| inbox.upgrade()) {
            inbox.changed.notify_one();
        }
    }
}

/// The keys of what has changed since its owner looked: at most one entry per object.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    pending: Mutex<HashSet<(u8, Key)>>,
    changed: Notify,
}

impl Inbox {
    fn extend(&self, keys: impl IntoIterator<Item = (u8, Key)>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.extend(keys);
        self.changed.notify_one();
    }

    /// Takes what has changed.
    pub(crate) fn take(&self) -> HashSet<(u8, Key)> {
        std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for a change, or that something has become of a watch.
    ///
    /// # Cancel safety
    /// Nothing is lost: what has changed stays until it is taken.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::{Inbox, Store};
    use crate::objects::NamespaceMeta;

    fn namespace(name: &str, team: &str) -> NamespaceMeta {
        let json = format!(r#"{{"metadata":{{"name":"{name}","labels":{{"team":"{team}"}}}}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    fn taken(inbox: &Inbox) -> Vec<String> {
        let mut taken: Vec<_> = inbox
            .take()
            .iter()
            .map(|(_, key)| key.to_string())
            .collect();
        taken.sort();
        taken
    }

    #[test]
    fn a_subscriber_hears_of_what_is_there_and_of_what_changes() {
        let store = Store::default();
        store.put(namespace("a", "x"));
        let inbox = Arc::new(Inbox::default());
        store.subscribe(&inbox, 0);
        store.put(namespace("b", "x"));
        assert_eq!(taken(&inbox), ["a", "b"]);

        store.put(namespace("a", "x"));
        assert_eq!(taken(&inbox), [""; 0], "nothing has changed");

        store.put(namespace("a", "y"));
        store.remove("b");
        store.remove("none");
        assert_eq!(taken(&inbox), ["a", "b"]);
    }

    #[test]
    fn a_new_list_removes_what_is_not_in_it() {
        let store = Store::default();
        let listed: HashSet<_> = ["a", "b"]
            .map(|name| store.put(namespace(name, "x")))
            .into();
        store.put(namespace("c", "x"));
        let inbox = Arc::new(Inbox::default());
        store.subscribe(&inbox, 0);
        inbox.take();
        store.keep_only(&listed);
        assert_eq!(taken(&inbox), ["c"]);
        assert_eq!(store.len(), 2);
    }

    #[test]
    fn a_failure_is_news_once() {
        let store = Store::<NamespaceMeta>::default();
        assert!(store.fail("refused"));
        assert!(!store.fail("refused"));
        assert!(store.fail("forbidden"));
        assert!(store.contact().is_some());
        assert!(store.contact().is_none());
        assert!(store.fail("refused"));
    }

    #[test]
    fn who_has_left_is_forgotten() {
        let store = Store::default();
        let inbox = Arc::new(Inbox::default());
        store.subscribe(&inbox, 0);
        drop(inbox);
        store.put(namespace("a", "x"));
        assert_eq!(store.subscribers(), 0);
    }
}
