//! A backend: takes OTLP over gRPC and HTTP on one port, remembers what it took, and misbehaves
//! on demand.

mod answer;
mod respond;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ::http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::{JoinHandle, JoinSet};

use crate::items::Items;
use crate::message::{Message, Signal};
use crate::{clients, encoding, wait};
pub use answer::Answer;
use respond::{Body, Reply};

/// One request that came in.
#[derive(Debug, Clone)]
pub struct Received {
    /// When it had been read to its end.
    pub at: Instant,
    /// Whether it came over gRPC.
    pub grpc: bool,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its content, decoded.
    pub message: Message,
    /// Whether the sink said that it took it.
    pub taken: bool,
}

impl Received {
    /// A header's value, empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// How many items it holds.
    #[must_use]
    pub fn items(&self) -> usize {
        Items::of([&self.message]).len()
    }
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    items: usize,
    next: VecDeque<Answer>,
    always: Answer,
    problems: Vec<String>,
}

/// A backend on loopback. Connections die with it.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Sink {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Starts one at `address`.
    pub async fn start_at(address: SocketAddr) -> Self {
        let (listener, address) = listen(address);
        let state = Arc::<Mutex<State>>::default();
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        tokio::task::yield_now().await;
        Self {
            address,
            state,
            server,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and cuts every connection. What it took stays known.
    pub async fn stop(&mut self) {
        self.server.abort();
        while !self.server.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// Listens again where it listened before.
    pub fn restart(&mut self) {
        let (listener, _) = listen(self.address);
        self.server = tokio::spawn(serve(listener, Arc::clone(&self.state)));
    }

    /// How it answers from now on.
    pub fn always(&self, answer: Answer) {
        self.state().always = answer;
    }

    /// How it answers the next requests, before it does what [`Sink::always`] says.
    pub fn next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state().next.extend(answers);
    }

    /// Every request so far, the refused ones too.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// How many items it took so far.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.state().items
    }

    /// What it took so far.
    ///
    /// # Panics
    /// If a request could not be understood.
    #[must_use]
    pub fn items(&self) -> Items {
        let state = self.state();
        assert!(
            state.problems.is_empty(),
            "the sink could not read: {:?}",
            state.problems
        );
        Items::of(
            state
                .received
                .iter()
                .filter(|one| one.taken)
                .map(|one| &one.message),
        )
    }

    /// What it took so far, as if no record had an attribute called `key`.
    #[must_use]
    pub fn without_attribute(&self, key: &str) -> Items {
        let mut messages: Vec<_> = self
            .requests()
            .into_iter()
            .filter(|one| one.taken)
            .map(|one| one.message)
            .collect();
        messages
            .iter_mut()
            .for_each(|message| message.remove_attribute(key));
        Items::of(&messages)
    }

    /// What it could not read so far.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        self.state().problems.clone()
    }

    /// Waits until it has taken `count` items or more, and returns what it took.
    ///
    /// # Panics
    /// If there are fewer for too long.
    pub async fn wait_for(&self, count: usize) -> Items {
        let enough = || (self.taken() >= count).then_some(());
        let start = self.taken();
        let waiting = wait::until(format!("{count} items in the sink (first {start})"), enough);
        waiting.await;
        self.items()
    }

    /// Waits until `count` requests have come, taken or not.
    ///
    /// # Panics
    /// If there are fewer for too long.
    pub async fn wait_for_requests(&self, count: usize) -> Vec<Received> {
        wait::until(format!("{count} requests in the sink"), || {
            let requests = self.requests();
            (requests.len() >= count).then_some(requests)
        })
        .await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(address: SocketAddr) -> (TcpListener, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    // So that a sink can come back to the port that it left.
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    let listener = socket.listen(1024).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap_or_default();
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let service = service_fn(|request| handle(Arc::clone(&state), request));
            let builder = auto::Builder::new(TokioExecutor::new());
            // A client that leaves is not the sink's business.
            builder
                .serve_connection(TokioIo::new(stream), service)
                .await
                .unwrap_or_default();
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn handle(
    state: Arc<Mutex<State>>,
    request: ::http::Request<Incoming>,
) -> Result<::http::Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let grpc = head
        .headers
        .get("content-type")
        .is_some_and(|value| value == "application/grpc");
    let path = head.uri.path().to_owned();
    let read = match (Signal::of(&path), body.collect().await) {
        (None, _) => Err(format!("nobody serves {path}")),
        (_, Err(error)) => Err(format!("body: {error}")),
        (Some(signal), Ok(body)) => read(signal, grpc, &head.headers, &body.to_bytes()).await,
    };
    let message = match read {
        Ok(message) => message,
        Err(problem) => {
            // An error would make the collector answer differently; the test hears about it.
            lock(&state).problems.push(format!("{path}: {problem}"));
            return Ok(respond::respond(grpc, Reply::Success));
        }
    };
    let at = Instant::now();
    let (answer, number) = {
        let mut state = lock(&state);
        let answer = state
            .next
            .pop_front()
            .unwrap_or_else(|| state.always.clone());
        let taken = answer.takes();
        if taken {
            state.items += Items::of([&message]).len();
        }
        state.received.push(Received {
            at,
            grpc,
            headers: head.headers,
            message,
            taken,
        });
        (answer, state.received.len() - 1)
    };
    let reply = answer.reply().await;
    if answer.takes_late() {
        let mut state = lock(&state);
        let items = state.received[number].items();
        state.received[number].taken = true;
        state.items += items;
    }
    Ok(respond::respond(grpc, reply))
}

async fn read(
    signal: Signal,
    grpc: bool,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Message, String> {
    let header = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    };
    if grpc {
        let (frame, message) = body.split_at_checked(5).ok_or("no frame")?;
        let length = u32::from_be_bytes([frame[1], frame[2], frame[3], frame[4]]);
        if message.len() != length as usize {
            return Err(format!("a frame of {length} bytes with {}", message.len()));
        }
        let encoding = if frame[0] == 1 {
            header("grpc-encoding")
        } else {
            ""
        };
        let plain = encoding::decode(encoding, message).map_err(|error| error.to_string())?;
        return Message::from_protobuf(signal, &plain);
    }
    let plain = encoding::decode(header("content-encoding"), body).map_err(|e| e.to_string())?;
    match header("content-type") {
        "application/x-protobuf" => Message::from_protobuf(signal, &plain),
        "application/json" => clients::from_json(signal, &plain).await,
        other => Err(format!("content type {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Encoding, grpc, http, samples};

    #[tokio::test]
    async fn both_protocols_arrive_and_answers_follow_the_script() {
        let sink = Sink::start().await;
        sink.next([Answer::refuse(503, 14).after(Duration::from_secs(7))]);
        let logs = samples::rich(Signal::Logs, "a");
        let refused = http::export(sink.address(), &logs).await;
        assert_eq!((refused.status, refused.header("retry-after")), (503, "7"));
        assert_eq!(http::export(sink.address(), &logs).await.status, 200);

        let spans = samples::rich(Signal::Traces, "b");
        let client = grpc::Client::connect(sink.address()).await.unwrap();
        sink.next([Answer::refuse(429, 8).after(Duration::from_millis(20))]);
        let refused = client.export(&spans).await.unwrap();
        assert_eq!(refused.code, Some(8));
        assert_eq!(refused.retry_delay, Some(Duration::from_millis(20)));
        assert_eq!(client.export(&spans).await.unwrap().code, Some(0));

        sink.items()
            .assert_is(&Items::of([&logs, &spans]), "what was taken");
        let taken: Vec<_> = sink.requests().iter().map(|r| (r.grpc, r.taken)).collect();
        assert_eq!(
            taken,
            [(false, false), (false, true), (true, false), (true, true)]
        );
    }

    #[tokio::test]
    async fn a_sink_can_leave_and_come_back() {
        let mut sink = Sink::start().await;
        sink.stop().await;
        let logs = samples::rich(Signal::Logs, "a");
        let request = http::Request::protobuf(Signal::Logs, logs.to_protobuf());
        assert!(request.send(sink.address()).await.is_err());
        sink.restart();
        assert_eq!(
            request
                .encoded(Encoding::Zstd)
                .send(sink.address())
                .await
                .unwrap()
                .status,
            200
        );
        assert_eq!(sink.wait_for(1).await, Items::of([&logs]));
    }
}
