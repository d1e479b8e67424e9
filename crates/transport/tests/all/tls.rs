//! TLS: with our own certificates, both ways, and everything that goes wrong with files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use headwater_core::Context;
use headwater_core::config::{Opaque, Optional};
use headwater_core::rpc::Code;
use headwater_transport::Status;
use headwater_transport::config::{
    GrpcClientConfig, GrpcServerConfig, HttpClientConfig, HttpServerConfig, TlsClientConfig,
    TlsConfig, TlsServerConfig, TlsVersion,
};
use headwater_transport::grpc::{Client, Message};
use headwater_transport::http::parse_url;
use http::HeaderValue;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::http::Echo;
use crate::support::*;

/// A CA and what it has signed, as files.
pub(crate) struct Authority {
    folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self {
            folder,
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn path(&self, file: &str) -> String {
        let path: PathBuf = self.folder.path().join(file);
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn ca(&self) -> String {
        self.path("ca.pem")
    }

    /// Writes `<name>.pem` and `<name>.key` for a certificate of these names.
    pub(crate) fn sign(&self, name: &str, names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &self.issuer)
            .unwrap();
        let files = (
            self.path(&format!("{name}.pem")),
            self.path(&format!("{name}.key")),
        );
        replace(Path::new(&files.0), &certificate.pem());
        replace(Path::new(&files.1), &key.serialize_pem());
        files
    }

    fn pair(&self, name: &str, names: &[&str]) -> TlsConfig {
        let (cert_file, key_file) = self.sign(name, names);
        TlsConfig {
            cert_file,
            key_file,
            ..TlsConfig::default()
        }
    }

    fn server(&self) -> TlsServerConfig {
        let common = self.pair("server", &["localhost", "127.0.0.1"]);
        TlsServerConfig {
            common,
            ..TlsServerConfig::default()
        }
    }

    fn client(&self) -> TlsClientConfig {
        let common = TlsConfig {
            ca_file: self.ca(),
            ..TlsConfig::default()
        };
        TlsClientConfig {
            common,
            ..TlsClientConfig::default()
        }
    }
}

/// Swaps the file as careful tools do, so that nobody reads half of it.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}

fn grpc_server(tls: TlsServerConfig) -> Running {
    let config = GrpcServerConfig {
        tls: Optional::Some(tls),
        ..GrpcServerConfig::new("127.0.0.1:0")
    };
    let server = config
        .server(&host(Vec::new()), METHODS.to_vec(), Handler::default())
        .unwrap();
    serve_with(server, listener())
}

fn grpc_client(server: &Running, tls: TlsClientConfig) -> Client {
    let config = GrpcClientConfig {
        endpoint: server.address.to_string(),
        tls,
        ..GrpcClientConfig::default()
    };
    config.client(&host(Vec::new()), "test/1").unwrap()
}

fn http_server(tls: TlsServerConfig) -> Running {
    let config = HttpServerConfig {
        tls: Optional::Some(tls),
        ..HttpServerConfig::new("127.0.0.1:0")
    };
    serve_with(
        config.server(&host(Vec::new()), Echo::default()).unwrap(),
        listener(),
    )
}

async fn https(server: &Running, tls: TlsClientConfig, http2: bool) -> Result<Bytes, Status> {
    let config = HttpClientConfig {
        tls,
        force_attempt_http2: http2,
        ..HttpClientConfig::default()
    };
    let client = config.client(&host(Vec::new()), "test/1").unwrap();
    let url = parse_url("endpoint", &format!("https://{}/echo", server.address)).unwrap();
    let body = Message::from(Bytes::from_static(b"spans"));
    let content_type = HeaderValue::from_static("text/plain");
    let context = Context::default();
    let answer = client.post(&url, content_type, body, &context);
    within("an answer", answer).await.map(|answer| answer.body)
}

#[tokio::test]
async fn tls_works_over_grpc_and_over_both_versions_of_http() {
    let authority = Authority::new();
    let server = grpc_server(authority.server());
    let client = grpc_client(&server, authority.client());
    for length in [0, 5, 100_000, 4 << 20] {
        assert_eq!(
            call(&client, ECHO, &vec![7; length]).await.unwrap().len(),
            length
        );
    }
    let server = http_server(authority.server());
    for http2 in [true, false] {
        assert_eq!(
            https(&server, authority.client(), http2).await.unwrap(),
            "spans"
        );
    }
}

#[tokio::test]
async fn both_versions_of_tls_and_text_instead_of_files_work() {
    let authority = Authority::new();
    let read = |path: &str| Opaque::new(std::fs::read_to_string(path).unwrap());
    for version in [TlsVersion::V12, TlsVersion::V13] {
        let mut server = authority.server();
        server.common.cert_pem = read(&std::mem::take(&mut server.common.cert_file));
        server.common.key_pem = read(&std::mem::take(&mut server.common.key_file));
        server.common.min_version = version;
        server.common.max_version = version;
        let server = grpc_server(server);
        let mut tls = authority.client();
        tls.common.ca_pem = read(&std::mem::take(&mut tls.common.ca_file));
        assert_eq!(
            call(&grpc_client(&server, tls), ECHO, b"x").await.unwrap(),
            "x"
        );
    }
}

#[tokio::test]
async fn a_server_that_asks_for_certificates_takes_only_those_of_its_ca() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let mut server = authority.server();
    server.client_ca_file = authority.ca();
    let (grpc, http) = (grpc_server(server.clone()), http_server(server));
    let with = |common: TlsConfig| {
        let common = TlsConfig {
            ca_file: authority.ca(),
            ..common
        };
        TlsClientConfig {
            common,
            ..TlsClientConfig::default()
        }
    };
    let known = with(authority.pair("client", &["client"]));
    assert_eq!(
        call(&grpc_client(&grpc, known.clone()), ECHO, b"x")
            .await
            .unwrap(),
        "x"
    );
    assert_eq!(https(&http, known, true).await.unwrap(), "spans");
    for unknown in [
        with(TlsConfig::default()),
        with(stranger.pair("client", &["client"])),
    ] {
        let status = call(&grpc_client(&grpc, unknown.clone()), ECHO, b"x")
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(https(&http, unknown, true).await.is_err());
    }
}

