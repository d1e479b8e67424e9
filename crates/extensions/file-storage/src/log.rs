//! The log of one client: segments, and an index of where each key's value stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use headwater_core::bytes::Bytes;
use headwater_core::storage::{Change, StorageError};

use crate::frame::{self, PREFIX};
use crate::lock;
use crate::segment::Segment;

/// From which size on a new segment is begun.
const SEGMENT: u64 = 64 << 20;

/// How much more than twice what is wanted the files may hold.
const SLACK: u64 = 1 << 20;

/// How much is copied at a time when a segment is emptied.
const COPY: usize = 1 << 20;

/// What a key costs in a frame besides key and value.
const OVERHEAD: u64 = 9;

/// How a log is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) timeout: Duration,
    pub(crate) fsync: bool,
    pub(crate) keep_damaged: bool,
}

/// Where the value of a key stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    segment: u64,
    offset: u64,
    length: u32,
}

/// The log of one client.
#[derive(Debug)]
pub(crate) struct Log {
    /// What the names of the files begin with.
    base: PathBuf,
    _lock: File,
    fsync: bool,
    segments: BTreeMap<u64, Segment>,
    index: HashMap<String, Place>,
    /// Keys that were deleted while there was no room to say so.
    unsaid: BTreeSet<String>,
}

impl Log {
    /// Opens the log called `name`, or begins it.
    pub(crate) fn open(
        directory: &Path,
        name: &str,
        options: Options,
    ) -> Result<Self, StorageError> {
        let base = directory.join(name);
        let lock = lock::take(&base.with_added_extension("lock"), options.timeout)?;
        let mut log = Self {
            base,
            _lock: lock,
            fsync: options.fsync,
            segments: BTreeMap::new(),
            index: HashMap::new(),
            unsaid: BTreeSet::new(),
        };
        let numbers = log
            .numbers(directory, name)
            .map_err(failed("list", directory))?;
        for number in &numbers {
            log.load(*number, options.keep_damaged)?;
        }
        if let Some(mut last) = log.segments.last_entry()
            && let Err(error) = last.get_mut().cut()
        {
            // Nothing more is written to it then.
            tracing::warn!(path = %last.get().path.display(), %error, "Failed to cut a torn write");
            last.get_mut().broken = true;
        }
        Ok(log)
    }

    /// The numbers of the segments there are.
    fn numbers(&self, directory: &Path, name: &str) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(directory)? {
            let file = entry?.file_name();
            let number: Option<u64> = file.to_str().and_then(|file| {
                let rest = file.strip_prefix(name)?.strip_prefix('.')?;
                rest.strip_suffix(".store")?.parse().ok()
            });
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.base.with_added_extension(format!("{number:08}.store"))
    }

    fn load(&mut self, number: u64, keep_damaged: bool) -> Result<(), StorageError> {
        let path = self.path(number);
        let Self {
            index, segments, ..
        } = self;
        let mut live = 0_u64;
        let opened = Segment::open(&path, |found, offset| {
            let old = match found.value {
                Some((_, length)) => {
                    let place = Place {
                        segment: number,
                        offset,
                        length: length as u32,
                    };
                    live += cost(found.key, place);
                    index.insert(found.key.to_owned(), place)
                }
                None => index.remove(found.key),
            };
            match old {
                Some(old) if old.segment == number => live -= cost(found.key, old),
                old => forget(segments, found.key, old),
            }
        });
        let (mut segment, damage) = opened.map_err(failed("open", &path))?;
        segment.live = live;
        segments.insert(number, segment);
        if damage.lost > 0 {
            tracing::warn!(
                path = %path.display(),
                lost_bytes = damage.lost,
                "A storage file is damaged: what is whole in it is used"
            );
            if keep_damaged {
                let backup = path.with_added_extension("backup");
                fs::copy(&path, &backup).map_err(failed("copy", &path))?;
            }
        } else if damage.torn > 0 {
            tracing::debug!(path = %path.display(), bytes = damage.torn, "A write was torn");
        }
        Ok(())
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Bytes>, StorageError> {
        let Some(place) = self.index.get(key) else {
            return Ok(None);
        };
        self.read(*place).map(|value| Some(value.into()))
    }

    fn read(&self, place: Place) -> Result<Vec<u8>, StorageError> {
        let Some(segment) = self.segments.get(&place.segment) else {
            // The index names only segments that are there.
            return Ok(Vec::new());
        };
        segment
            .read(place.offset, place.length as usize)
            .map_err(failed("read", &segment.path))
    }

    /// Every key.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.index.keys().cloned().collect()
    }

