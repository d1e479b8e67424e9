//! Reading a body: admission first, then one buffer.

use std::time::Duration;

use bytes::{BufMut as _, Bytes};
use headwater_core::Ticket;
use http::request::Parts;
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};

use super::Shared;
use crate::http::{Handler, Rejection};

/// How much is admitted at a time where there is no `Content-Length`.
const STEP: usize = 64 << 10;
/// The slowest acceptable sender, in bytes per second.
const SLOWEST: u64 = 32 << 10;
/// What is still read of a rejected request, so that the client reads the answer instead of
/// finding the connection reset.
const DISCARD_BYTES: usize = 4 << 20;
const DISCARD_TIME: Duration = Duration::from_secs(5);

pub(super) struct Received {
    pub(super) body: Bytes,
    pub(super) ticket: Ticket,
}

/// Reads the body if its size is admitted.
pub(super) async fn body<H: Handler>(
    server: &Shared<H>,
    head: &Parts,
    body: &mut Option<Incoming>,
    arrived: Instant,
) -> Result<Received, Rejection> {
    let limit = server.options.max_body;
    let Some(incoming) = body else {
        return Ok(Received {
            body: Bytes::new(),
            ticket: Ticket::default(),
        });
    };
    let announced = incoming
        .size_hint()
        .exact()
        .map(|size| usize::try_from(size).unwrap_or(usize::MAX));
    if announced.is_some_and(|size| size > limit) {
        return Err(Rejection::TooLarge { limit });
    }
    let admit = |bytes| {
        server
            .handler
            .admit(head, bytes)
            .map_err(Rejection::Refused)
    };
    let ticket = admit(announced.unwrap_or_default())?;
    let size = announced.unwrap_or(limit);
    let mut patience = server.options.receive_timeout + Duration::from_secs(size as u64 / SLOWEST);
    if let Some(read) = server.options.read_timeout {
        patience = patience.min(read.saturating_sub(arrived.elapsed()));
    }
    let reading = read(incoming, announced, limit, ticket, admit);
    let received = timeout(patience, reading)
        .await
        .unwrap_or(Err(Rejection::Slow))?;
    *body = None;
    Ok(received)
}

async fn read(
    incoming: &mut Incoming,
    announced: Option<usize>,
    limit: usize,
    mut ticket: Ticket,
    admit: impl Fn(usize) -> Result<Ticket, Rejection>,
) -> Result<Received, Rejection> {
    let mut admitted = announced.unwrap_or_default();
    let mut body = Vec::new();
    let mut only = Bytes::new();
    while let Some(frame) = next(incoming).await? {
        let arrived = body.len() + only.len() + frame.len();
        if arrived > limit {
            return Err(Rejection::TooLarge { limit });
        }
        if arrived > admitted {
            let step = (arrived - admitted).next_multiple_of(STEP);
            ticket.merge(admit(step)?);
            admitted += step;
        }
        if body.is_empty() && only.is_empty() {
            only = frame;
            continue;
        }
        if body.is_empty() {
            body.reserve_exact(announced.unwrap_or(arrived));
            body.put(std::mem::take(&mut only));
        }
        body.put(frame);
    }
    // A body in one piece would pin the connection's read buffer with it.
    let body = if body.is_empty() {
        Bytes::copy_from_slice(&only)
    } else {
        Bytes::from(body)
    };
    if announced.is_none() {
        ticket.resize(body.len());
    }
    Ok(Received { body, ticket })
}

/// The next piece of data; trailers are skipped.
async fn next(incoming: &mut Incoming) -> Result<Option<Bytes>, Rejection> {
    loop {
        let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *incoming).poll_frame(cx));
        match frame.await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => return Ok(Some(data)),
                Err(_) => continue,
            },
            Some(Err(_)) => return Err(Rejection::Incomplete),
            None => return Ok(None),
        }
    }
}

/// Reads on, within bounds, what nobody wants any more.
pub(super) fn discard(mut body: Incoming) {
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(timeout(DISCARD_TIME, async move {
        let mut left = DISCARD_BYTES;
        while let Ok(Some(data)) = next(&mut body).await {
            match left.checked_sub(data.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }));
}
