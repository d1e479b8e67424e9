//! One connection of a client: handshake, life, end.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::calls::{Calls, Closed};
use super::{Call, CallError, ClientKeepAlive, ClientOptions};
use crate::connect::{Address, Alpn, CONNECT_TIMEOUT, ConnectError};
use crate::grpc::keepalive::{Due, KeepAlive};
use crate::grpc::{ANSWER_WINDOW, MAX_HEADERS};
use crate::http2::{Fault, Limits, Link, Reason, Traffic};
use crate::io::Io;

/// The frames that answers may have: the smallest limit that there is.
const MAX_FRAME: u32 = 16 << 10;
/// How long the last words to a server may take.
const FAREWELL: Duration = Duration::from_secs(1);

struct State {
    traffic: Traffic,
    calls: Calls,
}

struct Connection {
    state: Mutex<State>,
    /// The task that reads and writes.
    driver: AtomicWaker,
}

impl Connection {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends requests on a connection. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sender(Arc<Connection>);

impl Sender {
    /// Whether the server went away because of too many pings.
    pub(super) fn is_pinged_too_much(&self) -> bool {
        self.0.lock().calls.is_pinged_too_much()
    }

    /// Sends a request and waits for its answer.
    pub(super) fn exchange(self, call: Call<'_>) -> Exchange<'_> {
        Exchange {
            connection: self.0,
            call,
            place: None,
            ticket: None,
        }
    }
}

/// A request on its way. Dropping it resets the stream.
pub(super) struct Exchange<'a> {
    connection: Arc<Connection>,
    call: Call<'a>,
    place: Option<usize>,
    /// Under which it waits until it may begin.
    ticket: Option<u64>,
}

impl Future for Exchange<'_> {
    type Output = Result<Bytes, CallError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut state = this.connection.lock();
        let State { traffic, calls } = &mut *state;
        let Some(place) = this.place else {
            let place = ready!(calls.poll_begin(traffic, cx, &mut this.call, &mut this.ticket))?;
            this.place = Some(place);
            drop(state);
            this.connection.driver.wake();
            return Poll::Pending;
        };
        let result = ready!(calls.poll_end(cx, place));
        this.place = None;
        Poll::Ready(result)
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if self.place.is_none() && self.ticket.is_none() {
            return;
        }
        let mut state = self.connection.lock();
        let State { traffic, calls } = &mut *state;
        if let Some(ticket) = self.ticket {
            calls.leave(traffic, ticket);
        }
        if let Some(place) = self.place {
            calls.cancel(traffic, place);
        }
        drop(state);
        self.connection.driver.wake();
    }
}

/// A connection on which the server has answered.
pub(crate) struct Open {
    connection: Arc<Connection>,
    io: Io,
    link: Link,
    keepalive: Option<KeepAlive>,
}

/// Connects and waits for the server's settings, so that what is no HTTP/2 server is told apart
/// from one that breaks later.
pub(super) async fn open(
    options: &Arc<ClientOptions>,
    keepalive: Option<ClientKeepAlive>,
    address: &Address,
) -> Result<Open, ConnectError> {
    let server_name = &options.target.server_name;
    let io = options
        .connector
        .dial(address, server_name, Alpn::Http2)
        .await?;
    if io.is_tls() && io.alpn() != Some(b"h2") {
        return Err(ConnectError::Alpn {
            address: address.clone(),
        });
    }
    over(options, keepalive, io, address).await
}

/// The same on a connected stream.
pub(super) async fn over(
    options: &Arc<ClientOptions>,
    keepalive: Option<ClientKeepAlive>,
    io: Io,
    address: &Address,
) -> Result<Open, ConnectError> {
    let traffic = Traffic::new(Limits {
        server: false,
        stream_window: ANSWER_WINDOW,
        window: ANSWER_WINDOW,
        max_frame: MAX_FRAME,
        max_headers: MAX_HEADERS,
        max_streams: 0,
    });
    let calls = Calls::new(options.max_message);
    let state = Mutex::new(State { traffic, calls });
    let keepalive = keepalive.map(|keepalive| KeepAlive::new(keepalive, io.activity()));
    let mut open = Open {
        connection: Arc::new(Connection {
            state,
            driver: AtomicWaker::new(),
        }),
        io,
        link: Link::new(MAX_FRAME),
        keepalive,
    };
    let settled = std::future::poll_fn(|cx| {
        let fault = open.poll(cx);
        if open.connection.lock().traffic.is_settled() {
            return Poll::Ready(Ok(()));
        }
        let fault = ready!(fault);
        let error = match fault {
            Fault::Closed => "it closed the connection".to_owned(),
            fault => fault.to_string(),
        };
        Poll::Ready(Err(ConnectError::NotHttp2 {
            address: address.clone(),
            error,
        }))
    });
    match timeout(CONNECT_TIMEOUT, settled).await {
        Ok(Ok(())) => Ok(open),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ConnectError::Timeout {
            address: address.clone(),
        }),
    }
}

