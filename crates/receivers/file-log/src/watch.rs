//! Waiting: for the kernel to tell of changes, for time to pass, or for somebody to call.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use rustix::time::Timespec;

/// File systems on which others write without the kernel knowing. Source: Linux `magic.h`,
/// `statfs(2)`.
const REMOTE: &[u32] = &[
    0x6969,      // NFS
    0x517b,      // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB2
    0x6573_5546, // FUSE
    0x0102_1997, // 9p
    0x00c3_6400, // Ceph
    0x5346_414f, // AFS
    0x0bd0_0bd0, // Lustre
];

/// Ends a wait from another thread.
#[derive(Debug, Clone)]
pub(crate) struct Waker(Arc<OwnedFd>);

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let fd = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Self(Arc::new(fd)))
    }

    /// Ends the wait that is going on, or the next one.
    pub(crate) fn wake(&self) {
        // A counter that is full wakes just as well.
        rustix::io::write(&*self.0, &1_u64.to_ne_bytes()).ok();
    }

    fn clear(&self) {
        rustix::io::read(&*self.0, &mut [0_u8; 8]).ok();
    }
}

/// What has changed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// These files, or what these names now stand for.
    pub(crate) paths: BTreeSet<PathBuf>,
    /// So much that it was not told one by one.
    pub(crate) all: bool,
}

/// Watches folders, if the kernel can.
#[derive(Debug)]
pub(crate) struct Watcher {
    waker: Waker,
    inotify: Option<OwnedFd>,
    folders: HashMap<i32, Arc<Path>>,
    watched: HashMap<Arc<Path>, i32>,
    /// Some folder cannot be watched: everything has to be looked at now and then.
    incomplete: bool,
}

impl Watcher {
    /// A watcher that notices changes, or one that only waits.
    pub(crate) fn new(waker: Waker, watch: bool) -> Self {
        let flags = CreateFlags::NONBLOCK | CreateFlags::CLOEXEC;
        let inotify = watch.then(|| inotify::init(flags).ok()).flatten();
        Self {
            waker,
            incomplete: inotify.is_none(),
            inotify,
            folders: HashMap::new(),
            watched: HashMap::new(),
        }
    }

    /// Whether changes may come that nobody tells of.
    pub(crate) const fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// Watches exactly these folders; those that cannot be watched make it incomplete. Whether a
    /// folder was added: what changed in it before is for the caller to find.
    pub(crate) fn watch(&mut self, folders: &BTreeSet<PathBuf>) -> bool {
        let Some(inotify) = &self.inotify else {
            return false;
        };
        let mut added = false;
        self.incomplete = false;
        self.watched.retain(|folder, watch| {
            let keep = folders.contains(&**folder);
            if !keep {
                inotify::remove_watch(inotify, *watch).ok();
                self.folders.remove(watch);
            }
            keep
        });
        for folder in folders {
            if self.watched.contains_key(folder.as_path()) {
                continue;
            }
            // A folder that does not exist: the nearest one above it.
            let existing = folder.ancestors().find(|folder| folder.is_dir());
            let existing = existing.unwrap_or(Path::new("."));
            let flags = WatchFlags::CREATE
                | WatchFlags::MOVED_TO
                | WatchFlags::MOVED_FROM
                | WatchFlags::DELETE
                | WatchFlags::MODIFY
                | WatchFlags::ATTRIB
                | WatchFlags::DELETE_SELF
                | WatchFlags::MOVE_SELF;
            if is_remote(existing) {
                self.incomplete = true;
                continue;
            }
            match inotify::add_watch(inotify, existing, flags) {
                Ok(watch) => {
                    let name: Arc<Path> = existing.into();
                    self.folders.insert(watch, Arc::clone(&name));
                    if existing == folder {
                        self.watched.insert(name, watch);
                        added = true;
                    }
                }
                Err(_) => self.incomplete = true,
            }
        }
        added
    }

    /// Waits until something changes, somebody calls, or `timeout` has passed.
    pub(crate) fn wait(&self, timeout: Duration, changes: bool) {
        let mut fds = vec![PollFd::new(&*self.waker.0, PollFlags::IN)];
        if let Some(inotify) = self.inotify.as_ref().filter(|_| changes) {
            fds.push(PollFd::new(inotify, PollFlags::IN));
        }
        let timeout = Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(timeout.subsec_nanos()),
        };
        // An interrupted wait is a short one.
        poll(&mut fds, Some(&timeout)).ok();
        self.waker.clear();
    }

    /// What has changed since this was last asked.
    pub(crate) fn changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        let Some(inotify) = &self.inotify else {
            changes.all = true;
            return changes;
        };
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut reader = inotify::Reader::new(inotify, &mut buffer);
        let mut last: Option<(i32, Vec<u8>)> = None;
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::INTR) => continue,
                Err(_) => break,
            };
            let flags = event.events();
            if flags.intersects(
                ReadFlags::QUEUE_OVERFLOW | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF,
            ) {
                changes.all = true;
            }
            if flags.contains(ReadFlags::IGNORED)
                && let Some(folder) = self.folders.remove(&event.wd())
            {
                self.watched.remove(&folder);
                changes.all = true;
                continue;
            }
            if flags.contains(ReadFlags::ISDIR) {
                changes.all = true;
            }
            let Some(name) = event.file_name() else {
                continue;
            };
            // Writers cause the same event over and over.
            let name = name.to_bytes();
            if last
                .as_ref()
                .is_some_and(|(wd, known)| *wd == event.wd() && known == name)
            {
                continue;
            }
            last = Some((event.wd(), name.to_owned()));
            if let Some(folder) = self.folders.get(&event.wd()) {
                let name = OsStr::from_bytes(name);
                let path = if **folder == *Path::new(".") {
                    PathBuf::from(name)
                } else {
                    folder.join(name)
                };
                changes.paths.insert(path);
            }
        }
        changes
    }
}

fn is_remote(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|stat| REMOTE.contains(&(stat.f_type as u32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_noticed_and_a_call_ends_a_wait() {
        let folder = tempfile::tempdir().unwrap();
        let waker = Waker::new().unwrap();
        let mut watcher = Watcher::new(waker.clone(), true);
        watcher.watch(&BTreeSet::from([folder.path().to_owned()]));
        assert!(!watcher.is_incomplete());
        let file = folder.path().join("a.log");
        std::fs::write(&file, "x").unwrap();
        watcher.wait(Duration::from_secs(60), true);
        let changes = watcher.changes();
        assert_eq!(
            (changes.all, changes.paths),
            (false, BTreeSet::from([file]))
        );
        waker.wake();
        watcher.wait(Duration::from_secs(60), true);
        assert!(watcher.changes().paths.is_empty());
    }

    #[test]
    fn a_folder_that_does_not_exist_is_awaited() {
        let folder = tempfile::tempdir().unwrap();
        let mut watcher = Watcher::new(Waker::new().unwrap(), true);
        let missing = folder.path().join("later/on");
        watcher.watch(&BTreeSet::from([missing.clone()]));
        std::fs::create_dir_all(&missing).unwrap();
        watcher.wait(Duration::from_secs(60), true);
        assert!(watcher.changes().all);
    }
}
