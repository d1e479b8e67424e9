//! From changes of objects to changes of groups.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use headwater_discovery::{Health, TargetGroup, Updates};

use super::related::{GROUPS, Related, View};
use crate::labels::{Attach, Targets, source};
use crate::options::{Options, Role};
use crate::store::{Inbox, Key};
use crate::watch::Pace;

/// How many groups an update has at most: what is in flight stays small in a large cluster.
const GROUPS_PER_UPDATE: usize = 256;

/// How often it is looked at how the watches are doing.
const LOOK: Duration = Duration::from_secs(1);

/// Why a session is over.
pub(super) enum Ended {
    /// The receiver of the updates is gone.
    NobodyListens,
    /// A watch has ended.
    WatchOver,
}

/// What was reported of each group that has targets: a hash, since targets are large, and how many
/// targets there are.
#[derive(Debug, Default)]
pub(super) struct Reported {
    groups: HashMap<Key, (u64, usize)>,
    /// Whether anything was reported at all.
    any: bool,
}

/// The watches of a discovery and what follows from them.
pub(super) struct Session<K> {
    objects: View<K>,
    related: Related,
    inbox: Arc<Inbox>,
    attach: Attach,
    pace: Pace,
    health: Health,
}

impl<K: Targets> Session<K> {
    pub(super) fn start(options: &Options, health: Health) -> Self {
        let objects = View::of_namespaces(options, &options.selector(options.role));
        let related = Related::new(options);
        let inbox = Arc::new(Inbox::default());
        objects.subscribe(&inbox, GROUPS);
        related.subscribe(&inbox);
        // The objects of these roles belong to no pod.
        let alone = matches!(options.role, Role::Service | Role::Ingress | Role::Node);
        Self {
            objects,
            related,
            inbox,
            attach: Attach {
                node: options.attach.node && !alone,
                ..options.attach
            },
            pace: options.pace,
            health,
        }
    }

    /// Reports what differs from `reported`, for as long as there are watches.
    pub(super) async fn run(mut self, updates: &Updates, reported: &mut Reported) -> Ended {
        while !(self.objects.is_synced() && self.related.is_synced()) {
            if let Some(ended) = self.changes(updates, reported).await {
                return ended;
            }
        }
        // Everything is looked at now. What changes from here on is in the inbox again.
        self.inbox.take();
        let mut changed = self.objects.keys();
        // What was reported in an earlier session and has gone since.
        changed.extend(reported.groups.keys().cloned());
        loop {
            if self.report(changed, updates, reported).await.is_err() {
                return Ended::NobodyListens;
            }
            if let Some(ended) = self.changes(updates, reported).await {
                return ended;
            }
            // A rollout changes many objects at once.
            tokio::time::sleep(self.pace.collect).await;
            changed = self.changed();
        }
    }

    /// Waits for changes, or the end of the session.
    async fn changes(&self, updates: &Updates, reported: &Reported) -> Option<Ended> {
        loop {
            self.tell_health(reported);
            tokio::select! {
                () = self.inbox.changed() => break,
                () = updates.closed() => return Some(Ended::NobodyListens),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        self.is_over().then_some(Ended::WatchOver)
    }

    fn tell_health(&self, reported: &Reported) {
        if let Some(error) = self.objects.error().or_else(|| self.related.error()) {
            self.health.failure(&error);
        } else if reported.any {
            let targets = reported.groups.values().map(|(_, targets)| targets);
            self.health.success(targets.sum());
        }
    }

    fn is_over(&self) -> bool {
        self.objects.is_over() || self.related.is_over()
    }

    /// The groups that may have changed.
    fn changed(&self) -> HashSet<Key> {
        let mut groups = HashSet::new();
        for (slot, key) in self.inbox.take() {
            if slot == GROUPS {
                groups.insert(key);
            } else {
                groups.extend(self.related.users(&(slot, key)).cloned());
            }
        }
        groups
    }

    /// Sends those of the groups that are not as they were reported.
    async fn report(
        &mut self,
        groups: HashSet<Key>,
        updates: &Updates,
        reported: &mut Reported,
    ) -> Result<(), ()> {
        let mut update = Vec::new();
        for key in groups {
            update.extend(self.group(&key, reported));
            if update.len() >= GROUPS_PER_UPDATE {
                reported.any = true;
                updates
                    .send(std::mem::take(&mut update))
                    .await
                    .map_err(drop)?;
            }
        }
        if !update.is_empty() || !reported.any {
            reported.any = true;
            updates.send(update).await.map_err(drop)?;
        }
        Ok(())
    }

    /// A group, if it is not as it was reported.
    fn group(&mut self, key: &Key, reported: &mut Reported) -> Option<TargetGroup> {
        let object = self.objects.get(key);
        let group = object.map(|object| object.group(self.attach, &mut self.related));
        self.related.made(key);
        let Some(group) = group.filter(|group| !group.targets.is_empty()) else {
            reported.groups.remove(key)?;
            return Some(TargetGroup {
                source: source::<K>(key),
                ..TargetGroup::default()
            });
        };
        let mut hasher = DefaultHasher::new();
        (&group.targets, &group.labels).hash(&mut hasher);
        let now = (hasher.finish(), group.targets.len());
        let before = reported.groups.insert(Arc::clone(key), now);
        (before != Some(now)).then_some(group)
    }
}
