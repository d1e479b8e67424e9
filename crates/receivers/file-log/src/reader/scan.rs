//! Which file is which: files that were moved, copied, truncated, packed or replaced.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::{LONGEST_RESCAN, RESCAN, Reader, SCAN_SHARE, URGENT_SHARE, WATCHED_RESCAN};
use crate::attributes;
use crate::config::StartAt;
use crate::files::{Open, Presence, Tracked};
use crate::finder::Candidate;
use crate::fingerprint::Fingerprint;
use crate::listed::FileLabels;
use crate::source::{Packing, Source};

/// How long a copy waits for its original to be truncated.
const COPY_FOR: Duration = Duration::from_secs(10);

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn seen(metadata: &Metadata) -> (u64, i64) {
    let nanos = metadata.mtime().wrapping_mul(1_000_000_000);
    (metadata.len(), nanos.wrapping_add(metadata.mtime_nsec()))
}

impl Reader {
    /// Takes up what the kernel tells of.
    pub(super) fn notice(&mut self, now: Instant) {
        if let Some(listed) = self.list.newer(&mut self.listed) {
            self.finder.set_listed(listed);
            self.scan_due = now;
        }
        let changes = self.watcher.changes();
        let urgent = self.scanned + self.scan_took * URGENT_SHARE;
        let mut scan = changes.all && !self.watcher.is_incomplete();
        for path in changes.paths {
            match self.files.by_path(&path) {
                Some(key) => self.queue(key),
                None => scan |= self.finder.matches(&path) || !self.watcher_knows(&path),
            }
        }
        if scan {
            self.scan_due = self.scan_due.min(urgent.max(now));
        }
        let waits = |key: &u64| {
            let file = self.files.get(*key);
            file.is_some_and(|file| file.presence == Presence::Rotated || file.copy_of.is_some())
        };
        let waiting: Vec<_> = self.busy.iter().copied().filter(waits).collect();
        for key in waiting {
            self.queue(key);
        }
    }

    /// Whether a path is only told of because its folder also holds files that are read.
    fn watcher_knows(&self, path: &Path) -> bool {
        // A link may lead to a name that matches nothing.
        !path.is_dir()
    }

    /// Puts a file in line to be read.
    pub(super) fn queue(&mut self, key: u64) {
        if let Some(file) = self.files.get_mut(key)
            && !file.queued
            && matches!(file.presence, Presence::Present | Presence::Rotated)
        {
            file.queued = true;
            self.ready.push_back(key);
        }
    }

    /// Looks at everything.
    pub(super) fn scan(&mut self) {
        let begin = Instant::now();
        let (candidates, mut folders) = self.finder.find();
        let mut targets = HashMap::new();
        let mut order: Vec<Candidate> = Vec::new();
        let mut by_identity: HashMap<(u64, u64), usize> = HashMap::new();
        for candidate in candidates {
            let id = identity(&candidate.metadata);
            match by_identity.get(&id) {
                // A hard link, or a link to a file that is read by its own name: one of them is
                // read, the one that was read before if there is one.
                Some(at) => {
                    let known = self
                        .files
                        .by_identity(id)
                        .and_then(|key| self.files.get(key));
                    if known.is_some_and(|file| file.path == candidate.path) {
                        order[*at].path = candidate.path;
                    }
                }
                None => {
                    by_identity.insert(id, order.len());
                    order.push(candidate);
                }
            }
        }
        let mut fresh = Vec::new();
        let mut present = BTreeSet::new();
        for candidate in &order {
            match self.files.by_identity(identity(&candidate.metadata)) {
                Some(key) => {
                    present.insert(key);
                    self.met_again(key, candidate);
                }
                None => fresh.push(candidate),
            }
        }
        self.find_missing(&present);
        for candidate in fresh {
            if let Err(error) = self.met_first(candidate) {
                self.complain(&candidate.path, &error, "open");
            }
        }
        let mut real_folders = RealFolders::default();
        for Candidate { path, metadata, .. } in &order {
            let linked = fs::symlink_metadata(path).is_ok_and(|link| link.file_type().is_symlink());
            let real = if linked {
                fs::canonicalize(path).ok()
            } else {
                // A file in a folder behind a link changes there as well.
                let parent = path.parent().unwrap_or(Path::new("."));
                match (real_folders.of(parent), path.file_name()) {
                    (Some(real), Some(name)) => Some(real.join(name)),
                    _ => None,
                }
            };
            let known = self.files.by_identity(identity(metadata));
            if let (Some(real), Some(key)) = (real, known) {
                folders.extend(real.parent().map(Path::to_owned));
                if real != *path {
                    targets.insert(real, key);
                }
            }
        }
        self.files.set_targets(targets);
        let added = self.watcher.watch(&folders);
        self.started = self.listed > 0 || !self.config.include.is_empty();
        self.scan_took = begin.elapsed();
        self.scanned = Instant::now();
        let regular = if self.watcher.is_incomplete() {
            let poll = self.config.poll_interval;
            (self.scan_took * SCAN_SHARE).clamp(poll.min(RESCAN), RESCAN)
        } else {
            // Only in case the kernel did not tell: it may wait where there is much to look at.
            (self.scan_took * SCAN_SHARE).clamp(WATCHED_RESCAN, LONGEST_RESCAN)
        };
        self.scan_due = self.scanned + regular;
        if added {
            // What changed between the look and the watch.
            self.scan_due = self.scanned + self.scan_took * URGENT_SHARE;
        }
    }

