//! `kubernetes_sd_configs`.

use headwater_core::config::{Config, Validation};

use super::HttpClientConfig;
use crate::text::Text;

/// Which objects of a Kubernetes cluster are targets.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct KubernetesSdConfig {
    /// The kind of objects. Required.
    pub role: Option<KubernetesRole>,
    /// The URL of the API server. Without it, and without a kubeconfig, the cluster that this process
    /// runs in.
    pub api_server: Text,
    /// A kubeconfig file.
    pub kubeconfig_file: Text,
    /// How the API server is spoken to; only with `api_server`.
    #[config(squash)]
    pub http: HttpClientConfig,
    /// Which namespaces; without any, all.
    pub namespaces: NamespaceSelection,
    /// Which objects, by label or field.
    pub selectors: Vec<KubernetesSelector>,
    /// Labels of related objects to add.
    pub attach_metadata: AttachMetadata,
}

/// The kind of objects that become targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Config)]
pub enum KubernetesRole {
    /// A target per node.
    Node,
    /// A target per port of a container.
    #[default]
    Pod,
    /// A target per port of a service.
    Service,
    /// A target per address and port of an `Endpoints` object.
    Endpoints,
    /// A target per address and port of an `EndpointSlice`.
    #[config(rename = "endpointslice")]
    EndpointSlice,
    /// A target per path of an ingress.
    Ingress,
}

/// `namespaces`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct NamespaceSelection {
    /// Whether the namespace that this process runs in counts.
    pub own_namespace: bool,
    /// Names of namespaces.
    pub names: Vec<Text>,
}

/// An entry of `selectors`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct KubernetesSelector {
    /// Which kind of objects it chooses among. Required.
    pub role: Option<KubernetesRole>,
    /// A label selector, as `kubectl -l` takes it.
    pub label: Text,
    /// A field selector, as `kubectl --field-selector` takes it.
    pub field: Text,
}

/// `attach_metadata`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct AttachMetadata {
    /// Labels and annotations of the node; for pods and endpoints.
    pub node: bool,
    /// Labels and annotations of the namespace.
    pub namespace: bool,
    /// The name of the pod's deployment.
    pub deployment: bool,
    /// The name of the pod's job.
    pub job: bool,
    /// The name of the pod's cron job.
    pub cronjob: bool,
}

impl KubernetesRole {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Pod => "pod",
            Self::Service => "service",
            Self::Endpoints => "endpoints",
            Self::EndpointSlice => "endpointslice",
            Self::Ingress => "ingress",
        }
    }

    /// The kinds of objects that are read for it, and that selectors may choose among.
    #[must_use]
    pub const fn selectable(self) -> &'static [Self] {
        match self {
            Self::Pod => &[Self::Pod, Self::Node],
            Self::Endpoints => &[Self::Pod, Self::Service, Self::Endpoints],
            Self::EndpointSlice => &[Self::Pod, Self::Service, Self::EndpointSlice],
            Self::Node => &[Self::Node],
            Self::Service => &[Self::Service],
            Self::Ingress => &[Self::Ingress],
        }
    }
}

impl KubernetesSdConfig {
    fn check(&self, v: &mut Validation<'_>) {
        if self.role.is_none() {
            let message =
                "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)";
            v.error("role", message);
        }
        let api_server = !self.api_server.is_empty();
        let kubeconfig = !self.kubeconfig_file.is_empty();
        let custom = self.http != HttpClientConfig::default();
        if api_server && kubeconfig {
            let message = "cannot use 'kubeconfig_file' and 'api_server' simultaneously";
            v.error("kubeconfig_file", message);
        } else if kubeconfig && custom {
            let message =
                "cannot use a custom HTTP client configuration together with 'kubeconfig_file'";
            v.error("kubeconfig_file", message);
        } else if !api_server && custom {
            let message = "to use custom HTTP client configuration please provide the 'api_server' URL explicitly";
            v.error("", message);
        }
        if self.namespaces.own_namespace && (api_server || kubeconfig) {
            let other = if api_server {
                "api_server"
            } else {
                "kubeconfig_file"
            };
            let message =
                format!("cannot use '{other}' and 'namespaces.own_namespace' simultaneously");
            v.error("namespaces::own_namespace", message);
        }
        if api_server {
            self.check_client(v);
        }
        self.check_selectors(v);
    }

    /// What the client of the API server does not do.
    fn check_client(&self, v: &mut Validation<'_>) {
        let http = &self.http;
        for (key, given, help) in [
            (
                "oauth2",
                http.oauth2.is_some(),
                "use `authorization` with a `credentials_file`",
            ),
            (
                "no_proxy",
                !http.proxy.no_proxy.is_empty(),
                "use `proxy_from_environment` and NO_PROXY",
            ),
            (
                "proxy_connect_header",
                !http.proxy.proxy_connect_header.is_empty(),
                "write a password into `proxy_url`",
            ),
        ] {
            if given {
                v.error(key, "is not supported by kubernetes_sd_configs")
                    .help(help);
            }
        }
    }

    fn check_selectors(&self, v: &mut Validation<'_>) {
        for (index, selector) in self.selectors.iter().enumerate() {
            let at = format!("selectors::{index}");
            let Some(role) = selector.role else {
                v.error(
                    &at,
                    "role missing: a selector chooses among one kind of objects",
                );
                continue;
            };
            let known = self.selectors[..index].iter();
            if known.into_iter().any(|other| other.role == Some(role)) {
                v.error(&at, format!("duplicated selector role: {}", role.as_str()));
            }
            if let Some(own) = self.role
                && !own.selectable().contains(&role)
            {
                let list: Vec<_> = own.selectable().iter().map(|role| role.as_str()).collect();
                let message = format!(
                    "{} role supports only {} selectors",
                    own.as_str(),
                    list.join(", ")
                );
                v.error(&at, message);
            }
        }
    }
}
