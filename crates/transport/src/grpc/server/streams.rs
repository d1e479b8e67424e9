//! The requests of one connection.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context as TaskContext;
use std::time::Duration;

use bytes::Bytes;
use headwater_core::auth::AuthError;
use headwater_core::rpc::Code;
use headwater_core::{Context, ContextParts, Identity, Metadata};
use http::HeaderMap;
use tokio::time::Instant;

use super::answer::{self, Answers};
use super::head::Head;
use super::policy::PingPolicy;
use super::receive::Incoming;
use super::{Outcome, Peer, Request, Shared, UnaryHandler};
use crate::Status;
use crate::compression::Encoding;
use crate::grpc::STREAM_WINDOW;
use crate::http2::{
    Blocked, Fault, Outgoing, Pumped, Reason, ReceiveWindow, Role, SendWindow, Slots, Traffic,
};

/// Streams of one connection where the settings have no limit: beyond it is an attack.
const MOST_STREAMS: usize = 16 << 10;
/// Streams of which it is remembered that we ended them before the client did: it may go on
/// sending until it hears of it.
const MOST_EARLY: usize = 1024;
/// Streams that room is kept for when there are none.
const KEPT: usize = 64;

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
    /// Streams that we ended before the client did.
    early: VecDeque<u32>,
    /// Streams beyond this are not taken any more.
    most: u32,
    /// The next moment at which a stream may run out of time.
    alarm: Option<Instant>,
    /// Looking for those takes a while when there are many: not before this.
    calm_until: Option<Instant>,
    /// When the last stream ended.
    emptied: Instant,
    /// Streams whose answers wait for the connection's window.
    blocked: Blocked,
    pings: PingPolicy,
}

