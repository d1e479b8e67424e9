//! A bare gRPC client: frames by hand over HTTP/2, so that bad ones can be sent, too.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::http::{Error, PATIENCE};
use crate::message::{Message, Signal};

/// The outcome of a call.
#[derive(Debug, Clone)]
pub struct Answer {
    /// `grpc-status`; none if there is none.
    pub code: Option<u32>,
    /// `grpc-message`.
    pub message: String,
    /// The status of the HTTP response.
    pub http_status: u16,
    /// How long to wait before the next try, from the status details.
    pub retry_delay: Option<Duration>,
    /// The response message with its frame.
    pub body: Bytes,
}

/// `google.rpc.Status`, the parts that are used here.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RpcStatus {
    /// A gRPC code.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// For people.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Such as a [`RetryInfo`].
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Any {
    /// What it is.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// Its bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RetryInfo {
    /// How long to wait.
    #[prost(message, optional, tag = "1")]
    pub retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Delay {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// The rest.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

impl RpcStatus {
    /// A status, with a delay if there is one.
    #[must_use]
    pub fn new(code: i32, message: &str, delay: Option<Duration>) -> Self {
        let details = delay.map(|delay| {
            let delay = Delay {
                seconds: delay.as_secs().cast_signed(),
                nanos: delay.subsec_nanos().cast_signed(),
            };
            let info = RetryInfo {
                retry_delay: Some(delay),
            };
            Any {
                type_url: RETRY_INFO.into(),
                value: info.encode_to_vec(),
            }
        });
        Self {
            code,
            message: message.into(),
            details: details.into_iter().collect(),
        }
    }

    /// From the value of `grpc-status-details-bin`.
    #[must_use]
    pub fn from_header(text: &str) -> Option<Self> {
        Self::decode(&*base64().decode(text).ok()?).ok()
    }

    /// As the value of `grpc-status-details-bin`.
    #[must_use]
    pub fn to_header(&self) -> String {
        base64().encode(self.encode_to_vec())
    }

    /// The delay that it asks for.
    #[must_use]
    pub fn retry_delay(&self) -> Option<Duration> {
        let info = self.details.iter().find(|any| any.type_url == RETRY_INFO)?;
        let delay = RetryInfo::decode(&*info.value).ok()?.retry_delay?;
        Some(Duration::new(
            delay.seconds.cast_unsigned(),
            delay.nanos.cast_unsigned(),
        ))
    }
}

/// A message with its frame.
#[must_use]
pub fn frame(compressed: bool, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(5 + message.len());
    frame.put_u8(compressed.into());
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    frame.freeze()
}

/// One connection; calls run at the same time.
#[derive(Debug)]
pub struct Client {
    sender: SendRequest<UnsyncBoxBody<Bytes, Infallible>>,
    address: SocketAddr,
    connection: JoinHandle<()>,
}

impl Client {
    /// Connects, without TLS.
    ///
    /// # Errors
    /// Nobody listens, or not HTTP/2.
    pub async fn connect(address: SocketAddr) -> Result<Self, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
            .initial_connection_window_size(1 << 20)
            .handshake(TokioIo::new(stream))
            .await?;
        // The end of a connection shows in its calls.
        let connection = tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(Self {
            sender,
            address,
            connection,
        })
    }

    /// Sends bytes that should be a frame to a path that should be a method.
    ///
    /// # Errors
    /// Anything that is not an answer, within [`PATIENCE`].
    pub async fn call(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Result<Answer, Error> {
        timeout(PATIENCE, self.try_call(path, headers, body.into())).await?
    }

    async fn try_call(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, Error> {
        let mut request = ::http::Request::builder()
            .method("POST")
            .uri(format!("http://{}{path}", self.address))
            .header("te", "trailers");
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/grpc");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body).boxed_unsync())?;
        let (head, body) = self
            .sender
            .clone()
            .send_request(request)
            .await?
            .into_parts();
        let body = body.collect().await?;
        let trailers = body.trailers().cloned().unwrap_or_default();
        let header = |name: &str| {
            let value = trailers.get(name).or_else(|| head.headers.get(name))?;
            Some(value.to_str().ok()?.to_owned())
        };
        let details = header("grpc-status-details-bin");
        let details = details.and_then(|text| RpcStatus::from_header(&text));
        Ok(Answer {
            code: header("grpc-status").and_then(|code| code.parse().ok()),
            message: header("grpc-message").unwrap_or_default(),
            http_status: head.status.as_u16(),
            retry_delay: details.and_then(|details| details.retry_delay()),
            body: body.to_bytes(),
        })
    }

    /// Sends the beginning of a request whose rest never comes, and leaves.
    pub async fn leave_in_the_middle_of(self, path: &str, beginning: impl Into<Bytes>) {
        let (sent, mut waits) = tokio::sync::oneshot::channel::<()>();
        let mut sent = Some(sent);
        let mut beginning = Some(beginning.into());
        let body = stream::poll_fn(move |_| match beginning.take() {
            Some(bytes) => Poll::Ready(Some(Ok::<_, Infallible>(Frame::data(bytes)))),
            None => {
                sent.take();
                Poll::Pending
            }
        });
        let request = ::http::Request::builder()
            .method("POST")
            .uri(format!("http://{}{path}", self.address))
            .header("te", "trailers")
            .header("content-type", "application/grpc")
            .body(StreamBody::new(body).boxed_unsync())
            .unwrap();
        let answer = self.sender.clone().send_request(request);
        // The beginning is on its way when the connection asks for more.
        tokio::select! {
            _ = answer => {}
            _ = &mut waits => {}
        }
    }

    /// Sends `message`.
    ///
    /// # Errors
    /// Anything that is not an answer.
    pub async fn export(&self, message: &Message) -> Result<Answer, Error> {
        self.call(
            message.signal().method(),
            &[],
            frame(false, &message.to_protobuf()),
        )
        .await
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Sends a protobuf `body` over a connection of its own.
///
/// # Errors
/// Anything that is not an answer.
pub async fn export(to: SocketAddr, signal: Signal, body: &[u8]) -> Result<Answer, Error> {
    Client::connect(to)
        .await?
        .call(signal.method(), &[], frame(false, body))
        .await
}

/// Base64 as gRPC has it in metadata: padded or not when read, unpadded when written.
fn base64() -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::STANDARD, config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_goes_through_the_details() {
        let delay = Duration::from_millis(1_500);
        let status = RpcStatus::new(8, "slow down", Some(delay));
        let read = RpcStatus::from_header(&status.to_header()).unwrap();
        assert_eq!(read, status);
        assert_eq!(read.retry_delay(), Some(delay));
        assert_eq!(RpcStatus::new(8, "", None).retry_delay(), None);
    }
}
