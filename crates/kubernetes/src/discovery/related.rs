//! The objects that labels of a role come from, and who has looked at which.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::labels::Lookup;
use crate::objects::{
    Job, NamespaceMeta, NodeMeta, Pod, ReplicaSet, Resource, Service, ServiceMeta, object_key,
};
use crate::options::{Options, Role};
use crate::selector::Selector;
use crate::shared::acquire;
use crate::store::{Inbox, Key};
use crate::watch::Scope;
use crate::watch::stored::Watch;

/// What a key in the inbox is the key of.
pub(super) type Slot = u8;

/// The objects that are the groups.
pub(super) const GROUPS: Slot = 0;
const PODS: Slot = 1;
const SERVICES: Slot = 2;
const SERVICE_METAS: Slot = 3;
const NODES: Slot = 4;
const NAMESPACES: Slot = 5;
const REPLICA_SETS: Slot = 6;
const JOBS: Slot = 7;

/// Watches of a kind: one, or one for each of several namespaces; none if it is not needed.
#[derive(Debug)]
pub(super) struct View<K>(Vec<Arc<Watch<K>>>);

impl<K: Resource> View<K> {
    /// Watches of the namespaces that were asked for.
    pub(super) fn of_namespaces(options: &Options, selector: &Selector) -> Self {
        let all = options.namespaces.is_empty() || !K::KIND.namespaced;
        let all = all.then_some(None).into_iter();
        let each = options.namespaces.iter().filter(|_| K::KIND.namespaced);
        let namespaces = all.chain(each.cloned().map(Some));
        let watches = namespaces.map(|namespace| {
            let scope = Scope {
                plural: K::KIND.plural,
                namespace,
                selector: selector.clone(),
            };
            acquire(&options.cluster, scope, options.pace)
        });
        Self(watches.collect())
    }

    fn needed(needed: bool, options: &Options, selector: &Selector) -> Self {
        if needed {
            Self::of_namespaces(options, selector)
        } else {
            Self(Vec::new())
        }
    }

