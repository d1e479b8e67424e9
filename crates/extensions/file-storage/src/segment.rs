//! One file of a log: frames are appended to it, values read from it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::frame::{self, Found, HEAD, MAGIC, PREFIX};

/// What reading a segment found besides frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Damage {
    /// Bytes between whole frames that are none.
    pub(crate) lost: u64,
    /// Bytes behind the last whole frame: what was being written when the process ended.
    pub(crate) torn: u64,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    file: File,
    /// Where the next frame goes.
    pub(crate) length: u64,
    /// The bytes of values and keys that are still wanted.
    pub(crate) live: u64,
    /// Half a frame may stand behind `length` and could not be taken away.
    pub(crate) broken: bool,
}

impl Segment {
    /// Makes a new file.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let mut file = options.mode(0o640).open(path)?;
        if let Err(error) = file.write_all(HEAD) {
            std::fs::remove_file(path).ok();
            return Err(error);
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            length: HEAD.len() as u64,
            live: 0,
            broken: false,
        })
    }

    /// Opens a file and tells of every change in it, with where its value stands.
    pub(crate) fn open(
        path: &Path,
        mut tell: impl FnMut(Found<'_>, u64),
    ) -> io::Result<(Self, Damage)> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let size = file.metadata()?.len();
        let mut reader = BufReader::with_capacity(256 * 1024, &file);
        let mut at = 0;
        let mut end = 0;
        let mut damage = Damage::default();
        let mut head = [0; HEAD.len()];
        if size >= head.len() as u64 {
            reader.read_exact(&mut head)?;
            if &head == HEAD {
                at = head.len() as u64;
                end = at;
            }
        }
        let mut payload = Vec::new();
        let mut position = at;
        if at == 0 {
            reader.rewind()?;
        }
        while at < size {
            if position != at {
                // Seeking throws away what was read ahead.
                reader.seek(SeekFrom::Start(at))?;
            }
            if let Some(length) = read_frame(&mut reader, &mut payload)? {
                damage.lost += at - end;
                let begin = at + PREFIX as u64;
                for found in frame::changes(&payload) {
                    let place = found.value.map_or(0, |(offset, _)| begin + offset as u64);
                    tell(found, place);
                }
                at += length;
                end = at;
                position = at;
            } else {
                reader.seek(SeekFrom::Start(at + 1))?;
                match find_magic(&mut reader)? {
                    Some(skipped) => at += 1 + skipped,
                    None => break,
                }
                position = u64::MAX;
            }
        }
        damage.torn = size - end;
        drop(reader);
        Ok((
            Self {
                path: path.to_owned(),
                file,
                length: end,
                live: 0,
                broken: false,
            },
            damage,
        ))
    }

    /// Takes away what stands behind the last frame.
    pub(crate) fn cut(&mut self) -> io::Result<()> {
        if self.length == 0 {
            self.file.set_len(0)?;
            self.file.write_all_at(HEAD, 0)?;
            self.length = HEAD.len() as u64;
            return Ok(());
        }
        self.file.set_len(self.length)
    }

    /// Appends a frame, all of it or nothing; where it begins.
    pub(crate) fn append(&mut self, frame: &[u8], sync: bool) -> io::Result<u64> {
        let at = self.length;
        let written = self.file.write_all_at(frame, at);
        let written = written.and_then(|()| if sync { self.file.sync_data() } else { Ok(()) });
        match written {
            Ok(()) => {
                self.length += frame.len() as u64;
                Ok(at)
            }
            Err(error) => {
                // What stands there now would be taken for the beginning of the next frame.
                self.broken = self.file.set_len(at).is_err();
                Err(error)
            }
        }
    }

    /// Reads what stands at `offset`.
    pub(crate) fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// Waits until it is on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Reads the payload of the frame that stands here; the length of the frame, `None` if there is
/// no whole one.
fn read_frame(reader: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<Option<u64>> {
    let mut prefix = Vec::with_capacity(PREFIX);
    reader
        .by_ref()
        .take(PREFIX as u64)
        .read_to_end(&mut prefix)?;
    let Some((length, sum)) = frame::prefix(&prefix) else {
        return Ok(None);
    };
    let whole = frame::read_payload(reader, length, sum, payload)?;
    Ok(whole.then_some((PREFIX + length) as u64))
}

/// How many bytes stand before the next thing that may be a frame.
fn find_magic(reader: &mut impl Read) -> io::Result<Option<u64>> {
    let mut window = Vec::new();
    let mut passed = 0;
    loop {
        let before = window.len();
        reader.by_ref().take(64 * 1024).read_to_end(&mut window)?;
        if let Some(at) = memchr::memmem::find(&window, &MAGIC) {
            return Ok(Some(passed + at as u64));
        }
        if window.len() == before {
            return Ok(None);
        }
        // The beginning of it may be the end of this window.
        let keep = window.len().min(MAGIC.len() - 1);
        passed += (window.len() - keep) as u64;
        window.drain(..window.len() - keep);
    }
}
