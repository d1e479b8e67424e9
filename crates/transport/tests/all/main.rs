//! Servers and clients against each other and against others, over loopback.

mod grpc;
mod support;
