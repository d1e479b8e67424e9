//! An API server and how it is spoken to.

mod credentials;
#[cfg(feature = "kubeconfig")]
mod exec;
mod in_cluster;
#[cfg(feature = "kubeconfig")]
mod kubeconfig;

use std::fmt;
use std::path::PathBuf;

use headwater_transport::Connector;
use headwater_transport::config::{BuildError, TlsClientConfig};
use headwater_transport::http::{Proxies, Url, parse_url};
use http::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;

pub(crate) use credentials::value as header_value;
pub use credentials::{Credentials, Secret};
pub use in_cluster::own_namespace;

/// Which cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterConfig {
    /// The one that this process runs in, by the service account of its pod.
    InCluster,
    /// A context of a kubeconfig file.
    Kubeconfig(KubeconfigFile),
    /// A given API server.
    Server(Box<ServerConfig>),
}

/// A kubeconfig file and a context in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KubeconfigFile {
    /// Its path; empty for the files in KUBECONFIG, merged as `kubectl` does it, else
    /// `~/.kube/config`.
    pub path: PathBuf,
    /// The context; empty for the current one.
    pub context: String,
}

impl KubeconfigFile {
    /// Its path for messages.
    fn shown(&self) -> PathBuf {
        if self.path.as_os_str().is_empty() {
            "$KUBECONFIG or ~/.kube/config".into()
        } else {
            self.path.clone()
        }
    }
}

impl ClusterConfig {
    /// The cluster that this process runs in, without credentials; its certificate is not checked.
    /// Source: contrib `k8sconfig`, `auth_type: none`.
    ///
    /// # Errors
    /// [`ClusterError::NotInCluster`].
    pub fn anonymous() -> Result<Self, ClusterError> {
        in_cluster::anonymous().map(|server| Self::Server(Box::new(server)))
    }

    /// Finds what is wrong with the settings, without connecting or running anything.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn check(&self) -> Result<(), ClusterError> {
        Cluster::new(self.clone()).check()
    }
}

/// An API server.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ServerConfig {
    /// Its URL, perhaps with a path.
    pub url: String,
    /// TLS, if the URL is `https`.
    pub tls: TlsClientConfig,
    /// The way to it.
    pub proxy: Proxy,
    /// Who asks.
    pub credentials: Credentials,
    /// Headers of every request.
    pub headers: Vec<(String, Secret)>,
}

/// The URL may hold a password.
impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self
            .url
            .rsplit_once('@')
            .map_or(&*self.url, |(_, rest)| rest);
        f.debug_struct("ServerConfig")
            .field("url", &url)
            .field("tls", &self.tls)
            .field("proxy", &self.proxy)
            .field("credentials", &self.credentials)
            .field("headers", &self.headers)
            .finish()
    }
}

/// The way to an API server.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// Straight.
    #[default]
    None,
    /// By HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
    Environment,
    /// By this proxy.
    Url(String),
}

/// The URL may hold a password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Environment => "Environment",
            Self::Url(_) => "Url([REDACTED])",
        })
    }
}

/// Why an API server cannot be spoken to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// This process does not run in a cluster.
    #[error(
        "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT \
         must be defined: outside of a cluster set `kubeconfig_file` or `api_server`"
    )]
    NotInCluster,
    /// A file cannot be read.
    #[error("cannot read {what} {path:?}: {error}")]
    Read {
        /// What it holds.
        what: &'static str,
        /// Its path.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A kubeconfig file cannot be used.
    #[error("kubeconfig {path:?}: {reason}")]
    Kubeconfig {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A URL, certificate or proxy cannot be used.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A credential or header has characters that a header cannot have.
    #[error("{0} has characters that HTTP does not allow, perhaps a line break")]
    Header(String),
    /// The program that supplies credentials failed.
    #[error("the command {command:?} of the kubeconfig failed: {reason}")]
    Exec {
        /// The program.
        command: String,
        /// Why.
        reason: String,
    },
}

/// How to reach a cluster now. Made anew for every connection: files change.
pub(crate) struct Access {
    pub(crate) url: Url,
    pub(crate) connector: Connector,
}

/// A cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    config: ClusterConfig,
    #[cfg(feature = "kubeconfig")]
    exec: exec::Cache,
}

