//! What both ends of a connection have: windows, tables, settings, pings, and what waits to be
//! written.

use std::task::{Context, Poll};

use super::flood::Flood;
use super::flow::{ReceiveWindow, SendWindow};
use super::frame::{
    self, DEFAULT_WINDOW, LARGEST_MAX_FRAME, LARGEST_WINDOW, SMALLEST_MAX_FRAME, flag, setting,
};
use super::hpack::{Decoder, Encoder, Field, Undecodable};
use super::outbox::Outbox;
use super::{Fault, PREFACE, Reason};
use crate::io::Io;

/// How much a peer that does not read makes us hold before we stop reading, too: of frames that
/// it provokes, and of answers. A client's requests do not count, or both sides could wait for
/// the other.
const MOST_UNREAD: usize = 256 << 10;
const MOST_UNREAD_ANSWERS: usize = 4 << 20;
/// The data of our keepalive pings.
const KEEPALIVE: [u8; 8] = *b"headwate";

/// What we tell the peer at the beginning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Whether we accepted the connection.
    pub(crate) server: bool,
    /// The window of each stream.
    pub(crate) stream_window: u32,
    /// The window of the connection.
    pub(crate) window: u32,
    /// The largest frame that we take.
    pub(crate) max_frame: u32,
    /// The largest header list that we take, as the protocol counts it.
    pub(crate) max_headers: u32,
    /// Streams that the peer may open; 0 for no limit.
    pub(crate) max_streams: u32,
}

/// What the peer allows.
#[derive(Debug)]
struct Peer {
    initial_window: u32,
    max_frame: usize,
    max_streams: usize,
}

/// The state of a connection besides its streams.
#[derive(Debug)]
pub(crate) struct Traffic {
    server: bool,
    out: Outbox,
    encoder: Encoder,
    decoder: Decoder,
    /// What the peer lets us send on all streams.
    pub(super) send: SendWindow,
    receive: ReceiveWindow,
    peer: Peer,
    /// Whether the peer's settings have arrived.
    settled: bool,
    /// Pings of ours that have been answered since somebody asked.
    answered: bool,
    /// The longest header list that we take.
    max_headers: usize,
    /// Whether headers or data have been sent since somebody asked.
    spoke: bool,
    /// Bytes of frames that the peer provoked and that may still be there.
    provoked: usize,
    flood: Flood,
}

impl Traffic {
    /// A connection with what is to be said first.
    pub(crate) fn new(limits: Limits) -> Self {
        let (receive, increment) = ReceiveWindow::connection(limits.window);
        let mut traffic = Self {
            server: limits.server,
            out: Outbox::default(),
            encoder: Encoder::new(),
            decoder: Decoder::new(),
            send: SendWindow::new(DEFAULT_WINDOW),
            receive,
            peer: Peer {
                initial_window: DEFAULT_WINDOW,
                max_frame: SMALLEST_MAX_FRAME as usize,
                max_streams: usize::MAX,
            },
            settled: false,
            answered: false,
            max_headers: limits.max_headers as usize,
            spoke: false,
            provoked: 0,
            flood: Flood::new(),
        };
        let mut settings = vec![
            (setting::INITIAL_WINDOW_SIZE, limits.stream_window),
            (setting::MAX_HEADER_LIST_SIZE, limits.max_headers),
        ];
        if limits.max_frame != SMALLEST_MAX_FRAME {
            settings.push((setting::MAX_FRAME_SIZE, limits.max_frame));
        }
        if limits.max_streams > 0 {
            settings.push((setting::MAX_CONCURRENT_STREAMS, limits.max_streams));
        }
        if !limits.server {
            settings.push((setting::ENABLE_PUSH, 0));
        }
        traffic.out.write(|out| {
            if !limits.server {
                out.extend_from_slice(PREFACE);
            }
            frame::settings(out, &settings);
            if increment > 0 {
                frame::window_update(out, 0, increment);
            }
        });
        traffic
    }

    /// Whether the peer's settings have arrived.
    pub(crate) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// The window that new streams begin with.
    pub(crate) const fn stream_window(&self) -> SendWindow {
        SendWindow::new(self.peer.initial_window)
    }

