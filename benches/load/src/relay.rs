//! The floor: a forwarder that only moves gRPC messages.
//!
//! It reads a request, sends the same bytes on over one connection and returns the answer, with
//! hyper's HTTP/2 and nothing else, on one thread. What a collector costs above this is what it
//! does; what the floor costs is the transport.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::client::Client;
use crate::error::LoadError;
use crate::otlp::{self, Answer, Protocol};
use crate::sink::collect;

/// The gRPC status "unavailable".
const UNAVAILABLE: u16 = 14;

/// Forwards gRPC requests from `listen` to `to` until the process ends.
///
/// # Errors
/// `to` cannot be reached or `listen` not be listened on.
pub(crate) async fn relay(listen: SocketAddr, to: SocketAddr) -> Result<Infallible, LoadError> {
    let client = Arc::new(Mutex::new(Client::connect(Protocol::Grpc, to).await?));
    let what = || format!("listen on {listen}");
    let listener = TcpListener::bind(listen)
        .await
        .map_err(LoadError::io(what()))?;
    loop {
        let (stream, _) = listener.accept().await.map_err(LoadError::io(what()))?;
        stream.set_nodelay(true).map_err(LoadError::io(what()))?;
        let client = Arc::clone(&client);
        let service = service_fn(move |request| {
            let client = Arc::clone(&client);
            async move { Ok::<_, Infallible>(forward(&client, to, request).await) }
        });
        tokio::spawn(async move {
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(4 << 20)
                .initial_connection_window_size(16 << 20)
                .max_frame_size(1 << 20)
                .serve_connection(TokioIo::new(stream), service);
            // A client that breaks off ends alone.
            drop(connection.await);
        });
    }
}

async fn forward(
    client: &Mutex<Client>,
    to: SocketAddr,
    request: Request<Incoming>,
) -> Response<Answer> {
    match try_forward(client, to, request).await {
        Some(response) => response,
        None => Response::new(Answer::with_trailers(
            Bytes::new(),
            otlp::status(UNAVAILABLE),
        )),
    }
}

async fn try_forward(
    client: &Mutex<Client>,
    to: SocketAddr,
    request: Request<Incoming>,
) -> Option<Response<Answer>> {
    let (mut parts, body) = request.into_parts();
    let uri = format!("http://{to}{}", parts.uri.path());
    parts.uri = uri.parse::<Uri>().ok()?;
    let request = Request::from_parts(parts, Full::new(collect(body).await?));
    let mut client = client.lock().await.share()?;
    let response = client.forward(request).await?.ok()?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.ok()?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    Some(Response::from_parts(
        parts,
        Answer::with_trailers(body.to_bytes(), trailers),
    ))
}
