//! Databases, each in memory once however many stages use it.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use headwater_core::ComponentError;
use maxminddb::Reader;

/// A database in memory.
pub(super) type Database = Reader<Vec<u8>>;

/// How large a database may be. MaxMind's largest have less than a gigabyte.
const LARGEST: u64 = 2 << 30;

/// Device, inode, length, and time of the last change: another file has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64, u64, i64, i64);

impl Identity {
    fn of(file: &Metadata) -> Self {
        let changed = (file.mtime(), file.mtime_nsec());
        Self(file.dev(), file.ino(), file.len(), changed.0, changed.1)
    }
}

/// The databases that stages hold.
static OPEN: Mutex<Vec<(Identity, Weak<Database>)>> = Mutex::new(Vec::new());

/// Reads a database, or gives the one that another stage has read and that is still the same file.
pub(super) fn open(path: &str) -> Result<Arc<Database>, ComponentError> {
    let failed = |error: io::Error| {
        ComponentError::with_source(format!("stage `geoip`: read the database {path:?}"), error)
    };
    let invalid = |message| failed(io::Error::new(io::ErrorKind::InvalidInput, message));
    // Asked before it is opened: opening a pipe would wait for its other end.
    let metadata = Path::new(path).metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(invalid("it is no file"));
    }
    if metadata.len() > LARGEST {
        return Err(invalid("it is larger than 2 GiB"));
    }
    let identity = Identity::of(&metadata);
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    open.retain(|(_, database)| database.strong_count() > 0);
    let known = open.iter().find(|(known, _)| *known == identity);
    if let Some(database) = known.and_then(|(_, database)| database.upgrade()) {
        return Ok(database);
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(failed)?;
    let database = Reader::from_source(bytes).map_err(|error| {
        let message = format!("stage `geoip`: {path:?} is no database of MaxMind's format");
        ComponentError::with_source(message, error)
    })?;
    let database = Arc::new(database);
    open.push((identity, Arc::downgrade(&database)));
    Ok(database)
}
