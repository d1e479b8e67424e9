//! What has been reported of an event, for as long as there is room.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Instant;

use headwater_kubernetes::objects::Event;

/// How many events a generation has. Two are kept, so that at least as many events are remembered:
/// servers keep events for an hour by default.
const GENERATION: usize = 32_768;

/// What is remembered of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// The version that was looked at last, hashed.
    version: u64,
    /// When the event was reported last, if it was.
    pub(crate) reported: Option<Instant>,
}

/// The events that were looked at last. At most 65,536, about 3 MB.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    hasher: RandomState,
    young: HashMap<u64, Known>,
    old: HashMap<u64, Known>,
}

impl Seen {
    /// What is known of an event, and whether that is of the same version.
    pub(crate) fn get(&self, event: &Event) -> (Option<Known>, bool) {
        let (key, version) = self.hashes(event);
        let known = self.young.get(&key).or_else(|| self.old.get(&key)).copied();
        (known, known.is_some_and(|known| known.version == version))
    }

    /// Remembers this version of an event.
    pub(crate) fn put(&mut self, event: &Event, reported: Option<Instant>) {
        let (key, version) = self.hashes(event);
        if self.young.len() >= GENERATION && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, Known { version, reported });
    }

    /// Hashes of what tells an event from others and of its version. Those who write no uid are told
    /// apart by their names.
    fn hashes(&self, event: &Event) -> (u64, u64) {
        let meta = &event.metadata;
        let key = (&meta.uid, &meta.namespace, &meta.name);
        (
            self.hasher.hash_one(key),
            self.hasher.hash_one(&meta.resource_version),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(uid: usize, version: &str) -> Event {
        let mut event = Event::default();
        event.metadata.uid = uid.to_string();
        version.clone_into(&mut event.metadata.resource_version);
        event
    }

    #[test]
    fn a_version_is_known_until_there_is_another() {
        let mut seen = Seen::default();
        assert_eq!(seen.get(&event(1, "5")), (None, false));
        seen.put(&event(1, "5"), None);
        assert!(seen.get(&event(1, "5")).1);
        let (known, same) = seen.get(&event(1, "6"));
        assert!(known.is_some() && !same);
        seen.put(&event(1, "6"), None);
        assert!(seen.get(&event(1, "6")).1);
        assert!(!seen.get(&event(2, "6")).1);
    }

    #[test]
    fn memory_has_a_bound_and_the_latest_are_remembered() {
        let mut seen = Seen::default();
        for uid in 0..5 * GENERATION {
            seen.put(&event(uid, "1"), None);
            // One that goes on happening.
            seen.put(&event(0, &uid.to_string()), None);
        }
        assert!(seen.young.len() + seen.old.len() <= 2 * GENERATION);
        for uid in 4 * GENERATION..5 * GENERATION {
            assert!(seen.get(&event(uid, "1")).1, "{uid}");
        }
        assert!(seen.get(&event(0, &(5 * GENERATION - 1).to_string())).1);
        assert!(!seen.get(&event(1, "1")).1);
    }
}