impl Cluster {
    pub(crate) fn new(config: ClusterConfig) -> Self {
        Self {
            config,
            #[cfg(feature = "kubeconfig")]
            exec: exec::Cache::default(),
        }
    }

    /// The settings as they are in files now.
    fn server(&self) -> Result<ServerConfig, ClusterError> {
        match &self.config {
            ClusterConfig::InCluster => in_cluster::server(),
            #[cfg(feature = "kubeconfig")]
            ClusterConfig::Kubeconfig(file) => kubeconfig::server(file),
            #[cfg(not(feature = "kubeconfig"))]
            ClusterConfig::Kubeconfig(file) => Err(ClusterError::Kubeconfig {
                path: file.shown(),
                reason: "this binary was built without support for kubeconfig files (feature \
                         `kubeconfig` of the component)"
                    .into(),
            }),
            ClusterConfig::Server(server) => Ok(server.as_ref().clone()),
        }
    }

    /// Finds what is wrong with the settings, without connecting or running anything.
    pub(crate) fn check(&self) -> Result<(), ClusterError> {
        let server = self.server()?;
        access(&server).map(drop)
    }

    /// Where to connect to.
    pub(crate) async fn access(&self) -> Result<Access, ClusterError> {
        #[cfg(feature = "kubeconfig")]
        {
            let mut server = self.server()?;
            if let Credentials::Exec(command) = &server.credentials {
                let supplied = self.exec.get(command).await?;
                if let Some((certificate, key)) = &supplied.certificate {
                    server.tls.common.cert_pem = certificate.as_str().into();
                    server.tls.common.key_pem = key.as_str().into();
                }
            }
            access(&server)
        }
        #[cfg(not(feature = "kubeconfig"))]
        access(&self.server()?)
    }

    /// The headers of a request: who asks, and what was configured.
    pub(crate) async fn headers(&self) -> Result<HeaderMap, ClusterError> {
        let server = self.server()?;
        let mut headers = HeaderMap::new();
        for (name, value) in &server.headers {
            let parsed = HeaderName::try_from(name);
            let name = parsed.map_err(|_| ClusterError::Header(format!("the name {name:?}")))?;
            let value = header_value(name.as_str(), &value.read("a header")?)?;
            headers.append(name, value);
        }
        if let Some(value) = self.authorization(&server).await? {
            headers.insert(http::header::AUTHORIZATION, value);
        }
        Ok(headers)
    }

    #[cfg_attr(
        not(feature = "kubeconfig"),
        expect(
            clippy::unused_async,
            reason = "it waits where there are programs to run"
        )
    )]
    async fn authorization(
        &self,
        server: &ServerConfig,
    ) -> Result<Option<HeaderValue>, ClusterError> {
        #[cfg(feature = "kubeconfig")]
        if let Credentials::Exec(command) = &server.credentials {
            let supplied = self.exec.get(command).await?;
            let token = supplied.token.as_ref();
            let header = token.map(|token| header_value("the token", &format!("Bearer {token}")));
            return header.transpose();
        }
        server.credentials.header()
    }

    /// The server did not accept the credentials.
    #[cfg_attr(
        not(feature = "kubeconfig"),
        expect(clippy::unused_self, reason = "there is nothing to forget")
    )]
    pub(crate) fn refused(&self) {
        #[cfg(feature = "kubeconfig")]
        self.exec.forget();
    }
}

fn access(server: &ServerConfig) -> Result<Access, ClusterError> {
    let url = parse_url("api_server", &server.url)?;
    let proxies = match &server.proxy {
        Proxy::None => Proxies::none(),
        Proxy::Environment => Proxies::new("")?,
        Proxy::Url(url) => Proxies::new(url)?,
    };
    let connector = server.tls.connector(&server.url)?;
    Ok(Access {
        url,
        connector: connector.with_proxies(proxies),
    })
}
