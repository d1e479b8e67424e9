//! The requests of one connection and their answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use headwater_core::rpc::Code;

use super::answer::Answer;
use super::{Call, CallError};
use crate::Status;
use crate::grpc::ANSWER_WINDOW;
use crate::grpc::body::PREFIX;
use crate::http2::{Fault, Outgoing, Reason, ReceiveWindow, Role, Traffic};

/// The last stream that a connection can have.
const LAST_STREAM: u32 = (1 << 31) - 1;
/// Answers to exports are a few bytes; what grew for a longer one is given back.
const KEPT: usize = 1024;
/// Header blocks that are kept encoded: one per method and timeout in use.
const MOST_BLOCKS: usize = 8;

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
    /// Requests that wait until one of those before them is answered.
    waiting: Vec<Waker>,
    /// Streams that wait for the connection's window.
    blocked: Vec<u32>,
    closed: Option<Closed>,
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
            waiting: Vec::new(),
            blocked: Vec::new(),
            closed: None,
            blocks: Vec::new(),
            last: Bytes::new(),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.streams.is_empty()
    }

    pub(super) const fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Begins a request and returns its place; waits while the server allows no more.
    pub(super) fn poll_begin(
        &mut self,
        traffic: &mut Traffic,
        cx: &mut Context<'_>,
        call: &mut Call<'_>,
    ) -> Poll<Result<usize, CallError>> {
        if let Some(closed) = &self.closed {
            return Poll::Ready(Err(CallError::NotProcessed(closed.text())));
        }
        if self.streams.len() >= traffic.max_streams() {
            self.waiting.push(cx.waker().clone());
            return Poll::Pending;
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
        let outgoing = (!outgoing.pump(traffic, id)).then_some(outgoing);
        if outgoing.is_some() {
            self.blocked.push(id);
        }
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
        Poll::Ready(Ok(index))
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
        // Everything is in the table now: the same again is a few bytes.
        let bytes = traffic.encode(call.fields());
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
            self.wake_waiting();
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
    }

    fn wake_waiting(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }

    /// Ends a stream with a result.
    fn end(&mut self, stream: u32, result: Result<Bytes, CallError>) {
        let Some(index) = self.streams.remove(&stream) else {
            return;
        };
        let place = &mut self.places[index];
        place.result = Some(result);
        place.outgoing = None;
        if let Some(waker) = place.waker.take() {
            waker.wake();
        }
        self.wake_waiting();
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
        self.end(stream, result.map_err(CallError::Status));
    }

    /// The connection is over, and every request with it.
    pub(super) fn fail(&mut self, text: &str) {
        let text: Arc<str> = text.into();
        self.closed = Some(Closed::Broken(Arc::clone(&text)));
        let streams: Vec<_> = self.streams.keys().copied().collect();
        for stream in streams {
            self.end(stream, Err(CallError::Failed(Arc::clone(&text))));
        }
        self.wake_waiting();
    }

    fn pump(&mut self, traffic: &mut Traffic, stream: u32) {
        let Some(index) = self.streams.get(&stream) else {
            return;
        };
        let place = &mut self.places[*index];
        if let Some(outgoing) = &mut place.outgoing
            && outgoing.pump(traffic, stream)
        {
            place.outgoing = None;
        }
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
        let Some(index) = self.streams.get(&stream) else {
            if stream.is_multiple_of(2) || stream >= self.next {
                return Err(Fault::protocol(
                    "an answer to a request that was never sent",
                ));
            }
            return traffic.decode(block, |_, _| {});
        };
        let place = &mut self.places[*index];
        let trailers = place.answer.has_head();
        traffic.decode(block, |name, value| place.answer.field(name, value))?;
        if end {
            self.finish(traffic, stream);
        } else if trailers {
            return Err(Fault::protocol("trailers that do not end the answer"));
        } else {
            place.answer.head_ends();
        }
        Ok(())
    }

    fn data_begins(
        &mut self,
        traffic: &mut Traffic,
        stream: u32,
        length: u32,
    ) -> Result<(), Fault> {
        // It is taken at once, or dropped.
        traffic.used(length);
        match self.streams.get(&stream) {
            Some(index) => {
                if let Some(receive) = &mut self.places[*index].receive {
                    receive.received(length)?;
                }
            }
            None if stream.is_multiple_of(2) || stream >= self.next => {
                return Err(Fault::protocol("data for a request that was never sent"));
            }
            None => {}
        }
        if length == 0 { traffic.count() } else { Ok(()) }
    }

    fn data(&mut self, traffic: &mut Traffic, stream: u32, data: &[u8]) -> Result<(), Fault> {
        let Some(index) = self.streams.get(&stream) else {
            return Ok(());
        };
        let place = &mut self.places[*index];
        if place.body.len() + data.len() > self.max_message.saturating_add(PREFIX) {
            let text = format!(
                "the answer is larger than the limit of {} bytes",
                self.max_message
            );
            traffic.reset(stream, Reason::CANCEL);
            let status = Status::new(Code::ResourceExhausted, text);
            self.end(stream, Err(CallError::Status(status)));
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
        } else if let Some(index) = self.streams.get(&stream)
            && let Some(receive) = &mut self.places[*index].receive
        {
            traffic.used_of(stream, receive, padding);
        }
        Ok(())
    }

    fn reset(&mut self, _: &mut Traffic, stream: u32, reason: Reason) -> Result<(), Fault> {
        let text = || format!("the server ended the request: {reason}").into();
        let error = match reason {
            Reason::REFUSED_STREAM => CallError::NotProcessed(text()),
            reason => CallError::Reset(reason, text()),
        };
        self.end(stream, Err(error));
        Ok(())
    }

    fn window(&mut self, traffic: &mut Traffic, stream: u32, increment: u32) -> Result<(), Fault> {
        let Some(index) = self.streams.get(&stream) else {
            return Ok(());
        };
        let place = &mut self.places[*index];
        if let Some(outgoing) = &mut place.outgoing {
            let changed = outgoing.change_window(i64::from(increment));
            if increment == 0 || changed.is_none() {
                traffic.reset(stream, Reason::FLOW_CONTROL_ERROR);
                let text = "the server gave a window that cannot be".into();
                self.end(stream, Err(CallError::Failed(text)));
                return Ok(());
            }
            self.pump(traffic, stream);
        }
        Ok(())
    }

    fn windows(&mut self, traffic: &mut Traffic, change: i64) -> Result<(), Fault> {
        for index in self.streams.values() {
            if let Some(outgoing) = &mut self.places[*index].outgoing
                && outgoing.change_window(change).is_none()
            {
                let text = "settings make a window larger than possible";
                return Err(Fault::Protocol(Reason::FLOW_CONTROL_ERROR, text));
            }
        }
        // The server may allow more requests now, too.
        self.wake_waiting();
        self.room(traffic);
        Ok(())
    }

    fn room(&mut self, traffic: &mut Traffic) {
        for stream in std::mem::take(&mut self.blocked) {
            self.pump(traffic, stream);
            let still = self
                .streams
                .get(&stream)
                .map(|index| &self.places[*index].outgoing);
            if still.is_some_and(Option::is_some) {
                self.blocked.push(stream);
            }
        }
    }

    fn go_away(&mut self, _: &mut Traffic, last: u32, reason: Reason, text: &[u8]) {
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
            self.end(stream, Err(error));
        }
        self.wake_waiting();
    }
}