#[tokio::test]
async fn a_certificate_of_a_stranger_or_for_another_name_is_refused_with_what_to_do() {
    let authority = Authority::new();
    let server = grpc_server(authority.server());
    let stranger = Authority::new();
    let status = call(&grpc_client(&server, stranger.client()), ECHO, b"x")
        .await
        .unwrap_err();
    assert!(status.message().contains("tls::ca_file"), "{status}");

    let other = authority.pair("other", &["backend.example.com"]);
    let server = grpc_server(TlsServerConfig {
        common: other,
        ..TlsServerConfig::default()
    });
    let status = call(&grpc_client(&server, authority.client()), ECHO, b"x")
        .await
        .unwrap_err();
    assert!(
        status.message().contains("server_name_override"),
        "{status}"
    );
    let name = "backend.example.com".to_owned();
    let overridden = TlsClientConfig {
        server_name_override: name,
        ..authority.client()
    };
    assert_eq!(
        call(&grpc_client(&server, overridden), ECHO, b"x")
            .await
            .unwrap(),
        "x"
    );
    let careless = TlsClientConfig {
        insecure_skip_verify: true,
        ..TlsClientConfig::default()
    };
    assert_eq!(
        call(&grpc_client(&server, careless), ECHO, b"x")
            .await
            .unwrap(),
        "x"
    );
}

#[tokio::test]
async fn plaintext_and_tls_that_meet_each_other_say_so() {
    let authority = Authority::new();
    let encrypted = grpc_server(authority.server());
    let plaintext = TlsClientConfig {
        insecure: true,
        ..TlsClientConfig::default()
    };
    let status = call(&grpc_client(&encrypted, plaintext), ECHO, b"x")
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let plain = serve(
        Handler::default(),
        headwater_transport::grpc::ServerOptions::default(),
    );
    let status = call(&grpc_client(&plain, authority.client()), ECHO, b"x")
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("TLS handshake"), "{status}");
}

#[tokio::test]
async fn https_in_a_grpc_endpoint_means_tls_and_http_does_not_turn_it_off() {
    let authority = Authority::new();
    let server = grpc_server(authority.server());
    for (scheme, insecure) in [("https", true), ("http", false)] {
        let config = GrpcClientConfig {
            endpoint: format!("{scheme}://{}", server.address),
            tls: TlsClientConfig {
                insecure,
                ..authority.client()
            },
            ..GrpcClientConfig::default()
        };
        let client = config.client(&host(Vec::new()), "test/1").unwrap();
        assert_eq!(call(&client, ECHO, b"x").await.unwrap(), "x", "{scheme}");
    }
}

