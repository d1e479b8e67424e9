//! Unary gRPC over HTTP/2, server and client.
//!
//! Messages are passed through as bytes; whoever uses this encodes and decodes them. The layer
//! sits directly on an HTTP/2 codec behind [`Server`] and [`Client`], so that the codec can be
//! replaced without touching a component.
//!
//! Source: gRPC, "PROTOCOL-HTTP2.md", here "the gRPC protocol".

mod body;
mod client;
mod details;
mod headers;
mod keepalive;
mod server;

pub(crate) use headers::encode_message;

pub use body::Message;
pub(crate) use body::{Frames, Piece};
pub use client::{
    Balancer, Client, ClientKeepAlive, ClientOptions, ClientTarget, Method, TargetError,
};
pub use server::{Request, Server, ServerOptions, UnaryHandler};

/// How much one request may have in flight before the sender must wait for us: as large as the
/// largest message of the default limit, so that a request never stalls on its own window.
/// With 64 KiB, the protocol's default, it would cost a round trip per 64 KiB.
pub(crate) const STREAM_WINDOW: u32 = 4 << 20;
/// The same for all requests of a connection together.
pub(crate) const CONNECTION_WINDOW: u32 = 16 << 20;
/// The largest frame that we let peers send. A message in one frame is not copied together; a
/// frame larger than the window would break peers that send it at once.
pub(crate) const MAX_FRAME: u32 = 1 << 20;
/// Answers to exports are a few bytes: the protocol's smallest usual window, so that a backend
/// cannot make us hold more.
pub(crate) const ANSWER_WINDOW: u32 = 64 << 10;
/// The header lists we accept, in bytes. Those of telemetry clients are well below 4 KiB, a long token included.
pub(crate) const MAX_HEADERS: u32 = 64 << 10;
/// Default of `max_recv_msg_size_mib`: grpc-go's 4 MiB.
pub const DEFAULT_MAX_MESSAGE: usize = 4 << 20;