    /// A file whose device and inode are known.
    fn met_again(&mut self, key: u64, candidate: &Candidate) {
        let Candidate {
            path,
            metadata,
            labels,
        } = candidate;
        let Some(file) = self.files.get(key) else {
            return;
        };
        if file.path != *path || file.presence != Presence::Present {
            self.files.relocate(key, path, identity(metadata));
            self.changed.insert(key);
        }
        let Some(file) = self.files.get_mut(key) else {
            return;
        };
        file.labels.clone_from(labels);
        if file.seen != seen(metadata) {
            self.queue(key);
        }
    }

    /// Files that are no longer where they were.
    fn find_missing(&mut self, present: &BTreeSet<u64>) {
        let missing: Vec<_> = self
            .files
            .iter()
            .filter(|(key, file)| {
                matches!(file.presence, Presence::Present | Presence::Unseen)
                    && !present.contains(key)
            })
            .map(|(key, _)| key)
            .collect();
        for key in missing {
            self.missing(key);
        }
    }

    fn missing(&mut self, key: u64) {
        let Some(file) = self.files.get(key) else {
            return;
        };
        let there = fs::metadata(&file.path).is_ok_and(|meta| identity(&meta) == file.identity());
        if there && file.labels.is_none() {
            // It is only not among those to read now.
            return;
        }
        if file.open.is_none() {
            let path = file.path.clone();
            if let Some(found) = sibling(&path, |_, meta| identity(meta) == file.identity()) {
                // Where it has been moved on since, the next look finds it.
                if let Err(error) = self.open(key, &found, &path) {
                    self.complain(&found, &error, "open");
                }
            }
        }
        let Some(file) = self.files.get_mut(key) else {
            return;
        };
        if file.open.is_some() {
            file.presence = Presence::Rotated;
            self.busy.insert(key);
            if let Some(open) = &mut file.open {
                open.used = Instant::now();
            }
            self.queue(key);
        } else {
            self.files.set_gone(key);
            self.changed.insert(key);
        }
    }

