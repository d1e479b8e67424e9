//! Positions on disk: a journal of one JSON object per line, the last one of each file counts.
//!
//! Positions are appended, so that each write is small, and the journal is rewritten when it has
//! become much longer than what it says. A rewrite goes to another file, which is synced and then
//! takes the place of the old one. A torn last line, as a crash may leave it, is passed over.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use headwater_logs::{Value, parse_json};
use rustix::fs::{FlockOperation, flock};

use crate::fingerprint::{Fingerprint, Signature};

/// From how many bytes on the journal is rewritten, if it also is four times what is needed.
const REWRITE_FROM: u64 = 64 * 1024;

/// The longest journal that is read.
const MAX_JOURNAL: u64 = 1 << 30;

/// What is remembered of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Record {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) path: PathBuf,
    pub(crate) print: Fingerprint,
    pub(crate) offset: u64,
    pub(crate) records: u64,
    pub(crate) signature: Signature,
    /// Whether the header of the file has been read.
    pub(crate) header_done: bool,
    /// What the header said.
    pub(crate) header: Vec<(String, String)>,
}

/// Why there is no journal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckpointError {
    /// Another receiver of this process still uses it: a reload.
    #[error("the positions in {0} are still used by the receiver that is being replaced")]
    InUseHere(PathBuf),
    /// Another process uses it.
    #[error("the positions in {0} are used by another process")]
    InUseElsewhere(PathBuf),
    /// The file system said no.
    #[error("open {0}")]
    Io(PathBuf, #[source] io::Error),
}

/// The journal of one receiver.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    /// Held locked as long as the journal is used.
    _lock: File,
    file: Option<File>,
    length: u64,
    fsync: bool,
}

impl Journal {
    /// Opens the journal of the receiver `id` and reads what it says.
    pub(crate) fn open(
        directory: &Path,
        id: &str,
        fsync: bool,
    ) -> Result<(Self, BTreeMap<u64, Record>), CheckpointError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| CheckpointError::Io(path, error)
        };
        if !directory.is_dir() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true).mode(0o750);
            builder.create(directory).map_err(failed(directory))?;
        }
        let name: String = id
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        let path = directory.join(format!("receiver_{name}.positions"));
        let lock_path = path.with_extension("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o640);
        let mut lock = options.open(&lock_path).map_err(failed(&lock_path))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut owner = String::new();
            // An owner that cannot be read is somebody else.
            (&mut lock).take(32).read_to_string(&mut owner).ok();
            return Err(if owner.trim() == std::process::id().to_string() {
                CheckpointError::InUseHere(path)
            } else {
                CheckpointError::InUseElsewhere(path)
            });
        }
        lock.set_len(0)
            .and_then(|()| lock.seek(SeekFrom::Start(0)))
            .and_then(|_| writeln!(lock, "{}", std::process::id()))
            .map_err(failed(&lock_path))?;
        let records = read(&path).map_err(failed(&path))?;
        let mut journal = Self {
            path: path.clone(),
            _lock: lock,
            file: None,
            length: 0,
            fsync,
        };
        journal.rewrite(&records).map_err(failed(&path))?;
        Ok((journal, records))
    }

    /// The path, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends what has changed; a key without a record is forgotten. `all` gives what is known
    /// altogether, `known` files, for a rewrite.
    pub(crate) fn append(
        &mut self,
        changed: &BTreeMap<u64, Option<Record>>,
        known: usize,
        all: impl Fn() -> BTreeMap<u64, Record>,
    ) -> io::Result<()> {
        let mut text = String::new();
        for (key, record) in changed {
            match record {
                Some(record) => put(&mut text, *key, record),
                None => {
                    writeln!(text, "{{\"k\":{key}}}").ok();
                }
            }
        }
        let needed = 300 * known as u64;
        let Some(file) = &mut self.file else {
            return self.rewrite(&all());
        };
        if self.length > REWRITE_FROM && self.length > 4 * needed {
            return self.rewrite(&all());
        }
        let written = file.write_all(text.as_bytes());
        let written = written.and_then(|()| if self.fsync { file.sync_data() } else { Ok(()) });
        match written {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Half a line may stand there now.
                self.file = None;
                Err(error)
            }
        }
    }

    /// Replaces the journal by one that says `all`.
    pub(crate) fn rewrite(&mut self, all: &BTreeMap<u64, Record>) -> io::Result<()> {
        let mut text = String::new();
        for (key, record) in all {
            put(&mut text, *key, record);
        }
        self.file = None;
        let next = self.path.with_extension("next");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o640);
        let mut file = options.open(&next)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        fs::rename(&next, &self.path)?;
        if let Some(directory) = self.path.parent() {
            // Not every file system can sync a folder.
            File::open(directory)
                .and_then(|folder| folder.sync_all())
                .ok();
        }
        self.file = Some(OpenOptions::new().append(true).open(&self.path)?);
        self.length = text.len() as u64;
        Ok(())
    }
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if u32::from(c) < 0x20 => {
                write!(out, "\\u{:04x}", u32::from(c)).ok();
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A position as text.
pub(crate) fn line(key: u64, record: &Record) -> String {
    let mut text = String::new();
    put(&mut text, key, record);
    text
}

/// What [`line`] has written; without a record where the file is forgotten.
pub(crate) fn record(line: &str) -> Option<(u64, Option<Record>)> {
    parse(line.trim_end())
}

fn put(out: &mut String, key: u64, record: &Record) {
    write!(
        out,
        "{{\"k\":{key},\"dev\":\"{:x}\",\"ino\":\"{:x}\",\"print\":\"{}\",\"off\":\"{}\",\"rec\":\"{}\",\
         \"sig\":\"{}\",\"path\":",
        record.device,
        record.inode,
        record.print,
        record.offset,
        record.records,
        record.signature,
    )
    .ok();
    quote(out, &record.path.to_string_lossy());
    if record.header_done {
        out.push_str(",\"header\":{");
        for (index, (name, value)) in record.header.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            quote(out, name);
            out.push(':');
            quote(out, value);
        }
        out.push('}');
    }
    out.push_str("}\n");
}

