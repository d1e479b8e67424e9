//! Role `pod`: a target per declared port, or one per container without ports.

use headwater_discovery::TargetGroup;
use headwater_prometheus::Labels;

use super::attached::{set_namespace, set_node};
use super::{
    ADDRESS, Attach, Lookup, NAMESPACE, Targets, bool_text, group_of, join_host_port, set, set_meta,
};
use crate::objects::{Container, ContainerPort, Pod};

impl Targets for Pod {
    const SOURCE: &'static str = "pod/";

    fn group(&self, attach: Attach, lookup: &mut dyn Lookup) -> TargetGroup {
        let mut group = group_of(self);
        // It has no address while it starts and after it was evicted.
        if self.ip().is_empty() {
            return group;
        }
        // With selectors, nodes that are not known are those that were not selected.
        if attach.node && !set_node(&mut group.labels, self.node_name(), lookup) {
            return group;
        }
        group.labels.set(NAMESPACE, &self.metadata.namespace);
        set_namespace(&mut group.labels, &self.metadata.namespace, attach, lookup);
        set_pod(&mut group.labels, self, attach, lookup);
        for (container, init) in self.containers() {
            let id = self.container_id(&container.name, init);
            let without_port = container.ports.is_empty().then(|| {
                let mut labels = Labels::new();
                labels.set(ADDRESS, self.ip());
                set_container(&mut labels, container, init);
                labels
            });
            let ports = container.ports.iter();
            let with_port = ports.map(|port| container_port(self.ip(), container, init, port));
            for mut labels in without_port.into_iter().chain(with_port) {
                set(&mut labels, "pod_container_id", id);
                group.targets.push(labels);
            }
        }
        group
    }
}

/// The labels of a pod.
pub(super) fn set_pod(labels: &mut Labels, pod: &Pod, attach: Attach, lookup: &mut dyn Lookup) {
    let meta = &pod.metadata;
    set_meta(labels, "pod", meta);
    set(labels, "pod_ip", pod.ip());
    let ready = pod.ready().unwrap_or("unknown").to_lowercase();
    set(labels, "pod_ready", &ready);
    set(labels, "pod_phase", pod.phase());
    set(labels, "pod_node_name", pod.node_name());
    set(labels, "pod_host_ip", pod.host_ip());
    set(labels, "pod_uid", &meta.uid);
    let Some(controller) = &meta.controller else {
        return;
    };
    set(labels, "pod_controller_kind", &controller.kind);
    set(labels, "pod_controller_name", &controller.name);
    match &*controller.kind {
        "ReplicaSet" if attach.deployment => {
            let found = lookup.replica_set(&meta.namespace, &controller.name);
            let owner = found
                .as_ref()
                .and_then(|it| it.metadata.controller.as_ref());
            if let Some(owner) = owner.filter(|owner| &*owner.kind == "Deployment") {
                set(labels, "pod_deployment_name", &owner.name);
            }
        }
        "Job" => {
            if attach.job {
                set(labels, "pod_job_name", &controller.name);
            }
            if attach.cronjob {
                let found = lookup.job(&meta.namespace, &controller.name);
                let owner = found
                    .as_ref()
                    .and_then(|it| it.metadata.controller.as_ref());
                if let Some(owner) = owner.filter(|owner| &*owner.kind == "CronJob") {
                    set(labels, "pod_cronjob_name", &owner.name);
                }
            }
        }
        _ => {}
    }
}

/// The labels of a container.
pub(super) fn set_container(labels: &mut Labels, container: &Container, init: bool) {
    set(labels, "pod_container_name", &container.name);
    set(labels, "pod_container_image", &container.image);
    set(labels, "pod_container_init", bool_text(init));
}

/// The labels of a port of a container.
pub(super) fn set_port(labels: &mut Labels, port: &ContainerPort, protocol: &str) {
    let number = port.container_port.to_string();
    set(labels, "pod_container_port_name", &port.name);
    set(labels, "pod_container_port_number", &number);
    set(labels, "pod_container_port_protocol", protocol);
}

/// A target that is a port of a container.
pub(super) fn container_port(
    ip: &str,
    container: &Container,
    init: bool,
    port: &ContainerPort,
) -> Labels {
    let mut labels = Labels::new();
    labels.set(ADDRESS, &join_host_port(ip, port.container_port));
    set_container(&mut labels, container, init);
    set_port(&mut labels, port, &port.protocol);
    labels
}
