//! The requests of one connection.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context as TaskContext;

use bytes::Bytes;
use headwater_core::auth::AuthError;
use headwater_core::rpc::Code;
use headwater_core::{Context, ContextParts, Identity, Metadata};
use http::HeaderMap;
use tokio::time::Instant;

use super::answer::{self, Answers};
use super::head::Head;
use super::receive::Incoming;
use super::{Outcome, Peer, Request, Shared, UnaryHandler};
use crate::Status;
use crate::compression::Encoding;
use crate::grpc::STREAM_WINDOW;
use crate::http2::{Fault, Outgoing, Reason, ReceiveWindow, Role, SendWindow, Slots, Traffic};

/// Streams of one connection where the settings have no limit: beyond it is an attack.
const MOST_STREAMS: usize = 16 << 10;

type AuthResult = (HeaderMap, Result<Identity, AuthError>);
type Auth = Pin<Box<dyn Future<Output = AuthResult> + Send>>;

/// A request from its headers to its answer.
struct Stream {
    method: usize,
    encoding: Encoding,
    metadata: HeaderMap,
    identity: Option<Identity>,
    arrived: Instant,
    /// When the client gives up.
    deadline: Option<Instant>,
    /// When we do, until the message has arrived.
    patience: Option<Instant>,
    receive: ReceiveWindow,
    send: SendWindow,
    incoming: Incoming,
    /// What has arrived before the authenticator has made up its mind.
    parked: Option<Parked>,
    /// The client has sent everything.
    ended: bool,
    /// How much of the length that was announced has not come.
    missing: Option<u64>,
    /// The place of what is being waited for: the authenticator or the handler.
    place: Option<usize>,
    /// An answer that is larger than the windows.
    outgoing: Option<Outgoing>,
}

struct Parked {
    place: usize,
    data: Vec<u8>,
    /// What the connection's window is charged for it.
    charged: u32,
}

/// The requests of a connection. `F` is the handler's future, which `make` makes.
pub(super) struct Streams<H, F, M> {
    server: Arc<Shared<H>>,
    peer: Peer,
    make: M,
    streams: HashMap<u32, Stream>,
    calls: Slots<F>,
    auths: Slots<Auth>,
    answers: Answers,
    /// The last stream that the client opened.
    last: u32,
    /// Streams beyond this are not taken any more.
    most: u32,
    /// The next moment at which a stream may run out of time.
    alarm: Option<Instant>,
    /// Streams whose answers wait for the connection's window.
    blocked: Vec<u32>,
}

