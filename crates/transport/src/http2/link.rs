//! From frames to what a role has to do with them.

use std::task::{Context, Poll, ready};

use super::parser::{Parser, Sink};
use super::read::poll_read;
use super::{Fault, Reason, Traffic};
use crate::io::Io;

/// Reads of one connection before others get their turn.
const READS: usize = 16;

/// What one end of a connection does with its streams.
pub(crate) trait Role {
    /// A header block: a request, an answer, or trailers.
    fn headers(
        &mut self,
        traffic: &mut Traffic,
        stream: u32,
        block: &[u8],
        end: bool,
    ) -> Result<(), Fault>;

    /// A DATA frame of `length` bytes, padding included. The connection's window has been
    /// charged; whoever uses the data, or drops it, calls [`Traffic::used`].
    fn data_begins(&mut self, traffic: &mut Traffic, stream: u32, length: u32)
    -> Result<(), Fault>;

    /// Some of its data.
    fn data(&mut self, traffic: &mut Traffic, stream: u32, bytes: &[u8]) -> Result<(), Fault>;

    /// Its end; `padding` of its bytes were no data.
    fn data_ends(
        &mut self,
        traffic: &mut Traffic,
        stream: u32,
        padding: u32,
        end: bool,
    ) -> Result<(), Fault>;

    /// The peer ended a stream.
    fn reset(&mut self, traffic: &mut Traffic, stream: u32, reason: Reason) -> Result<(), Fault>;

    /// More may be sent on a stream.
    fn window(&mut self, traffic: &mut Traffic, stream: u32, increment: u32) -> Result<(), Fault>;

    /// The peer pings; that has been answered.
    fn ping(&mut self, traffic: &mut Traffic) -> Result<(), Fault>;

    /// The peer's settings have arrived.
    fn settled(&mut self, traffic: &mut Traffic);

    /// The windows of all streams change.
    fn windows(&mut self, traffic: &mut Traffic, change: i64) -> Result<(), Fault>;

    /// More may be sent on the connection.
    fn room(&mut self, traffic: &mut Traffic);

    /// The peer wants no streams after `last`.
    fn go_away(&mut self, traffic: &mut Traffic, last: u32, reason: Reason, text: &[u8]);
}

struct Feeder<'a, R> {
    traffic: &'a mut Traffic,
    role: &'a mut R,
}

impl<R> Feeder<'_, R> {
    /// A connection begins with settings. Source: RFC 9113, section 3.4.
    fn check_settled(&self) -> Result<(), Fault> {
        if self.traffic.is_settled() {
            Ok(())
        } else {
            Err(Fault::protocol(
                "a connection that does not begin with settings",
            ))
        }
    }
}

impl<R: Role> Sink for Feeder<'_, R> {
    fn data_begins(&mut self, stream: u32, length: u32) -> Result<(), Fault> {
        self.check_settled()?;
        self.traffic.received(length)?;
        self.role.data_begins(self.traffic, stream, length)
    }

    fn data(&mut self, stream: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.role.data(self.traffic, stream, bytes)
    }

    fn data_ends(&mut self, stream: u32, padding: u32, end: bool) -> Result<(), Fault> {
        self.role.data_ends(self.traffic, stream, padding, end)
    }

    fn headers(&mut self, stream: u32, block: &[u8], end: bool) -> Result<(), Fault> {
        self.check_settled()?;
        self.role.headers(self.traffic, stream, block, end)
    }

    fn reset(&mut self, stream: u32, reason: u32) -> Result<(), Fault> {
        self.check_settled()?;
        self.role.reset(self.traffic, stream, Reason(reason))
    }

    fn settings(&mut self, payload: Option<&[u8]>) -> Result<(), Fault> {
        let Some(payload) = payload else {
            self.check_settled()?;
            return self.traffic.count();
        };
        let change = self.traffic.settings(payload)?;
        self.role.settled(self.traffic);
        if change == 0 {
            Ok(())
        } else {
            self.role.windows(self.traffic, change)
        }
    }

    fn ping(&mut self, data: [u8; 8], answer: bool) -> Result<(), Fault> {
        self.check_settled()?;
        self.traffic.pinged(data, answer)?;
        if answer {
            return Ok(());
        }
        self.role.ping(self.traffic)
    }

    fn go_away(&mut self, last: u32, reason: u32, text: &[u8]) -> Result<(), Fault> {
        self.check_settled()?;
        self.traffic.count()?;
        self.role.go_away(self.traffic, last, Reason(reason), text);
        Ok(())
    }

    fn window(&mut self, stream: u32, increment: u32) -> Result<(), Fault> {
        self.check_settled()?;
        if stream != 0 {
            return self.role.window(self.traffic, stream, increment);
        }
        if increment == 0 {
            return Err(Fault::protocol("a window update of nothing"));
        }
        let changed = self.traffic.send.change(i64::from(increment));
        changed.ok_or(Fault::flow("a window larger than possible"))?;
        self.role.room(self.traffic);
        Ok(())
    }

    fn ignored(&mut self) -> Result<(), Fault> {
        self.check_settled()?;
        self.traffic.count()
    }
}

/// The reading side of a connection.
#[derive(Debug)]
pub(crate) struct Link(Parser);

impl Link {
    pub(crate) const fn new(max_frame: u32) -> Self {
        Self(Parser::new(max_frame))
    }

    /// Reads what has arrived and handles it. Ready only with a fault; when there was more than
    /// is one connection's share, the task is woken again.
    pub(crate) fn poll_read(
        &mut self,
        io: &mut Io,
        cx: &mut Context<'_>,
        traffic: &mut Traffic,
        role: &mut impl Role,
    ) -> Poll<Fault> {
        for _ in 0..READS {
            if traffic.is_congested() {
                // Writing wakes the task, and then it reads on.
                return Poll::Pending;
            }
            let mut sink = Feeder { traffic, role };
            let read = poll_read(io, cx, |bytes| self.0.feed(bytes, &mut sink));
            if let Err(fault) = ready!(read) {
                return Poll::Ready(fault);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