    /// A file with an inode that nobody has seen before.
    fn met_first(&mut self, candidate: &Candidate) -> io::Result<()> {
        let path = &*candidate.path;
        if candidate.metadata.len() == 0 {
            return Ok(());
        }
        let handle = File::open(path)?;
        let metadata = handle.metadata()?;
        if identity(&metadata) != identity(&candidate.metadata) {
            // Rotated since the look: this name leads to another file now, which may be known.
            self.scan_due = Instant::now();
            return Ok(());
        }
        let packing = Packing::of(self.config.compression, path);
        let mut source = Source::new(handle, packing)?;
        let mut head = vec![0; self.config.fingerprint_size.get()];
        let count = source.read_at(&mut head, 0)?;
        head.truncate(count);
        if head.is_empty() {
            return Ok(());
        }
        let id = identity(&metadata);
        for key in self.files.alike(&head) {
            let Some(known) = self.files.get(key) else {
                continue;
            };
            if !same_content(&mut source, known) {
                continue;
            }
            match known.presence {
                Presence::Gone | Presence::Unseen => {
                    // Moved between file systems, restored, or packed.
                    self.files.relocate(key, path, id);
                    if let Some(file) = self.files.get_mut(key) {
                        file.labels.clone_from(&candidate.labels);
                    }
                    self.changed.insert(key);
                    self.queue(key);
                    return Ok(());
                }
                Presence::Present | Presence::Rotated
                    if known.read > 0 && is_related(path, &known.path) =>
                {
                    let mut copy = Tracked::new(path, id, Fingerprint::of(&head), known.read);
                    copy.labels.clone_from(&candidate.labels);
                    copy.copy_of = Some((key, Instant::now()));
                    copy.records = known.records;
                    copy.header_done = known.header_done;
                    copy.header = known.header.clone();
                    let copy = self.files.insert(copy);
                    self.busy.insert(copy);
                    self.changed.insert(copy);
                    return Ok(());
                }
                // Another file that happens to begin alike.
                Presence::Present | Presence::Rotated => {}
            }
        }
        let skip = !self.started && !self.resumed && self.config.start_at == StartAt::End;
        let packed = source.is_packed();
        let offset = if skip && !packed { metadata.len() } else { 0 };
        let mut file = Tracked::new(path, id, Fingerprint::of(&head), offset);
        file.labels.clone_from(&candidate.labels);
        file.skip_all = skip && packed;
        let key = self.files.insert(file);
        self.changed.insert(key);
        self.queue(key);
        Ok(())
    }

    /// Opens a file for reading. `path` is where it is, `name` what it is called in attributes.
    /// False if another file has been moved to that place; what should have been read is looked
    /// for again.
    pub(super) fn open(&mut self, key: u64, path: &Path, name: &Path) -> io::Result<bool> {
        let handle = File::open(path)?;
        let metadata = handle.metadata()?;
        let known = self.files.get(key).map(Tracked::identity);
        if known != Some(identity(&metadata)) {
            self.scan_due = Instant::now();
            return Ok(false);
        }
        if self.config.acquire_fs_lock {
            flock(&handle, FlockOperation::NonBlockingLockShared)?;
        }
        let attributes = attributes::of(&self.config, name, &metadata);
        let packing = Packing::of(self.config.compression, path);
        let source = Source::new(handle, packing)?;
        if let Some(file) = self.files.get_mut(key) {
            file.open = Some(Box::new(Open {
                source,
                attributes,
                used: Instant::now(),
            }));
            self.busy.insert(key);
        }
        Ok(true)
    }