    pub(super) fn subscribe(&self, inbox: &Arc<Inbox>, slot: Slot) {
        for watch in &self.0 {
            watch.store().subscribe(inbox, slot);
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Arc<K>> {
        self.0.iter().find_map(|watch| watch.store().get(key))
    }

    pub(super) fn keys(&self) -> HashSet<Key> {
        let keys = self.0.iter().flat_map(|watch| watch.store().keys());
        keys.collect()
    }

    pub(super) fn is_synced(&self) -> bool {
        self.0.iter().all(|watch| watch.store().health().synced)
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.iter().any(|watch| watch.is_over())
    }

    /// What one of the watches fails with.
    pub(super) fn error(&self) -> Option<String> {
        self.0.iter().find_map(|watch| {
            let (_, error) = watch.store().health().failing?;
            Some(format!("{}: {error}", K::KIND.plural))
        })
    }
}

/// Finds objects and remembers what was looked for.
#[derive(Debug)]
pub(super) struct Related {
    pods: View<Pod>,
    services: View<Service>,
    service_metas: View<ServiceMeta>,
    nodes: View<NodeMeta>,
    namespaces: View<NamespaceMeta>,
    replica_sets: View<ReplicaSet>,
    jobs: View<Job>,
    looked_at: HashSet<(Slot, Key)>,
    uses: Uses,
}

/// Does the same with every view.
macro_rules! each_view {
    ($self:ident, $view:ident, $slot:ident => $then:expr) => {{
        each_view!(@ $self.pods, PODS, $view, $slot => $then);
        each_view!(@ $self.services, SERVICES, $view, $slot => $then);
        each_view!(@ $self.service_metas, SERVICE_METAS, $view, $slot => $then);
        each_view!(@ $self.nodes, NODES, $view, $slot => $then);
        each_view!(@ $self.namespaces, NAMESPACES, $view, $slot => $then);
        each_view!(@ $self.replica_sets, REPLICA_SETS, $view, $slot => $then);
        each_view!(@ $self.jobs, JOBS, $view, $slot => $then);
    }};
    (@ $field:expr, $number:ident, $view:ident, $slot:ident => $then:expr) => {{
        let ($view, $slot) = (&$field, $number);
        $then;
    }};
}

impl Related {
    pub(super) fn new(options: &Options) -> Self {
        let (role, attach) = (options.role, options.attach);
        let behind_services = matches!(role, Role::Endpoints | Role::EndpointSlice);
        let of_pods = behind_services || role == Role::Pod;
        let any = Selector::default();
        let pods = options.selector(Role::Pod);
        let services = options.selector(Role::Service);
        let nodes = options.selector(Role::Node);
        Self {
            pods: View::needed(behind_services, options, &pods),
            services: View::needed(role == Role::EndpointSlice, options, &services),
            service_metas: View::needed(role == Role::Endpoints, options, &services),
            nodes: View::needed(of_pods && attach.node, options, &nodes),
            namespaces: View::needed(role != Role::Node && attach.namespace, options, &any),
            replica_sets: View::needed(of_pods && attach.deployment, options, &any),
            jobs: View::needed(of_pods && attach.cronjob, options, &any),
            looked_at: HashSet::new(),
            uses: Uses::default(),
        }
    }

    pub(super) fn subscribe(&self, inbox: &Arc<Inbox>) {
        each_view!(self, view, slot => view.subscribe(inbox, slot));
    }

    pub(super) fn is_synced(&self) -> bool {
        let mut synced = true;
        each_view!(self, view, _slot => synced &= view.is_synced());
        synced
    }

    pub(super) fn is_over(&self) -> bool {
        let mut over = false;
        each_view!(self, view, _slot => over |= view.is_over());
        over
    }

    pub(super) fn error(&self) -> Option<String> {
        let mut error = None;
        each_view!(self, view, _slot => error = error.or_else(|| view.error()));
        error
    }

    /// Which groups have looked at an object.
    pub(super) fn users(&self, of: &(Slot, Key)) -> impl Iterator<Item = &Key> {
        self.uses.by_used.get(of).into_iter().flatten()
    }

    /// A group has been made: it depends on what was looked at since the last one.
    pub(super) fn made(&mut self, group: &Key) {
        let used = std::mem::take(&mut self.looked_at);
        self.uses.set(group, used);
    }

    fn find<K: Resource>(
        view: &View<K>,
        slot: Slot,
        key: &str,
        looked_at: &mut HashSet<(Slot, Key)>,
    ) -> Option<Arc<K>> {
        let found = view.0.iter().find_map(|watch| watch.store().entry(key));
        match found {
            Some((key, object)) => {
                looked_at.insert((slot, key));
                Some(object)
            }
            None => {
                // It may come.
                looked_at.insert((slot, key.into()));
                None
            }
        }
    }
}

/// A method of [`Lookup`].
macro_rules! lookup {
    ($name:ident, $kind:ty, $field:ident, $slot:ident) => {
        fn $name(&mut self, namespace: &str, name: &str) -> Option<Arc<$kind>> {
            let key = object_key(namespace, name);
            Self::find(&self.$field, $slot, &key, &mut self.looked_at)
        }
    };
}

impl Lookup for Related {
    lookup!(pod, Pod, pods, PODS);
    lookup!(service_meta, ServiceMeta, service_metas, SERVICE_METAS);
    lookup!(service, Service, services, SERVICES);
    lookup!(replica_set, ReplicaSet, replica_sets, REPLICA_SETS);
    lookup!(job, Job, jobs, JOBS);

    fn node(&mut self, name: &str) -> Option<Arc<NodeMeta>> {
        Self::find(&self.nodes, NODES, name, &mut self.looked_at)
    }

    fn namespace(&mut self, name: &str) -> Option<Arc<NamespaceMeta>> {
        Self::find(&self.namespaces, NAMESPACES, name, &mut self.looked_at)
    }
}

/// Which groups depend on which objects, both ways.
#[derive(Debug, Default)]
struct Uses {
    by_used: HashMap<(Slot, Key), HashSet<Key>>,
    by_group: HashMap<Key, Box<[(Slot, Key)]>>,
}

impl Uses {
    fn set(&mut self, group: &Key, used: HashSet<(Slot, Key)>) {
        let before = self.by_group.remove(group).unwrap_or_default();
        for one in before.iter().filter(|one| !used.contains(*one)) {
            if let Some(users) = self.by_used.get_mut(one) {
                users.remove(group);
                if users.is_empty() {
                    self.by_used.remove(one);
                }
            }
        }
        if used.is_empty() {
            return;
        }
        for one in &used {
            let users = self.by_used.entry(one.clone()).or_default();
            users.insert(Arc::clone(group));
        }
        let used = used.into_iter().collect();
        self.by_group.insert(Arc::clone(group), used);
    }
}

#[cfg(test)]
mod tests {
    use super::{NODES, PODS, Uses};

    #[test]
    fn what_a_group_no_longer_uses_is_forgotten() {
        let mut uses = Uses::default();
        let set = |uses: &mut Uses, group: &str, used: &[(u8, &str)]| {
            let used = used.iter().map(|(slot, key)| (*slot, (*key).into()));
            uses.set(&group.into(), used.collect());
        };
        set(&mut uses, "a", &[(PODS, "p"), (NODES, "n")]);
        set(&mut uses, "b", &[(NODES, "n")]);
        assert_eq!(uses.by_used[&(NODES, "n".into())].len(), 2);
        set(&mut uses, "a", &[(PODS, "p")]);
        assert_eq!(uses.by_used[&(NODES, "n".into())].len(), 1);
        set(&mut uses, "a", &[]);
        set(&mut uses, "b", &[]);
        assert!(uses.by_used.is_empty() && uses.by_group.is_empty());
    }
}
