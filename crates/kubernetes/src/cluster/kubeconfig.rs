//! A context of a kubeconfig file.

use std::collections::HashMap;
use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_core::config::Opaque;
use headwater_transport::config::{TlsClientConfig, TlsConfig};
use kube::config::{AuthInfo, ExecConfig, Kubeconfig};
use secrecy::ExposeSecret as _;

use super::credentials::Command;
use super::{ClusterError, Credentials, KubeconfigFile, Proxy, Secret, ServerConfig};

pub(super) fn server(file: &KubeconfigFile) -> Result<ServerConfig, ClusterError> {
    let failed = |reason: String| ClusterError::Kubeconfig {
        path: file.shown(),
        reason,
    };
    let read = if file.path.as_os_str().is_empty() {
        Kubeconfig::read()
    } else {
        Kubeconfig::read_from(&file.path)
    };
    let named = &file.context;
    let file = read.map_err(|error| failed(chain(&error)))?;
    let wanted = if named.is_empty() {
        file.current_context.as_deref().unwrap_or_default()
    } else {
        named
    };
    let context = file.contexts.iter().find(|it| it.name == wanted);
    let context = context.and_then(|named| named.context.as_ref());
    let context = context.ok_or_else(|| failed(format!("there is no context {wanted:?}")))?;
    let cluster = file.clusters.iter().find(|it| it.name == context.cluster);
    let cluster = cluster.and_then(|named| named.cluster.as_ref());
    let cluster =
        cluster.ok_or_else(|| failed(format!("there is no cluster {:?}", context.cluster)))?;
    let user = match &context.user {
        None => AuthInfo::default(),
        Some(name) => {
            let user = file.auth_infos.iter().find(|it| it.name == *name);
            let user = user.ok_or_else(|| failed(format!("there is no user {name:?}")))?;
            user.auth_info.clone().unwrap_or_default()
        }
    };
    let url = cluster.server.clone();
    let decoded = |key, data: Option<&str>| decoded(key, data).map_err(failed);
    Ok(ServerConfig {
        url: url.ok_or_else(|| failed("the cluster has no `server`".into()))?,
        tls: TlsClientConfig {
            common: TlsConfig {
                ca_pem: decoded(
                    "certificate-authority-data",
                    cluster.certificate_authority_data.as_deref(),
                )?,
                ca_file: file_unless(
                    cluster.certificate_authority_data.is_some(),
                    cluster.certificate_authority.as_deref(),
                ),
                cert_pem: decoded(
                    "client-certificate-data",
                    user.client_certificate_data.as_deref(),
                )?,
                cert_file: file_unless(
                    user.client_certificate_data.is_some(),
                    user.client_certificate.as_deref(),
                ),
                key_pem: decoded(
                    "client-key-data",
                    user.client_key_data.as_ref().map(|it| it.expose_secret()),
                )?,
                key_file: file_unless(user.client_key_data.is_some(), user.client_key.as_deref()),
                ..TlsConfig::default()
            },
            insecure: false,
            insecure_skip_verify: cluster.insecure_skip_tls_verify.unwrap_or(false),
            server_name_override: cluster.tls_server_name.clone().unwrap_or_default(),
        },
        proxy: match &cluster.proxy_url {
            Some(url) if !url.is_empty() => Proxy::Url(url.clone()),
            _ => Proxy::Environment,
        },
        headers: impersonation(&user),
        credentials: credentials(user).map_err(failed)?,
    })
}

fn file_unless(data: bool, file: Option<&str>) -> String {
    // Where both are given, the data count.
    file.filter(|_| !data).unwrap_or_default().to_owned()
}

