//! Who uses a client's files: a lock that ends with the process, however it ends.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use headwater_core::storage::StorageError;
use rustix::fs::{FlockOperation, flock};

/// Takes the lock at `path`; waits for another process as long as `timeout` says, 0 for ever.
pub(crate) fn take(path: &Path, timeout: Duration) -> Result<File, StorageError> {
    let failed = |source: std::io::Error| StorageError::Failed {
        message: format!("lock {}", path.display()),
        source: source.into(),
    };
    let begin = Instant::now();
    loop {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o640);
        let mut file = options.open(path).map_err(failed)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            file.set_len(0)
                .and_then(|()| file.seek(SeekFrom::Start(0)))
                .and_then(|_| writeln!(file, "{}", std::process::id()))
                // Only a help for messages: a full disk must not keep what is stored from us.
                .ok();
            return Ok(file);
        }
        let mut owner = String::new();
        // An owner that cannot be read is somebody else.
        (&mut file).take(32).read_to_string(&mut owner).ok();
        if owner.trim() == std::process::id().to_string() {
            return Err(StorageError::InUseHere(path.display().to_string()));
        }
        if !timeout.is_zero() && begin.elapsed() >= timeout {
            return Err(StorageError::InUseElsewhere(path.display().to_string()));
        }
        // A start waits here on purpose, once, and as long as the user said.
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
