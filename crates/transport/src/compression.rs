//! Content encodings of HTTP and gRPC: names, levels, and bounded whole-buffer codecs.
//!
//! Bodies are whole buffers here, so the codecs are too: the output is allocated once where the
//! format says how large it is. Every worker thread keeps its codec states between requests.

mod compress;
mod decompress;
mod gzip;
mod level;

use std::fmt;

pub use compress::{CompressError, Compressor};
pub use decompress::{DecompressError, decompress};
pub use level::{CompressionParams, InvalidLevel};

/// How bytes are encoded on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// Not at all.
    #[default]
    Identity,
    /// RFC 1952. Several members are read to the end.
    Gzip,
    /// RFC 1950, which HTTP calls `deflate`; upstream accepts `zlib` too.
    Zlib,
    /// Snappy's block format.
    Snappy,
    /// Snappy's framing format.
    SnappyFramed,
    /// RFC 8878. Several frames are read to the end.
    Zstd,
    /// LZ4's frame format.
    Lz4,
}

impl Encoding {
    /// The encoding that an HTTP `Content-Encoding` names. Exact, as upstream: `GZIP`,
    /// `identity` and lists are unknown; the empty text is [`Encoding::Identity`].
    #[must_use]
    pub fn from_http(name: &str) -> Option<Self> {
        Some(match name {
            "" => Self::Identity,
            "gzip" => Self::Gzip,
            "zstd" => Self::Zstd,
            "zlib" | "deflate" => Self::Zlib,
            "snappy" => Self::Snappy,
            "x-snappy-framed" => Self::SnappyFramed,
            "lz4" => Self::Lz4,
            _ => return None,
        })
    }

    /// The encoding that a `grpc-encoding` header names. `snappy` means the framing format there,
    /// as the Go collector writes it; blocks are recognised when read.
    #[must_use]
    pub fn from_grpc(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"" | b"identity" => Self::Identity,
            b"gzip" => Self::Gzip,
            b"zstd" => Self::Zstd,
            b"snappy" => Self::SnappyFramed,
            b"deflate" => Self::Zlib,
            _ => return None,
        })
    }

    /// The name in `Content-Encoding`.
    #[must_use]
    pub const fn http_name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zlib => "deflate",
            Self::Snappy => "snappy",
            Self::SnappyFramed => "x-snappy-framed",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        }
    }

    /// The name in `grpc-encoding`.
    #[must_use]
    pub const fn grpc_name(self) -> &'static str {
        match self {
            Self::SnappyFramed => "snappy",
            other => other.http_name(),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.http_name())
    }
}

#[cfg(test)]
mod tests;
