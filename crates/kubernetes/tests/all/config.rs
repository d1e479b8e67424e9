//! From `kubernetes_sd_configs` to options.

use headwater_config::testing::decode;
use headwater_kubernetes::cluster::{Credentials, Proxy, Secret, ServerConfig};
use headwater_kubernetes::{Attach, ClusterConfig, Options, OptionsError, Role};
use headwater_prometheus::scrape_config::KubernetesSdConfig;

fn options(yaml: &str) -> Result<Options, OptionsError> {
    let (config, _) = decode::<KubernetesSdConfig>(yaml).unwrap();
    Options::try_from(&config)
}

fn server(yaml: &str) -> ServerConfig {
    let yaml = format!("{{role: pod, api_server: 'https://api:6443', {yaml}}}");
    match options(&yaml).unwrap().cluster {
        ClusterConfig::Server(server) => *server,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_key_has_its_place() {
    let options = options(
        "{role: endpointslice, namespaces: {names: [b, a, b]}, \
         selectors: [{role: pod, label: 'a=b', field: 'c=d'}, {role: service, label: e}], \
         attach_metadata: {node: true, cronjob: true}}",
    )
    .unwrap();
    assert_eq!(options.cluster, ClusterConfig::InCluster);
    assert_eq!(options.role, Role::EndpointSlice);
    assert_eq!(options.namespaces, ["a", "b"]);
    assert_eq!(options.selectors.len(), 2);
    assert_eq!(options.selectors[0].1.field, "c=d");
    let attach = Attach {
        node: true,
        cronjob: true,
        ..Attach::default()
    };
    assert_eq!(options.attach, attach);
}

#[test]
fn the_http_keys_are_those_of_the_client() {
    let plain = server("follow_redirects: true");
    assert_eq!(plain.credentials, Credentials::None);
    assert_eq!(plain.proxy, Proxy::None);
    let rich = server(
        "authorization: {type: Token, credentials: c}, proxy_url: 'http://p:1', \
         http_headers: {X-A: {values: [one], secrets: [two], files: [/three]}}, \
         tls_config: {ca: CA, cert_file: /c, key_file: /k, server_name: n, min_version: TLS13}",
    );
    let text = |text: &str| Secret::Text(text.to_owned());
    let token = Credentials::Authorization("Token".to_owned(), text("c"));
    assert_eq!(rich.credentials, token);
    assert_eq!(rich.proxy, Proxy::Url("http://p:1".to_owned()));
    let values = [text("one"), text("two"), Secret::File("/three".into())];
    assert_eq!(rich.headers, values.map(|value| ("X-A".to_owned(), value)));
    assert_eq!(rich.tls.common.ca_pem.expose(), "CA");
    assert_eq!(rich.tls.common.cert_file, "/c");
    assert_eq!(rich.tls.server_name_override, "n");
    let environment = server("proxy_from_environment: true");
    assert_eq!(environment.proxy, Proxy::Environment);
}

#[test]
fn what_is_not_supported_is_an_error_that_says_what_is() {
    for (keys, key, instead) in [
        (
            "oauth2: {client_id: a, client_secret: b, token_url: 'http://c'}",
            "oauth2",
            "credentials_file",
        ),
        ("proxy_url: 'http://p', no_proxy: x", "no_proxy", "NO_PROXY"),
    ] {
        let yaml = format!("{{role: pod, api_server: 'https://api', {keys}}}");
        let error = decode::<KubernetesSdConfig>(&yaml).unwrap_err();
        assert!(error.contains(key) && error.contains(instead), "{error}");
    }
}
