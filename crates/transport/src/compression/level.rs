//! `compression_params`.

use thiserror::Error;

use super::Encoding;

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CompressionParams {
    /// gzip, zlib and deflate: -2 (Huffman only; done at level 1 here), -1 (the default level 6)
    /// and 0 to 9, of which 0 is taken as "not given". zstd: any; the encoder clamps it.
    /// Others: 0. Default: 0.
    pub level: i32,
}

/// `compression_params.level` does not fit `compression`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("unsupported compression level {level} for {encoding}: {}", .encoding.levels())]
pub struct InvalidLevel {
    /// The compression it was given for.
    pub encoding: Encoding,
    /// The level given.
    pub level: i32,
}

impl Encoding {
    const fn levels(self) -> &'static str {
        match self {
            Self::Gzip | Self::Zlib => "write -2 to 9",
            Self::Zstd => "write a number",
            _ => "leave compression_params out, this compression has no levels",
        }
    }
}

impl CompressionParams {
    /// Checks the level against `encoding`.
    ///
    /// # Errors
    /// [`InvalidLevel`] if it is out of range. Source: Go `configcompression.ValidateParams`.
    pub fn validate(self, encoding: Encoding) -> Result<(), InvalidLevel> {
        let fits = match encoding {
            Encoding::Gzip | Encoding::Zlib => (-2..=9).contains(&self.level),
            Encoding::Zstd => true,
            _ => self.level == 0,
        };
        if fits {
            Ok(())
        } else {
            Err(InvalidLevel {
                encoding,
                level: self.level,
            })
        }
    }
}
