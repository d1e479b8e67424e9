//! A remote-write backend that counts samples.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::error::LoadError;
use crate::sink::collect;

use super::received::{self, Received};
use super::server::Server;

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
    server: Server,
    totals: Arc<Mutex<Totals>>,
}

impl Sink {
    /// Starts it on a thread of its own.
    ///
    /// # Errors
    /// No port, no thread.
    pub(crate) fn start() -> Result<Self, LoadError> {
        let totals = Arc::<Mutex<Totals>>::default();
        let shared = Arc::clone(&totals);
        let server = Server::start("sink", move |request| answer(request, Arc::clone(&shared)))?;
        Ok(Self { server, totals })
    }

    /// Where `POST /api/v1/write` is taken.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// What has arrived so far.
    pub(crate) fn totals(&self) -> Totals {
        *self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(request: Request<Incoming>, totals: Arc<Mutex<Totals>>) -> Response<Full<Bytes>> {
    let arrived = receive(request).await;
    let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
    let mut response = Response::<Full<Bytes>>::default();
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
    response
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
