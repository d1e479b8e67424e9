//! HTTP/2 for unary gRPC: many small requests on few connections.
//!
//! A codec of our own, because the general ones cost a request a dozen allocations and a
//! connection a read buffer of its own. Here a connection is one task that parses frames out of
//! the worker's shared read buffer straight into messages of exactly their size; headers are
//! looked at, not collected; answers that are ready together leave in one write; and a
//! connection that has nothing to do holds no buffers.
//!
//! This module knows frames, header compression and windows. What requests and answers are is
//! up to a [`Role`]: the gRPC server or client.
//!
//! Source: RFC 9113 (HTTP/2), RFC 7541 (HPACK). There is no priority, no push and no CONNECT.

mod flood;
mod flow;
mod frame;
mod hpack;
mod link;
mod outbox;
mod outgoing;
mod parser;
mod read;
mod slots;
mod traffic;

use std::fmt;
use std::io;

pub(crate) use flow::{ReceiveWindow, SendWindow};
pub(crate) use frame::Reason;
pub(crate) use hpack::Field;
#[cfg(feature = "fuzzing")]
pub use hpack::fuzz::hpack as fuzz_hpack;
pub(crate) use link::{Link, Role};
pub(crate) use outgoing::{Blocked, Outgoing, Pumped};
pub(crate) use slots::Slots;
pub(crate) use traffic::{Limits, Traffic};

/// What the client of a connection sends first.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Why a connection cannot go on.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The peer broke a rule; it is told so with GOAWAY.
    Protocol(Reason, &'static str),
    /// The socket failed.
    Io(io::Error),
    /// The peer closed the connection.
    Closed,
}

impl Fault {
    pub(crate) const fn protocol(text: &'static str) -> Self {
        Self::Protocol(Reason::PROTOCOL_ERROR, text)
    }

    const fn flow(text: &'static str) -> Self {
        Self::Protocol(Reason::FLOW_CONTROL_ERROR, text)
    }

    const fn size(text: &'static str) -> Self {
        Self::Protocol(Reason::FRAME_SIZE_ERROR, text)
    }

    pub(crate) const fn calm(text: &'static str) -> Self {
        Self::Protocol(Reason::ENHANCE_YOUR_CALM, text)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(reason, text) => write!(f, "{text} ({reason})"),
            Self::Io(error) => error.fmt(f),
            Self::Closed => f.write_str("the peer closed the connection"),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
