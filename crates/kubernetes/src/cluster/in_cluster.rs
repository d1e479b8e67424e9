//! The cluster that a pod runs in. Source: Kubernetes, "Accessing the Kubernetes API from a Pod".

use std::path::Path;

use headwater_transport::config::{TlsClientConfig, TlsConfig};

use super::{ClusterError, Credentials, Proxy, Secret, ServerConfig};

/// Where the service account of a pod is mounted.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

pub(super) fn server() -> Result<ServerConfig, ClusterError> {
    server_of(Path::new(SERVICE_ACCOUNT), |name| std::env::var(name).ok())
}

fn url(variable: impl Fn(&str) -> Option<String>) -> Result<String, ClusterError> {
    let variable = |name| variable(name).filter(|value| !value.is_empty());
    let host = variable("KUBERNETES_SERVICE_HOST").ok_or(ClusterError::NotInCluster)?;
    let port = variable("KUBERNETES_SERVICE_PORT").ok_or(ClusterError::NotInCluster)?;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    Ok(format!("https://{host}:{port}"))
}

fn server_of(
    account: &Path,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<ServerConfig, ClusterError> {
    let url = url(variable)?;
    let token = account.join("token");
    let credentials = Credentials::bearer(Secret::File(token));
    // Found out now: a pod may have no service account.
    credentials.header()?;
    Ok(ServerConfig {
        url,
        tls: TlsClientConfig {
            common: TlsConfig {
                ca_file: account.join("ca.crt").to_string_lossy().into_owned(),
                ..TlsConfig::default()
            },
            ..TlsClientConfig::default()
        },
        proxy: Proxy::Environment,
        credentials,
        headers: Vec::new(),
    })
}

/// The same server without credentials, whoever it is.
pub(super) fn anonymous() -> Result<ServerConfig, ClusterError> {
    Ok(ServerConfig {
        url: url(|name| std::env::var(name).ok())?,
        tls: TlsClientConfig {
            insecure_skip_verify: true,
            ..TlsClientConfig::default()
        },
        proxy: Proxy::Environment,
        ..ServerConfig::default()
    })
}

/// The namespace that this process runs in.
///
/// # Errors
/// [`ClusterError::Read`] outside of a cluster.
pub fn own_namespace() -> Result<String, ClusterError> {
    let path = Path::new(SERVICE_ACCOUNT).join("namespace");
    Secret::File(path).read("the pod's namespace")
}

#[cfg(test)]
mod tests {
    use super::{server_of, url};

    #[test]
    fn the_environment_and_the_service_account_say_where() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "t").unwrap();
        let server = server_of(folder.path(), |name| match name {
            "KUBERNETES_SERVICE_HOST" => Some("fd00::1".to_owned()),
            "KUBERNETES_SERVICE_PORT" => Some("443".to_owned()),
            _ => None,
        });
        let server = server.unwrap();
        assert_eq!(server.url, "https://[fd00::1]:443");
        assert!(server.tls.common.ca_file.ends_with("/ca.crt"));
        let header = server.credentials.header().unwrap().unwrap();
        assert_eq!(header, "Bearer t");
    }

    #[test]
    fn without_credentials_the_environment_is_enough() {
        let host = |name: &str| name.ends_with("HOST").then(|| "10.0.0.1".to_owned());
        assert!(url(host).is_err());
        let both = |name: &str| host(name).or_else(|| Some("443".to_owned()));
        assert_eq!(url(both).unwrap(), "https://10.0.0.1:443");
    }

    #[test]
    fn elsewhere_the_error_says_what_to_set() {
        let folder = tempfile::tempdir().unwrap();
        let error = server_of(folder.path(), |_| None).unwrap_err();
        assert!(error.to_string().contains("`kubeconfig_file`"), "{error}");
        let error = server_of(folder.path(), |_| Some("1".to_owned())).unwrap_err();
        assert!(
            error.to_string().contains("cannot read the token"),
            "{error}"
        );
    }
}
