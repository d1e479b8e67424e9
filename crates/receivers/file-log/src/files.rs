//! The files that are known: where reading is in each, and how each is known again.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::attributes::FileAttributes;
use crate::checkpoint::Record;
use crate::fingerprint::{Fingerprint, Signature};
use crate::listed::FileLabels;
use crate::source::Source;

/// How many files that are gone stay known: a packed or moved one is then known again.
const MAX_GONE: usize = 1024;

/// Whether a file is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Known from before, not yet looked for.
    Unseen,
    /// At its path.
    Present,
    /// No longer at its path, but open: it is read to its end.
    Rotated,
    /// No longer there.
    Gone,
}

/// A file that is open.
pub(crate) struct Open {
    pub(crate) source: Source,
    pub(crate) attributes: FileAttributes,
    pub(crate) used: Instant,
}

/// The beginning of a line whose end has not been written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail {
    pub(crate) length: u64,
    pub(crate) since: Instant,
}

/// One file.
pub(crate) struct Tracked {
    pub(crate) path: PathBuf,
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) print: Fingerprint,
    /// What has been made entries of, up to here.
    pub(crate) read: u64,
    /// The number of the last entry.
    pub(crate) records: u64,
    /// What downstream has taken, up to here.
    pub(crate) taken: u64,
    pub(crate) taken_records: u64,
    pub(crate) signature: Signature,
    /// Size and modification time when it was last looked at.
    pub(crate) seen: (u64, i64),
    pub(crate) presence: Presence,
    /// What the list of files says of it.
    pub(crate) labels: Option<Arc<FileLabels>>,
    /// In a box, as most files are not open.
    pub(crate) open: Option<Box<Open>>,
    pub(crate) tail: Option<Tail>,
    /// The rest of a long line is being dropped.
    pub(crate) skip_line: bool,
    /// Everything up to the end is passed over: a packed file that was there at the start.
    pub(crate) skip_all: bool,
    pub(crate) header_done: bool,
    pub(crate) header: Vec<(String, String)>,
    /// A copy of that file, which is about to be truncated; since then.
    pub(crate) copy_of: Option<(u64, Instant)>,
    pub(crate) queued: bool,
    pub(crate) gone_at: u64,
}

impl Tracked {
    /// A file read from `offset` on.
    pub(crate) fn new(path: &Path, identity: (u64, u64), print: Fingerprint, offset: u64) -> Self {
        Self {
            path: path.to_owned(),
            device: identity.0,
            inode: identity.1,
            print,
            read: offset,
            records: 0,
            taken: offset,
            taken_records: 0,
            signature: Signature::default(),
            seen: (0, 0),
            presence: Presence::Present,
            labels: None,
            open: None,
            tail: None,
            skip_line: false,
            skip_all: false,
            header_done: false,
            header: Vec::new(),
            copy_of: None,
            queued: false,
            gone_at: 0,
        }
    }

    fn from_record(record: Record) -> Self {
        Self {
            records: record.records,
            taken_records: record.records,
            signature: record.signature,
            presence: Presence::Unseen,
            header_done: record.header_done,
            header: record.header,
            ..Self::new(
                &record.path,
                (record.device, record.inode),
                record.print,
                record.offset,
            )
        }
    }

    /// What to remember of it.
    pub(crate) fn record(&self) -> Record {
        Record {
            device: self.device,
            inode: self.inode,
            path: self.path.clone(),
            print: self.print,
            offset: self.taken,
            records: self.taken_records,
            signature: self.signature,
            header_done: self.header_done,
            header: self.header.clone(),
        }
    }

    /// The file on its file system.
    pub(crate) const fn identity(&self) -> (u64, u64) {
        (self.device, self.inode)
    }
}

/// All files that are known, by a number that never changes.
#[derive(Default)]
pub(crate) struct Files {
    /// In boxes: the map's nodes are half empty where files come one after the other.
    files: BTreeMap<u64, Box<Tracked>>,
    by_identity: HashMap<(u64, u64), u64>,
    by_path: HashMap<PathBuf, u64>,
    /// Links by what they lead to.
    by_target: HashMap<PathBuf, u64>,
    by_print: HashMap<Fingerprint, Vec<u64>>,
    /// How many files have a fingerprint of that length.
    print_lengths: BTreeMap<usize, usize>,
    next: u64,
    gone: u64,
    /// Files have gone since the last time that some were forgotten.
    more_gone: bool,
}

impl Files {
    /// The files that were known before.
    pub(crate) fn from_records(records: BTreeMap<u64, Record>) -> Self {
        let mut files = Self::default();
        for (key, record) in records {
            files.next = files.next.max(key);
            files.put(key, Tracked::from_record(record));
        }
        files
    }

    pub(crate) fn get(&self, key: u64) -> Option<&Tracked> {
        self.files.get(&key).map(|file| &**file)
    }

