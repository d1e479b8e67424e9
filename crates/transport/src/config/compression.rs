//! `compression` and `compression_params`.

use headwater_core::config::{Config, Validation};

use crate::compression::{CompressionParams, Compressor, Encoding};

use super::BuildError;

/// How a client compresses. Source: Go `configcompression.Type`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum CompressionType {
    /// RFC 1952.
    #[config(rename = "gzip")]
    Gzip,
    /// RFC 1950, announced as `deflate`.
    #[config(rename = "zlib")]
    Zlib,
    /// RFC 1950 as well: what HTTP means by it.
    #[config(rename = "deflate")]
    Deflate,
    /// Snappy blocks over HTTP, Snappy frames over gRPC.
    #[config(rename = "snappy")]
    Snappy,
    /// Snappy frames.
    #[config(rename = "x-snappy-framed")]
    SnappyFramed,
    /// RFC 8878.
    #[config(rename = "zstd")]
    Zstd,
    /// LZ4 frames.
    #[config(rename = "lz4")]
    Lz4,
    /// None.
    #[default]
    #[config(rename = "none", alias = "")]
    None,
}

impl CompressionType {
    /// The encoding over HTTP.
    #[must_use]
    pub const fn http(self) -> Encoding {
        match self {
            Self::Gzip => Encoding::Gzip,
            Self::Zlib | Self::Deflate => Encoding::Zlib,
            Self::Snappy => Encoding::Snappy,
            Self::SnappyFramed => Encoding::SnappyFramed,
            Self::Zstd => Encoding::Zstd,
            Self::Lz4 => Encoding::Lz4,
            Self::None => Encoding::Identity,
        }
    }

    /// The encoding over gRPC; `None` for those that the Collector does not offer there.
    #[must_use]
    pub const fn grpc(self) -> Option<Encoding> {
        Some(match self {
            Self::Gzip => Encoding::Gzip,
            Self::Snappy => Encoding::SnappyFramed,
            Self::Zstd => Encoding::Zstd,
            Self::None => Encoding::Identity,
            _ => return None,
        })
    }
}

/// `compression_params`. Source: Go `configcompression.CompressionParams`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub struct CompressionParamsConfig {
    /// gzip, zlib and deflate: -2 (fastest) to 9 (smallest), -1 and 0 for the default of 6.
    /// zstd: 1 to 22, 0 for the default of 3. The others have no levels.
    pub level: i32,
}

/// A compressor, or `None` where nothing is to be compressed.
pub(super) fn compressor(
    encoding: Encoding,
    params: CompressionParamsConfig,
) -> Result<Option<Compressor>, BuildError> {
    if encoding == Encoding::Identity {
        return Ok(None);
    }
    let params = CompressionParams {
        level: params.level,
    };
    Ok(Some(Compressor::try_new(encoding, params)?))
}

pub(super) fn check_level(
    encoding: Encoding,
    params: CompressionParamsConfig,
    validation: &mut Validation<'_>,
) {
    if let Err(error) = (CompressionParams {
        level: params.level,
    })
    .validate(encoding)
    {
        validation.error("compression_params::level", error.to_string());
    }
}