    /// Whether the peer takes any data at all.
    pub(crate) fn has_room(&self) -> bool {
        self.send.room() > 0
    }

    /// Streams that we may open.
    pub(crate) const fn max_streams(&self) -> usize {
        self.peer.max_streams
    }

    /// The largest frame that the peer takes.
    pub(super) const fn max_frame(&self) -> usize {
        self.peer.max_frame
    }

    /// See [`Encoder::generation`].
    pub(crate) const fn generation(&self) -> u64 {
        self.encoder.generation()
    }

    /// Whether everything has been written.
    pub(crate) fn is_flushed(&self) -> bool {
        self.out.is_flushed()
    }

    /// Whether the peer makes us hold so much that it must read first.
    pub(crate) const fn is_congested(&self) -> bool {
        if self.server {
            self.out.copied() > MOST_UNREAD || self.out.pending() > MOST_UNREAD_ANSWERS
        } else {
            self.provoked > MOST_UNREAD
        }
    }

    pub(crate) fn poll_write(
        &mut self,
        io: &mut Io,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        let written = self.out.poll_write(io, cx).map_err(Fault::Io);
        self.provoked = self.provoked.min(self.out.copied());
        written
    }

    /// Writes frames that the peer provokes.
    fn provoke(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.out.copied();
        self.out.write(write);
        self.provoked += self.out.copied() - before;
    }

