//! HTTP servers and clients for telemetry: whole bodies, bounded, decompressed.
//!
//! Source: Go `confighttp`, whose order of things is kept: CORS, authentication, size limit,
//! decompression, handler.

mod body;
mod client;
mod cors;
mod handler;
mod proxy;
mod server;
pub mod status;
mod url;

pub use client::{Answer, Client, ClientOptions, POST_ANSWER, Request as ClientRequest};
pub use cors::Cors;
pub use handler::{Handler, Rejection, Request, Response};
pub use proxy::Proxies;
pub use server::{Encodings, Server, ServerOptions};
pub use url::{Url, parse as parse_url};

/// Default of `max_request_body_size`: 20 MiB. Source: Go `confighttp`.
pub const DEFAULT_MAX_BODY: usize = 20 << 20;
