//! Compressed bodies, by the codecs' own crates.

use std::io::{Error, Read, Write};

/// A content encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// Blocks in HTTP, frames in gRPC, as the Go collector has it.
    Snappy,
    /// RFC 1950.
    Deflate,
    /// LZ4 frames.
    Lz4,
}

impl Encoding {
    /// The name in headers and in the `compression` key.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Snappy => "snappy",
            Self::Deflate => "deflate",
            Self::Lz4 => "lz4",
        }
    }

    /// Compresses for HTTP.
    #[must_use]
    pub fn encode(self, plain: &[u8]) -> Vec<u8> {
        match self {
            Self::None => plain.to_vec(),
            Self::Gzip => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder
                    .write_all(plain)
                    .and_then(|()| encoder.finish())
                    .unwrap()
            }
            Self::Zstd => zstd::encode_all(plain, 3).unwrap(),
            Self::Snappy => snap::raw::Encoder::new().compress_vec(plain).unwrap(),
            Self::Deflate => {
                let mut encoder =
                    flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
                encoder
                    .write_all(plain)
                    .and_then(|()| encoder.finish())
                    .unwrap()
            }
            Self::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            }
        }
    }
}

/// Plain bytes of a body with the encoding `name` of a header; empty or `identity` is none.
///
/// # Errors
/// An encoding that nobody knows, or bytes that are not in it.
pub fn decode(name: &str, body: &[u8]) -> Result<Vec<u8>, Error> {
    const SNAPPY_STREAM: &[u8] = b"\xff\x06\x00\x00sNaPpY";
    let mut plain = Vec::new();
    match name {
        "" | "identity" => plain.extend_from_slice(body),
        "gzip" => _ = flate2::read::MultiGzDecoder::new(body).read_to_end(&mut plain)?,
        "zstd" => plain = zstd::decode_all(body)?,
        "deflate" | "zlib" => _ = flate2::read::ZlibDecoder::new(body).read_to_end(&mut plain)?,
        "snappy" | "x-snappy-framed" if body.starts_with(SNAPPY_STREAM) => {
            _ = snap::read::FrameDecoder::new(body).read_to_end(&mut plain)?;
        }
        "snappy" => plain = snap::raw::Decoder::new().decompress_vec(body)?,
        "lz4" => _ = lz4_flex::frame::FrameDecoder::new(body).read_to_end(&mut plain)?,
        other => return Err(Error::other(format!("unknown encoding {other:?}"))),
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes() {
        let plain = b"telemetry ".repeat(100);
        for encoding in [
            Encoding::Gzip,
            Encoding::Zstd,
            Encoding::Snappy,
            Encoding::Deflate,
            Encoding::Lz4,
        ] {
            let body = encoding.encode(&plain);
            assert!(body.len() < plain.len(), "{encoding:?}");
            assert_eq!(
                decode(encoding.name(), &body).unwrap(),
                plain,
                "{encoding:?}"
            );
        }
        assert_eq!(decode("", b"x").unwrap(), b"x");
        assert!(decode("br", b"x").is_err());
    }
}
