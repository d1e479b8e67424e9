//! The partitions of a batcher: which there are, which is due, which is used no more.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use headwater_core::Context;
use tokio::time::Instant;

use crate::queue::Parcel;

/// How many partitions there are at most; the one that was used longest ago makes room. Source:
/// Go `exporterhelper`, multiBatcher.
const MOST: usize = 10_000;
/// After how many flush timeouts without a request a partition is forgotten. Source: as above.
const IDLE_TIMEOUTS: u32 = 10;
/// The partition of requests without any key.
const PLAIN: u64 = 0;

/// The values of the keys, in the order of the keys, and the tenant.
type Key = (Vec<Vec<Box<str>>>, Option<Box<str>>);

/// Names one partition; never used again for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PartitionId(u64);

#[derive(Debug)]
struct Partition {
    key: Arc<Key>,
    context: Context,
    used: Instant,
    pending: Option<Pending>,
}

/// A batch that is not full yet.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) parcel: Parcel,
    /// When it is sent whatever its size.
    pub(crate) due: Instant,
}

/// All partitions of one queue.
#[derive(Debug)]
pub(crate) struct Partitions {
    keys: Vec<String>,
    flush_timeout: Duration,
    known: HashMap<Arc<Key>, PartitionId>,
    partitions: HashMap<PartitionId, Partition>,
    next_id: u64,
    /// Those that hold something, the first due first.
    due: BTreeSet<(Instant, PartitionId)>,
    /// Those that can be forgotten, the one used longest ago first.
    used: BTreeSet<(Instant, PartitionId)>,
}

impl Partitions {
    pub(crate) fn new(keys: Vec<String>, flush_timeout: Duration) -> Self {
        let plain = Partition {
            key: Arc::default(),
            context: Context::default(),
            used: Instant::now(),
            pending: None,
        };
        Self {
            keys,
            flush_timeout,
            known: HashMap::new(),
            partitions: HashMap::from([(PartitionId(PLAIN), plain)]),
            next_id: PLAIN + 1,
            due: BTreeSet::new(),
            used: BTreeSet::new(),
        }
    }

    /// The partition of requests with `context`, and what an older one held that had to make
    /// room for it.
    pub(crate) fn of(&mut self, context: &Context, now: Instant) -> (PartitionId, Option<Parcel>) {
        if self.keys.is_empty() && context.tenant().is_none() {
            return (PartitionId(PLAIN), None);
        }
        let values = self
            .keys
            .iter()
            .map(|key| context.header(key).to_vec())
            .collect();
        let key: Key = (values, context.tenant().map(Into::into));
        if let Some(id) = self.known.get(&key).copied() {
            self.touch(id, now);
            return (id, None);
        }
        let evicted = (self.known.len() >= MOST)
            .then(|| self.used.first().copied())
            .flatten()
            .and_then(|(_, oldest)| self.forget(oldest));
        let id = PartitionId(self.next_id);
        self.next_id += 1;
        let key = Arc::new(key);
        self.known.insert(Arc::clone(&key), id);
        let partition = Partition {
            key,
            context: context.retain(&self.keys),
            used: now,
            pending: None,
        };
        self.partitions.insert(id, partition);
        self.used.insert((now, id));
        (id, evicted)
    }

    fn touch(&mut self, id: PartitionId, now: Instant) {
        if let Some(partition) = self.partitions.get_mut(&id) {
            self.used.remove(&(partition.used, id));
            partition.used = now;
            self.used.insert((now, id));
        }
    }

    /// Removes a partition; what it held is returned.
    fn forget(&mut self, id: PartitionId) -> Option<Parcel> {
        let pending = self.take(id);
        let partition = self.partitions.remove(&id)?;
        self.known.remove(&partition.key);
        self.used.remove(&(partition.used, id));
        pending.map(|pending| pending.parcel)
    }

    /// What is known of the sender of everything in the partition.
    pub(crate) fn context(&self, id: PartitionId) -> Context {
        self.partitions
            .get(&id)
            .map(|partition| partition.context.clone())
            .unwrap_or_default()
    }

    /// Takes out what a partition holds.
    pub(crate) fn take(&mut self, id: PartitionId) -> Option<Pending> {
        let pending = self.partitions.get_mut(&id)?.pending.take()?;
        self.due.remove(&(pending.due, id));
        Some(pending)
    }

    /// Leaves a batch in a partition that holds none.
    pub(crate) fn put(&mut self, id: PartitionId, pending: Pending) {
        if let Some(partition) = self.partitions.get_mut(&id) {
            self.due.insert((pending.due, id));
            partition.pending = Some(pending);
        }
    }

