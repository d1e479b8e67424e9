//! An HTTP server that answers as a test says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What is done with a connection after its request was read.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// An answer with a status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Headers, then the same bytes again and again without an end.
    Endless(Vec<u8>),
    /// Headers that promise a body, then nothing.
    HangAfterHeaders,
    /// A good body that never comes to its end: a byte now and then.
    Trickle,
    /// The connection is closed.
    Close,
}

impl Reply {
    pub(crate) fn text(body: &str) -> Self {
        Self::typed("text/plain; version=0.0.4", body.as_bytes())
    }

    pub(crate) fn openmetrics(body: &str) -> Self {
        Self::typed(
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            body.as_bytes(),
        )
    }

    pub(crate) fn typed(content_type: &str, body: &[u8]) -> Self {
        Self::Answer(
            200,
            vec![("Content-Type", content_type.to_owned())],
            body.to_vec(),
        )
    }
}

/// A target. Requests are kept as they came.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) address: String,
    reply: Arc<Mutex<Reply>>,
    /// Answers of certain paths.
    paths: Arc<Mutex<HashMap<String, Reply>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Target {
    pub(crate) async fn new(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Self {
            address: listener.local_addr().unwrap().to_string(),
            reply: Arc::new(Mutex::new(reply)),
            paths: Arc::default(),
            requests: Arc::default(),
        };
        let serving = target.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        target
    }

    pub(crate) fn set(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    /// Sets the answer of one path with its query.
    pub(crate) fn set_path(&self, path: &str, reply: Reply) {
        self.paths.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// The heads of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// A target behind TLS whose certificate nobody has signed but itself.
    pub(crate) async fn self_signed(reply: Reply) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = rustls::crypto::ring::default_provider();
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Self {
            address: listener.local_addr().unwrap().to_string(),
            reply: Arc::new(Mutex::new(reply)),
            paths: Arc::default(),
            requests: Arc::default(),
        };
        let serving = target.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, serving) = (acceptor.clone(), serving.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serving.serve(stream).await;
                    }
                });
            }
        });
        target
    }

    async fn serve(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut head = Vec::new();
        loop {
            head.clear();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => return,
                }
            }
            let text = String::from_utf8_lossy(&head).into_owned();
            let path = text.split(' ').nth(1).unwrap_or("").to_owned();
            self.requests.lock().unwrap().push(text);
            let special = self.paths.lock().unwrap().get(&path).cloned();
            let reply = special.unwrap_or_else(|| self.reply.lock().unwrap().clone());
            match reply {
                Reply::Answer(status, headers, body) => {
                    let mut answer = format!("HTTP/1.1 {status} Whatever\r\n");
                    for (name, value) in headers {
                        answer.push_str(&format!("{name}: {value}\r\n"));
                    }
                    answer.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
                    let mut answer = answer.into_bytes();
                    answer.extend_from_slice(&body);
                    if stream.write_all(&answer).await.is_err() {
                        return;
                    }
                }
                Reply::Endless(bytes) => {
                    let start = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
                    let mut wrote = stream.write_all(start.as_bytes()).await;
                    while wrote.is_ok() {
                        wrote = stream.write_all(&bytes).await;
                    }
                    return;
                }
                Reply::HangAfterHeaders => {
                    let start = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\na ";
                    drop(stream.write_all(start.as_bytes()).await);
                    std::future::pending::<()>().await;
                }
                Reply::Trickle => {
                    let start = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\na 1\n";
                    let mut wrote = stream.write_all(start.as_bytes()).await;
                    while wrote.is_ok() {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        wrote = stream.write_all(b"#").await;
                    }
                    return;
                }
                Reply::Close => return,
            }
        }
    }
}
