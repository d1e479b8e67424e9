//! What is behind a service: pods with the ports that it leads to, and those that it does not.

use std::sync::Arc;

use headwater_prometheus::Labels;

use super::pod::{container_port, set_container, set_pod, set_port};
use super::{Attach, Lookup};
use crate::objects::{ObjectReference, Pod};

/// The pods behind a service, in the order in which they were met, with the ports met of each.
#[derive(Debug, Default)]
pub(super) struct Pods(Vec<(Arc<Pod>, Vec<i32>)>);

/// A port that a service leads to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Port<'a> {
    /// None stands for any.
    pub(super) number: Option<i32>,
    /// The protocol that a target carries; otherwise that of the container's port.
    pub(super) protocol: Option<&'a str>,
}

impl Pods {
    /// Adds the labels of the pod that an address belongs to, if it does.
    pub(super) fn attach(
        &mut self,
        target: &mut Labels,
        reference: Option<&ObjectReference>,
        port: Port<'_>,
        attach: Attach,
        lookup: &mut dyn Lookup,
    ) {
        let Some(reference) = reference.filter(|it| &*it.kind == "Pod") else {
            return;
        };
        let Some(pod) = lookup.pod(&reference.namespace, &reference.name) else {
            return;
        };
        set_pod(target, &pod, attach, lookup);
        // The last container that declares the port; in it, the first such port.
        for (container, init) in pod.containers() {
            let mut ports = container.ports.iter();
            let same = ports.find(|one| Some(one.container_port) == port.number);
            if let Some(found) = same {
                set_container(target, container, init);
                set_port(target, found, port.protocol.unwrap_or(&found.protocol));
            }
        }
        let known = self.0.iter_mut().find(|(it, _)| Arc::ptr_eq(it, &pod));
        match known {
            Some((_, ports)) => ports.extend(port.number),
            None => self.0.push((pod, Vec::from_iter(port.number))),
        }
    }

    /// A target for each port that a container declares and the service does not lead to.
    pub(super) fn other_ports(self, attach: Attach, lookup: &mut dyn Lookup) -> Vec<Labels> {
        let mut targets = Vec::new();
        for (pod, seen) in self.0 {
            if pod.ip().is_empty() {
                continue;
            }
            for (container, init) in pod.containers() {
                for port in &container.ports {
                    if seen.contains(&port.container_port) {
                        continue;
                    }
                    let mut target = container_port(pod.ip(), container, init, port);
                    set_pod(&mut target, &pod, attach, lookup);
                    targets.push(target);
                }
            }
        }
        targets
    }
}
