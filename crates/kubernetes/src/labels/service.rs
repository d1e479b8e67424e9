//! Role `service`: a target per port of a service, by its name in the cluster's DNS.

use headwater_discovery::TargetGroup;
use headwater_prometheus::Labels;

use super::attached::set_namespace;
use super::{ADDRESS, Attach, Lookup, NAMESPACE, Targets, group_of, join_host_port, set, set_meta};
use crate::objects::Service;

impl Targets for Service {
    // Prometheus abbreviates this one.
    const SOURCE: &'static str = "svc/";

    fn group(&self, attach: Attach, lookup: &mut dyn Lookup) -> TargetGroup {
        let mut group = group_of(self);
        let meta = &self.metadata;
        group.labels.set(NAMESPACE, &meta.namespace);
        set_meta(&mut group.labels, "service", meta);
        set_namespace(&mut group.labels, &meta.namespace, attach, lookup);
        let host = format!("{}.{}.svc", meta.name, meta.namespace);
        for port in self.ports() {
            let mut labels = Labels::new();
            labels.set(ADDRESS, &join_host_port(&host, port.port));
            set(&mut labels, "service_port_name", &port.name);
            set(&mut labels, "service_port_number", &port.port.to_string());
            set(&mut labels, "service_port_protocol", &port.protocol);
            set(&mut labels, "service_type", self.kind());
            if self.kind() == "ExternalName" {
                set(&mut labels, "service_external_name", self.external_name());
            } else {
                set(&mut labels, "service_cluster_ip", self.cluster_ip());
            }
            if self.kind() == "LoadBalancer" {
                set(
                    &mut labels,
                    "service_loadbalancer_ip",
                    self.load_balancer_ip(),
                );
            }
            group.targets.push(labels);
        }
        group
    }
}
