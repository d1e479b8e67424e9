//! Headwater's shared user blocks: gRPC and HTTP servers and clients, TLS, compression.
//!
//! Servers are bound once ([`listen::bind`]) and served once per worker; clients keep
//! connections per worker. Nothing here knows OTLP.

mod accept;
pub mod compression;
pub mod config;
mod connect;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod grpc;
pub mod http;
mod http2;
mod io;
mod jitter;
pub mod listen;
pub mod rpc_status;
mod serving;
pub mod signing;
mod status;
mod stream;
#[cfg(feature = "tls")]
pub mod tls;

pub use connect::Connector;
pub use serving::{Serve, Serving, Stop, Stopper};
pub use status::{DEFAULT_RETRY_DELAY, Status};
pub use stream::{Stream, StreamHandler, StreamServer};
