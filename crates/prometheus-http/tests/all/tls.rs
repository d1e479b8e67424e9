//! Encrypted targets.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::server::{Server, text};
use crate::{client, get};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn write(&self, path: &Path) {
        fs::write(path, self.0.pem()).unwrap();
    }

    async fn server(&self, name: &str) -> Server {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = rustls::crypto::ring::default_provider();
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Server::start_with(Some(acceptor), |_| text("secure")).await
    }
}

fn https(server: &Server) -> String {
    format!("https://{}/", server.address)
}

#[tokio::test]
async fn the_certificate_is_checked_unless_switched_off() {
    let server = Authority::new().server("127.0.0.1").await;
    let error = get(&client("tls_config: {ca: ''}"), &https(&server))
        .await
        .unwrap_err();
    assert!(!error.to_string().is_empty());
    let careless = client("tls_config: {insecure_skip_verify: true}");
    assert_eq!(
        &*get(&careless, &https(&server)).await.unwrap().body,
        b"secure"
    );
}

#[tokio::test]
async fn the_name_in_the_certificate_may_be_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let authority = Authority::new();
    authority.write(&file);
    let server = authority.server("kubernetes").await;
    let path = file.display();
    let strict = client(&format!("tls_config: {{ca_file: {path}}}"));
    assert!(get(&strict, &https(&server)).await.is_err());
    let named = client(&format!(
        "tls_config: {{ca_file: {path}, server_name: kubernetes}}"
    ));
    assert_eq!(
        &*get(&named, &https(&server)).await.unwrap().body,
        b"secure"
    );
}

#[tokio::test]
async fn a_certificate_file_may_come_late_and_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let client = client(&format!("tls_config: {{ca_file: {}}}", file.display()));
    let (first, second) = (Authority::new(), Authority::new());
    let old = first.server("127.0.0.1").await;
    let error = get(&client, &https(&old)).await.unwrap_err().to_string();
    assert!(error.contains("cannot read `ca_file`"), "{error}");
    first.write(&file);
    assert_eq!(&*get(&client, &https(&old)).await.unwrap().body, b"secure");
    // Another file takes its place, as when a secret is mounted anew.
    let new = second.server("127.0.0.1").await;
    assert!(get(&client, &https(&new)).await.is_err());
    let next = folder.path().join("next.pem");
    fs::write(&next, format!("{}\n# a comment\n", second.0.pem())).unwrap();
    fs::rename(&next, &file).unwrap();
    assert_eq!(&*get(&client, &https(&new)).await.unwrap().body, b"secure");
    // What cannot be used is left out.
    fs::write(&file, "garbage").unwrap();
    assert_eq!(&*get(&client, &https(&new)).await.unwrap().body, b"secure");
}