    /// Makes sure that a file in line is open and is still the file it was. False if there is
    /// nothing to read in it.
    pub(super) fn prepare(&mut self, key: u64) -> io::Result<bool> {
        let Some(file) = self.files.get(key) else {
            return Ok(false);
        };
        if let Some((original, since)) = file.copy_of {
            return Ok(self.check_copy(key, original, since));
        }
        if file.presence == Presence::Present {
            let metadata = match fs::metadata(&file.path) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.missing(key);
                    return Ok(self.files.get(key).is_some_and(|file| file.open.is_some()));
                }
                Err(error) => return Err(error),
            };
            if identity(&metadata) != file.identity() {
                // Replaced: what is there now is found by a look at everything.
                self.scan_due = Instant::now();
                self.missing(key);
                return Ok(self.files.get(key).is_some_and(|file| file.open.is_some()));
            }
            if file.open.is_none() {
                let path = file.path.clone();
                if !self.open(key, &path, &path)? {
                    self.missing(key);
                }
            }
        }
        self.check_content(key)
    }

    /// Whether the file holds what it held, and perhaps more.
    fn check_content(&mut self, key: u64) -> io::Result<bool> {
        let size = self.config.fingerprint_size.get();
        let Some(file) = self.files.get_mut(key) else {
            return Ok(false);
        };
        let Some(open) = &mut file.open else {
            return Ok(false);
        };
        let metadata = open.source.file().metadata()?;
        let grown = file.seen != seen(&metadata);
        file.seen = seen(&metadata);
        let packed = if let Source::Packed(unpacker) = &mut open.source {
            if grown {
                // What ended too early before may go on now.
                unpacker.rewind()?;
            }
            true
        } else {
            false
        };
        if !packed && metadata.len() == file.read && file.tail.is_none() && !grown {
            return Ok(false);
        }
        let mut head = vec![0; size];
        let count = open.source.read_at(&mut head, 0)?;
        head.truncate(count);
        let cut = !packed && metadata.len() < file.read;
        if cut || !file.print.matches(&head) {
            self.replaced(key, &metadata);
            return Ok(false);
        }
        if head.len() > file.print.len() {
            self.files.set_print(key, Fingerprint::of(&head));
            self.changed.insert(key);
        }
        if let Some(file) = self.files.get_mut(key)
            && let Some(open) = &mut file.open
            && (grown || file.tail.is_none())
        {
            open.used = Instant::now();
        }
        Ok(true)
    }

    /// The content of a file is gone: it was truncated or written anew.
    fn replaced(&mut self, key: u64, metadata: &Metadata) {
        let Some(file) = self.files.get(key) else {
            return;
        };
        let (path, read, presence) = (file.path.clone(), file.read, file.presence);
        let labels = file.labels.clone();
        let copies: Vec<_> = self
            .files
            .iter()
            .filter(|(_, copy)| copy.copy_of.is_some_and(|(original, _)| original == key))
            .map(|(copy, _)| copy)
            .collect();
        for copy in &copies {
            if let Some(copy) = self.files.get_mut(*copy) {
                // What was read last from the original has not been read from the copy.
                copy.copy_of = None;
                copy.read = read;
                copy.taken = copy.taken.min(read);
            }
            self.queue(*copy);
        }
        if copies.is_empty() && presence == Presence::Present {
            self.find_copy(key, &path);
        }
        tracing::debug!(path = %path.display(), "File was truncated: it is read from its beginning");
        self.files.set_gone(key);
        self.changed.insert(key);
        if presence != Presence::Present || metadata.len() == 0 {
            self.files.release(key);
            return;
        }
        self.files.release(key);
        if let Err(error) = self.met_fresh(&path, labels) {
            self.complain(&path, &error, "open");
        }
    }

    /// Reads a file from its beginning, whatever it looks like.
    fn met_fresh(&mut self, path: &Path, labels: Option<Arc<FileLabels>>) -> io::Result<()> {
        let handle = File::open(path)?;
        let metadata = handle.metadata()?;
        if self.files.by_identity(identity(&metadata)).is_some() {
            // A file that is known has been moved here since: it is not read twice.
            self.scan_due = Instant::now();
            return Ok(());
        }
        let packing = Packing::of(self.config.compression, path);
        let mut source = Source::new(handle, packing)?;
        let mut head = vec![0; self.config.fingerprint_size.get()];
        let count = source.read_at(&mut head, 0)?;
        head.truncate(count);
        let mut file = Tracked::new(path, identity(&metadata), Fingerprint::of(&head), 0);
        file.labels = labels;
        let key = self.files.insert(file);
        self.changed.insert(key);
        self.queue(key);
        Ok(())
    }

    /// Looks beside a truncated file for the copy that was made before, which the globs do not
    /// match, and reads the rest of it.
    fn find_copy(&mut self, key: u64, path: &Path) {
        let Some(known) = self.files.get(key).filter(|file| file.taken > 0) else {
            return;
        };
        let (size, read) = (self.config.fingerprint_size.get(), known.read);
        let found = sibling(path, |name, meta| {
            is_related(name, path)
                && meta.len() > read
                && self.files.by_identity(identity(meta)).is_none()
                && File::open(name)
                    .and_then(|file| Source::new(file, Packing::None))
                    .is_ok_and(|mut source| {
                        let mut head = vec![0; size];
                        let count = source.read_at(&mut head, 0).unwrap_or(0);
                        known.print.matches(&head[..count]) && same_content(&mut source, known)
                    })
        });
        let Some(found) = found else {
            return;
        };
        let Ok(metadata) = fs::metadata(&found) else {
            return;
        };
        let mut copy = Tracked::new(path, identity(&metadata), known.print, read);
        copy.records = known.records;
        copy.header_done = known.header_done;
        copy.header = known.header.clone();
        copy.labels.clone_from(&known.labels);
        copy.presence = Presence::Rotated;
        let copy = self.files.insert_aside(copy);
        match self.open(copy, &found, path) {
            Ok(true) => self.queue(copy),
            // The copy has been moved on: it is met under its new name or, beyond the globs, lost.
            Ok(false) => {}
            Err(error) => self.complain(&found, &error, "open"),
        }
    }

    /// Whether a copy may be read: its original was truncated or is gone, or is no longer what
    /// the copy was made of.
    fn check_copy(&mut self, key: u64, original: u64, since: Instant) -> bool {
        self.queue(original);
        let original = self
            .files
            .get(original)
            .filter(|file| file.presence == Presence::Present);
        let read = original.map(|file| file.read);
        let Some(copy) = self.files.get_mut(key) else {
            return false;
        };
        let size = fs::metadata(&copy.path).map_or(0, |meta| meta.len());
        match read {
            None => {
                copy.copy_of = None;
                true
            }
            Some(read) if since.elapsed() >= COPY_FOR => {
                // A copy that stays: all of it is or will be read from the original.
                copy.copy_of = None;
                copy.read = size.max(copy.read.min(read));
                copy.taken = copy.read;
                false
            }
            Some(_) => false,
        }
    }
}

