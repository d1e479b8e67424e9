//! The requests of one connection and their answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use headwater_core::rpc::Code;

use super::answer::Answer;
use super::{Call, CallError};
use crate::Status;
use crate::grpc::body::PREFIX;
use crate::grpc::{ANSWER_WINDOW, MAX_HEADERS};
use crate::http2::{Blocked, Fault, Outgoing, Pumped, Reason, ReceiveWindow, Role, Traffic};

/// The last stream that a connection can have.
const LAST_STREAM: u32 = (1 << 31) - 1;
/// Answers to exports are a few bytes; what grew for a longer one is given back.
const KEPT: usize = 1024;
/// Header blocks that are kept encoded: one per method and timeout in use.
const MOST_BLOCKS: usize = 8;
/// Places that are kept when there are no requests.
const KEPT_PLACES: usize = 64;

/// Why a connection takes no more requests.
#[derive(Debug, Clone)]
pub(super) enum Closed {
    /// The server asked to go elsewhere; requests in hand may still be answered.
    GoAway(Arc<str>),
    Broken(Arc<str>),
}

impl Closed {
    pub(super) fn text(&self) -> Arc<str> {
        match self {
            Self::GoAway(text) | Self::Broken(text) => Arc::clone(text),
        }
    }
}

/// A request in hand. Its place is used again by a later one.
#[derive(Debug, Default)]
struct Place {
    stream: u32,
    waker: Option<Waker>,
    /// What is still to be sent.
    outgoing: Option<Outgoing>,
    receive: Option<ReceiveWindow>,
    answer: Answer,
    body: Vec<u8>,
    result: Option<Result<Bytes, CallError>>,
}

struct Block {
    /// The method that it is for, and whether with the usual timeout.
    key: (u64, bool),
    generation: u64,
    bytes: Vec<u8>,
}

/// The requests of a connection.
pub(super) struct Calls {
    max_message: usize,
    places: Vec<Place>,
    free: Vec<usize>,
    streams: HashMap<u32, usize>,
    next: u32,
    /// Requests that wait until one of those before them is answered, in the order in which
    /// they came.
    waiting: BTreeMap<u64, Waker>,
    next_ticket: u64,
    /// Streams that wait for the connection's window.
    blocked: Blocked,
    closed: Option<Closed>,
    pinged_too_much: bool,
    blocks: Vec<Block>,
    /// The last answer: most are the same, and then are not copied again.
    last: Bytes,
}

