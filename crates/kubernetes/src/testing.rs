//! A Kubernetes API server for tests: it lists and watches real objects, and misbehaves on demand.
//!
//! It knows the kinds that discovery reads, and events, label and field selectors, pages, bookmarks, versions that
//! have been forgotten (410) and metadata on its own. Objects are JSON as `kubectl get -o json` prints it.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot have its server fails by panicking"
)]

mod http;
mod selects;
mod state;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use headwater_transport::config::{TlsClientConfig, TlsConfig};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::cluster::{ClusterConfig, Credentials, Secret, ServerConfig};
use crate::watch::Pace;
pub use state::Request;
use state::State;

/// What the server does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refuses with an HTTP status.
    Status(u16),
    /// Answers 200 with what is no JSON.
    Garbage,
    /// Takes its time and then answers.
    Slow(Duration),
    /// Closes the connection in the middle of its answer.
    Cut,
}

/// A running server. It ends with this.
#[derive(Debug)]
pub struct ApiServer {
    state: Arc<State>,
    address: SocketAddr,
    /// The certificate it shows, in PEM.
    certificate: Option<String>,
    task: JoinHandle<()>,
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.task.abort();
        self.state.disconnect();
    }
}

impl ApiServer {
    /// A server without TLS on a free port of the loopback interface.
    pub async fn start() -> Self {
        Self::start_with(None, None).await
    }

    /// A server with TLS and a certificate of its own for `localhost`.
    pub async fn start_tls() -> Self {
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let issued = issued.expect("a certificate");
        let key = rustls::pki_types::PrivateKeyDer::try_from(issued.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key.expect("a key"))
            .expect("certificate and key");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        Self::start_with(Some(acceptor), Some(issued.cert.pem())).await
    }

    async fn start_with(
        acceptor: Option<tokio_rustls::TlsAcceptor>,
        certificate: Option<String>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State::default());
        let task = tokio::spawn(http::serve(listener, acceptor, Arc::clone(&state)));
        Self {
            state,
            address,
            certificate,
            task,
        }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://localhost:{}", self.address.port())
    }

    /// The certificate it shows, in PEM; empty without TLS.
    #[must_use]
    pub fn certificate(&self) -> &str {
        self.certificate.as_deref().unwrap_or_default()
    }

    /// How to reach it, with a token that it does not look at unless [`Self::require_token`] says so.
    #[must_use]
    pub fn cluster(&self) -> ClusterConfig {
        ClusterConfig::Server(Box::new(ServerConfig {
            url: self.url(),
            tls: TlsClientConfig {
                common: TlsConfig {
                    ca_pem: self.certificate().into(),
                    ..TlsConfig::default()
                },
                ..TlsClientConfig::default()
            },
            credentials: Credentials::bearer(Secret::Text("token".to_owned())),
            ..ServerConfig::default()
        }))
    }

    /// A pace at which tests end soon: pages of 3, short pauses.
    #[must_use]
    pub fn pace() -> Pace {
        Pace {
            page: 3,
            watch: Duration::from_secs(60),
            first_pause: Duration::from_millis(10),
            longest_pause: Duration::from_millis(40),
            collect: Duration::from_millis(5),
        }
    }

    /// Adds or replaces an object, which has `kind` and `metadata`.
    ///
    /// # Panics
    /// If it has no name or is of a kind that the server does not know.
    pub fn apply(&self, object: Value) {
        self.state.apply(object);
    }

    /// Removes an object; an empty namespace for what lives in none.
    pub fn delete(&self, kind: &str, namespace: &str, name: &str) {
        self.state.delete(kind, namespace, name);
    }

    /// Every object of a kind as it is now.
    #[must_use]
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        self.state.objects(kind)
    }

    /// Ends every open watch, as servers do every few minutes.
    pub fn end_watches(&self) {
        self.state.end_watches();
    }

    /// Forgets all older versions: who asks for one is told 410, in the middle of a watch too.
    pub fn compact(&self) {
        self.state.compact();
    }

    /// Sends bookmarks to all open watches.
    pub fn bookmark(&self) {
        self.state.bookmark();
    }

    /// Does `fault` to the next `times` requests whose path contains `path`.
    pub fn fail(&self, path: &str, fault: Fault, times: usize) {
        self.state.fail(path, fault, times);
    }

    /// Closes all connections, and new ones at once, until [`Self::come_back`].
    pub fn go_away(&self) {
        self.state.set_away(true);
    }

    /// Takes connections again.
    pub fn come_back(&self) {
        self.state.set_away(false);
    }

    /// Answers 401 to who does not bring this token.
    pub fn require_token(&self, token: &str) {
        self.state.require_token(token);
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.state.requests()
    }

    /// How many watches are open.
    #[must_use]
    pub fn open_watches(&self) -> usize {
        self.state.open_watches()
    }
}
