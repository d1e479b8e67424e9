//! What is to be discovered.

use headwater_prometheus::scrape_config::{
    Authorization, HttpClientConfig, KubernetesRole, KubernetesSdConfig, TlsVersion as Version,
};
use headwater_transport::config::{TlsClientConfig, TlsConfig, TlsVersion};
use thiserror::Error;

use crate::cluster::{
    ClusterConfig, ClusterError, Credentials, KubeconfigFile, Proxy, Secret, ServerConfig,
    own_namespace,
};
use crate::labels::Attach;
use crate::selector::Selector;
use crate::watch::Pace;

/// The kind of objects that become targets.
pub type Role = KubernetesRole;

/// What is to be discovered.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where.
    pub cluster: ClusterConfig,
    /// The kind of objects that become targets.
    pub role: Role,
    /// In which namespaces; in all of them if there is none.
    pub namespaces: Vec<String>,
    /// Which objects of a kind, also of those that only give labels.
    pub selectors: Vec<(Role, Selector)>,
    /// Which further objects give labels.
    pub attach: Attach,
    /// How fast things go.
    pub pace: Pace,
}

/// Why nothing can be discovered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The API server cannot be spoken to.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl Options {
    /// Everything of a role, in the cluster that this process runs in.
    #[must_use]
    pub fn new(role: Role) -> Self {
        Self {
            cluster: ClusterConfig::InCluster,
            role,
            namespaces: Vec::new(),
            selectors: Vec::new(),
            attach: Attach::default(),
            pace: Pace::default(),
        }
    }

    /// The selector of a kind.
    pub(crate) fn selector(&self, role: Role) -> Selector {
        let found = self.selectors.iter().find(|(of, _)| *of == role);
        found.map(|(_, it)| it.clone()).unwrap_or_default()
    }
}

impl TryFrom<&KubernetesSdConfig> for Options {
    type Error = OptionsError;

    fn try_from(config: &KubernetesSdConfig) -> Result<Self, OptionsError> {
        let cluster = if !config.kubeconfig_file.is_empty() {
            ClusterConfig::Kubeconfig(KubeconfigFile {
                path: config.kubeconfig_file.as_str().into(),
                context: String::new(),
            })
        } else if config.api_server.is_empty() {
            ClusterConfig::InCluster
        } else {
            ClusterConfig::Server(Box::new(server(&config.api_server, &config.http)))
        };
        let names = config.namespaces.names.iter();
        let mut namespaces: Vec<_> = names.map(|name| name.as_str().to_owned()).collect();
        if config.namespaces.own_namespace {
            namespaces.push(own_namespace()?);
        }
        namespaces.sort();
        namespaces.dedup();
        let selectors = config.selectors.iter().filter_map(|selector| {
            let wanted = Selector {
                label: selector.label.as_str().to_owned(),
                field: selector.field.as_str().to_owned(),
            };
            selector.role.map(|role| (role, wanted))
        });
        let attach = &config.attach_metadata;
        Ok(Self {
            cluster,
            role: config.role.unwrap_or_default(),
            namespaces,
            selectors: selectors.collect(),
            attach: Attach {
                node: attach.node,
                namespace: attach.namespace,
                deployment: attach.deployment,
                job: attach.job,
                cronjob: attach.cronjob,
            },
            pace: Pace::default(),
        })
    }
}

/// What the client does not do (`oauth2`, `no_proxy`, `proxy_connect_header`) the configuration has
/// refused.
fn server(url: &str, http: &HttpClientConfig) -> ServerConfig {
    ServerConfig {
        url: url.to_owned(),
        tls: tls(http),
        proxy: match &*http.proxy.proxy_url {
            "" if http.proxy.proxy_from_environment => Proxy::Environment,
            "" => Proxy::None,
            url => Proxy::Url(url.to_owned()),
        },
        credentials: credentials(http),
        headers: headers(http),
    }
}

fn tls(http: &HttpClientConfig) -> TlsClientConfig {
    let tls = &http.tls_config;
    let version = |version: Option<Version>| match version {
        None => TlsVersion::Default,
        Some(Version::Tls10) => TlsVersion::V10,
        Some(Version::Tls11) => TlsVersion::V11,
        Some(Version::Tls12) => TlsVersion::V12,
        Some(Version::Tls13) => TlsVersion::V13,
    };
    TlsClientConfig {
        common: TlsConfig {
            ca_file: tls.ca_file.as_str().to_owned(),
            ca_pem: tls.ca.as_str().into(),
            cert_file: tls.cert_file.as_str().to_owned(),
            cert_pem: tls.cert.as_str().into(),
            key_file: tls.key_file.as_str().to_owned(),
            key_pem: tls.key.expose().into(),
            min_version: version(tls.min_version),
            max_version: version(tls.max_version),
            ..TlsConfig::default()
        },
        insecure: false,
        insecure_skip_verify: tls.insecure_skip_verify,
        server_name_override: tls.server_name.as_str().to_owned(),
    }
}

/// The text of one key, or else the file of another.
fn secret(text: &str, file: &str) -> Secret {
    if file.is_empty() {
        Secret::Text(text.to_owned())
    } else {
        Secret::File(file.into())
    }
}

fn credentials(http: &HttpClientConfig) -> Credentials {
    if let Some(basic) = &http.basic_auth {
        let user = secret(&basic.username, &basic.username_file);
        let password = secret(basic.password.expose(), &basic.password_file);
        return Credentials::Basic(user, password);
    }
    let settled = http.settled_authorization();
    settled.map_or(Credentials::None, |it: Authorization| {
        let rest = secret(it.credentials.expose(), &it.credentials_file);
        Credentials::Authorization(it.scheme().to_owned(), rest)
    })
}

fn headers(http: &HttpClientConfig) -> Vec<(String, Secret)> {
    let mut headers = Vec::new();
    for (name, header) in http.http_headers.iter() {
        let plain = header.values.iter().map(|value| value.as_str());
        let secret = header.secrets.iter().map(|value| value.expose());
        let texts = plain
            .chain(secret)
            .map(|text| Secret::Text(text.to_owned()));
        let files = header
            .files
            .iter()
            .map(|path| Secret::File(path.as_str().into()));
        headers.extend(texts.chain(files).map(|value| (name.to_owned(), value)));
    }
    headers
}
