//! Data on its way out, as far as the windows allow.

use std::collections::VecDeque;

use bytes::Buf as _;

use super::flow::SendWindow;
use super::frame::{self, flag, kind};
use super::traffic::Traffic;
use crate::grpc::{Frames, Piece};

/// What one stream sends.
#[derive(Debug)]
pub(crate) struct Outgoing {
    frames: Frames,
    window: SendWindow,
    /// Whether the stream ends with the data.
    end: bool,
    /// Whether all of it, the end included, has been handed over.
    done: bool,
    /// Whether it stands in [`Blocked`].
    queued: bool,
}

/// How far data got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pumped {
    All,
    /// The stream's own window is used up; its update will be the time to go on.
    StreamFull,
    /// The connection's is: wait in [`Blocked`].
    ConnectionFull,
}

impl Outgoing {
    /// Data for a stream with this window.
    pub(crate) const fn new(frames: Frames, window: SendWindow, end: bool) -> Self {
        Self {
            frames,
            window,
            end,
            done: false,
            queued: false,
        }
    }

    /// The peer changes the stream's window; `None` beyond the largest possible.
    pub(crate) fn change_window(&mut self, by: i64) -> Option<()> {
        self.window.change(by)
    }

    /// Whether it stands in [`Blocked`].
    pub(crate) const fn is_queued(&self) -> bool {
        self.queued
    }

    /// Hands over as much as the windows allow.
    pub(crate) fn pump(&mut self, traffic: &mut Traffic, stream: u32) -> Pumped {
        while !self.done {
            let left = self.frames.remaining();
            let (own, shared) = (self.window.room(), traffic.send.room());
            let length = left.min(own).min(shared).min(traffic.max_frame());
            if length == 0 && left > 0 {
                return if own == 0 {
                    Pumped::StreamFull
                } else {
                    Pumped::ConnectionFull
                };
            }
            let last = length == left;
            let flags = if last && self.end {
                flag::END_STREAM
            } else {
                0
            };
            if length > 0 || self.end {
                self.window.sent(length);
                traffic.send.sent(length);
                if length > 0 {
                    traffic.count_data();
                }
                let out = traffic.outbox();
                out.write(|out| frame::head(out, length, kind::DATA, flags, stream));
                let mut rest = length;
                while rest > 0 {
                    match self.frames.piece(rest) {
                        Piece::Prefix(bytes, count) => {
                            out.write(|out| out.extend_from_slice(&bytes[..count]));
                            rest -= count;
                        }
                        Piece::Shared(bytes) => {
                            rest -= bytes.len();
                            out.share(bytes);
                        }
                    }
                }
            }
            self.done = last;
        }
        Pumped::All
    }
}

/// Streams that wait for the connection's window, in the order in which they came. Some may be
/// over: whoever takes one out looks.
#[derive(Debug, Default)]
pub(crate) struct Blocked(VecDeque<u32>);

impl Blocked {
    /// Adds a stream, unless it is there.
    pub(crate) fn push(&mut self, stream: u32, outgoing: &mut Outgoing) {
        if !outgoing.queued {
            outgoing.queued = true;
            self.0.push_back(stream);
        }
    }

    /// Puts back the stream that [`Blocked::next`] returned: it still is the first.
    pub(crate) fn push_first(&mut self, stream: u32, outgoing: &mut Outgoing) {
        outgoing.queued = true;
        self.0.push_front(stream);
    }

    /// Takes out the first stream.
    pub(crate) fn next(&mut self) -> Option<u32> {
        self.0.pop_front()
    }

    /// Marks a stream that was taken out.
    pub(crate) const fn taken(outgoing: &mut Outgoing) {
        outgoing.queued = false;
    }

    /// Forgets streams that are over, when they may be many more than the `open` ones.
    pub(crate) fn tidy(&mut self, open: usize, waits: impl Fn(u32) -> bool) {
        if self.0.len() > 2 * open + 64 {
            self.0.retain(|stream| waits(*stream));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_wait_once_in_their_order_and_those_that_are_over_are_forgotten() {
        let mut blocked = Blocked::default();
        let outgoing = || Outgoing::new(Frames::default(), SendWindow::new(0), true);
        let (mut first, mut second) = (outgoing(), outgoing());
        blocked.push(1, &mut first);
        blocked.push(3, &mut second);
        blocked.push(1, &mut first);
        assert_eq!(blocked.next(), Some(1));
        Blocked::taken(&mut first);
        blocked.push_first(1, &mut first);
        assert_eq!(
            (blocked.next(), blocked.next(), blocked.next()),
            (Some(1), Some(3), None)
        );
        for stream in 0..1000 {
            blocked.push(stream, &mut outgoing());
            blocked.tidy(1, |stream| stream == 0);
            assert!(blocked.0.len() <= 66);
        }
    }
}