    /// Sends headers.
    pub(crate) fn headers<'a>(
        &mut self,
        stream: u32,
        fields: impl Iterator<Item = Field<'a>>,
        end: bool,
    ) {
        self.spoke = true;
        let (encoder, max) = (&mut self.encoder, self.peer.max_frame);
        self.out.write(|out| {
            let start = out.len();
            let flags = flag::END_HEADERS | if end { flag::END_STREAM } else { 0 };
            frame::head(out, 0, frame::kind::HEADERS, flags, stream);
            encoder.encode(out, fields);
            let length = out.len() - start - frame::HEADER;
            if length > max {
                let block = out.split_off(start + frame::HEADER);
                out.truncate(start);
                frame::headers(out, stream, &block, end, max);
            } else {
                out[start..start + 3].copy_from_slice(&(length as u32).to_be_bytes()[1..]);
            }
        });
    }

    /// Headers to be sent with [`Traffic::block`] while the generation stays. `None` if they
    /// must be encoded each time.
    pub(crate) fn repeatable<'a>(
        &self,
        fields: impl Iterator<Item = Field<'a>>,
    ) -> Option<Vec<u8>> {
        self.encoder.repeatable(fields)
    }

    /// Sends headers that were encoded before.
    pub(crate) fn block(&mut self, stream: u32, block: &[u8], end: bool) {
        self.spoke = true;
        let max = self.peer.max_frame;
        self.out
            .write(|out| frame::headers(out, stream, block, end, max));
    }

    /// Decodes a header block, up to the longest list that we take; see [`Decoder::decode`].
    /// Says whether that was all of it.
    pub(crate) fn decode(
        &mut self,
        block: &[u8],
        each: impl FnMut(&[u8], &[u8]),
    ) -> Result<bool, Fault> {
        let decoded = self.decoder.decode(block, self.max_headers, each);
        self.decoder.shrink();
        match decoded {
            Ok(size) => Ok(size <= self.max_headers),
            Err(Undecodable::TooLong) => Err(Fault::calm("headers larger than allowed")),
            Err(Undecodable::Damaged) => {
                let text = "headers that cannot be decoded";
                Err(Fault::Protocol(Reason::COMPRESSION_ERROR, text))
            }
        }
    }

    pub(super) fn outbox(&mut self) -> &mut Outbox {
        &mut self.out
    }

    /// Ends a stream.
    pub(crate) fn reset(&mut self, stream: u32, reason: Reason) {
        self.provoke(|out| frame::reset(out, stream, reason));
    }

    /// Says that no more streams are wanted, or that the connection is over.
    pub(crate) fn go_away(&mut self, last: u32, reason: Reason, text: &str) {
        self.out
            .write(|out| frame::go_away(out, last, reason, text));
    }

    /// Pings the peer.
    pub(crate) fn ping(&mut self) {
        self.out.write(|out| frame::ping(out, 0, KEEPALIVE));
    }

    /// Whether a ping has been answered since the last call.
    pub(crate) const fn take_answer(&mut self) -> bool {
        let answered = self.answered;
        self.answered = false;
        answered
    }

    /// Whether headers or data have been sent since the last call.
    pub(crate) const fn take_spoken(&mut self) -> bool {
        std::mem::replace(&mut self.spoke, false)
    }

    /// `bytes` of data have been used; the peer may send as many again.
    pub(crate) fn used(&mut self, bytes: u32) {
        if let Some(increment) = self.receive.used(bytes) {
            self.provoke(|out| frame::window_update(out, 0, increment));
        }
    }

    /// The same for one stream.
    pub(crate) fn used_of(&mut self, stream: u32, window: &mut ReceiveWindow, bytes: u32) {
        if let Some(increment) = window.used(bytes) {
            self.provoke(|out| frame::window_update(out, stream, increment));
        }
    }

    pub(super) fn received(&mut self, bytes: u32) -> Result<(), Fault> {
        if bytes > 0 {
            self.flood.data();
        }
        self.receive.received(bytes)
    }

    /// Counts a frame with data that is sent.
    pub(super) const fn count_data(&mut self) {
        self.spoke = true;
        self.flood.data();
    }

    /// Counts a frame that costs us more than the peer.
    pub(crate) fn count(&mut self) -> Result<(), Fault> {
        self.flood.idle(1)
    }

    /// Counts a frame that makes us look at so many streams.
    pub(crate) fn count_of(&mut self, streams: usize) -> Result<(), Fault> {
        // A look at a stream costs a hundredth of what a frame does, more or less.
        self.flood
            .idle(u32::try_from(streams / 64).unwrap_or(u32::MAX))
    }

    /// Counts a request that came to nothing by the peer's doing.
    pub(crate) fn count_reset(&mut self) -> Result<(), Fault> {
        self.flood.reset()
    }

    /// Counts a request that was answered.
    pub(crate) const fn count_answer(&mut self) {
        self.flood.answered();
    }

    /// Takes the peer's settings and acknowledges them. Returns by how much the windows of open
    /// streams change.
    pub(super) fn settings(&mut self, payload: &[u8]) -> Result<i64, Fault> {
        self.count()?;
        self.settled = true;
        let before = i64::from(self.peer.initial_window);
        for entry in payload.chunks_exact(6) {
            let value = frame::u32_at(entry, 2);
            match u16::from_be_bytes([entry[0], entry[1]]) {
                setting::HEADER_TABLE_SIZE => self.encoder.set_limit(value),
                setting::ENABLE_PUSH if value > u32::from(self.server) => {
                    return Err(Fault::protocol(
                        "a value of ENABLE_PUSH that is not allowed",
                    ));
                }
                setting::MAX_CONCURRENT_STREAMS => self.peer.max_streams = value as usize,
                setting::INITIAL_WINDOW_SIZE => {
                    if i64::from(value) > LARGEST_WINDOW {
                        return Err(Fault::flow("an initial window larger than possible"));
                    }
                    self.peer.initial_window = value;
                }
                setting::MAX_FRAME_SIZE => {
                    if !(SMALLEST_MAX_FRAME..=LARGEST_MAX_FRAME).contains(&value) {
                        return Err(Fault::protocol("a frame size that is not allowed"));
                    }
                    self.peer.max_frame = value as usize;
                }
                _ => {}
            }
        }
        self.provoke(|out| frame::head(out, 0, frame::kind::SETTINGS, flag::ACK, 0));
        Ok(i64::from(self.peer.initial_window) - before)
    }

    pub(super) fn pinged(&mut self, data: [u8; 8], answer: bool) -> Result<(), Fault> {
        if answer {
            self.answered |= data == KEEPALIVE;
            return Ok(());
        }
        self.count()?;
        self.provoke(|out| frame::ping(out, flag::ACK, data));
        Ok(())
    }
}
