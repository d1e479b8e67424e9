//! Why a request cannot be translated.

use thiserror::Error;

/// What is wrong with a request; the sender is told.
#[derive(Debug, Error)]
pub(crate) enum ZipkinError {
    /// It is no JSON, or not of the right shape. The cause says where.
    #[error("the request is no Zipkin {version} JSON: {error}")]
    Json {
        version: &'static str,
        error: serde_json::Error,
    },
    /// It is no protobuf.
    #[error("the request is no list of Zipkin spans in protobuf: {0}")]
    Protobuf(#[from] headwater_core::pdata::wire::WireError),
    /// It is no Thrift.
    #[error("the request is no list of Zipkin spans in Thrift's binary protocol: {0}")]
    Thrift(&'static str),
    /// A span cannot be translated.
    #[error("{0}")]
    Span(String),
}

impl ZipkinError {
    pub(crate) fn span(message: impl Into<String>) -> Self {
        Self::Span(message.into())
    }
}
