//! The resource of a target's metrics.

use std::net::{IpAddr, SocketAddr};

use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint, varint_len};
use headwater_prometheus::Labels;

/// Discovery labels and the attributes that they become; the later win.
/// Source: Go `prometheusreceiver` `kubernetesDiscoveryToResourceAttributes`.
const KUBERNETES: [(&str, &str); 8] = [
    ("__meta_kubernetes_pod_name", "k8s.pod.name"),
    ("__meta_kubernetes_pod_uid", "k8s.pod.uid"),
    ("__meta_kubernetes_pod_container_name", "k8s.container.name"),
    ("__meta_kubernetes_namespace", "k8s.namespace.name"),
    ("__meta_kubernetes_pod_node_name", "k8s.node.name"),
    ("__meta_kubernetes_node_name", "k8s.node.name"),
    ("__meta_kubernetes_endpoint_node_name", "k8s.node.name"),
    (
        "__meta_kubernetes_endpointslice_endpoint_node_name",
        "k8s.node.name",
    ),
];

/// Kinds of controllers and the attributes of their names.
const CONTROLLERS: [(&str, &str); 5] = [
    ("ReplicaSet", "k8s.replicaset.name"),
    ("DaemonSet", "k8s.daemonset.name"),
    ("StatefulSet", "k8s.statefulset.name"),
    ("Job", "k8s.job.name"),
    ("CronJob", "k8s.cronjob.name"),
];

/// What the resources of a target have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ResourceRules {
    /// The job of series without a label of that name.
    pub(crate) job: Box<str>,
    /// The instance of series without a label of that name.
    pub(crate) instance: Box<str>,
    /// `http` or `https`.
    pub(crate) scheme: Box<str>,
    /// Attributes from discovery.
    pub(crate) discovered: Vec<(&'static str, Box<str>)>,
}

impl ResourceRules {
    /// The rules of a target with the `public` labels, found with the `discovered` labels.
    pub(crate) fn new(public: &Labels, discovered: &Labels) -> Self {
        let mut attributes: Vec<(&'static str, Box<str>)> = Vec::new();
        let mut put = |key, value: &str| {
            if value.is_empty() {
                return;
            }
            match attributes.iter_mut().find(|(known, _)| *known == key) {
                Some((_, old)) => *old = value.into(),
                None => attributes.push((key, value.into())),
            }
        };
        for (label, key) in KUBERNETES {
            put(key, discovered.get(label));
        }
        let kind = discovered.get("__meta_kubernetes_pod_controller_kind");
        for (controller, key) in CONTROLLERS {
            if kind == controller {
                put(key, discovered.get("__meta_kubernetes_pod_controller_name"));
            }
        }
        Self {
            job: public.get("job").into(),
            instance: public.get("instance").into(),
            scheme: discovered.get("__scheme__").into(),
            discovered: attributes,
        }
    }

    /// The attributes of the resource of `job` and `instance`.
    pub(crate) fn attributes<'a>(&'a self, job: &'a str, instance: &'a str) -> Attributes<'a> {
        let (host, port) = host_and_port(instance);
        let mut attributes = vec![("service.name", job)];
        if is_discernible(host) {
            attributes.push(("server.address", host));
        }
        attributes.push(("service.instance.id", instance));
        attributes.push(("server.port", port));
        attributes.push(("url.scheme", &self.scheme));
        for (key, value) in &self.discovered {
            attributes.push((key, value));
        }
        Attributes(attributes)
    }
}

/// Attributes by key, in the order in which they are written.
#[derive(Debug, Default)]
pub(crate) struct Attributes<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Attributes<'a> {
    /// Sets an attribute, replacing one of the same key.
    pub(crate) fn put(&mut self, key: &'a str, value: &'a str) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    /// Each attribute as the field `number` of a message.
    pub(crate) fn encode(&self, number: u32) -> Vec<u8> {
        let mut out = Vec::new();
        for (key, value) in &self.0 {
            put_attribute(&mut out, number, key, value);
        }
        out
    }
}

