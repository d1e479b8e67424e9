//! Headwater's shared user blocks: gRPC and HTTP servers and clients, TLS, compression.
//!
//! Servers are bound once ([`listen::bind`]) and served once per worker; clients keep
//! connections per worker. Nothing here knows OTLP.

mod accept;
pub mod compression;
mod connect;
pub mod grpc;
mod io;
mod jitter;
pub mod listen;
pub mod rpc_status;
mod serving;
mod status;

pub use serving::{Serve, Serving, Stop, Stopper};
pub use status::{DEFAULT_RETRY_DELAY, Status};
