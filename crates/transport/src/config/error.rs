//! Why a server or client cannot be built from its settings.

use headwater_core::ComponentId;
use thiserror::Error;

use crate::compression::InvalidLevel;
use crate::grpc::TargetError;
use crate::listen::ListenError;
#[cfg(feature = "tls")]
use crate::tls::TlsError;

/// Why a server or client cannot be built from its settings.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The authenticator is missing or of the wrong kind.
    #[error("failed to resolve authenticator {:?}: {reason}", .id.to_string())]
    Authenticator {
        /// The extension asked for.
        id: ComponentId,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Files or settings of `tls` do not work.
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// `tls` is used in a binary without it.
    #[error(
        "TLS is configured but this binary was built without it: build it with `tls = \"ring\"` \
         or `tls = \"aws-lc\"`, or set `tls::insecure: true` on clients and remove `tls` on servers"
    )]
    NoTls,
    /// The endpoint is not usable.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A URL is not usable.
    #[error("invalid {key} {url:?}: {reason}")]
    Url {
        /// The key it was given for.
        key: &'static str,
        /// The text.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A header is not valid HTTP.
    #[error("header {name:?} of `{key}` is not a valid HTTP header: {reason}")]
    Header {
        /// The key it was given for.
        key: &'static str,
        /// The header's name; its value may be a secret.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The compression level does not fit.
    #[error(transparent)]
    Level(#[from] InvalidLevel),
    /// gRPC has no such compression.
    #[error("unsupported compression type for gRPC: write gzip, snappy, zstd or none")]
    GrpcCompression,
    /// The port or socket cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
}
