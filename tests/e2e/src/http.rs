//! A bare HTTP/1.1 client: one connection per request, no header that is not asked for.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::encoding::Encoding;
use crate::message::{Message, Signal};

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: ::http::HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// A header's value, empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A request; `Host` and `Content-Length` are added.
#[derive(Debug, Clone)]
pub struct Request {
    /// `POST` unless told otherwise.
    pub method: &'static str,
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// A POST of a protobuf body.
    #[must_use]
    pub fn protobuf(signal: Signal, body: impl Into<Bytes>) -> Self {
        Self {
            method: "POST",
            path: signal.path().to_owned(),
            headers: vec![("content-type".into(), "application/x-protobuf".into())],
            body: body.into(),
        }
    }

    /// A POST of a JSON body.
    #[must_use]
    pub fn json(signal: Signal, body: impl Into<Bytes>) -> Self {
        let mut request = Self::protobuf(signal, body);
        request.headers[0].1 = "application/json".into();
        request
    }

    /// With one header more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// With its body compressed, and a header that says so.
    #[must_use]
    pub fn encoded(mut self, encoding: Encoding) -> Self {
        self.body = encoding.encode(&self.body).into();
        match encoding {
            Encoding::None => self,
            _ => self.with("content-encoding", encoding.name()),
        }
    }

    /// Sends it over a connection of its own.
    ///
    /// # Errors
    /// Anything that is not an answer, within [`PATIENCE`].
    pub async fn send(&self, to: SocketAddr) -> Result<Answer, Error> {
        timeout(PATIENCE, self.try_send(to)).await?
    }

    async fn try_send(&self, to: SocketAddr) -> Result<Answer, Error> {
        let stream = TcpStream::connect(to).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let mut request = ::http::Request::builder()
            .method(self.method)
            .uri(&self.path)
            .header("host", to.to_string());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = sender
            .send_request(request.body(Full::new(self.body.clone()))?)
            .await;
        let answer = match response {
            Ok(response) => {
                let (head, body) = response.into_parts();
                let body = body.collect().await?.to_bytes();
                Ok(Answer {
                    status: head.status.as_u16(),
                    headers: head.headers,
                    body,
                })
            }
            Err(error) => Err(error.into()),
        };
        connection.abort();
        answer
    }
}

/// How long to wait for an answer.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Why there was no answer.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// GET.
///
/// # Errors
/// Anything that is not an answer.
pub async fn get(address: SocketAddr, path: &str) -> Result<Answer, Error> {
    let request = Request {
        method: "GET",
        path: path.to_owned(),
        headers: Vec::new(),
        body: Bytes::new(),
    };
    request.send(address).await
}

/// Sends `message` as protobuf.
///
/// # Panics
/// If there is no answer.
pub async fn export(to: SocketAddr, message: &Message) -> Answer {
    Request::protobuf(message.signal(), message.to_protobuf())
        .send(to)
        .await
        .unwrap()
}
