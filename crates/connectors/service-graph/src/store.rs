//! Spans that wait for the other span of their call.

use std::time::Duration;

use headwater_aggregation::LinkedMap;
use tokio::time::Instant;

use crate::edge::Edge;

/// What both spans of a call know: the trace, and the client's span, which is the server's
/// parent; zeros if it has none.
pub(crate) type Key = ([u8; 16], [u8; 8]);

/// Half-known calls in the order in which they came.
#[derive(Debug)]
pub(crate) struct Store {
    edges: LinkedMap<Key, (Edge, Instant)>,
    most: usize,
    ttl: Duration,
}

/// What became of a span.
#[derive(Debug)]
pub(crate) enum Upserted {
    /// It waits; true if nothing of the call was known before.
    Waits(bool),
    /// The call is known; true if nothing of it was known before.
    Complete(Edge, bool),
    /// There is no room to wait.
    Dropped,
}

impl Store {
    pub(crate) fn new(most: usize, ttl: Duration) -> Self {
        Self {
            edges: LinkedMap::default(),
            most,
            ttl,
        }
    }

    /// Tells the call `key` what a span knows of it.
    pub(crate) fn upsert(
        &mut self,
        key: Key,
        now: Instant,
        update: impl FnOnce(&mut Edge),
    ) -> Upserted {
        if let Some((edge, _)) = self.edges.get_mut(&key) {
            update(edge);
            if !edge.is_complete() {
                return Upserted::Waits(false);
            }
            return match self.edges.remove(&key) {
                Some((edge, _)) => Upserted::Complete(edge, false),
                None => Upserted::Waits(false),
            };
        }
        let mut edge = Edge::default();
        update(&mut edge);
        if edge.is_complete() {
            return Upserted::Complete(edge, true);
        }
        if self.edges.len() >= self.most {
            return Upserted::Dropped;
        }
        self.edges.insert(key, (edge, now + self.ttl));
        Upserted::Waits(true)
    }

    /// Takes out a call that has waited for too long.
    pub(crate) fn expired(&mut self, now: Instant) -> Option<(Key, Edge)> {
        let (_, (_, expires)) = self.edges.front()?;
        if *expires >= now {
            return None;
        }
        self.edges.pop_front().map(|(key, (edge, _))| (key, edge))
    }

    /// Takes out a call, however long it has waited.
    pub(crate) fn pop(&mut self) -> Option<(Key, Edge)> {
        self.edges.pop_front().map(|(key, (edge, _))| (key, edge))
    }

    /// How many calls wait.
    pub(crate) fn len(&self) -> usize {
        self.edges.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(edge: &mut Edge) {
        edge.client = Some((*b"a").into());
    }

    fn server(edge: &mut Edge) {
        edge.server = Some((*b"b").into());
    }

    #[test]
    fn a_call_is_known_when_both_of_its_spans_are() {
        let (mut store, now) = (Store::new(1, Duration::from_secs(1)), Instant::now());
        let key = ([1; 16], [2; 8]);
        assert!(matches!(
            store.upsert(key, now, server),
            Upserted::Waits(true)
        ));
        assert!(matches!(
            store.upsert(key, now, server),
            Upserted::Waits(false)
        ));
        assert!(matches!(
            store.upsert(([2; 16], [2; 8]), now, server),
            Upserted::Dropped
        ));
        assert!(matches!(
            store.upsert(key, now, client),
            Upserted::Complete(_, false)
        ));
        assert_eq!(store.len(), 0);
    }

    #[test]
    fn the_oldest_calls_expire_first() {
        let (mut store, now) = (Store::new(9, Duration::from_secs(1)), Instant::now());
        for n in 0..3 {
            let at = now + Duration::from_millis(n * 500);
            store.upsert(([n as u8 + 1; 16], [1; 8]), at, client);
        }
        assert!(store.expired(now + Duration::from_secs(1)).is_none());
        let later = now + Duration::from_millis(1600);
        assert_eq!(store.expired(later).unwrap().0.0, [1; 16]);
        assert_eq!(store.expired(later).unwrap().0.0, [2; 16]);
        assert!(store.expired(later).is_none());
    }
}