fn read(path: &Path) -> io::Result<BTreeMap<u64, Record>> {
    let mut text = Vec::new();
    match File::open(path) {
        Ok(file) => {
            file.take(MAX_JOURNAL).read_to_end(&mut text)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut records = BTreeMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        let Some((key, record)) = std::str::from_utf8(line).ok().and_then(parse) else {
            continue;
        };
        match record {
            Some(record) => {
                records.insert(key, record);
            }
            None => {
                records.remove(&key);
            }
        }
    }
    Ok(records)
}

fn parse(line: &str) -> Option<(u64, Option<Record>)> {
    let value = parse_json(line, true).ok()?;
    let map = value.as_map()?;
    let Value::Int(key) = map.get("k")? else {
        return None;
    };
    let key = u64::try_from(*key).ok()?;
    if map.len() == 1 {
        return Some((key, None));
    }
    let text = |name: &str| map.get(name).and_then(Value::as_str);
    let header = map.get("header").and_then(Value::as_map);
    let record = Record {
        device: u64::from_str_radix(text("dev")?, 16).ok()?,
        inode: u64::from_str_radix(text("ino")?, 16).ok()?,
        path: PathBuf::from(text("path")?),
        print: text("print")?.parse().ok()?,
        offset: text("off")?.parse().ok()?,
        records: text("rec")?.parse().ok()?,
        signature: text("sig")?.parse().ok()?,
        header_done: header.is_some(),
        header: header
            .map(|map| {
                map.iter()
                    .map(|(name, value)| (name.to_owned(), value.to_string()))
                    .collect()
            })
            .unwrap_or_default(),
    };
    Some((key, Some(record)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: u64) -> Record {
        Record {
            device: 1,
            inode: u64::MAX,
            path: PathBuf::from("/var/log/\"quoted\"\n.log"),
            print: Fingerprint::of(b"the beginning"),
            offset,
            records: 7,
            signature: Signature::of(5, b"tail"),
            header_done: true,
            header: vec![("a".to_owned(), "b\\".to_owned())],
        }
    }

    fn open(directory: &Path) -> (Journal, BTreeMap<u64, Record>) {
        Journal::open(directory, "file_log/a", false).unwrap()
    }

    #[test]
    fn the_last_position_of_each_file_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("new/folder");
        let (mut journal, records) = open(&directory);
        assert!(records.is_empty());
        let mut all = BTreeMap::new();
        for offset in 0..5 {
            all.insert(1, record(offset));
            all.insert(2, record(offset * 10));
            let changed = all.iter().map(|(k, r)| (*k, Some(r.clone()))).collect();
            journal.append(&changed, all.len(), || all.clone()).unwrap();
        }
        all.remove(&2);
        journal
            .append(&BTreeMap::from([(2, None)]), 1, || all.clone())
            .unwrap();
        drop(journal);
        assert_eq!(open(&directory).1, BTreeMap::from([(1, record(4))]));
    }

    #[test]
    fn a_torn_line_and_junk_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(folder.path());
        let all = BTreeMap::from([(3, record(9))]);
        journal.rewrite(&all).unwrap();
        let path = journal.path().to_owned();
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"\xff\xfe\n{}\n{\"k\":3,\"dev\":\"1\",\"ino")
            .unwrap();
        assert_eq!(open(folder.path()).1, all);
    }

    #[test]
    fn the_journal_stays_short_however_often_positions_change() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(folder.path());
        for offset in 0..5_000 {
            let all = BTreeMap::from([(1, record(offset))]);
            let changed = BTreeMap::from([(1, Some(record(offset)))]);
            journal.append(&changed, all.len(), || all.clone()).unwrap();
        }
        assert!(fs::metadata(journal.path()).unwrap().len() < 2 * REWRITE_FROM);
        drop(journal);
        assert_eq!(open(folder.path()).1[&1].offset, 4_999);
    }

    #[test]
    fn a_second_receiver_cannot_use_the_same_journal() {
        let folder = tempfile::tempdir().unwrap();
        let held = open(folder.path());
        let again = Journal::open(folder.path(), "file_log/a", false);
        assert!(matches!(again, Err(CheckpointError::InUseHere(_))));
        assert!(Journal::open(folder.path(), "file_log/b", false).is_ok());
        drop(held);
        assert!(Journal::open(folder.path(), "file_log/a", false).is_ok());
    }

    #[test]
    fn a_write_that_fails_is_made_good_by_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(folder.path());
        // A file that refuses every byte, as a full disk does.
        journal.file = OpenOptions::new().write(true).open("/dev/full").ok();
        let all = BTreeMap::from([(1, record(1))]);
        let changed = BTreeMap::from([(1, Some(record(1)))]);
        assert!(journal.append(&changed, 1, || all.clone()).is_err());
        journal.append(&BTreeMap::new(), 1, || all.clone()).unwrap();
        drop(journal);
        assert_eq!(open(folder.path()).1, all);
    }
}
