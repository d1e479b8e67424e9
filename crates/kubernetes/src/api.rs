//! Requests to an API server over one connection that is kept.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use headwater_transport::http::Url;
use http::header::{ACCEPT, AUTHORIZATION, HOST, USER_AGENT};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use thiserror::Error;
use tokio::task::AbortHandle;

use crate::cluster::{Cluster, ClusterError, header_value};

/// How long the server may take to begin an answer, and between two parts of one that it has ready.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Longer explanations of errors are not read.
const LONGEST_ERROR: usize = 64 << 10;

/// What requests say they come from.
const AGENT: &str = concat!("headwater/", env!("CARGO_PKG_VERSION"));

/// Why a request failed.
#[derive(Debug, Error)]
pub(crate) enum ApiError {
    /// There is no way to the server.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The connection cannot be made or broke.
    #[error("{0}")]
    Unavailable(String),
    /// The server refused.
    #[error("the API server answered {code}: {message}")]
    Status {
        /// The HTTP status, or the code of an error inside of a watch.
        code: u16,
        /// What it says about it.
        message: String,
    },
    /// The answer is not what the API promises.
    #[error("unusable answer: {0}")]
    Garbage(String),
    /// The answer is larger than what is read into memory.
    #[error("an answer of more than {0} bytes")]
    TooLarge(usize),
}

impl ApiError {
    /// Whether what was asked for is too old, so that everything must be listed again.
    pub(crate) const fn is_gone(&self) -> bool {
        matches!(self, Self::Status { code: 410, .. })
    }
}

/// What the server writes instead of an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StatusObject {
    pub(crate) code: u16,
    pub(crate) message: String,
    pub(crate) reason: String,
}

/// A connection to an API server, opened when it is needed.
pub(crate) struct Api {
    cluster: Arc<Cluster>,
    connection: Option<Connection>,
}

struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    url: Url,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Api {
    pub(crate) const fn new(cluster: Arc<Cluster>) -> Self {
        Self {
            cluster,
            connection: None,
        }
    }

    /// Closes the connection.
    pub(crate) fn close(&mut self) {
        self.connection = None;
    }

    /// Asks for `path`, which begins with a slash, in the form `accept`.
    pub(crate) async fn get(&mut self, path: &str, accept: &str) -> Result<Answer, ApiError> {
        let asked = tokio::time::timeout(ANSWER_TIMEOUT, self.ask(path, accept)).await;
        let answer = asked.unwrap_or_else(|_| Err(no_answer()));
        if answer.is_err() {
            self.close();
        }
        answer
    }

    async fn ask(&mut self, path: &str, accept: &str) -> Result<Answer, ApiError> {
        let headers = self.cluster.headers().await?;
        let connection = self.connected().await?;
        let base = connection.url.uri().path().trim_end_matches('/');
        let mut request = Request::get(format!("{base}{path}"));
        if let Some(all) = request.headers_mut() {
            all.insert(USER_AGENT, HeaderValue::from_static(AGENT));
            all.insert(ACCEPT, header_value("accept", accept)?);
            if let Some(value) = connection.url.authorization() {
                all.insert(AUTHORIZATION, value.clone());
            }
            if let Some(authority) = connection.url.uri().authority() {
                all.insert(HOST, header_value("host", authority.as_str())?);
            }
            all.extend(headers);
        }
        let request = request.body(Empty::new());
        let request = request.map_err(|error| ApiError::Garbage(error.to_string()))?;
        let answer = connection.sender.send_request(request).await;
        let answer = answer.map_err(|error| ApiError::Unavailable(chain(&error)))?;
        let status = answer.status();
        let mut body = Answer(answer.into_body());
        if status == StatusCode::OK {
            return Ok(body);
        }
        if status == StatusCode::UNAUTHORIZED {
            self.cluster.refused();
        }
        let text = body.whole(LONGEST_ERROR).await.unwrap_or_default();
        Err(ApiError::Status {
            code: status.as_u16(),
            message: explanation(status, &text),
        })
    }

    async fn connected(&mut self) -> Result<&mut Connection, ApiError> {
        let usable = match &mut self.connection {
            // Waits until the last answer has been read to its end.
            Some(connection) => connection.sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            self.connection = None;
        }
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(connect(&self.cluster).await?)),
        }
    }
}

async fn connect(cluster: &Cluster) -> Result<Connection, ApiError> {
    let access = cluster.access().await?;
    let opened = access.connector.open(&access.url).await;
    let io = opened.map_err(|status| ApiError::Unavailable(status.message().to_owned()))?;
    let shaken = http1::handshake(TokioIo::new(io)).await;
    let (sender, connection) = shaken.map_err(|error| ApiError::Unavailable(chain(&error)))?;
    let task = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = chain(&error), "Kubernetes API connection failed");
        }
    });
    Ok(Connection {
        sender,
        url: access.url,
        task: task.abort_handle(),
    })
}

/// The body of an answer.
pub(crate) struct Answer(Incoming);

impl Answer {
    /// The next part of it; `None` at its end. An error after `silence` without one.
    ///
    /// # Cancel safety
    /// No part is lost.
    pub(crate) async fn part(&mut self, silence: Duration) -> Result<Option<Bytes>, ApiError> {
        loop {
            let frame = tokio::time::timeout(silence, self.0.frame()).await;
            match frame.map_err(|_| no_answer())? {
                None => return Ok(None),
                Some(Err(error)) => return Err(ApiError::Unavailable(chain(&error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// All of it, if it is no longer than `limit` bytes.
    pub(crate) async fn whole(&mut self, limit: usize) -> Result<Bytes, ApiError> {
        let mut whole = BytesMut::new();
        while let Some(part) = self.part(ANSWER_TIMEOUT).await? {
            if whole.len() + part.len() > limit {
                return Err(ApiError::TooLarge(limit));
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole.freeze())
    }
}

fn no_answer() -> ApiError {
    ApiError::Unavailable("the API server does not answer".to_owned())
}

/// What the body of a refusal says, in one line.
fn explanation(status: StatusCode, body: &[u8]) -> String {
    if let Ok(object) = serde_json::from_slice::<StatusObject>(body)
        && !object.message.is_empty()
    {
        return object.message;
    }
    let text = String::from_utf8_lossy(body);
    let line: String = text
        .trim()
        .chars()
        .take_while(|c| *c != '\n')
        .take(200)
        .collect();
    if line.is_empty() {
        status.canonical_reason().unwrap_or_default().to_owned()
    } else {
        line
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::explanation;

    #[test]
    fn a_refusal_is_explained_in_one_line() {
        let forbidden = StatusCode::FORBIDDEN;
        let object =
            br#"{"kind":"Status","message":"pods is forbidden","reason":"Forbidden","code":403}"#;
        assert_eq!(explanation(forbidden, object), "pods is forbidden");
        assert_eq!(explanation(forbidden, b"<html>\n<body>"), "<html>");
        assert_eq!(explanation(forbidden, b""), "Forbidden");
        assert_eq!(explanation(forbidden, &[b'x'; 999]).len(), 200);
    }
}