    /// Takes out the batch that is due first, if its time has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Parcel> {
        let (due, id) = self.due.first().copied()?;
        if due > now {
            return None;
        }
        self.take(id).map(|pending| pending.parcel)
    }

    /// Takes out everything.
    pub(crate) fn take_all(&mut self) -> Vec<Parcel> {
        let ids: Vec<_> = self.due.iter().map(|(_, id)| *id).collect();
        ids.into_iter()
            .filter_map(|id| self.take(id))
            .map(|pending| pending.parcel)
            .collect()
    }

    /// Forgets the partitions that are used no more. One that holds something stays.
    pub(crate) fn forget_idle(&mut self, now: Instant) {
        while let Some((used, id)) = self.used.first().copied() {
            let holds = self
                .partitions
                .get(&id)
                .is_some_and(|partition| partition.pending.is_some());
            if holds || used + self.idle_timeout() > now {
                return;
            }
            self.forget(id);
        }
    }

    /// When there is next something to do, after `now`.
    pub(crate) fn next_event(&self, now: Instant) -> Option<Instant> {
        let after = (now, PartitionId(u64::MAX));
        let due = self.due.range(after..).next().map(|(due, _)| *due);
        let idle = self
            .used
            .first()
            .map(|(used, _)| *used + self.idle_timeout())
            .filter(|idle| *idle > now);
        match (due, idle) {
            (Some(due), Some(idle)) => Some(due.min(idle)),
            (due, idle) => due.or(idle),
        }
    }

    fn idle_timeout(&self) -> Duration {
        self.flush_timeout.saturating_mul(IDLE_TIMEOUTS)
    }

    /// How many there are besides the one without keys.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::{Batch, ContextParts, Metadata, Signal};

    use super::*;

    const FLUSH: Duration = Duration::from_millis(200);

    fn partitions() -> Partitions {
        Partitions::new(vec!["x-tenant".to_owned()], FLUSH)
    }

    fn context(tenant: &str) -> Context {
        let mut metadata = Metadata::default();
        metadata.append("X-Tenant", tenant);
        metadata.append("other", "lost");
        Context::new(ContextParts {
            metadata,
            ..Default::default()
        })
    }

    fn parcel(items: usize) -> Parcel {
        let batch = Batch::new(Signal::Logs, Vec::new(), items);
        Parcel {
            batch,
            claims: Default::default(),
            merged: Vec::new(),
        }
    }

    fn pending(items: usize, due: Instant) -> Pending {
        Pending {
            parcel: parcel(items),
            due,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_values_mean_the_same_partition_which_keeps_them() {
        let mut partitions = partitions();
        let now = Instant::now();
        let (a, _) = partitions.of(&context("a"), now);
        let (b, _) = partitions.of(&context("b"), now);
        assert_ne!(a, b);
        assert_eq!(partitions.of(&context("a"), now).0, a);
        let kept = partitions.context(a);
        assert_eq!(kept.header("x-tenant"), [Box::from("a")]);
        assert!(kept.header("other").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_partition_used_longest_ago_makes_room_and_loses_nothing() {
        let mut partitions = partitions();
        let now = Instant::now();
        for index in 0..MOST as u64 {
            let at = now + Duration::from_micros(index);
            let (id, evicted) = partitions.of(&context(&index.to_string()), at);
            assert!(evicted.is_none());
            partitions.put(id, pending(index as usize, at + FLUSH));
        }
        let later = now + Duration::from_millis(100);
        partitions.of(&context("0"), later);
        let (_, evicted) = partitions.of(&context("new"), later);
        assert_eq!(evicted.unwrap().batch.items(), 1);
        assert_eq!(partitions.len(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_partitions_are_forgotten_unless_they_hold_something() {
        let mut partitions = partitions();
        let now = Instant::now();
        let (id, _) = partitions.of(&context("a"), now);
        partitions.put(id, pending(1, now + FLUSH));
        let idle = now + 10 * FLUSH;
        partitions.forget_idle(idle);
        assert_eq!(partitions.len(), 1);
        assert_eq!(partitions.take_due(idle).unwrap().batch.items(), 1);
        partitions.forget_idle(idle - Duration::from_millis(1));
        assert_eq!(partitions.len(), 1);
        partitions.forget_idle(idle);
        assert_eq!(partitions.len(), 0);
        assert_eq!(partitions.next_event(idle), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_comes_in_order_and_not_too_early() {
        let mut partitions = partitions();
        let now = Instant::now();
        let (a, _) = partitions.of(&context("a"), now);
        let (b, _) = partitions.of(&context("b"), now);
        partitions.put(b, pending(2, now + FLUSH));
        partitions.put(a, pending(1, now + FLUSH / 2));
        assert_eq!(partitions.next_event(now), Some(now + FLUSH / 2));
        assert!(partitions.take_due(now).is_none());
        let late = now + FLUSH;
        assert_eq!(partitions.next_event(now + FLUSH / 2), Some(late));
        let taken: Vec<_> = std::iter::from_fn(|| partitions.take_due(late))
            .map(|parcel| parcel.batch.items())
            .collect();
        assert_eq!(taken, [1, 2]);
    }
}
