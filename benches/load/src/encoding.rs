//! Content encodings of requests: none, gzip, zstd.

use std::io::{self, Read, Write};

use clap::ValueEnum;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

/// The most a request may grow to when decompressed. Unit: bytes. 256 MiB.
const MAX_DECOMPRESSED: u64 = 256 << 20;

/// How request bodies are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    /// As they are.
    None,
    /// gzip at level 6, which gRPC implementations have as their fixed default.
    Gzip,
    /// zstd at level 3, the default of its library.
    Zstd,
}

impl Encoding {
    /// The value of `grpc-encoding`, `content-encoding` and of the `compression` key.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The inverse of [`Encoding::as_str`] for header values.
    pub(crate) fn from_header(value: &[u8]) -> Option<Self> {
        match value {
            b"" | b"identity" | b"none" => Some(Self::None),
            b"gzip" => Some(Self::Gzip),
            b"zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// `body` in this encoding.
    pub(crate) fn compress(self, body: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Self::None => Ok(body),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
                encoder.write_all(&body)?;
                encoder.finish()
            }
            Self::Zstd => zstd::encode_all(body.as_slice(), 3),
        }
    }

    /// Appends what `body` says to `out`; a body of this encoding that is broken or that grows
    /// beyond 256 MiB is an error.
    pub(crate) fn decompress(self, body: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let read = match self {
            Self::None => body.take(MAX_DECOMPRESSED).read_to_end(out),
            Self::Gzip => MultiGzDecoder::new(body)
                .take(MAX_DECOMPRESSED)
                .read_to_end(out),
            Self::Zstd => zstd::Decoder::new(body)?
                .take(MAX_DECOMPRESSED)
                .read_to_end(out),
        };
        if read? as u64 == MAX_DECOMPRESSED {
            return Err(io::Error::other(
                "body is larger than 256 MiB when decompressed",
            ));
        }
        Ok(())
    }
}
