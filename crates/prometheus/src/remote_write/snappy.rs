//! Snappy's block format, in which remote write compresses.

use std::fmt;

use thiserror::Error;

/// Compresses one message after the other with the same tables.
pub struct Compressor {
    encoder: snap::raw::Encoder,
    scratch: Vec<u8>,
}

impl Default for Compressor {
    fn default() -> Self {
        Self {
            encoder: snap::raw::Encoder::new(),
            scratch: Vec::new(),
        }
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

impl Compressor {
    /// The compressed form of `plain`, in a buffer of its own that is as long as needed.
    ///
    /// # Errors
    /// [`SnappyError`] if `plain` is 4 GiB long or longer.
    pub fn compress(&mut self, plain: &[u8]) -> Result<Vec<u8>, SnappyError> {
        let most = snap::raw::max_compress_len(plain.len());
        if self.scratch.len() < most {
            self.scratch.resize(most, 0);
        }
        let length = self
            .encoder
            .compress(plain, &mut self.scratch)
            .map_err(|_| SnappyError::Malformed)?;
        Ok(self.scratch[..length].to_vec())
    }
}

/// Why bytes could not be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SnappyError {
    /// They are no snappy block.
    #[error("snappy: corrupt input")]
    Malformed,
    /// The message says that it is longer than allowed.
    #[error("snappy: the decoded message would be {found} bytes long, at most {most} are allowed")]
    TooLong {
        /// What the message says.
        found: usize,
        /// What is allowed.
        most: usize,
    },
}

/// Decompresses a block of at most `most` bytes.
///
/// # Errors
/// [`SnappyError`].
pub fn decompress(block: &[u8], most: usize) -> Result<Vec<u8>, SnappyError> {
    let found = snap::raw::decompress_len(block).map_err(|_| SnappyError::Malformed)?;
    if found > most {
        return Err(SnappyError::TooLong { found, most });
    }
    // A block cannot grow by more than this when it is decoded: a length beyond is a lie, for
    // which no memory is given.
    if found > block.len().saturating_mul(64) + 64 {
        return Err(SnappyError::Malformed);
    }
    let mut plain = vec![0; found];
    let length = snap::raw::Decoder::new()
        .decompress(block, &mut plain)
        .map_err(|_| SnappyError::Malformed)?;
    plain.truncate(length);
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_comes_back() {
        let mut compressor = Compressor::default();
        for length in [0, 1, 100, 100_000] {
            let plain: Vec<u8> = (0..length).map(|n| (n / 7) as u8).collect();
            let block = compressor.compress(&plain).unwrap();
            assert_eq!(decompress(&block, 100_000).unwrap(), plain);
        }
    }

    #[test]
    fn lengths_that_lie_cost_no_memory() {
        let claims = [0xff, 0xff, 0xff, 0xff, 0x0f, 0];
        assert!(matches!(
            decompress(&claims, 1 << 20),
            Err(SnappyError::TooLong { .. })
        ));
        assert_eq!(decompress(&claims, usize::MAX), Err(SnappyError::Malformed));
        assert_eq!(decompress(b"", 10), Err(SnappyError::Malformed));
        assert_eq!(decompress(b"garbage", 1000), Err(SnappyError::Malformed));
    }
}
