//! Role `endpoints`: a target per address and port behind a service.

use headwater_discovery::TargetGroup;
use headwater_prometheus::Labels;

use super::attached::{set_namespace, set_node};
use super::backend::{Pods, Port};
use super::{
    ADDRESS, Attach, Lookup, NAMESPACE, Targets, bool_text, group_of, join_host_port, set, set_meta,
};
use crate::objects::{EndpointAddress, EndpointPort, Endpoints};

impl Targets for Endpoints {
    const SOURCE: &'static str = "endpoints/";

    fn group(&self, attach: Attach, lookup: &mut dyn Lookup) -> TargetGroup {
        let mut group = group_of(self);
        let meta = &self.metadata;
        let labels = &mut group.labels;
        labels.set(NAMESPACE, &meta.namespace);
        if let Some(service) = lookup.service_meta(&meta.namespace, &meta.name) {
            set_meta(labels, "service", &service.metadata);
        }
        set_meta(labels, "endpoints", meta);
        set_namespace(labels, &meta.namespace, attach, lookup);

        let mut pods = Pods::default();
        for subset in &self.subsets {
            for port in &subset.ports {
                let ready = subset.addresses.iter().map(|address| (address, true));
                let not_ready = &subset.not_ready_addresses;
                let all = ready.chain(not_ready.iter().map(|address| (address, false)));
                for (address, ready) in all {
                    let mut target = target(address, port, ready);
                    if attach.node {
                        attach_node(&mut target, address, lookup);
                    }
                    let reference = address.target_ref.as_ref();
                    let port = Port {
                        number: Some(port.port),
                        protocol: Some(&port.protocol),
                    };
                    pods.attach(&mut target, reference, port, attach, lookup);
                    group.targets.push(target);
                }
            }
        }
        group.targets.extend(pods.other_ports(attach, lookup));
        group
    }
}

fn target(address: &EndpointAddress, port: &EndpointPort, ready: bool) -> Labels {
    let mut labels = Labels::new();
    labels.set(ADDRESS, &join_host_port(&address.ip, port.port));
    set(&mut labels, "endpoint_port_name", &port.name);
    set(&mut labels, "endpoint_port_protocol", &port.protocol);
    set(&mut labels, "endpoint_ready", bool_text(ready));
    set(&mut labels, "endpoint_hostname", &address.hostname);
    if let Some(node) = &address.node_name {
        set(&mut labels, "endpoint_node_name", node);
    }
    if let Some(reference) = &address.target_ref {
        set(&mut labels, "endpoint_address_target_kind", &reference.kind);
        set(&mut labels, "endpoint_address_target_name", &reference.name);
    }
    labels
}

fn attach_node(target: &mut Labels, address: &EndpointAddress, lookup: &mut dyn Lookup) {
    let itself = address.target_ref.as_ref();
    let itself = itself.filter(|reference| &*reference.kind == "Node");
    let name = address.node_name.as_ref();
    if let Some(name) = name.or_else(|| itself.map(|reference| &reference.name)) {
        set_node(target, name, lookup);
    }
}