    /// Makes all the changes or none.
    pub(crate) fn batch(&mut self, changes: &[Change<'_>]) -> Result<(), StorageError> {
        if changes.is_empty() && self.unsaid.is_empty() {
            return Ok(());
        }
        let unsaid: Vec<_> = self.unsaid.iter().cloned().collect();
        let all = unsaid.iter().map(|key| Change::Delete(key.as_str()));
        let frame = frame::encode(all.chain(changes.iter().copied())).ok_or_else(|| {
            let length = io::Error::from(io::ErrorKind::InvalidInput);
            failed("write more than 1 GiB at once to", &self.base)(length)
        })?;
        match self.append(&frame) {
            Ok((segment, at)) => {
                self.unsaid.clear();
                self.apply(&frame, segment, at);
            }
            Err(StorageError::Full(_))
                if changes
                    .iter()
                    .all(|change| matches!(change, Change::Delete(_))) =>
            {
                for change in changes {
                    if let Change::Delete(key) = change {
                        let old = self.index.remove(*key);
                        forget(&mut self.segments, key, old);
                        self.unsaid.insert((*key).to_owned());
                    }
                }
            }
            Err(error) => return Err(error),
        }
        self.clean()
    }

    /// Takes note of what stands in a frame that was written.
    fn apply(&mut self, frame: &[u8], segment: u64, at: u64) {
        let begin = at + PREFIX as u64;
        for found in frame::changes(&frame[PREFIX..]) {
            let old = match found.value {
                Some((offset, length)) => {
                    let place = Place {
                        segment,
                        offset: begin + offset as u64,
                        length: length as u32,
                    };
                    if let Some(segment) = self.segments.get_mut(&segment) {
                        segment.live += cost(found.key, place);
                    }
                    self.index.insert(found.key.to_owned(), place)
                }
                None => self.index.remove(found.key),
            };
            forget(&mut self.segments, found.key, old);
        }
    }

    /// Appends a frame to the newest segment; which, and where.
    fn append(&mut self, frame: &[u8]) -> Result<(u64, u64), StorageError> {
        let room = self
            .segments
            .last_key_value()
            .is_some_and(|(_, segment)| !segment.broken && segment.length < SEGMENT);
        if !room {
            self.begin_segment()?;
        }
        let fsync = self.fsync;
        let Some(mut last) = self.segments.last_entry() else {
            return Err(failed("write", &self.base)(io::ErrorKind::NotFound.into()));
        };
        let number = *last.key();
        let segment = last.get_mut();
        let at = segment
            .append(frame, fsync)
            .map_err(failed("write", &segment.path))?;
        Ok((number, at))
    }

    fn begin_segment(&mut self) -> Result<(), StorageError> {
        let number = self.segments.last_key_value().map_or(1, |(n, _)| n + 1);
        let path = self.path(number);
        let segment = Segment::create(&path).map_err(failed("create", &path))?;
        if self.fsync {
            self.sync_folder();
        }
        self.segments.insert(number, segment);
        Ok(())
    }

    /// Not every file system can sync a folder.
    fn sync_folder(&self) {
        if let Some(folder) = self.base.parent() {
            File::open(folder).and_then(|folder| folder.sync_all()).ok();
        }
    }

    fn sizes(&self) -> (u64, u64) {
        let total = self.segments.values().map(|segment| segment.length).sum();
        let live = self.segments.values().map(|segment| segment.live).sum();
        (total, live)
    }

    /// Drops segments from the old end in which nothing is wanted any more, and empties one in
    /// which little is if the files hold much more than what is wanted.
    ///
    /// Always the oldest: what it says of a key is older than what any other says, so that nothing
    /// comes back to life when it is gone.
    fn clean(&mut self) -> Result<(), StorageError> {
        while self.segments.len() > 1
            && let Some(oldest) = self.segments.first_entry()
            && oldest.get().live == 0
        {
            let segment = oldest.remove();
            fs::remove_file(&segment.path).map_err(failed("remove", &segment.path))?;
        }
        let (total, live) = self.sizes();
        if total <= 2 * live + SLACK {
            return Ok(());
        }
        match self.empty_oldest() {
            // Tried again with the next write; what was asked for has been done.
            Err(StorageError::Full(_)) => Ok(()),
            other => other,
        }
    }

    /// Copies what is wanted of the oldest segment to the newest and drops it.
    fn empty_oldest(&mut self) -> Result<(), StorageError> {
        if self.segments.len() <= 1 {
            self.begin_segment()?;
        }
        let Some((&oldest, _)) = self.segments.first_key_value() else {
            return Ok(());
        };
        let mut wanted: Vec<(String, Place)> = self
            .index
            .iter()
            .filter(|(_, place)| place.segment == oldest)
            .map(|(key, place)| (key.clone(), *place))
            .collect();
        wanted.sort_unstable_by_key(|(_, place)| place.offset);
        let mut copies: Vec<(String, Vec<u8>)> = Vec::new();
        let mut bytes = 0;
        for (key, place) in wanted {
            let value = self.read(place)?;
            if bytes + value.len() > COPY {
                // Never more than a frame can hold: a value came in one.
                self.write_again(&mut copies)?;
                bytes = 0;
            }
            bytes += value.len();
            copies.push((key, value));
        }
        self.write_again(&mut copies)?;
        // Where the disk loses power, the copy must be there before the original is gone.
        for segment in self
            .segments
            .range(oldest + 1..)
            .map(|(_, segment)| segment)
        {
            segment.sync().map_err(failed("sync", &segment.path))?;
        }
        self.sync_folder();
        if let Some(segment) = self.segments.remove(&oldest) {
            fs::remove_file(&segment.path).map_err(failed("remove", &segment.path))?;
        }
        Ok(())
    }

    /// Writes values that are wanted to the newest segment.
    fn write_again(&mut self, copies: &mut Vec<(String, Vec<u8>)>) -> Result<(), StorageError> {
        let changes = copies.iter().map(|(key, value)| Change::Set(key, value));
        if let Some(frame) = frame::encode(changes).filter(|_| !copies.is_empty()) {
            let (segment, at) = self.append(&frame)?;
            self.apply(&frame, segment, at);
        }
        copies.clear();
        Ok(())
    }

    /// Makes the files as small as they can be.
    pub(crate) fn compact(&mut self) -> Result<(), StorageError> {
        let (total, live) = self.sizes();
        // A frame of its own for each key costs a little.
        if total <= live + (PREFIX * self.index.len()) as u64 + 64 {
            return Ok(());
        }
        let Some((&last, _)) = self.segments.last_key_value() else {
            return Ok(());
        };
        self.begin_segment()?;
        while self
            .segments
            .keys()
            .next()
            .is_some_and(|first| *first <= last)
        {
            self.empty_oldest()?;
        }
        Ok(())
    }
}

/// What a key takes up.
fn cost(key: &str, place: Place) -> u64 {
    key.len() as u64 + u64::from(place.length) + OVERHEAD
}

/// The value that stood there is no longer wanted.
fn forget(segments: &mut BTreeMap<u64, Segment>, key: &str, old: Option<Place>) {
    if let Some(old) = old
        && let Some(segment) = segments.get_mut(&old.segment)
    {
        segment.live = segment.live.saturating_sub(cost(key, old));
    }
}

fn failed(doing: &str, path: &Path) -> impl Fn(io::Error) -> StorageError {
    let message = format!("{doing} {}", path.display());
    move |error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StorageError::Full(format!("{message}: {error}"))
        }
        _ => StorageError::Failed {
            message: message.clone(),
            source: error.into(),
        },
    }
}