impl<H, F, M> Streams<H, F, M>
where
    H: UnaryHandler,
    F: Future<Output = Result<Bytes, Status>>,
    M: Fn(Arc<Shared<H>>, Request) -> F,
{
    pub(super) fn new(server: Arc<Shared<H>>, peer: Peer, make: M) -> Self {
        Self {
            server,
            peer,
            make,
            streams: HashMap::new(),
            calls: Slots::new(),
            auths: Slots::new(),
            answers: Answers::default(),
            last: 0,
            most: u32::MAX,
            alarm: None,
            blocked: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    pub(super) const fn last(&self) -> u32 {
        self.last
    }

    /// Takes no streams after those there are.
    pub(super) const fn close(&mut self) {
        self.most = self.last;
    }

    /// When [`Streams::expire`] should be called.
    pub(super) const fn alarm(&self) -> Option<Instant> {
        self.alarm
    }

    /// Polls authenticators and handlers, and answers what has ended.
    pub(super) fn poll(&mut self, traffic: &mut Traffic, cx: &mut TaskContext<'_>) {
        while let Some((stream, (headers, result))) = self.auths.poll(cx) {
            self.authenticated(traffic, stream, headers, result);
        }
        while let Some((stream, result)) = self.calls.poll(cx) {
            if let Some(found) = self.streams.get_mut(&stream) {
                found.place = None;
            }
            match result {
                Ok(message) => self.answer(traffic, stream, message),
                Err(status) => self.fail(traffic, stream, &status.into()),
            }
        }
    }

    /// Answers the streams whose time is over.
    pub(super) fn expire(&mut self, traffic: &mut Traffic, now: Instant) {
        let over = |limit: Option<Instant>| limit.is_some_and(|limit| limit <= now);
        let due: Vec<_> = self
            .streams
            .iter()
            .filter(|(_, stream)| over(stream.deadline) || over(stream.patience))
            .map(|(id, stream)| (*id, over(stream.deadline)))
            .collect();
        for (id, deadline) in due {
            let text = if deadline {
                "the client's deadline passed"
            } else {
                "the message did not arrive in time"
            };
            self.fail(
                traffic,
                id,
                &Status::new(Code::DeadlineExceeded, text).into(),
            );
        }
        self.alarm = self
            .streams
            .values()
            .flat_map(|stream| [stream.deadline, stream.patience])
            .flatten()
            .min();
    }

    fn set_alarm(&mut self, at: Option<Instant>) {
        self.alarm = match (self.alarm, at) {
            (Some(alarm), Some(at)) => Some(alarm.min(at)),
            (alarm, at) => alarm.or(at),
        };
    }

    fn request(&mut self, traffic: &mut Traffic, id: u32, head: Head, end: bool) {
        let (method, timeout, encoding) = match head.check() {
            Ok(checked) => checked,
            Err(outcome) => {
                answer::status(traffic, id, &outcome);
                if !end {
                    traffic.reset(id, Reason::NO_ERROR);
                }
                return;
            }
        };
        let options = &self.server.options;
        let arrived = Instant::now();
        let mut stream = Stream {
            method,
            encoding,
            metadata: HeaderMap::new(),
            identity: None,
            arrived,
            deadline: timeout.and_then(|timeout| arrived.checked_add(timeout)),
            patience: arrived.checked_add(options.receive_timeout),
            receive: ReceiveWindow::new(STREAM_WINDOW),
            send: traffic.stream_window(),
            incoming: Incoming::default(),
            parked: None,
            ended: end,
            missing: head.length,
            place: None,
            outgoing: None,
        };
        self.set_alarm(stream.deadline.into_iter().chain(stream.patience).min());
        match &self.server.authenticator {
            Some(authenticator) => {
                let (authenticator, headers) = (Arc::clone(authenticator), head.all);
                let auth: Auth = Box::pin(async move {
                    let identity = authenticator.authenticate(&headers).await;
                    (headers, identity)
                });
                let place = self.auths.insert(id, auth);
                stream.parked = Some(Parked {
                    place,
                    data: Vec::new(),
                    charged: 0,
                });
            }
            None => stream.metadata = head.all,
        }
        self.streams.insert(id, stream);
        if end {
            self.finish(traffic, id);
        }
    }

    fn authenticated(
        &mut self,
        traffic: &mut Traffic,
        id: u32,
        headers: HeaderMap,
        result: Result<Identity, AuthError>,
    ) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let Some(parked) = stream.parked.take() else {
            return;
        };
        traffic.used(parked.charged);
        match result {
            Err(error) => {
                let status = Status::new(Code::Unauthenticated, error.message);
                self.fail(traffic, id, &status.into());
            }
            Ok(identity) => {
                stream.identity = Some(identity);
                stream.metadata = headers;
                let ended = stream.ended;
                self.take(traffic, id, &parked.data);
                if ended {
                    self.finish(traffic, id);
                }
            }
        }
    }

    /// Takes data of a stream's message.
    fn take(&mut self, traffic: &mut Traffic, id: u32, data: &[u8]) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let (server, method) = (&self.server, stream.method);
        let admit = |bytes| server.handler.admit(method, bytes);
        let before = stream.incoming.patience();
        let taken = stream
            .incoming
            .data(data, server.options.max_message, admit);
        let more = stream.incoming.patience().saturating_sub(before);
        if !more.is_zero() {
            stream.patience = stream
                .patience
                .and_then(|patience| patience.checked_add(more));
        }
        if let Err(status) = taken {
            self.fail(traffic, id, &status.into());
        }
    }

    /// The client has sent everything: hands the request to the handler.
    fn finish(&mut self, traffic: &mut Traffic, id: u32) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        stream.ended = true;
        stream.patience = None;
        if stream.missing.is_some_and(|missing| missing > 0) {
            return self.malformed(traffic, id);
        }
        if stream.parked.is_some() {
            return;
        }
        let incoming = std::mem::take(&mut stream.incoming);
        let options = &self.server.options;
        match incoming.finish(stream.encoding, options.max_message) {
            Err(status) => self.fail(traffic, id, &status.into()),
            Ok((message, ticket)) => {
                let metadata = if options.include_metadata {
                    metadata(&std::mem::take(&mut stream.metadata))
                } else {
                    Metadata::default()
                };
                let context = Context::new(ContextParts {
                    peer: self.peer.address,
                    metadata,
                    identity: stream.identity.take(),
                    tenant: None,
                    arrived: Some(stream.arrived.into_std()),
                });
                let (method, deadline) = (stream.method, stream.deadline);
                let request = Request {
                    method,
                    context,
                    deadline,
                    message,
                    ticket,
                };
                let call = (self.make)(Arc::clone(&self.server), request);
                stream.place = Some(self.calls.insert(id, call));
            }
        }
    }

    fn answer(&mut self, traffic: &mut Traffic, id: u32, message: Bytes) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        match self.answers.message(traffic, id, stream.send, message) {
            Ok(None) => drop(self.streams.remove(&id)),
            Ok(Some(outgoing)) => {
                // Whether the client reads its answer is its own affair.
                stream.deadline = None;
                stream.outgoing = Some(outgoing);
                self.blocked.push(id);
            }
            Err(status) => self.fail(traffic, id, &status.into()),
        }
    }

    /// Ends a stream with a status and drops what was being done for it.
    fn fail(&mut self, traffic: &mut Traffic, id: u32, outcome: &Outcome) {
        let Some(ended) = self.remove(traffic, id) else {
            return;
        };
        answer::status(traffic, id, outcome);
        if !ended {
            // What it still sends is of no use.
            traffic.reset(id, Reason::NO_ERROR);
        }
    }

    /// Ends a stream that breaks the rules of requests.
    fn malformed(&mut self, traffic: &mut Traffic, id: u32) {
        if self.remove(traffic, id).is_some() {
            traffic.reset(id, Reason::PROTOCOL_ERROR);
        }
    }

    /// Forgets a stream; says whether the client had sent everything.
    fn remove(&mut self, traffic: &mut Traffic, id: u32) -> Option<bool> {
        let stream = self.streams.remove(&id)?;
        if let Some(parked) = &stream.parked {
            traffic.used(parked.charged);
            self.auths.remove(parked.place);
        }
        if let Some(place) = stream.place {
            self.calls.remove(place);
        }
        Some(stream.ended)
    }

    /// Sends on what was waiting for a window.
    fn pump(&mut self, traffic: &mut Traffic, id: u32) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        let Some(outgoing) = &mut stream.outgoing else {
            return;
        };
        if outgoing.pump(traffic, id) {
            self.answers.trailers(traffic, id);
            self.streams.remove(&id);
        }
    }
}