/// Where folders really are; each is asked once, and only whether it is a link.
#[derive(Debug, Default)]
struct RealFolders(HashMap<PathBuf, Option<PathBuf>>);

impl RealFolders {
    /// The folder behind links; `None` if there are none on the way to it.
    fn of(&mut self, folder: &Path) -> Option<PathBuf> {
        if let Some(known) = self.0.get(folder) {
            return known.clone();
        }
        let linked = fs::symlink_metadata(folder).is_ok_and(|link| link.file_type().is_symlink());
        let real = match (folder.parent(), folder.file_name()) {
            (Some(parent), Some(name)) if !linked && !parent.as_os_str().is_empty() => {
                self.of(parent).map(|parent| parent.join(name))
            }
            _ => fs::canonicalize(folder).ok().filter(|real| real != folder),
        };
        self.0.insert(folder.to_owned(), real.clone());
        real
    }
}

/// Whether what was read of `known` stands in `source` as well.
fn same_content(source: &mut Source, known: &Tracked) -> bool {
    let signature = known.signature;
    if signature.at() == 0 {
        return known.taken == 0;
    }
    let mut tail = vec![0; (signature.at() - signature.begin()) as usize];
    source
        .read_at(&mut tail, signature.begin())
        .is_ok_and(|count| count == tail.len() && signature.matches(&tail))
}

/// Whether a file is called what rotation calls a copy of another: `app.log.1`, `app.log-2026`,
/// `app-2026.log`, `app.1.log`.
fn is_related(copy: &Path, original: &Path) -> bool {
    let (Some(name), Some(whole), Some(stem)) =
        (copy.file_name(), original.file_name(), original.file_stem())
    else {
        return false;
    };
    let name = name.as_encoded_bytes();
    let follows = |begin: &[u8]| {
        let rest = name.strip_prefix(begin);
        rest.is_some_and(|rest| matches!(rest.first(), Some(b'.' | b'-' | b'_' | b'~')))
    };
    copy.parent() == original.parent()
        && copy != original
        && (follows(whole.as_encoded_bytes()) || follows(stem.as_encoded_bytes()))
}

/// A file in the same folder that is the one wanted.
fn sibling(path: &Path, wanted: impl Fn(&Path, &Metadata) -> bool) -> Option<PathBuf> {
    let folder = fs::canonicalize(path.parent()?).ok()?;
    // Where the path is a link, moved files are beside what it led to.
    let beside = fs::read_link(path).ok().and_then(|link| {
        let link = path.parent()?.join(link);
        fs::canonicalize(link.parent()?).ok()
    });
    [Some(folder), beside]
        .into_iter()
        .flatten()
        .find_map(|folder| {
            fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
                let path = entry.path();
                let metadata = entry.metadata().ok().filter(Metadata::is_file)?;
                wanted(&path, &metadata).then_some(path)
            })
        })
}
