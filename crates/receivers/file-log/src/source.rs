//! The content of a file: as it is, or unpacked.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::config::Compression;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Packing {
    /// How the file of that name is packed.
    pub(crate) fn of(compression: Compression, path: &Path) -> Self {
        match compression {
            Compression::None => Self::None,
            Compression::Gzip => Self::Gzip,
            Compression::Zstd => Self::Zstd,
            Compression::Auto => match path.extension().and_then(|e| e.to_str()) {
                Some("gz") => Self::Gzip,
                Some("zst" | "zstd") => Self::Zstd,
                _ => Self::None,
            },
        }
    }
}

/// Reads content by its offset. Offsets of packed files are those of what they hold.
pub(crate) enum Source {
    Plain(File),
    Packed(Unpacker),
}

impl Source {
    /// Opens the content of `file`.
    pub(crate) fn new(file: File, packing: Packing) -> io::Result<Self> {
        Ok(match packing {
            Packing::None => Self::Plain(file),
            packing => Self::Packed(Unpacker::new(file, packing)?),
        })
    }

    /// The file itself.
    pub(crate) fn file(&self) -> &File {
        match self {
            Self::Plain(file) => file,
            Self::Packed(unpacker) => &unpacker.file,
        }
    }

    /// Whether offsets are not those of the file.
    pub(crate) const fn is_packed(&self) -> bool {
        matches!(self, Self::Packed(_))
    }

    /// Reads what stands at `offset`; less than the buffer holds only at the end.
    pub(crate) fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::Plain(file) => {
                let mut filled = 0;
                while filled < buffer.len() {
                    match file.read_at(&mut buffer[filled..], offset + filled as u64) {
                        Ok(0) => break,
                        Ok(count) => filled += count,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(filled)
            }
            Self::Packed(unpacker) => unpacker.read_at(buffer, offset),
        }
    }
}

/// Unpacks a file from its beginning. What was read and may be asked for again is kept.
pub(crate) struct Unpacker {
    file: File,
    packing: Packing,
    stream: Box<dyn Read + Send>,
    /// What was unpacked and stands from `kept_at` on.
    kept: Vec<u8>,
    kept_at: u64,
    ended: bool,
}

impl Unpacker {
    fn new(file: File, packing: Packing) -> io::Result<Self> {
        let stream = Self::stream(&file, packing)?;
        Ok(Self {
            file,
            packing,
            stream,
            kept: Vec::new(),
            kept_at: 0,
            ended: false,
        })
    }

    fn stream(file: &File, packing: Packing) -> io::Result<Box<dyn Read + Send>> {
        let reader = At {
            file: file.try_clone()?,
            offset: 0,
        };
        Ok(match packing {
            Packing::Gzip => {
                let reader = BufReader::with_capacity(64 * 1024, reader);
                Box::new(flate2::bufread::MultiGzDecoder::new(reader))
            }
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(reader)?),
            Packing::None => Box::new(reader),
        })
    }

    /// Begins again, for a file that has grown or an offset that has passed.
    pub(crate) fn rewind(&mut self) -> io::Result<()> {
        self.stream = Self::stream(&self.file, self.packing)?;
        self.kept.clear();
        self.kept_at = 0;
        self.ended = false;
        Ok(())
    }

    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset < self.kept_at {
            self.rewind()?;
        }
        loop {
            let have = self.kept_at + self.kept.len() as u64;
            if offset >= have {
                self.kept_at = have;
                self.kept.clear();
            } else {
                let passed = (offset - self.kept_at) as usize;
                self.kept.drain(..passed);
                self.kept_at = offset;
                if self.kept.len() >= buffer.len() {
                    break;
                }
            }
            if self.ended {
                break;
            }
            let begin = self.kept.len();
            self.kept.resize(begin + 64 * 1024, 0);
            let result = self.stream.read(&mut self.kept[begin..]);
            let count = match &result {
                Ok(count) => *count,
                Err(_) => 0,
            };
            self.kept.truncate(begin + count);
            match result {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The rest is still being written, or the file is broken from here on.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.ended = true,
                Err(error) => return Err(error),
            }
        }
        let count = self.kept.len().min(buffer.len());
        if self.kept_at != offset {
            return Ok(0);
        }
        buffer[..count].copy_from_slice(&self.kept[..count]);
        Ok(count)
    }
}

/// Reads a file from its own offset, whatever else reads it.
struct At {
    file: File,
    offset: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn packed_content_is_read_by_its_own_offsets() {
        let content: Vec<u8> = (0..300_000_u32).flat_map(|n| n.to_le_bytes()).collect();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&content[..500_000]).unwrap();
        let mut members = gzip.finish().unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&content[500_000..]).unwrap();
        members.extend(gzip.finish().unwrap());
        let zstd = zstd::stream::encode_all(&content[..], 1).unwrap();
        for (packing, bytes) in [(Packing::Gzip, members), (Packing::Zstd, zstd)] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let mut source = Source::new(file, packing).unwrap();
            let mut buffer = vec![0; 70_000];
            for offset in [0, 10, 100_000, 499_990, 50, 1_199_000, 1_200_000] {
                let count = source.read_at(&mut buffer, offset as u64).unwrap();
                let expected = &content[offset..content.len().min(offset + 70_000)];
                assert_eq!(&buffer[..count], expected, "{packing:?} {offset}");
            }
        }
    }

    #[test]
    fn half_a_packed_file_gives_what_is_there() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        gzip.write_all(&[7; 100_000]).unwrap();
        let bytes = gzip.finish().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes[..50_000]).unwrap();
        let mut source = Source::new(file, Packing::Gzip).unwrap();
        let count = source.read_at(&mut vec![0; 100_000], 0).unwrap();
        assert!((10_000..50_000).contains(&count), "{count}");
    }
}
