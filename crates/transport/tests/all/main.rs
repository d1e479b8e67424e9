//! Servers and clients against each other and against others, over loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests, too"
)]

mod foreign;
mod grpc;
mod grpc_bad_input;
mod grpc_client;
mod h2spec;
mod http;
mod http2;
mod http_bad_input;
mod http_client;
mod interop;
mod settings;
mod support;
mod tls;
