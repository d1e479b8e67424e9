//! Role `endpointslice`: a target per address and port behind a service.

use headwater_discovery::TargetGroup;
use headwater_prometheus::Labels;

use super::attached::{set_namespace, set_node};
use super::backend::{Pods, Port};
use super::{
    ADDRESS, Attach, Lookup, NAMESPACE, Targets, bool_text, group_of, join_host_port, sanitized,
    set, set_meta,
};
use crate::objects::{Endpoint, EndpointSlice, SlicePort};

/// The label of a slice that names its service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

impl Targets for EndpointSlice {
    const SOURCE: &'static str = "endpointslice/";

    fn group(&self, attach: Attach, lookup: &mut dyn Lookup) -> TargetGroup {
        let mut group = group_of(self);
        let meta = &self.metadata;
        let labels = &mut group.labels;
        labels.set(NAMESPACE, &meta.namespace);
        set(labels, "endpointslice_address_type", &self.address_type);
        set_meta(labels, "endpointslice", meta);
        let name = meta.labels.get(SERVICE_NAME);
        let service = name.and_then(|name| lookup.service(&meta.namespace, name));
        if let Some(service) = &service {
            set_meta(labels, "service", &service.metadata);
        }
        set_namespace(labels, &meta.namespace, attach, lookup);
        // The other family has the same pods once more.
        let primary = service.as_ref().and_then(|it| it.primary_of_two_families());
        if primary.is_some_and(|family| family != &*self.address_type) {
            return group;
        }

        let mut pods = Pods::default();
        for endpoint in &self.endpoints {
            for port in &self.ports {
                for address in &endpoint.addresses {
                    let mut target = target(address, endpoint, port);
                    if attach.node {
                        attach_node(&mut target, endpoint, lookup);
                    }
                    let reference = endpoint.target_ref.as_ref();
                    let port = Port {
                        number: port.port,
                        protocol: None,
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

fn target(address: &str, endpoint: &Endpoint, port: &SlicePort) -> Labels {
    let mut labels = Labels::new();
    let with_port = port.port.map(|port| join_host_port(address, port));
    labels.set(ADDRESS, with_port.as_deref().unwrap_or(address));
    let number = port.port.map(|number| number.to_string());
    let conditions = endpoint.conditions;
    let reference = endpoint.target_ref.as_ref();
    for (name, value) in [
        ("port", number.as_deref()),
        ("port_name", port.name.as_deref()),
        ("port_protocol", port.protocol.as_deref()),
        ("port_app_protocol", port.app_protocol.as_deref()),
        ("endpoint_conditions_ready", conditions.ready.map(bool_text)),
        (
            "endpoint_conditions_serving",
            conditions.serving.map(bool_text),
        ),
        (
            "endpoint_conditions_terminating",
            conditions.terminating.map(bool_text),
        ),
        ("endpoint_hostname", endpoint.hostname.as_deref()),
        ("endpoint_node_name", endpoint.node_name.as_deref()),
        ("endpoint_zone", endpoint.zone.as_deref()),
        ("address_target_kind", reference.map(|it| &*it.kind)),
        ("address_target_name", reference.map(|it| &*it.name)),
    ] {
        if let Some(value) = value {
            set(&mut labels, &format!("endpointslice_{name}"), value);
        }
    }
    for (name, value) in endpoint.deprecated_topology.iter() {
        let name = sanitized(name);
        let (topology, present) = (
            format!("endpointslice_endpoint_topology_{name}"),
            format!("endpointslice_endpoint_topology_present_{name}"),
        );
        set(&mut labels, &topology, value);
        set(&mut labels, &present, "true");
    }
    labels
}

fn attach_node(target: &mut Labels, endpoint: &Endpoint, lookup: &mut dyn Lookup) {
    let itself = endpoint.target_ref.as_ref();
    let itself = itself.filter(|reference| &*reference.kind == "Node");
    let itself = itself.map(|reference| &reference.name);
    if let Some(name) = itself.or(endpoint.node_name.as_ref()) {
        set_node(target, name, lookup);
    }
}