/// Why a connection takes no more requests.
pub(super) enum Ended {
    /// It is gone; `None` if that was no fault.
    Closed(Option<String>),
    /// The server asked to go away; requests in hand may still be answered.
    Draining(Box<Open>),
}

impl Open {
    pub(super) fn sender(&self) -> Sender {
        Sender(Arc::clone(&self.connection))
    }

    /// Reads, writes and pings. Ready with what ends the connection.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        self.connection.driver.register(cx.waker());
        let mut state = self.connection.lock();
        let State { traffic, calls } = &mut *state;
        loop {
            if let Poll::Ready(fault) = self.link.poll_read(&mut self.io, cx, traffic, calls) {
                return Poll::Ready(fault);
            }
            let congested = traffic.is_congested();
            if let Poll::Ready(Err(fault)) = traffic.poll_write(&mut self.io, cx) {
                return Poll::Ready(fault);
            }
            if congested && !traffic.is_congested() {
                continue;
            }
            let Some(keepalive) = &mut self.keepalive else {
                return Poll::Pending;
            };
            match keepalive.poll(cx, !calls.is_idle()) {
                None => return Poll::Pending,
                Some(Due::Ping) => traffic.ping(),
                Some(Due::Close) => {
                    let text = "a keepalive ping was not answered";
                    return Poll::Ready(Fault::Protocol(Reason::NO_ERROR, text));
                }
            }
        }
    }

    /// Drives the connection until it takes no more requests.
    pub(super) async fn run(mut self) -> Ended {
        let fault = std::future::poll_fn(|cx| {
            let fault = self.poll(cx).map(Some);
            let going = matches!(
                self.connection.lock().calls.closed(),
                Some(Closed::GoAway(_))
            );
            if fault.is_pending() && going {
                Poll::Ready(None)
            } else {
                fault
            }
        })
        .await;
        match fault {
            None if self.connection.lock().calls.is_idle() => {
                self.close(None).await;
                Ended::Closed(None)
            }
            None => Ended::Draining(Box::new(self)),
            Some(fault) => Ended::Closed(self.close(Some(fault)).await),
        }
    }

    /// Drives the connection until it is closed.
    #[cfg(feature = "fuzzing")]
    pub(crate) async fn run_to_the_end(self) {
        if let Ended::Draining(open) = self.run().await {
            open.drain().await;
        }
    }

    /// Drives a connection that takes no more requests until the last is answered.
    pub(super) async fn drain(mut self) {
        let fault = std::future::poll_fn(|cx| {
            let fault = self.poll(cx).map(Some);
            let idle = self.connection.lock().calls.is_idle();
            if fault.is_pending() && idle {
                Poll::Ready(None)
            } else {
                fault
            }
        })
        .await;
        self.close(fault).await;
    }

    /// Ends the connection; what ended it comes back as text, unless the server did, politely.
    async fn close(mut self, fault: Option<Fault>) -> Option<String> {
        let text = fault.as_ref().map(ToString::to_string);
        {
            let mut state = self.connection.lock();
            let State { traffic, calls } = &mut *state;
            let polite = matches!(calls.closed(), Some(Closed::GoAway(_)));
            calls.fail(
                traffic,
                text.as_deref().unwrap_or("the connection was closed"),
            );
            match fault {
                Some(Fault::Closed) if polite => return None,
                Some(Fault::Closed | Fault::Io(_)) => return text,
                Some(Fault::Protocol(reason, text)) => traffic.go_away(0, reason, text),
                None => traffic.go_away(0, Reason::NO_ERROR, ""),
            }
        }
        let farewell = async {
            let connection = &self.connection;
            let io = &mut self.io;
            let written =
                std::future::poll_fn(|cx| connection.lock().traffic.poll_write(io, cx)).await;
            if written.is_ok() {
                drop(self.io.shutdown().await);
            }
        };
        drop(timeout(FAREWELL, farewell).await);
        text
    }
}

/// Dropped with requests in hand, as when its client is: they must not wait for ever.
impl Drop for Open {
    fn drop(&mut self) {
        let mut state = self.connection.lock();
        if !matches!(state.calls.closed(), Some(Closed::Broken(_))) {
            let State { traffic, calls } = &mut *state;
            calls.fail(traffic, "the client was closed");
        }
    }
}
