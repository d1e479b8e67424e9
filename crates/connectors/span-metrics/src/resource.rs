//! The metrics of one resource, and all resources.

use headwater_aggregation::{Fingerprint, FingerprintMap, LinkedMap};
use headwater_core::Context;

use crate::series::Table;

/// The metrics of one resource of one tenant.
#[derive(Debug)]
pub(crate) struct ResourceMetrics {
    /// The tenant, if there is one.
    pub(crate) context: Context,
    /// The encoded resource.
    pub(crate) resource: Box<[u8]>,
    /// Counts, and the durations as well if they have the same dimensions.
    pub(crate) calls: Table,
    pub(crate) durations: Table,
    pub(crate) events: Table,
    /// The last span, in milliseconds since the connector was made.
    pub(crate) seen: u64,
}

impl ResourceMetrics {
    /// How many series there are.
    pub(crate) fn len(&self) -> usize {
        self.calls.len() + self.durations.len() + self.events.len()
    }
}

/// Whether a resource will be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is kept.
    Current,
    /// This is the last time.
    Evicted,
}

/// All resources, those that were seen longest ago first. The bound is `most`, and as many that
/// had to make room wait for the next flush; see [`Resources::is_crowded`].
#[derive(Debug)]
pub(crate) struct Resources {
    most: usize,
    current: LinkedMap<Fingerprint, ResourceMetrics>,
    evicted: FingerprintMap<ResourceMetrics>,
}

impl Resources {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            current: LinkedMap::default(),
            evicted: FingerprintMap::default(),
        }
    }

    /// The resource with this key, made by `new` if it is not known.
    pub(crate) fn get_or_insert(
        &mut self,
        key: Fingerprint,
        new: impl FnOnce() -> ResourceMetrics,
    ) -> Option<&mut ResourceMetrics> {
        if self.current.touch(&key).is_none() {
            let resource = self.evicted.remove(&key).unwrap_or_else(new);
            if self.current.len() >= self.most
                && let Some((key, oldest)) = self.current.pop_front()
            {
                self.evicted.insert(key, oldest);
            }
            self.current.insert(key, resource);
        }
        self.current.get_mut(&key)
    }

    /// Whether so many had to make room that they should be sent now.
    pub(crate) fn is_crowded(&self) -> bool {
        self.evicted.len() >= self.most
    }

    /// Everything with its key; what had to make room last, and shown as such.
    pub(crate) fn each(
        &mut self,
        mut visit: impl FnMut(Fingerprint, &mut ResourceMetrics, Standing),
    ) {
        self.current.retain(|key, resource| {
            visit(*key, resource, Standing::Current);
            true
        });
        self.each_evicted(visit);
    }

    /// What had to make room.
    pub(crate) fn each_evicted(
        &mut self,
        mut visit: impl FnMut(Fingerprint, &mut ResourceMetrics, Standing),
    ) {
        for (key, resource) in &mut self.evicted {
            visit(*key, resource, Standing::Evicted);
        }
    }

    /// Forgets what had to make room: so many series.
    pub(crate) fn forget_evicted(&mut self) -> usize {
        let series = self.evicted.values().map(ResourceMetrics::len).sum();
        self.evicted = FingerprintMap::default();
        series
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.current.clear();
        self.evicted = FingerprintMap::default();
    }

    /// Forgets the resources for which `keep` says no.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&mut ResourceMetrics) -> bool) {
        self.current.retain(|_, resource| keep(resource));
    }
}