    pub(crate) fn get_mut(&mut self, key: u64) -> Option<&mut Tracked> {
        self.files.get_mut(&key).map(|file| &mut **file)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Tracked)> {
        self.files.iter().map(|(key, file)| (*key, &**file))
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Adds a file.
    pub(crate) fn insert(&mut self, file: Tracked) -> u64 {
        self.next += 1;
        let key = self.next;
        self.put(key, file);
        key
    }

    /// Adds a file that is read beside the one at its path.
    pub(crate) fn insert_aside(&mut self, file: Tracked) -> u64 {
        self.next += 1;
        let key = self.next;
        self.by_identity.insert(file.identity(), key);
        self.add_print(key, file.print);
        self.files.insert(key, Box::new(file));
        key
    }

    /// The device and inode of a file belong to another content now.
    pub(crate) fn release(&mut self, key: u64) {
        if let Some(file) = self.files.get_mut(&key) {
            let identity = file.identity();
            // No file has inode 0.
            (file.device, file.inode) = (0, 0);
            if self.by_identity.get(&identity) == Some(&key) {
                self.by_identity.remove(&identity);
            }
        }
    }

    fn put(&mut self, key: u64, file: Tracked) {
        self.by_identity.insert(file.identity(), key);
        self.by_path.insert(file.path.clone(), key);
        self.add_print(key, file.print);
        self.files.insert(key, Box::new(file));
    }

    fn add_print(&mut self, key: u64, print: Fingerprint) {
        self.by_print.entry(print).or_default().push(key);
        *self.print_lengths.entry(print.len()).or_default() += 1;
    }

    fn remove_print(&mut self, key: u64, print: Fingerprint) {
        if let Some(keys) = self.by_print.get_mut(&print) {
            keys.retain(|known| *known != key);
            if keys.is_empty() {
                self.by_print.remove(&print);
            }
        }
        if let Some(count) = self.print_lengths.get_mut(&print.len()) {
            *count -= 1;
            if *count == 0 {
                self.print_lengths.remove(&print.len());
            }
        }
    }

    /// Gives a file that has grown a longer fingerprint.
    pub(crate) fn set_print(&mut self, key: u64, print: Fingerprint) {
        if let Some(file) = self.files.get_mut(&key) {
            let old = std::mem::replace(&mut file.print, print);
            self.remove_print(key, old);
            self.add_print(key, print);
        }
    }

    /// The file with that device and inode.
    pub(crate) fn by_identity(&self, identity: (u64, u64)) -> Option<u64> {
        self.by_identity.get(&identity).copied()
    }

    /// The file at that path, or that the link there leads to.
    pub(crate) fn by_path(&self, path: &Path) -> Option<u64> {
        let found = self.by_path.get(path).or_else(|| self.by_target.get(path));
        found.copied()
    }

    /// Files that began with what `head` begins with.
    pub(crate) fn alike(&self, head: &[u8]) -> Vec<u64> {
        let mut keys = Vec::new();
        for length in self.print_lengths.keys().rev() {
            if *length == 0 || keys.len() >= 64 {
                break;
            }
            if let Some(head) = head.get(..*length)
                && let Some(found) = self.by_print.get(&Fingerprint::of(head))
            {
                keys.extend(found);
            }
        }
        keys
    }

    /// The file is now at that path, on that device, with that inode.
    pub(crate) fn relocate(&mut self, key: u64, path: &Path, identity: (u64, u64)) {
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        let (old_path, old_identity) = (file.path.clone(), file.identity());
        path.clone_into(&mut file.path);
        (file.device, file.inode) = identity;
        file.presence = Presence::Present;
        if old_path != path {
            // The attributes name the path.
            file.open = None;
        }
        if self.by_path.get(&old_path) == Some(&key) {
            self.by_path.remove(&old_path);
        }
        if self.by_identity.get(&old_identity) == Some(&key) {
            self.by_identity.remove(&old_identity);
        }
        self.by_path.insert(path.to_owned(), key);
        self.by_identity.insert(identity, key);
    }

    /// What links lead to.
    pub(crate) fn set_targets(&mut self, targets: HashMap<PathBuf, u64>) {
        self.by_target = targets;
    }

    /// The file is gone, or its content is; what is known of it stays known for a while.
    pub(crate) fn set_gone(&mut self, key: u64) {
        self.gone += 1;
        self.more_gone = true;
        let Some(file) = self.files.get_mut(&key) else {
            return;
        };
        file.presence = Presence::Gone;
        file.open = None;
        file.tail = None;
        file.queued = false;
        file.gone_at = self.gone;
        if self.by_path.get(&file.path) == Some(&key) {
            self.by_path.remove(&file.path);
        }
    }

    /// Forgets the files that have been gone longest where there are too many; which.
    pub(crate) fn forget(&mut self, busy: impl Fn(u64) -> bool) -> Vec<u64> {
        if !std::mem::take(&mut self.more_gone) {
            return Vec::new();
        }
        let mut gone: Vec<_> = self
            .files
            .iter()
            .filter(|(_, file)| file.presence == Presence::Gone)
            .map(|(key, file)| (file.gone_at, *key))
            .collect();
        if gone.len() <= MAX_GONE {
            return Vec::new();
        }
        gone.sort_unstable();
        let surplus = gone.len() - MAX_GONE;
        let keys = gone.into_iter().take(surplus).map(|(_, key)| key);
        let keys: Vec<_> = keys.filter(|key| !busy(*key)).collect();
        for key in &keys {
            if let Some(file) = self.files.remove(key) {
                self.remove_print(*key, file.print);
                if self.by_identity.get(&file.identity()) == Some(key) {
                    self.by_identity.remove(&file.identity());
                }
            }
        }
        keys
    }
}