#[tokio::test]
async fn a_new_certificate_is_used_without_dropping_connections() {
    let first = Authority::new();
    let mut tls = first.server();
    tls.common.reload_interval = Duration::from_millis(1);
    let (cert, key) = (tls.common.cert_file.clone(), tls.common.key_file.clone());
    let server = grpc_server(tls);
    let old = grpc_client(&server, first.client());
    call(&old, ECHO, b"x").await.unwrap();

    let second = Authority::new();
    let (new_cert, new_key) = second.sign("server", &["127.0.0.1"]);
    // A half-finished change is not used.
    replace(
        Path::new(&cert),
        &std::fs::read_to_string(new_cert).unwrap(),
    );
    let still_first = grpc_client(&server, first.client());
    call(&still_first, ECHO, b"x").await.unwrap();
    replace(Path::new(&key), &std::fs::read_to_string(new_key).unwrap());
    within("the new certificate is shown", async {
        while call(&grpc_client(&server, second.client()), ECHO, b"x")
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    assert!(
        call(&grpc_client(&server, first.client()), ECHO, b"x")
            .await
            .is_err()
    );
    assert_eq!(call(&old, ECHO, b"x").await.unwrap(), "x");
}

#[tokio::test]
async fn a_new_client_ca_is_used_after_a_second() {
    let (first, second) = (Authority::new(), Authority::new());
    let mut tls = first.server();
    tls.client_ca_file = first.path("clients.pem");
    tls.client_ca_file_reload = true;
    std::fs::copy(first.ca(), &tls.client_ca_file).unwrap();
    let clients = tls.client_ca_file.clone();
    let server = grpc_server(tls);
    let mut client = first.client();
    let (cert_file, key_file) = second.sign("client", &["client"]);
    (client.common.cert_file, client.common.key_file) = (cert_file, key_file);
    assert!(
        call(&grpc_client(&server, client.clone()), ECHO, b"x")
            .await
            .is_err()
    );
    replace(
        Path::new(&clients),
        &std::fs::read_to_string(second.ca()).unwrap(),
    );
    within("the new CA is used", async {
        while call(&grpc_client(&server, client.clone()), ECHO, b"x")
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn requests_go_through_the_tunnel_of_a_proxy() {
    let authority = Authority::new();
    let server = http_server(authority.server());
    let (proxy, mut asked) = crate::http_client::tunnelling(server.address).await;
    let config = HttpClientConfig {
        proxy_url: format!("http://user:secret@{proxy}"),
        tls: authority.client(),
        ..HttpClientConfig::default()
    };
    let client = config.client(&host(Vec::new()), "test/1").unwrap();
    let url = parse_url("endpoint", "https://localhost:4318/echo").unwrap();
    let content_type = HeaderValue::from_static("text/plain");
    let body = Message::from(Bytes::from_static(b"spans"));
    let context = Context::default();
    let answer = client.post(&url, content_type, body, &context);
    assert_eq!(within("an answer", answer).await.unwrap().body, "spans");
    let head = asked.recv().await.unwrap();
    assert!(
        head.starts_with("CONNECT localhost:4318 HTTP/1.1\r\nHost: localhost:4318\r\n"),
        "{head}"
    );
    assert!(
        head.contains("Proxy-Authorization: Basic dXNlcjpzZWNyZXQ="),
        "{head}"
    );
}

/// What building a server with these files says.
fn refusal(common: TlsConfig) -> String {
    let tls = Optional::Some(TlsServerConfig {
        common,
        ..TlsServerConfig::default()
    });
    let config = GrpcServerConfig {
        tls,
        ..GrpcServerConfig::new("127.0.0.1:0")
    };
    let built = config.server(&host(Vec::new()), Vec::new(), Handler::default());
    built.map(drop).unwrap_err().to_string()
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_with_what_is_wrong() {
    let authority = Authority::new();
    let (cert_file, key_file) = authority.sign("a", &["a"]);
    let (_, other_key) = authority.sign("b", &["b"]);
    let good = TlsConfig {
        cert_file,
        key_file,
        ..TlsConfig::default()
    };
    let with_key = |key_file: String| TlsConfig {
        key_file,
        ..good.clone()
    };
    let written = |name: &str, text: &str| {
        std::fs::write(authority.path(name), text).unwrap();
        authority.path(name)
    };
    let cases = [
        (
            with_key("/nowhere/tls.key".to_owned()),
            "\"/nowhere/tls.key\"",
            "mounted",
        ),
        (
            with_key(authority.folder.path().to_str().unwrap().to_owned()),
            "key_file",
            "directory",
        ),
        (with_key(other_key), "b.key", "do not belong together"),
        (
            with_key(written("empty", "")),
            "empty",
            "-----BEGIN PRIVATE KEY-----",
        ),
        (with_key(good.cert_file.clone()), "a.pem", "no private key"),
        (
            with_key(written(
                "locked",
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGj\n-----END ENCRYPTED PRIVATE KEY-----\n",
            )),
            "locked",
            "without a passphrase",
        ),
        (
            TlsConfig {
                cert_file: written("cut", "-----BEGIN CERTIFICATE-----\nMIGj\n"),
                ..good.clone()
            },
            "cut",
            "PEM",
        ),
        (
            TlsConfig {
                cert_file: good.key_file.clone(),
                ..good.clone()
            },
            "a.key",
            "no certificate",
        ),
    ];
    for (common, file, reason) in cases {
        let text = refusal(common);
        assert!(
            text.contains(file) && text.contains(reason),
            "{file}: {text}"
        );
    }
    let tls = TlsServerConfig {
        common: good,
        client_ca_file: "/nowhere/ca.pem".to_owned(),
        ..TlsServerConfig::default()
    };
    let config = GrpcServerConfig {
        tls: Optional::Some(tls),
        ..GrpcServerConfig::new("x:0")
    };
    let built = config.server(&host(Vec::new()), Vec::new(), Handler::default());
    let text = built.map(drop).unwrap_err().to_string();
    assert!(
        text.contains("client_ca_file") && text.contains("/nowhere/ca.pem"),
        "{text}"
    );
}