impl<H, F, M> Streams<H, F, M>
where
    H: UnaryHandler,
    F: Future<Output = Result<Bytes, Status>>,
    M: Fn(Arc<Shared<H>>, Request) -> F,
{
    pub(super) fn new(server: Arc<Shared<H>>, peer: Peer, make: M) -> Self {
        let pings = PingPolicy::new(&server.options);
        Self {
            server,
            peer,
            make,
            streams: HashMap::new(),
            calls: Slots::new(),
            auths: Slots::new(),
            answers: Answers::default(),
            last: 0,
            early: VecDeque::new(),
            most: u32::MAX,
            alarm: None,
            calm_until: None,
            emptied: Instant::now(),
            blocked: Blocked::default(),
            pings,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Since when there have been no streams; `None` while there are. Kept only where a
    /// connection may be closed for it.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.streams.is_empty().then_some(self.emptied)
    }

    pub(super) const fn last(&self) -> u32 {
        self.last
    }

    /// Takes no streams after those there are.
    pub(super) const fn close(&mut self) {
        self.most = self.last;
    }

    /// When [`Streams::expire`] should be called.
    pub(super) fn alarm(&self) -> Option<Instant> {
        self.alarm.max(self.alarm.and(self.calm_until))
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
        // Nobody notices a millisecond, but many that run out one by one would be noticed.
        self.calm_until = now.checked_add(Duration::from_micros(self.streams.len() as u64));
    }

    fn set_alarm(&mut self, at: Option<Instant>) {
        self.alarm = match (self.alarm, at) {
            (Some(alarm), Some(at)) => Some(alarm.min(at)),
            (alarm, at) => alarm.or(at),
        };
    }

    fn request(
        &mut self,
        traffic: &mut Traffic,
        id: u32,
        head: Head,
        end: bool,
    ) -> Result<(), Fault> {
        let (method, timeout, encoding) = match head.check() {
            Ok(checked) => checked,
            Err(outcome) => {
                answer::status(traffic, id, &outcome);
                if !end {
                    self.reset_early(traffic, id, Reason::NO_ERROR);
                }
                return Ok(());
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
            self.finish(traffic, id)?;
        }
        Ok(())
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
        if result.is_ok() && !stream.ended {
            traffic.used_of(id, &mut stream.receive, parked.data.len() as u32);
        }
        match result {
            Err(error) => {
                self.fail(traffic, id, &Status::from(error).into());
            }
            Ok(identity) => {
                stream.identity = Some(identity);
                stream.metadata = headers;
                let ended = stream.ended;
                self.take(traffic, id, &parked.data);
                if ended {
                    self.handle(traffic, id);
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
    fn finish(&mut self, traffic: &mut Traffic, id: u32) -> Result<(), Fault> {
        let Some(stream) = self.streams.get_mut(&id) else {
            return Ok(());
        };
        stream.ended = true;
        stream.patience = None;
        if stream.missing.is_some_and(|missing| missing > 0) {
            return self.malformed(traffic, id);
        }
        if stream.parked.is_none() {
            self.handle(traffic, id);
        }
        Ok(())
    }

    fn handle(&mut self, traffic: &mut Traffic, id: u32) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
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
            Ok((_, Pumped::All)) => {
                traffic.count_answer();
                self.forget(id);
            }
            Ok((mut outgoing, pumped)) => {
                // Whether the client reads its answer is its own affair.
                stream.deadline = None;
                if pumped == Pumped::ConnectionFull {
                    self.blocked.push(id, &mut outgoing);
                }
                stream.outgoing = Some(outgoing);
                self.tidy_blocked();
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
        traffic.count_answer();
        if !ended {
            // What it still sends is of no use.
            self.reset_early(traffic, id, Reason::NO_ERROR);
        }
    }

    /// Ends a stream that the client has not ended.
    fn reset_early(&mut self, traffic: &mut Traffic, id: u32, reason: Reason) {
        traffic.reset(id, reason);
        if self.early.len() == MOST_EARLY {
            self.early.pop_front();
        }
        self.early.push_back(id);
    }

    /// Ends a stream that breaks the rules.
    fn broken(&mut self, traffic: &mut Traffic, id: u32, reason: Reason) -> Result<(), Fault> {
        match self.remove(traffic, id) {
            None => return Ok(()),
            Some(true) => traffic.reset(id, reason),
            Some(false) => self.reset_early(traffic, id, reason),
        }
        traffic.count_reset()
    }

    fn malformed(&mut self, traffic: &mut Traffic, id: u32) -> Result<(), Fault> {
        self.broken(traffic, id, Reason::PROTOCOL_ERROR)
    }

    fn forget(&mut self, id: u32) -> Option<Stream> {
        let stream = self.streams.remove(&id)?;
        if self.streams.is_empty() {
            if self.server.options.max_connection_idle.is_some() {
                self.emptied = Instant::now();
            }
            // What a burst has left behind.
            if self.streams.capacity() > 4 * KEPT {
                self.streams.shrink_to(KEPT);
            }
            self.calls.shrink(KEPT);
            self.auths.shrink(KEPT);
        }
        Some(stream)
    }

    fn outgoing(&mut self, id: u32) -> Option<&mut Outgoing> {
        self.streams.get_mut(&id)?.outgoing.as_mut()
    }

    fn tidy_blocked(&mut self) {
        let streams = &self.streams;
        self.blocked.tidy(streams.len(), |id| {
            let outgoing = streams.get(&id).and_then(|stream| stream.outgoing.as_ref());
            outgoing.is_some_and(Outgoing::is_queued)
        });
    }

    /// Forgets a stream; says whether the client had sent everything.
    fn remove(&mut self, traffic: &mut Traffic, id: u32) -> Option<bool> {
        let stream = self.streams.get(&id)?;
        if let Some(parked) = &stream.parked {
            traffic.used(parked.charged);
            self.auths.remove(parked.place);
        }
        if let Some(place) = stream.place {
            self.calls.remove(place);
        }
        self.forget(id).map(|stream| stream.ended)
    }

    /// Sends on what was waiting for a window; `None` if there is nothing.
    fn pump(&mut self, traffic: &mut Traffic, id: u32) -> Option<Pumped> {
        let pumped = self.outgoing(id)?.pump(traffic, id);
        if pumped == Pumped::All {
            self.answers.trailers(traffic, id);
            traffic.count_answer();
            self.forget(id);
        }
        Some(pumped)
    }

    /// Fails for a stream that the client cannot be speaking of.
    fn check_opened(&self, id: u32) -> Result<(), Fault> {
        if id.is_multiple_of(2) || (id > self.last && id <= self.most) {
            return Err(Fault::protocol("a frame of a stream that was never opened"));
        }
        Ok(())
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
                None if self.early.contains(&id) => traffic.count()?,
                None => {
                    let text = "headers on a stream that is over";
                    return Err(Fault::Protocol(Reason::STREAM_CLOSED, text));
                }
                Some(stream) if stream.ended => {
                    let text = "headers behind the end of a stream";
                    return Err(Fault::Protocol(Reason::STREAM_CLOSED, text));
                }
                Some(_) if !end || pseudo => {
                    return Err(Fault::protocol("headers in the middle of a stream"));
                }
                Some(_) => self.finish(traffic, id)?,
            }
            return Ok(());
        }
        let head = Head::decode(traffic, block, &self.server.methods, all)?;
        if id > self.most {
            // It was sent before the client knew that it should go away; it knows what to do.
            return traffic.count();
        }
        if head.too_long {
            traffic.count()?;
        }
        self.last = id;
        let most = match options.max_concurrent_streams {
            0 => MOST_STREAMS,
            most => most as usize,
        };
        let reason = if self.streams.len() >= most {
            Reason::REFUSED_STREAM
        } else if head.is_request() {
            return self.request(traffic, id, head, end);
        } else {
            Reason::PROTOCOL_ERROR
        };
        if end {
            traffic.reset(id, reason);
        } else {
            self.reset_early(traffic, id, reason);
        }
        traffic.count_reset()
    }

    fn data_begins(&mut self, traffic: &mut Traffic, id: u32, length: u32) -> Result<(), Fault> {
        self.check_opened(id)?;
        match self.streams.get_mut(&id) {
            None => {
                traffic.used(length);
                // Otherwise it was sent before the client knew that the stream was over. Which
                // ones is not remembered for ever, so the connection goes on.
                let known = id > self.most || self.early.contains(&id);
                if !known {
                    traffic.reset(id, Reason::STREAM_CLOSED);
                }
                if known && length > 0 {
                    Ok(())
                } else {
                    traffic.count()
                }
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
                None => return self.malformed(traffic, id),
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
            self.finish(traffic, id)?;
        } else if let Some(stream) = self.streams.get_mut(&id) {
            traffic.used_of(id, &mut stream.receive, padding);
        }
        Ok(())
    }

    fn reset(&mut self, traffic: &mut Traffic, id: u32, _: Reason) -> Result<(), Fault> {
        self.check_opened(id)?;
        // Dropping the handler's future is all there is to do.
        let _known = self.remove(traffic, id);
        traffic.count_reset()
    }

    fn window(&mut self, traffic: &mut Traffic, id: u32, increment: u32) -> Result<(), Fault> {
        self.check_opened(id)?;
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
            return self.broken(traffic, id, reason);
        }
        if self.pump(traffic, id) == Some(Pumped::ConnectionFull)
            && let Some(outgoing) = self.streams.get_mut(&id).and_then(|s| s.outgoing.as_mut())
        {
            self.blocked.push(id, outgoing);
            self.tidy_blocked();
        }
        Ok(())
    }

    fn ping(&mut self, traffic: &mut Traffic) -> Result<(), Fault> {
        let answered = traffic.take_spoken();
        if self.pings.allows(answered, !self.streams.is_empty()) {
            return Ok(());
        }
        tracing::debug!(peer = ?self.peer.address, "client pings more often than allowed");
        // grpc-go's word: clients that understand it ping half as often from now on.
        Err(Fault::calm("too_many_pings"))
    }

    fn windows(&mut self, traffic: &mut Traffic, change: i64) -> Result<(), Fault> {
        traffic.count_of(self.streams.len())?;
        for (id, stream) in &mut self.streams {
            let changed = match &mut stream.outgoing {
                Some(outgoing) => {
                    // It may be its own window that it has been waiting for.
                    self.blocked.push(*id, outgoing);
                    outgoing.change_window(change)
                }
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

    fn settled(&mut self, _: &mut Traffic) {}

    fn room(&mut self, traffic: &mut Traffic) {
        while traffic.has_room()
            && let Some(id) = self.blocked.next()
        {
            let Some(stream) = self.streams.get_mut(&id) else {
                continue;
            };
            let Some(outgoing) = &mut stream.outgoing else {
                continue;
            };
            Blocked::taken(outgoing);
            if outgoing.pump(traffic, id) == Pumped::ConnectionFull {
                return self.blocked.push_first(id, outgoing);
            }
            // Says the same again, and ends the stream if that was all.
            self.pump(traffic, id);
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