impl<H, F, M> Role for Streams<H, F, M>
where
    H: UnaryHandler,
    F: Future<Output = Result<Bytes, Status>>,
    M: Fn(Arc<Shared<H>>, Request) -> F,
{
    fn headers(
        &mut self,
        traffic: &mut Traffic,
        id: u32,
        block: &[u8],
        end: bool,
    ) -> Result<(), Fault> {
        if id.is_multiple_of(2) {
            return Err(Fault::protocol("a client's stream with an even number"));
        }
        let options = &self.server.options;
        let all = options.include_metadata || self.server.authenticator.is_some();
        if id <= self.last {
            // Trailers, which requests have no use for.
            let mut pseudo = false;
            traffic.decode(block, |name, _| pseudo |= name.starts_with(b":"))?;
            match self.streams.get(&id) {
                // Sent before the client knew that the stream was over.
                None => traffic.count()?,
                Some(stream) if stream.ended => {
                    let text = "headers behind the end of a stream";
                    return Err(Fault::Protocol(Reason::STREAM_CLOSED, text));
                }
                Some(_) if !end || pseudo => {
                    return Err(Fault::protocol("headers in the middle of a stream"));
                }
                Some(_) => self.finish(traffic, id),
            }
            return Ok(());
        }
        let head = Head::decode(traffic, block, &self.server.methods, all)?;
        if id > self.most {
            // It was sent before the client knew that it should go away; it knows what to do.
            return Ok(());
        }
        self.last = id;
        let most = match options.max_concurrent_streams {
            0 => MOST_STREAMS,
            most => most as usize,
        };
        if self.streams.len() >= most {
            traffic.count()?;
            traffic.reset(id, Reason::REFUSED_STREAM);
        } else if head.is_request() {
            self.request(traffic, id, head, end);
        } else {
            traffic.count()?;
            traffic.reset(id, Reason::PROTOCOL_ERROR);
        }
        Ok(())
    }

    fn data_begins(&mut self, traffic: &mut Traffic, id: u32, length: u32) -> Result<(), Fault> {
        match self.streams.get_mut(&id) {
            None if id > self.last && id <= self.most => {
                Err(Fault::protocol("data on a stream that was never opened"))
            }
            None => {
                traffic.used(length);
                Ok(())
            }
            Some(stream) if stream.ended => Err(Fault::Protocol(
                Reason::STREAM_CLOSED,
                "data behind the end of a stream",
            )),
            Some(stream) => {
                stream.receive.received(length)?;
                match &mut stream.parked {
                    Some(parked) => parked.charged += length,
                    None => traffic.used(length),
                }
                if length == 0 { traffic.count() } else { Ok(()) }
            }
        }
    }

    fn data(&mut self, traffic: &mut Traffic, id: u32, data: &[u8]) -> Result<(), Fault> {
        match self
            .streams
            .get_mut(&id)
            .and_then(|stream| stream.parked.as_mut())
        {
            Some(parked) => parked.data.extend_from_slice(data),
            None => self.take(traffic, id, data),
        }
        if let Some(stream) = self.streams.get_mut(&id)
            && let Some(missing) = &mut stream.missing
        {
            match missing.checked_sub(data.len() as u64) {
                Some(left) => *missing = left,
                None => {
                    self.malformed(traffic, id);
                    return Ok(());
                }
            }
        }
        if let Some(stream) = self.streams.get_mut(&id)
            && stream.parked.is_none()
        {
            traffic.used_of(id, &mut stream.receive, data.len() as u32);
        }
        Ok(())
    }

    fn data_ends(
        &mut self,
        traffic: &mut Traffic,
        id: u32,
        padding: u32,
        end: bool,
    ) -> Result<(), Fault> {
        if end {
            self.finish(traffic, id);
        } else if let Some(stream) = self.streams.get_mut(&id) {
            traffic.used_of(id, &mut stream.receive, padding);
        }
        Ok(())
    }

    fn reset(&mut self, traffic: &mut Traffic, id: u32, _: Reason) -> Result<(), Fault> {
        if id > self.last && id <= self.most {
            return Err(Fault::protocol("a reset of a stream that was never opened"));
        }
        // Dropping the handler's future is all there is to do.
        let _known = self.remove(traffic, id);
        Ok(())
    }

    fn window(&mut self, traffic: &mut Traffic, id: u32, increment: u32) -> Result<(), Fault> {
        if id > self.last && id <= self.most {
            return Err(Fault::protocol(
                "a window for a stream that was never opened",
            ));
        }
        let Some(stream) = self.streams.get_mut(&id) else {
            return Ok(());
        };
        let by = i64::from(increment);
        let changed = match &mut stream.outgoing {
            Some(outgoing) => outgoing.change_window(by),
            None => stream.send.change(by),
        };
        if increment == 0 || changed.is_none() {
            let reason = if increment == 0 {
                Reason::PROTOCOL_ERROR
            } else {
                Reason::FLOW_CONTROL_ERROR
            };
            let _known = self.remove(traffic, id);
            traffic.reset(id, reason);
            return Ok(());
        }
        self.pump(traffic, id);
        Ok(())
    }

    fn windows(&mut self, traffic: &mut Traffic, change: i64) -> Result<(), Fault> {
        for stream in self.streams.values_mut() {
            let changed = match &mut stream.outgoing {
                Some(outgoing) => outgoing.change_window(change),
                None => stream.send.change(change),
            };
            if changed.is_none() {
                return Err(Fault::Protocol(
                    Reason::FLOW_CONTROL_ERROR,
                    "settings make a window larger than possible",
                ));
            }
        }
        self.room(traffic);
        Ok(())
    }

    fn room(&mut self, traffic: &mut Traffic) {
        for id in std::mem::take(&mut self.blocked) {
            self.pump(traffic, id);
            if self
                .streams
                .get(&id)
                .is_some_and(|stream| stream.outgoing.is_some())
            {
                self.blocked.push(id);
            }
        }
    }

    fn go_away(&mut self, _: &mut Traffic, _: u32, _: Reason, _: &[u8]) {
        // Clients say so before they leave; there is nothing that we would open.
    }
}

/// Headers that are text; binary ones mean nothing to the components that read metadata.
fn metadata(headers: &HeaderMap) -> Metadata {
    let mut metadata = Metadata::default();
    for (name, value) in headers {
        if let Ok(value) = value.to_str() {
            metadata.append(name.as_str(), value);
        }
    }
    metadata
}