/// Appends a text attribute as field `number`.
pub(crate) fn put_attribute(out: &mut Vec<u8>, number: u32, key: &str, value: &str) {
    let field = |length: usize| 1 + varint_len(length as u64) + length;
    let any = field(value.len());
    put_tag(out, number, WireType::Len);
    put_varint(out, (field(key.len()) + field(any)) as u64);
    put_len_field(out, 1, key.as_bytes());
    put_tag(out, 2, WireType::Len);
    put_varint(out, any as u64);
    put_len_field(out, 1, value.as_bytes());
}

/// Host and port of an instance as Go's `net.SplitHostPort` finds them; the whole is the host when
/// it cannot be split.
fn host_and_port(instance: &str) -> (&str, &str) {
    if let Some(rest) = instance.strip_prefix('[') {
        return rest
            .split_once("]:")
            .filter(|(host, port)| !host.contains(['[', ']']) && !port.contains(':'))
            .unwrap_or((instance, ""));
    }
    match instance.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, port),
        _ => (instance, ""),
    }
}

/// Whether the host says where the target is: not this machine.
fn is_discernible(host: &str) -> bool {
    if host.eq("localhost") {
        return false;
    }
    let address = host
        .parse::<IpAddr>()
        .or_else(|_| host.parse::<SocketAddr>().map(|address| address.ip()));
    match address {
        Ok(address) => {
            let mapped = match address {
                IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
                IpAddr::V4(_) => address,
            };
            !mapped.is_loopback() && !mapped.is_unspecified()
        }
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(instance: &str, discovered: &[(&str, &str)]) -> Vec<(String, String)> {
        let discovered: Labels = discovered.iter().copied().collect();
        let rules = ResourceRules::new(&Labels::new(), &discovered);
        let attributes = rules.attributes("job", instance);
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        attributes.0.iter().map(owned).collect()
    }

    fn get(attributes: &[(String, String)], key: &str) -> Option<String> {
        let found = attributes.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.clone())
    }

    #[test]
    fn the_instance_is_split_into_address_and_port() {
        for (instance, address, port) in [
            ("example.com:9100", Some("example.com"), "9100"),
            ("10.0.0.1:80", Some("10.0.0.1"), "80"),
            ("[2001:db8::1]:80", Some("2001:db8::1"), "80"),
            ("host-without-port", Some("host-without-port"), ""),
            ("localhost:8888", None, "8888"),
            ("127.0.0.5:1", None, "1"),
            ("[::1]:1", None, "1"),
            ("0.0.0.0:1", None, "1"),
        ] {
            let attributes = of(instance, &[("__scheme__", "http")]);
            assert_eq!(
                get(&attributes, "server.address").as_deref(),
                address,
                "{instance}"
            );
            assert_eq!(
                get(&attributes, "server.port").as_deref(),
                Some(port),
                "{instance}"
            );
            assert_eq!(
                get(&attributes, "service.instance.id").as_deref(),
                Some(instance)
            );
            assert_eq!(get(&attributes, "url.scheme").as_deref(), Some("http"));
        }
    }

    #[test]
    fn kubernetes_labels_become_attributes() {
        let attributes = of(
            "x:1",
            &[
                ("__meta_kubernetes_pod_name", "api-1"),
                ("__meta_kubernetes_namespace", "shop"),
                ("__meta_kubernetes_pod_node_name", "node-1"),
                ("__meta_kubernetes_pod_controller_kind", "ReplicaSet"),
                ("__meta_kubernetes_pod_controller_name", "api"),
            ],
        );
        for (key, value) in [
            ("k8s.pod.name", "api-1"),
            ("k8s.namespace.name", "shop"),
            ("k8s.node.name", "node-1"),
            ("k8s.replicaset.name", "api"),
        ] {
            assert_eq!(get(&attributes, key).as_deref(), Some(value));
        }
        assert_eq!(get(&attributes, "k8s.pod.uid"), None);
    }
}
