//! Role `node`: a target per node, its kubelet.

use headwater_discovery::TargetGroup;
use headwater_prometheus::Labels;

use super::{ADDRESS, Attach, Lookup, Targets, group_of, join_host_port, sanitized, set, set_meta};
use crate::objects::{Node, NodeAddress};

/// The kinds of addresses, best first.
const BEST_ADDRESS: [&str; 6] = [
    "InternalIP",
    "InternalDNS",
    "ExternalIP",
    "ExternalDNS",
    "LegacyHostIP",
    "Hostname",
];

impl Targets for Node {
    const SOURCE: &'static str = "node/";

    fn group(&self, _attach: Attach, _lookup: &mut dyn Lookup) -> TargetGroup {
        let mut group = group_of(self);
        let Some(address) = best_address(self.addresses()) else {
            return group;
        };
        let labels = &mut group.labels;
        set(labels, "node_provider_id", self.provider_id());
        for condition in self.conditions() {
            let kind = sanitized(&condition.kind.to_lowercase());
            let status = condition.status.to_lowercase();
            set(labels, &format!("node_condition_{kind}"), &status);
        }
        set_meta(labels, "node", &self.metadata);

        let mut target = Labels::new();
        target.set(ADDRESS, &join_host_port(address, self.kubelet_port()));
        target.set("instance", &self.metadata.name);
        // The first of each kind.
        for one in self.addresses().iter().rev() {
            let kind = sanitized(&one.kind);
            set(&mut target, &format!("node_address_{kind}"), &one.address);
        }
        group.targets.push(target);
        group
    }
}

fn best_address(addresses: &[NodeAddress]) -> Option<&str> {
    let first_of = |kind: &&str| addresses.iter().find(|one| *one.kind == **kind);
    BEST_ADDRESS
        .iter()
        .find_map(first_of)
        .map(|one| &*one.address)
}
