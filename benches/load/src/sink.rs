//! A backend that counts what arrives and says yes to everything it can read.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bytes::Bytes;
use headwater_core::Signal;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use crate::count::count;
use crate::encoding::Encoding;
use crate::error::LoadError;
use crate::otlp::{self, Answer, Protocol};
use crate::process;

/// Flow-control window of a stream: a whole request, so that windows never stall the sender.
const STREAM_WINDOW: u32 = 4 << 20;
/// Flow-control window of a connection.
const CONNECTION_WINDOW: u32 = 16 << 20;

/// The most a body may have. Unit: bytes.
const MAX_BODY: usize = 256 << 20;

/// What has arrived; counts only ever grow.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    items: [AtomicU64; 3],
    requests: AtomicU64,
    bytes: AtomicU64,
    refused: AtomicU64,
}

impl Totals {
    /// Spans, points or records.
    pub(crate) fn items(&self, signal: Signal) -> u64 {
        self.items[signal.index()].load(Ordering::Acquire)
    }

    /// Requests answered with success.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Acquire)
    }

    /// Body bytes as they travelled: compressed, without HTTP framing.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Acquire)
    }

    /// Requests that could not be read.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Acquire)
    }
}

/// A sink that runs on a thread of its own until the program ends.
#[derive(Debug)]
pub(crate) struct Sink {
    /// Where OTLP/gRPC is accepted.
    pub(crate) grpc: SocketAddr,
    /// Where OTLP/HTTP is accepted.
    pub(crate) http: SocketAddr,
    /// What has arrived so far.
    pub(crate) totals: Arc<Totals>,
    /// The kernel's id of the sink's thread, for its CPU time.
    pub(crate) thread: u32,
}

impl Sink {
    /// Listens on both addresses (port 0 for a free one). `max_frame` is the HTTP/2 frame size
    /// that senders are offered; 16,384 is what most backends offer.
    ///
    /// # Errors
    /// An address that cannot be listened on, or no thread.
    pub(crate) fn start(
        grpc: SocketAddr,
        http: SocketAddr,
        max_frame: u32,
    ) -> Result<Self, LoadError> {
        let grpc = listen(grpc)?;
        let http = listen(http)?;
        let totals = Arc::new(Totals::default());
        let started = LoadError::io("start the sink");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(LoadError::io("start the sink's runtime"))?;
        let (tid, tids) = std::sync::mpsc::sync_channel(1);
        let addresses = (grpc.1, http.1);
        let shared = Arc::clone(&totals);
        thread::Builder::new()
            .name("sink".to_owned())
            .spawn(move || {
                // Whoever started the thread waits just below.
                tid.send(process::this_thread()).ok();
                runtime.block_on(async {
                    let grpc = serve(grpc.0, Protocol::Grpc, Arc::clone(&shared), max_frame);
                    let http = serve(http.0, Protocol::Http, shared, max_frame);
                    tokio::join!(grpc, http);
                });
            })
            .map_err(started)?;
        let thread = tids.recv().unwrap_or_default();
        Ok(Self {
            grpc: addresses.0,
            http: addresses.1,
            totals,
            thread,
        })
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), LoadError> {
    let listen = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    listen().map_err(LoadError::io(format!("listen on {address}")))
}

/// Accepts connections until the listener breaks; a broken connection ends alone.
async fn serve(listener: TcpListener, protocol: Protocol, totals: Arc<Totals>, max_frame: u32) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((stream, _)) = listener.accept().await {
        // Without it only latency would be worse.
        drop(stream.set_nodelay(true));
        let io = TokioIo::new(stream);
        let totals = Arc::clone(&totals);
        let service = service_fn(move |request| answer(protocol, request, Arc::clone(&totals)));
        tokio::spawn(async move {
            let done = match protocol {
                Protocol::Grpc => {
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .timer(TokioTimer::new())
                        .initial_stream_window_size(STREAM_WINDOW)
                        .initial_connection_window_size(CONNECTION_WINDOW)
                        .max_frame_size(max_frame)
                        .serve_connection(io, service)
                        .await
                }
                Protocol::Http => {
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(io, service)
                        .await
                }
            };
            // The peer's business: what had been counted stays counted.
            drop(done);
        });
    }
}

async fn answer(
    protocol: Protocol,
    request: Request<Incoming>,
    totals: Arc<Totals>,
) -> Result<Response<Answer>, Infallible> {
    let arrived = receive(protocol, request).await;
    let counted = arrived.is_some();
    if let Some((signal, items, bytes)) = arrived {
        totals.requests.fetch_add(1, Ordering::Release);
        totals.bytes.fetch_add(bytes, Ordering::Release);
        totals.items[signal.index()].fetch_add(items, Ordering::Release);
    } else {
        totals.refused.fetch_add(1, Ordering::Release);
    }
    let mut response = Response::new(Answer::default());
    let content_type = match protocol {
        Protocol::Grpc => {
            let answer = if counted {
                Answer::accepted()
            } else {
                Answer::with_trailers(Bytes::new(), otlp::status(3))
            };
            *response.body_mut() = answer;
            "application/grpc"
        }
        Protocol::Http => {
            if !counted {
                *response.status_mut() = StatusCode::BAD_REQUEST;
            }
            "application/x-protobuf"
        }
    };
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(response)
}

/// Reads one request to its end: its signal, its items, and the bytes of its body.
async fn receive(protocol: Protocol, request: Request<Incoming>) -> Option<(Signal, u64, u64)> {
    let signal = otlp::signal(protocol, request.uri().path())?;
    let header = match protocol {
        Protocol::Grpc => request.headers().get("grpc-encoding"),
        Protocol::Http => {
            // Servers in the field refuse HTTP/1.1 without it, so a sender must not get away here.
            request.headers().get(HOST)?;
            request.headers().get(CONTENT_ENCODING)
        }
    };
    let encoding = Encoding::from_header(header.map_or(&[], HeaderValue::as_bytes))?;
    let body = collect(request.into_body()).await?;
    let (compressed, message) = match protocol {
        Protocol::Grpc => otlp::unframe(&body)?,
        Protocol::Http => (encoding != Encoding::None, body.as_ref()),
    };
    let items = if compressed {
        let mut plain = Vec::new();
        encoding.decompress(message, &mut plain).ok()?;
        count(signal, &plain).ok()?
    } else {
        count(signal, message).ok()?
    };
    Some((signal, items, body.len() as u64))
}

/// The whole body in one piece, without a copy if it came in one; `None` if it breaks off or is
/// larger than 256 MiB.
pub(crate) async fn collect(mut body: Incoming) -> Option<Bytes> {
    let announced = body.size_hint().exact();
    let mut first = Bytes::new();
    let mut rest = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else {
            continue;
        };
        if first.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            let length = announced.or_else(|| otlp::announced(&first)).unwrap_or(0);
            rest.reserve_exact(length.min(8 << 20) as usize);
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&data);
        if rest.len() > MAX_BODY {
            return None;
        }
    }
    Some(if rest.is_empty() {
        first
    } else {
        Bytes::from(rest)
    })
}
