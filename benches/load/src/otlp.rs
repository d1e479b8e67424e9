//! The little of OTLP that the harness speaks: paths, gRPC frames, response bodies.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use clap::ValueEnum;
use headwater_core::Signal;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame};

/// What a request travels in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// OTLP/gRPC: HTTP/2 without TLS.
    Grpc,
    /// OTLP/HTTP with protobuf bodies over HTTP/1.1.
    Http,
}

/// The path an export request of `signal` is sent to.
pub(crate) const fn path(protocol: Protocol, signal: Signal) -> &'static str {
    match (protocol, signal) {
        (Protocol::Grpc, Signal::Traces) => {
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        }
        (Protocol::Grpc, Signal::Metrics) => {
            "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
        }
        (Protocol::Grpc, Signal::Logs) => {
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
        }
        (Protocol::Http, Signal::Traces) => "/v1/traces",
        (Protocol::Http, Signal::Metrics) => "/v1/metrics",
        (Protocol::Http, Signal::Logs) => "/v1/logs",
    }
}

/// The signal whose [`path`] this is.
pub(crate) fn signal(protocol: Protocol, wanted: &str) -> Option<Signal> {
    Signal::ALL
        .into_iter()
        .find(|signal| path(protocol, *signal) == wanted)
}

/// Bytes in front of a gRPC message: a flag for compression and a length.
pub(crate) const PREFIX: usize = 5;

/// `message` as one gRPC frame.
pub(crate) fn frame(message: &[u8], compressed: bool) -> Vec<u8> {
    let mut frame = Vec::with_capacity(PREFIX + message.len());
    frame.push(u8::from(compressed));
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(message);
    frame
}

/// The inverse of [`frame`]: whether it is compressed, and the message; `None` unless `frame` is
/// exactly one.
pub(crate) fn unframe(frame: &[u8]) -> Option<(bool, &[u8])> {
    let (prefix, message) = frame.split_at_checked(PREFIX)?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
    (prefix[0] < 2 && length as usize == message.len()).then_some((prefix[0] == 1, message))
}

/// How long a body that begins with `start` becomes, if that is the beginning of a gRPC frame
/// (which an encoded request of OTLP/HTTP never is).
pub(crate) fn announced(start: &[u8]) -> Option<u64> {
    match start {
        [0 | 1, a, b, c, d, ..] => {
            Some(u64::from(u32::from_be_bytes([*a, *b, *c, *d])) + PREFIX as u64)
        }
        _ => None,
    }
}

/// A response: at most one piece of data, then at most one set of trailers.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Answer {
    /// A gRPC response: an empty message, which for OTLP means that everything was accepted.
    pub(crate) fn accepted() -> Self {
        Self::with_trailers(Bytes::from_static(&[0; PREFIX]), status(0))
    }

    /// Any data and trailers.
    pub(crate) fn with_trailers(data: Bytes, trailers: HeaderMap) -> Self {
        let data = (!data.is_empty()).then_some(data);
        Self {
            data,
            trailers: Some(trailers),
        }
    }
}

/// The headers of a gRPC status.
pub(crate) fn status(code: u16) -> HeaderMap {
    HeaderMap::from_iter([(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from(code),
    )])
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_back_and_anything_else_is_not() {
        assert_eq!(
            unframe(&frame(b"abc", true)),
            Some((true, b"abc".as_slice()))
        );
        assert_eq!(unframe(&frame(b"", false)), Some((false, b"".as_slice())));
        assert_eq!(unframe(&[0, 0, 0, 0]), None);
        assert_eq!(unframe(&[0, 0, 0, 0, 2, 9]), None);
        assert_eq!(unframe(&[2, 0, 0, 0, 1, 9]), None);
    }

    #[test]
    fn every_path_names_its_signal() {
        for signal in Signal::ALL {
            for protocol in [Protocol::Grpc, Protocol::Http] {
                assert_eq!(
                    super::signal(protocol, path(protocol, signal)),
                    Some(signal)
                );
            }
        }
    }
}
