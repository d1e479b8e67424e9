//! Ways to a server: TLS, tokens, kubeconfig files.

use headwater_config::testing::decode;
use headwater_kubernetes::testing::ApiServer;
use headwater_kubernetes::{ClusterConfig, KubernetesDiscovery, Options, Role, watches};
use headwater_prometheus::scrape_config::KubernetesSdConfig;

use crate::groups::{Reader, eventually, options, pod};

/// The options of a configuration, at the pace of tests.
fn configured(yaml: &str) -> Options {
    let (config, _) = decode::<KubernetesSdConfig>(yaml).unwrap();
    Options {
        pace: ApiServer::pace(),
        ..Options::try_from(&config).unwrap()
    }
}

#[tokio::test]
async fn a_certificate_is_checked() {
    let server = ApiServer::start_tls().await;
    server.apply(pod("shop", "one", "10.0.0.1"));
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.crt");
    std::fs::write(&ca, server.certificate()).unwrap();
    let url = server.url();
    let yaml = format!("{{role: pod, api_server: '{url}', tls_config: {{ca_file: {ca:?}}}}}");
    Reader::start(configured(&yaml)).update().await;

    let yaml =
        format!("{{role: pod, api_server: '{url}', tls_config: {{insecure_skip_verify: true}}}}");
    Reader::start(configured(&yaml)).update().await;

    let other = ApiServer::start_tls().await;
    let mut wrong = options(&server, Role::Service);
    wrong.namespaces = vec!["untrusted".to_owned()];
    if let ClusterConfig::Server(server) = &mut wrong.cluster {
        server.tls.common.ca_pem = other.certificate().into();
    }
    let _reader = Reader::start(wrong);
    let failed = || {
        let found = watches()
            .into_iter()
            .find(|it| it.what.contains("untrusted"));
        found
            .and_then(|it| it.error)
            .is_some_and(|it| it.contains("certificate"))
    };
    eventually(failed).await;
}

#[tokio::test]
async fn a_token_file_that_is_replaced_counts() {
    let server = ApiServer::start().await;
    server.apply(pod("shop", "one", "10.0.0.1"));
    server.require_token("right");
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "wrong\n").unwrap();
    let url = server.url();
    let mut reader = Reader::start(configured(&format!(
        "{{role: pod, api_server: '{url}', bearer_token_file: {token:?}}}"
    )));
    eventually(|| !server.requests().is_empty()).await;
    assert!(reader.is_quiet().await);
    std::fs::write(&token, "right\n").unwrap();
    reader.until(|groups| groups.len() == 1).await;
}

#[tokio::test]
async fn headers_and_basic_auth_are_sent() {
    let server = ApiServer::start().await;
    let url = server.url();
    let yaml = format!(
        "{{role: node, api_server: '{url}/', basic_auth: {{username: Aladdin, password: open sesame}}}}"
    );
    Reader::start(configured(&yaml)).update().await;
    let request = &server.requests()[0];
    assert_eq!(request.authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert!(request.target.starts_with("/api/v1/nodes?"), "{request:?}");
}

#[tokio::test]
async fn a_password_in_the_url_is_sent_and_not_shown() {
    let server = ApiServer::start().await;
    let url = server.url().replace("//", "//Aladdin:open%20sesame@");
    let options = configured(&format!("{{role: node, api_server: '{url}'}}"));
    assert!(!format!("{options:?}").contains("sesame"), "{options:?}");
    Reader::start(options).update().await;
    let request = &server.requests()[0];
    assert_eq!(request.authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

#[tokio::test]
async fn a_kubeconfig_leads_to_its_cluster() {
    let server = ApiServer::start_tls().await;
    server.apply(pod("shop", "one", "10.0.0.1"));
    server.require_token("printed");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(folder.path().join("ca.crt"), server.certificate()).unwrap();
    let credential = r#"{"kind":"ExecCredential","status":{"token":"printed"}}"#;
    std::fs::write(folder.path().join("credential"), credential).unwrap();
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         contexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
         clusters: [{{name: k, cluster: {{server: '{}', certificate-authority: ca.crt}}}}]\n\
         users: [{{name: u, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, \
         command: cat, args: [{:?}], interactiveMode: Never}}}}}}]\n",
        server.url(),
        folder.path().join("credential"),
    );
    std::fs::write(&path, kubeconfig).unwrap();
    let mut reader = Reader::start(configured(&format!(
        "{{role: pod, kubeconfig_file: {path:?}}}"
    )));
    reader.until(|groups| groups.len() == 1).await;
    assert_eq!(server.requests()[0].authorization, "Bearer printed");
}

#[test]
fn what_cannot_work_is_an_error_at_once() {
    let error = |yaml| {
        KubernetesDiscovery::new(configured(yaml))
            .unwrap_err()
            .to_string()
    };
    let missing = error("{role: pod, kubeconfig_file: /no/such/file}");
    assert!(missing.contains("/no/such/file"), "{missing}");
    let scheme = error("{role: pod, api_server: 'ftp://x'}");
    assert!(scheme.contains("neither http nor https"), "{scheme}");
    let ca = error("{role: pod, api_server: 'https://x', tls_config: {ca_file: /no/ca}}");
    assert!(ca.contains("/no/ca"), "{ca}");
}
