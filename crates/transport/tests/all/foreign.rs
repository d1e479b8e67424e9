//! tonic on either side: another implementation of the same protocol.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use headwater_core::rpc::Code;
use headwater_transport::compression::{CompressionParams, Compressor, Encoding};
use headwater_transport::grpc::{Client, ClientOptions, ServerOptions};
use http::uri::PathAndQuery;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{Body, BoxFuture, Service, StdError};

use crate::support::*;

/// Messages as they are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length)))
    }
}

/// Echoes, or fails with what the message says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Echo {
    /// How long it takes.
    delay: Duration,
}

static TAKEN: AtomicUsize = AtomicUsize::new(0);

impl Echo {
    /// Requests that slow ones have taken, of all tests.
    pub(crate) fn taken() -> usize {
        TAKEN.load(Ordering::SeqCst)
    }
}

impl tonic::server::UnaryService<Bytes> for Echo {
    type Response = Bytes;
    type Future = BoxFuture<tonic::Response<Bytes>, tonic::Status>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let delay = self.delay;
        Box::pin(async move {
            if !delay.is_zero() {
                TAKEN.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(delay).await;
            }
            let message = request.into_inner();
            match message.strip_prefix(b"fail: ") {
                Some(text) => {
                    let text = String::from_utf8_lossy(text).into_owned();
                    Err(tonic::Status::resource_exhausted(text))
                }
                None => Ok(tonic::Response::new(message)),
            }
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct EchoServer {
    compression: Option<CompressionEncoding>,
    delay: Duration,
    most: Option<usize>,
}

impl EchoServer {
    pub(crate) const fn new() -> Self {
        let (compression, delay, most) = (None, Duration::ZERO, None);
        Self {
            compression,
            delay,
            most,
        }
    }

    /// For messages of 64 MiB.
    pub(crate) const fn large() -> Self {
        Self {
            most: Some(64 << 20),
            ..Self::new()
        }
    }

    /// Takes this long for every request.
    pub(crate) const fn slow(delay: Duration) -> Self {
        Self {
            delay,
            ..Self::new()
        }
    }
}

impl tonic::server::NamedService for EchoServer {
    const NAME: &'static str = "test.Service";
}

impl<B> Service<http::Request<B>> for EchoServer
where
    B: Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = std::convert::Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let Self {
            compression,
            delay,
            most,
        } = self.clone();
        Box::pin(async move {
            if request.uri().path() != ECHO {
                let mut response = http::Response::new(tonic::body::Body::empty());
                response
                    .headers_mut()
                    .insert("grpc-status", "12".parse().unwrap());
                return Ok(response);
            }
            let mut server = tonic::server::Grpc::new(Raw);
            if let Some(encoding) = compression {
                server = server.accept_compressed(encoding).send_compressed(encoding);
            }
            if let Some(most) = most {
                server = server
                    .max_decoding_message_size(most)
                    .max_encoding_message_size(most);
            }
            Ok(server.unary(Echo { delay }, request).await)
        })
    }
}

/// A tonic server.
async fn tonic_server(compression: Option<CompressionEncoding>) -> std::net::SocketAddr {
    let server = EchoServer {
        compression,
        ..EchoServer::new()
    };
    tonic_server_with(|server| server, server).await
}

/// The same with other settings.
pub(crate) async fn tonic_server_with(
    settings: impl FnOnce(tonic::transport::Server) -> tonic::transport::Server,
    service: EchoServer,
) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = settings(tonic::transport::Server::builder());
    tokio::spawn(server.serve_with_incoming(service, incoming));
    address
}

#[tokio::test]
async fn our_client_talks_to_a_tonic_server() {
    let cases = [
        (None, None),
        (Some(Encoding::Gzip), Some(CompressionEncoding::Gzip)),
        (Some(Encoding::Zstd), Some(CompressionEncoding::Zstd)),
    ];
    for (ours, theirs) in cases {
        let address = tonic_server(theirs).await;
        let mut options = ClientOptions::plaintext(address.to_string().parse().unwrap());
        options.compressor = ours
            .map(|encoding| Compressor::try_new(encoding, CompressionParams::default()).unwrap());
        let client = Client::new(options);
        for length in [0, 5, 100_000, 2 << 20] {
            let text: Vec<u8> = (0..length).map(|n| (n >> 3) as u8).collect();
            assert_eq!(
                call(&client, ECHO, &text).await.unwrap(),
                text,
                "{ours:?} {length}"
            );
        }
        let status = call(&client, ECHO, "fail: späť 100%".as_bytes())
            .await
            .unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (Code::ResourceExhausted, "späť 100%")
        );
        let status = call(&client, FAIL, b"x").await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
    }
}

#[tokio::test]
async fn a_tonic_client_talks_to_our_server() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let endpoint = format!("http://{}", server.address);
    let channel = tonic::transport::Endpoint::from_shared(endpoint)
        .unwrap()
        .connect()
        .await
        .unwrap();
    for encoding in [
        None,
        Some(CompressionEncoding::Gzip),
        Some(CompressionEncoding::Zstd),
    ] {
        let mut client = tonic::client::Grpc::new(channel.clone());
        if let Some(encoding) = encoding {
            client = client.accept_compressed(encoding).send_compressed(encoding);
        }
        let mut call = async |path: &'static str, text: Vec<u8>| {
            client.ready().await.unwrap();
            let path = PathAndQuery::from_static(path);
            client
                .unary(tonic::Request::new(Bytes::from(text)), path, Raw)
                .await
        };
        for length in [0, 5, 100_000, 2 << 20] {
            let text: Vec<u8> = (0..length).map(|n| (n >> 3) as u8).collect();
            let answer = call(ECHO, text.clone()).await.unwrap().into_inner();
            assert_eq!(answer, text, "{encoding:?} {length}");
        }
        let status = call(FAIL, "späť 100%".into()).await.unwrap_err();
        assert_eq!(
            (status.code(), status.message()),
            (tonic::Code::Unavailable, "späť 100%")
        );
        // A google.rpc.Status with a RetryInfo of 1.5 s.
        let details = headwater_transport::rpc_status::decode(status.details()).unwrap();
        assert_eq!(details.retry_delay(), Some(Duration::from_millis(1500)));
        let status = call("/other.Service/Echo", Vec::new()).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unimplemented);
    }
}

#[tokio::test]
async fn a_tonic_client_with_larger_frames_is_understood() {
    let server = serve(Handler::default(), ServerOptions::default());
    let endpoint = format!("http://{}", server.address);
    let endpoint = tonic::transport::Endpoint::from_shared(endpoint)
        .unwrap()
        .initial_stream_window_size(8 << 20)
        .initial_connection_window_size(8 << 20);
    let mut client = tonic::client::Grpc::new(endpoint.connect().await.unwrap());
    let text = vec![7; 4_000_000];
    client.ready().await.unwrap();
    let request = tonic::Request::new(Bytes::from(text.clone()));
    let answer = client
        .unary(request, PathAndQuery::from_static(ECHO), Raw)
        .await
        .unwrap();
    assert_eq!(answer.into_inner(), text);
}
