//! A Loki that counts entries: snappy and protobuf at `/loki/api/v1/push`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use headwater_core::pdata::wire::WireError;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::count::nested;
use crate::error::LoadError;
use crate::scrape::Server;
use crate::sink::collect;

use super::Arrived;

/// The sink; gone when dropped.
#[derive(Debug)]
pub(crate) struct Sink {
    server: Server,
    totals: Arc<Mutex<Arrived>>,
}

impl Sink {
    /// Starts it on a thread of its own.
    ///
    /// # Errors
    /// An address that is taken, no thread.
    pub(crate) fn start(address: SocketAddr) -> Result<Self, LoadError> {
        let totals = Arc::<Mutex<Arrived>>::default();
        let shared = Arc::clone(&totals);
        let answer = move |request| answer(request, Arc::clone(&shared));
        let server = Server::start_at(address, "sink", answer)?;
        Ok(Self { server, totals })
    }

    /// Where pushes are taken.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// What has arrived so far.
    pub(crate) fn arrived(&self) -> Arrived {
        *self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(request: Request<Incoming>, totals: Arc<Mutex<Arrived>>) -> Response<Full<Bytes>> {
    let arrived = receive(request).await;
    let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
    let mut response = Response::<Full<Bytes>>::default();
    if let Some((entries, bytes)) = arrived {
        totals.records += entries;
        totals.bytes += bytes;
        *response.status_mut() = StatusCode::NO_CONTENT;
    } else {
        totals.refused += 1;
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    response
}

/// Reads one push to its end: its entries and the bytes of its body.
async fn receive(request: Request<Incoming>) -> Option<(u64, u64)> {
    if request.method() != Method::POST || request.uri().path() != "/loki/api/v1/push" {
        return None;
    }
    let body = collect(request.into_body()).await?;
    let plain = snap::raw::Decoder::new().decompress_vec(&body).ok()?;
    Some((entries(&plain).ok()?, body.len() as u64))
}

/// The entries of a `PushRequest`: field 2 of each stream, which are its field 1. Source: Loki's
/// `logproto`.
fn entries(request: &[u8]) -> Result<u64, WireError> {
    let mut entries = 0;
    for stream in nested(request, 1) {
        for entry in nested(stream?, 2) {
            entries += entry.map(|_| 1)?;
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_core::pdata::wire::put_len_field;

    #[test]
    fn entries_of_all_streams_count() {
        let mut request = Vec::new();
        for count in [1, 3] {
            let mut stream = Vec::new();
            put_len_field(&mut stream, 1, b"{app=\"a\"}");
            for _ in 0..count {
                put_len_field(&mut stream, 2, b"");
            }
            put_len_field(&mut request, 1, &stream);
        }
        assert_eq!(entries(&request), Ok(4));
        assert!(entries(&request[..request.len() - 1]).is_err());
    }
}
