//! Data on its way out, as far as the windows allow.

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
}

impl Outgoing {
    /// Data for a stream with this window.
    pub(crate) const fn new(frames: Frames, window: SendWindow, end: bool) -> Self {
        Self {
            frames,
            window,
            end,
            done: false,
        }
    }

    /// The peer changes the stream's window; `None` beyond the largest possible.
    pub(crate) fn change_window(&mut self, by: i64) -> Option<()> {
        self.window.change(by)
    }

    /// Hands over as much as the windows allow; says whether that was all.
    pub(crate) fn pump(&mut self, traffic: &mut Traffic, stream: u32) -> bool {
        while !self.done {
            let left = self.frames.remaining();
            let room = self.window.room().min(traffic.send.room());
            let length = left.min(room).min(traffic.max_frame());
            if length == 0 && left > 0 {
                return false;
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
                traffic.count_data();
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
        true
    }
}