fn decoded(key: &str, data: Option<&str>) -> Result<Opaque, String> {
    let bytes = STANDARD.decode(data.unwrap_or_default().trim());
    let bytes = bytes.map_err(|_| format!("`{key}` is not base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("`{key}` is no PEM text"))?;
    Ok(text.into())
}

fn impersonation(user: &AuthInfo) -> Vec<(String, Secret)> {
    let header = |name: &str, value: &String| (name.to_owned(), Secret::Text(value.clone()));
    let mut headers = Vec::new();
    headers.extend(
        user.impersonate
            .iter()
            .map(|it| header("Impersonate-User", it)),
    );
    headers.extend(
        user.impersonate_uid
            .iter()
            .map(|it| header("Impersonate-Uid", it)),
    );
    let groups = user.impersonate_groups.iter().flatten();
    headers.extend(groups.map(|it| header("Impersonate-Group", it)));
    headers
}

/// Who asks. A token file comes before a token, as in client-go.
fn credentials(user: AuthInfo) -> Result<Credentials, String> {
    if let Some(provider) = &user.auth_provider {
        return Err(format!(
            "the auth-provider {:?} is not supported, nor by Kubernetes since 1.26: use `exec`",
            provider.name
        ));
    }
    if let Some(file) = user.token_file {
        return Ok(Credentials::bearer(Secret::File(file.into())));
    }
    if let Some(token) = &user.token {
        let token = token.expose_secret().to_owned();
        return Ok(Credentials::bearer(Secret::Text(token)));
    }
    if let Some(name) = user.username {
        let password = user
            .password
            .as_ref()
            .map(|it| it.expose_secret().to_owned());
        let password = Secret::Text(password.unwrap_or_default());
        return Ok(Credentials::Basic(Secret::Text(name), password));
    }
    user.exec.map_or(Ok(Credentials::None), |exec| {
        command(exec).map(|command| Credentials::Exec(Box::new(command)))
    })
}

fn command(exec: ExecConfig) -> Result<Command, String> {
    let variable = |mut pair: HashMap<String, String>| {
        let name = pair.remove("name")?;
        Some((name, pair.remove("value").unwrap_or_default()))
    };
    Ok(Command {
        program: exec.command.ok_or("`exec` has no `command`")?,
        arguments: exec.args.unwrap_or_default(),
        environment: exec
            .env
            .into_iter()
            .flatten()
            .filter_map(variable)
            .collect(),
        api_version: exec
            .api_version
            .unwrap_or_else(|| "client.authentication.k8s.io/v1".to_owned()),
    })
}

/// An error with what caused it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let error_text = error.to_string();
        if !text.contains(&error_text) {
            text = format!("{text}: {error_text}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::server;
    use crate::cluster::{Credentials, KubeconfigFile, Proxy, Secret, ServerConfig};

    fn read(user: &str, cluster: &str) -> Result<ServerConfig, String> {
        read_context("", user, cluster)
    }

    fn read_context(context: &str, user: &str, cluster: &str) -> Result<ServerConfig, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
             contexts:\n- name: other\n  context: {{cluster: none, user: none}}\n\
             - name: here\n  context: {{cluster: c, user: u, namespace: n}}\n\
             clusters:\n- name: c\n  cluster: {cluster}\n\
             users:\n- name: u\n  user: {user}\n"
        );
        std::fs::write(&path, text).unwrap();
        let context = context.to_owned();
        server(&KubeconfigFile { path, context }).map_err(|error| error.to_string())
    }

    #[test]
    fn the_current_context_counts() {
        let server = read(
            "{token: secret, as: somebody, as-groups: [a, b]}",
            "{server: 'https://api:6443', insecure-skip-tls-verify: true, tls-server-name: k8s, \
             certificate-authority-data: UEVN, proxy-url: 'http://proxy:3128'}",
        )
        .unwrap();
        assert_eq!(server.url, "https://api:6443");
        assert_eq!(server.tls.common.ca_pem.expose(), "PEM");
        assert!(server.tls.insecure_skip_verify);
        assert_eq!(server.tls.server_name_override, "k8s");
        assert_eq!(server.proxy, Proxy::Url("http://proxy:3128".to_owned()));
        let token = Secret::Text("secret".to_owned());
        assert_eq!(server.credentials, Credentials::bearer(token));
        assert_eq!(server.headers.len(), 3);
        assert!(!format!("{server:?}").contains("secret"));
    }

    #[test]
    fn a_context_that_is_named_counts() {
        let cluster = "{server: 'https://api:6443'}";
        assert!(read_context("here", "{}", cluster).is_ok());
        let other = read_context("other", "{}", cluster).unwrap_err();
        assert!(other.contains("there is no cluster \"none\""), "{other}");
        let none = read_context("nowhere", "{}", cluster).unwrap_err();
        assert!(none.contains("there is no context \"nowhere\""), "{none}");
    }

    #[test]
    fn relative_files_are_beside_the_kubeconfig() {
        let server = read(
            "{tokenFile: tokens/t, client-certificate: c.pem, client-key: /k.pem}",
            "{server: 'http://api'}",
        )
        .unwrap();
        let Credentials::Authorization(_, Secret::File(token)) = &server.credentials else {
            panic!("{server:?}");
        };
        assert!(
            token.is_absolute() && token.ends_with("tokens/t"),
            "{token:?}"
        );
        assert!(server.tls.common.cert_file.ends_with("/c.pem"));
        assert_eq!(server.tls.common.key_file, "/k.pem");
        assert_eq!(server.proxy, Proxy::Environment);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |user, cluster| read(user, cluster).unwrap_err();
        assert!(error("{}", "{}").contains("no `server`"));
        let data = "{server: 'http://api', certificate-authority-data: '!'}";
        assert!(error("{}", data).contains("`certificate-authority-data` is not base64"));
        let user = "{auth-provider: {name: gcp}}";
        assert!(error(user, "{server: 'http://api'}").contains("auth-provider \"gcp\""));
        assert!(error("{exec: {}}", "{server: 'http://api'}").contains("no `command`"));
    }

    #[test]
    fn a_program_may_supply_credentials() {
        let user = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/token, \
                    args: [a, b], env: [{name: X, value: y}], interactiveMode: Never}}";
        let server = read(user, "{server: 'http://api'}").unwrap();
        let Credentials::Exec(command) = &server.credentials else {
            panic!("{server:?}");
        };
        assert!(command.program.starts_with('/'), "{command:?}");
        assert_eq!(command.arguments, ["a", "b"]);
        assert_eq!(command.environment, [("X".to_owned(), "y".to_owned())]);
    }
}