impl Calls {
    pub(super) fn new(max_message: usize) -> Self {
        Self {
            max_message,
            places: Vec::new(),
            free: Vec::new(),
            streams: HashMap::new(),
            next: 1,
            waiting: BTreeMap::new(),
            next_ticket: 0,
            blocked: Blocked::default(),
            closed: None,
            pinged_too_much: false,
            blocks: Vec::new(),
            last: Bytes::new(),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.streams.is_empty()
    }

    /// Whether the server went away because of too many pings.
    pub(super) const fn is_pinged_too_much(&self) -> bool {
        self.pinged_too_much
    }

    pub(super) const fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Begins a request and returns its place; waits while the server allows no more, and then
    /// puts the number under which it waits into `ticket`.
    pub(super) fn poll_begin(
        &mut self,
        traffic: &mut Traffic,
        cx: &mut Context<'_>,
        call: &mut Call<'_>,
        ticket: &mut Option<u64>,
    ) -> Poll<Result<usize, CallError>> {
        if let Some(closed) = &self.closed {
            return Poll::Ready(Err(CallError::NotProcessed(closed.text())));
        }
        if self.streams.len() >= traffic.max_streams() {
            let number = *ticket.get_or_insert_with(|| {
                self.next_ticket += 1;
                self.next_ticket
            });
            self.waiting.insert(number, cx.waker().clone());
            return Poll::Pending;
        }
        if let Some(number) = ticket.take() {
            self.waiting.remove(&number);
        }
        let id = self.next;
        self.next += 2;
        if self.next > LAST_STREAM {
            self.closed = Some(Closed::GoAway(
                "the connection has used up its streams".into(),
            ));
        }
        self.send_head(traffic, id, call);
        let mut outgoing = Outgoing::new(
            std::mem::take(&mut call.frames),
            traffic.stream_window(),
            true,
        );
        let outgoing = match outgoing.pump(traffic, id) {
            Pumped::All => None,
            Pumped::StreamFull => Some(outgoing),
            Pumped::ConnectionFull => {
                self.blocked.push(id, &mut outgoing);
                Some(outgoing)
            }
        };
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        let place = &mut self.places[index];
        place.stream = id;
        place.waker = Some(cx.waker().clone());
        place.outgoing = outgoing;
        place.receive = Some(ReceiveWindow::new(ANSWER_WINDOW));
        self.streams.insert(id, index);
        self.tidy_blocked();
        Poll::Ready(Ok(index))
    }

    /// Gives up a request that waits, or that was woken to begin.
    pub(super) fn leave(&mut self, traffic: &Traffic, ticket: u64) {
        if self.waiting.remove(&ticket).is_none() {
            // Its turn is somebody else's.
            self.wake_waiting(traffic);
        }
    }

    /// Sends the headers: as they were encoded last time, where they are always the same.
    fn send_head(&mut self, traffic: &mut Traffic, id: u32, call: &Call<'_>) {
        let Some(key) = call.key() else {
            return traffic.headers(id, call.fields(), false);
        };
        let found = self.blocks.iter_mut().find(|block| block.key == key);
        if let Some(block) = &found
            && block.generation == traffic.generation()
        {
            return traffic.block(id, &block.bytes, false);
        }
        traffic.headers(id, call.fields(), false);
        // Everything is in the table now, unless it is too much for it.
        let Some(bytes) = traffic.repeatable(call.fields()) else {
            return;
        };
        let generation = traffic.generation();
        match found {
            Some(block) => (block.bytes, block.generation) = (bytes, generation),
            None => {
                if self.blocks.len() == MOST_BLOCKS {
                    self.blocks.remove(0);
                }
                self.blocks.push(Block {
                    key,
                    generation,
                    bytes,
                });
            }
        }
    }

    /// The result of the request at `index`, which then is over.
    pub(super) fn poll_end(
        &mut self,
        cx: &mut Context<'_>,
        index: usize,
    ) -> Poll<Result<Bytes, CallError>> {
        let place = &mut self.places[index];
        match place.result.take() {
            Some(result) => {
                self.free(index);
                Poll::Ready(result)
            }
            None => {
                match &mut place.waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    waker => *waker = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// Gives up the request at `index`.
    pub(super) fn cancel(&mut self, traffic: &mut Traffic, index: usize) {
        let stream = self.places[index].stream;
        if self.streams.remove(&stream).is_some() {
            traffic.reset(stream, Reason::CANCEL);
            self.wake_waiting(traffic);
        }
        self.free(index);
    }

    fn free(&mut self, index: usize) {
        let place = &mut self.places[index];
        place.stream = 0;
        place.waker = None;
        place.outgoing = None;
        place.result = None;
        place.answer.clear();
        place.body.clear();
        place.body.shrink_to(KEPT);
        self.free.push(index);
        // What a burst has left behind.
        if self.free.len() == self.places.len() && self.places.len() > KEPT_PLACES {
            self.places.truncate(KEPT_PLACES);
            self.places.shrink_to_fit();
            self.free.retain(|place| *place < KEPT_PLACES);
            self.streams.shrink_to(KEPT_PLACES);
        }
    }

    /// Wakes as many of those who wait as there is room for.
    fn wake_waiting(&mut self, traffic: &Traffic) {
        let room = if self.closed.is_some() {
            usize::MAX
        } else {
            traffic.max_streams().saturating_sub(self.streams.len())
        };
        for _ in 0..room {
            let Some((_, waker)) = self.waiting.pop_first() else {
                return;
            };
            waker.wake();
        }
    }

    fn tidy_blocked(&mut self) {
        let (streams, places) = (&self.streams, &self.places);
        self.blocked.tidy(streams.len(), |id| {
            let place = streams.get(&id).and_then(|index| places.get(*index));
            let outgoing = place.and_then(|place| place.outgoing.as_ref());
            outgoing.is_some_and(Outgoing::is_queued)
        });
    }

    fn place(&mut self, stream: u32) -> Option<&mut Place> {
        self.places.get_mut(*self.streams.get(&stream)?)
    }

    /// Ends a stream with a result.
    fn end(&mut self, traffic: &mut Traffic, stream: u32, result: Result<Bytes, CallError>) {
        let Some(index) = self.streams.remove(&stream) else {
            return;
        };
        let place = &mut self.places[index];
        place.result = Some(result);
        place.outgoing = None;
        if let Some(waker) = place.waker.take() {
            waker.wake();
        }
        traffic.count_answer();
        self.wake_waiting(traffic);
    }

    /// The server has said everything about a stream.
    fn finish(&mut self, traffic: &mut Traffic, stream: u32) {
        let Some(index) = self.streams.get(&stream) else {
            return;
        };
        let place = &mut self.places[*index];
        if place.outgoing.is_some() {
            // It has not waited for the whole request.
            traffic.reset(stream, Reason::CANCEL);
        }
        let body = &mut place.body;
        let result = place.answer.finish(body, self.max_message, &mut self.last);
        self.end(traffic, stream, result.map_err(CallError::Status));
    }

    /// The connection is over, and every request with it.
    pub(super) fn fail(&mut self, traffic: &mut Traffic, text: &str) {
        let text: Arc<str> = text.into();
        self.closed = Some(Closed::Broken(Arc::clone(&text)));
        let streams: Vec<_> = self.streams.keys().copied().collect();
        for stream in streams {
            self.end(traffic, stream, Err(CallError::Failed(Arc::clone(&text))));
        }
        self.wake_waiting(traffic);
    }

    /// Fails for a stream that the server cannot be speaking of.
    fn check_opened(&self, stream: u32) -> Result<(), Fault> {
        if stream.is_multiple_of(2) || stream >= self.next {
            return Err(Fault::protocol("a frame for a request that was never sent"));
        }
        Ok(())
    }
}

impl Role for Calls {
    fn headers(
        &mut self,
        traffic: &mut Traffic,
        stream: u32,
        block: &[u8],
        end: bool,
    ) -> Result<(), Fault> {
        self.check_opened(stream)?;
        let Some(place) = self.place(stream) else {
            // Sent before the server knew that the request was given up.
            traffic.decode(block, |_, _| {})?;
            return traffic.count();
        };
        let trailers = place.answer.has_head();
        if !traffic.decode(block, |name, value| place.answer.field(name, value))? {
            let text = format!("the answer's headers are larger than {MAX_HEADERS} bytes");
            let status = Status::new(Code::Internal, text);
            if !end {
                traffic.reset(stream, Reason::CANCEL);
            }
            self.end(traffic, stream, Err(CallError::Status(status)));
            return traffic.count();
        }
        if end {
            self.finish(traffic, stream);
        } else if trailers {
            return Err(Fault::protocol("trailers that do not end the answer"));
        } else if !place.answer.head_ends() {
            // The announcement of others; there might be very many.
            traffic.count()?;
        }
        Ok(())
    }

    fn data_begins(
        &mut self,
        traffic: &mut Traffic,
        stream: u32,
        length: u32,
    ) -> Result<(), Fault> {
        self.check_opened(stream)?;
        // It is taken at once, or dropped.
        traffic.used(length);
        if let Some(place) = self.place(stream) {
            if !place.answer.has_head() {
                return Err(Fault::protocol("data in front of the headers of an answer"));
            }
            if let Some(receive) = &mut place.receive {
                receive.received(length)?;
            }
        }
        if length == 0 { traffic.count() } else { Ok(()) }
    }

    fn data(&mut self, traffic: &mut Traffic, stream: u32, data: &[u8]) -> Result<(), Fault> {
        let most = self.max_message;
        let Some(place) = self.place(stream) else {
            return Ok(());
        };
        if place.body.len() + data.len() > most.saturating_add(PREFIX) {
            let text = format!("the answer is larger than the limit of {most} bytes");
            traffic.reset(stream, Reason::CANCEL);
            let status = Status::new(Code::ResourceExhausted, text);
            self.end(traffic, stream, Err(CallError::Status(status)));
            return Ok(());
        }
        place.body.extend_from_slice(data);
        if let Some(receive) = &mut place.receive {
            traffic.used_of(stream, receive, data.len() as u32);
        }
        Ok(())
    }

    fn data_ends(
        &mut self,
        traffic: &mut Traffic,
        stream: u32,
        padding: u32,
        end: bool,
    ) -> Result<(), Fault> {
        if end {
            self.finish(traffic, stream);
        } else if let Some(place) = self.place(stream)
            && let Some(receive) = &mut place.receive
        {
            traffic.used_of(stream, receive, padding);
        }
        Ok(())
    }

    fn reset(&mut self, traffic: &mut Traffic, stream: u32, reason: Reason) -> Result<(), Fault> {
        self.check_opened(stream)?;
        let text = || format!("the server ended the request: {reason}").into();
        let error = match reason {
            Reason::REFUSED_STREAM => CallError::NotProcessed(text()),
            reason => CallError::Reset(reason, text()),
        };
        self.end(traffic, stream, Err(error));
        traffic.count_reset()
    }

    fn ping(&mut self, _: &mut Traffic) -> Result<(), Fault> {
        // Servers measure connections that way; only a flood is too much.
        Ok(())
    }

    fn window(&mut self, traffic: &mut Traffic, stream: u32, increment: u32) -> Result<(), Fault> {
        self.check_opened(stream)?;
        let Some(index) = self.streams.get(&stream) else {
            return Ok(());
        };
        let place = &mut self.places[*index];
        let Some(outgoing) = &mut place.outgoing else {
            return Ok(());
        };
        let changed = outgoing.change_window(i64::from(increment));
        if increment == 0 || changed.is_none() {
            let reason = if increment == 0 {
                Reason::PROTOCOL_ERROR
            } else {
                Reason::FLOW_CONTROL_ERROR
            };
            traffic.reset(stream, reason);
            let text = "the server gave a window that cannot be".into();
            self.end(traffic, stream, Err(CallError::Failed(text)));
            return Ok(());
        }
        match outgoing.pump(traffic, stream) {
            Pumped::All => place.outgoing = None,
            Pumped::StreamFull => {}
            Pumped::ConnectionFull => self.blocked.push(stream, outgoing),
        }
        Ok(())
    }

    fn windows(&mut self, traffic: &mut Traffic, change: i64) -> Result<(), Fault> {
        traffic.count_of(self.streams.len())?;
        for (stream, index) in &self.streams {
            let Some(outgoing) = &mut self.places[*index].outgoing else {
                continue;
            };
            // It may be its own window that it has been waiting for.
            self.blocked.push(*stream, outgoing);
            if outgoing.change_window(change).is_none() {
                let text = "settings make a window larger than possible";
                return Err(Fault::Protocol(Reason::FLOW_CONTROL_ERROR, text));
            }
        }
        self.room(traffic);
        Ok(())
    }

    fn settled(&mut self, traffic: &mut Traffic) {
        // The server may allow more requests now.
        self.wake_waiting(traffic);
    }

    fn room(&mut self, traffic: &mut Traffic) {
        while traffic.has_room()
            && let Some(stream) = self.blocked.next()
        {
            let Some(place) = self
                .streams
                .get(&stream)
                .and_then(|index| self.places.get_mut(*index))
            else {
                continue;
            };
            let Some(outgoing) = &mut place.outgoing else {
                continue;
            };
            Blocked::taken(outgoing);
            match outgoing.pump(traffic, stream) {
                Pumped::All => place.outgoing = None,
                Pumped::StreamFull => {}
                Pumped::ConnectionFull => return self.blocked.push_first(stream, outgoing),
            }
        }
    }

    fn go_away(&mut self, traffic: &mut Traffic, last: u32, reason: Reason, text: &[u8]) {
        self.pinged_too_much |= reason == Reason::ENHANCE_YOUR_CALM && text == b"too_many_pings";
        let text = String::from_utf8_lossy(text);
        let text: Arc<str> = format!("the server is going away: {reason} {text}")
            .trim_end()
            .into();
        self.closed = Some(Closed::GoAway(Arc::clone(&text)));
        let beyond: Vec<_> = self
            .streams
            .keys()
            .copied()
            .filter(|stream| *stream > last)
            .collect();
        for stream in beyond {
            let text = Arc::clone(&text);
            // Unless the server gives up for a reason, these are sent again.
            let error = if reason == Reason::NO_ERROR {
                CallError::NotProcessed(text)
            } else {
                CallError::Failed(text)
            };
            self.end(traffic, stream, Err(error));
        }
        self.wake_waiting(traffic);
    }
}
