//! A remote-write backend that counts samples.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use crate::error::LoadError;
use crate::sink::collect;

use super::received::{self, Received};

/// What has arrived; counts only ever grow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    /// Samples of what targets showed.
    pub(crate) samples: u64,
    /// Body bytes as they travelled.
    pub(crate) bytes: u64,
    /// Requests that could not be read.
    pub(crate) refused: u64,
}

/// The sink; gone when dropped.
#[derive(Debug)]
pub(crate) struct Sink {
    /// Where `POST /api/v1/write` is taken.
    pub(crate) address: SocketAddr,
    totals: Arc<Mutex<Totals>>,
    _stop: oneshot::Sender<Infallible>,
}

impl Sink {
    /// Starts a server on a thread of its own.
    ///
    /// # Errors
    /// No port, no thread.
    pub(crate) fn start() -> Result<Self, LoadError> {
        let what = || LoadError::io("start the remote-write sink");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(what())?;
        listener.set_nonblocking(true).map_err(what())?;
        let address = listener.local_addr().map_err(what())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(what())?;
        let totals = Arc::default();
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&totals);
        thread::Builder::new()
            .name("remote-write".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = serve(listener, shared) => {}
                        _ = stopped => {}
                    }
                });
            })
            .map_err(what())?;
        Ok(Self {
            address,
            totals,
            _stop: stop,
        })
    }

    /// What has arrived so far.
    pub(crate) fn totals(&self) -> Totals {
        *self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(listener: TcpListener, totals: Arc<Mutex<Totals>>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((stream, _)) = listener.accept().await {
        // Without it only latency would be worse.
        drop(stream.set_nodelay(true));
        let totals = Arc::clone(&totals);
        let service = service_fn(move |request| answer(request, Arc::clone(&totals)));
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new();
            // The collector's business.
            drop(
                connection
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    totals: Arc<Mutex<Totals>>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let arrived = receive(request).await;
    let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
    let mut response = Response::<Empty<Bytes>>::default();
    if let Some((received, bytes)) = arrived {
        totals.samples += received.samples;
        totals.bytes += bytes;
        *response.status_mut() = StatusCode::NO_CONTENT;
        let all = received.samples + received.added + received.stale;
        for (name, count) in [("samples", all), ("histograms", 0), ("exemplars", 0)] {
            let name = format!("x-prometheus-remote-write-{name}-written");
            if let Ok(name) = http::HeaderName::try_from(name) {
                response
                    .headers_mut()
                    .insert(name, HeaderValue::from(count));
            }
        }
    } else {
        totals.refused += 1;
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    Ok(response)
}

/// Reads one request to its end: its samples and the bytes of its body.
async fn receive(request: Request<Incoming>) -> Option<(Received, u64)> {
    let second = is_second(request.headers());
    let body = collect(request.into_body()).await?;
    let plain = snap::raw::Decoder::new().decompress_vec(&body).ok()?;
    let read = if second { received::v2 } else { received::v1 };
    Some((read(&plain).ok()?, body.len() as u64))
}

/// Whether the message is of version 2.0.
fn is_second(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("io.prometheus.write.v2.Request"))
}
