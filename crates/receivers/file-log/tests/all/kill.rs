//! The process is killed again and again while lines are written.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use headwater_core::pdata::owned::LogsData;
use headwater_core::{Batch, ConsumeError, Consumer};

use crate::support::{Folder, LIMIT, append, body, build, storage_host};

pub(crate) const FOLDER: &str = "FILE_LOG_TEST_CONFIGURATION";
pub(crate) const OUTPUT: &str = "FILE_LOG_TEST_OUTPUT";
const STORAGE: &str = "FILE_LOG_TEST_STORAGE";

/// How often the process is killed.
const KILLS: usize = 50;

/// How long a line is, with its line feed.
const LINE: u64 = 16;

/// Appends each body to a file before it takes the batch.
struct Writer(Mutex<fs::File>);

#[async_trait::async_trait]
impl Consumer for Writer {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        let data = LogsData::decode(&batch.payload().to_contiguous()).unwrap();
        let mut text = String::new();
        for resource in data.resource_logs {
            for scope in resource.scope_logs {
                for record in scope.log_records {
                    text.push_str(&body(&record));
                    text.push('\n');
                }
            }
        }
        self.0.lock().unwrap().write_all(text.as_bytes()).unwrap();
        Ok(())
    }
}

/// What the killed process runs: nothing unless it is that process.
#[tokio::test]
async fn child() {
    let (Ok(yaml), Ok(output)) = (std::env::var(FOLDER), std::env::var(OUTPUT)) else {
        return;
    };
    crate::denied::say_errors();
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(output)
        .unwrap();
    let environment = headwater_testkit::environment();
    let receiver = build(&yaml, &environment, Arc::new(Writer(Mutex::new(file))));
    let host = match std::env::var(STORAGE) {
        Ok(folder) => storage_host(Path::new(&folder)).await,
        Err(_) => headwater_testkit::host(),
    };
    receiver.start(&host).await.unwrap();
    tokio::time::sleep(2 * LIMIT).await;
}

/// A run of kills: what is written, what came out, what must not come again.
struct Killing {
    folder: Folder,
    yaml: String,
    storage: Option<PathBuf>,
    output: PathBuf,
    /// The number of lines in each file of logs.
    written: Vec<u64>,
    random: u64,
}

impl Killing {
    fn new(storage: bool) -> Self {
        let folder = Folder::new();
        let keys = if storage {
            "storage: file_storage\n"
        } else {
            ""
        };
        Self {
            yaml: folder.yaml(&format!("{keys}include: ['{{logs}}/a.log*']")),
            storage: storage.then(|| {
                fs::create_dir_all(folder.positions()).unwrap();
                folder.positions()
            }),
            output: folder.positions().with_extension("out"),
            folder,
            written: vec![0],
            random: 0x2545_f491_4f6c_dd1d,
        }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    fn start(&self) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "kill::child", "--nocapture"])
            .env(FOLDER, &self.yaml)
            .env(OUTPUT, &self.output)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(storage) = &self.storage {
            command.env(STORAGE, storage);
        }
        command.spawn().unwrap()
    }

    /// Writes lines for a random time while the process runs, then kills it.
    fn round(&mut self) {
        let mut child = self.start();
        let begin = Instant::now();
        let until = Duration::from_millis(20 + self.random(200));
        let mut lines = 0;
        while begin.elapsed() < until {
            // About four lines in a millisecond, however fast the machine is.
            if lines < 4 * begin.elapsed().as_millis() as u64 {
                let file = self.written.len() - 1;
                let first = self.written[file];
                let text: String = (first..first + 20)
                    .map(|line| format!("{file:03} line {line:06}\n"))
                    .collect();
                self.folder.write("a.log", text);
                self.written[file] += 20;
                lines += 20;
            }
            pause();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn rotate(&mut self) {
        let file = self.written.len() - 1;
        if self.written[file] > 0 {
            let moved = self.folder.path(&format!("a.log.{file}"));
            fs::rename(self.folder.path("a.log"), moved).unwrap();
            self.written.push(0);
        }
    }

    /// How many lines of each file stand before its position on disk: they must not come again.
    fn done(&self) -> Vec<u64> {
        let mut text = String::new();
        let mut files: Vec<_> = fs::read_dir(self.folder.positions())
            .into_iter()
            .flatten()
            .flatten()
            .map(|file| file.path())
            .collect();
        files.sort();
        for file in files.iter().filter(|file| !file.ends_with(".lock")) {
            text.push_str(&String::from_utf8_lossy(&fs::read(file).unwrap()));
        }
        let mut offsets: BTreeMap<u64, u64> = BTreeMap::new();
        for record in text.split("\"ino\":\"").skip(1) {
            let inode = u64::from_str_radix(record.split('"').next().unwrap(), 16);
            let offset = record.split("\"off\":\"").nth(1);
            let offset = offset.and_then(|rest| rest.split('"').next()?.parse().ok());
            if let (Ok(inode), Some(offset)) = (inode, offset) {
                offsets.insert(inode, offset);
            }
        }
        let last = self.written.len() - 1;
        (0..self.written.len())
            .map(|file| {
                let name = if file == last {
                    "a.log".to_owned()
                } else {
                    format!("a.log.{file}")
                };
                let inode = fs::metadata(self.folder.path(&name)).map_or(0, |meta| meta.ino());
                offsets.get(&inode).map_or(0, |offset| offset / LINE)
            })
            .collect()
    }

    fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Runs it all; how many lines came more than once, and how often.
    fn run(mut self, kills: usize) {
        let mut seen: HashMap<(usize, u64), usize> = HashMap::new();
        let mut done = vec![0];
        let mut read = 0;
        for kill in 0..kills {
            self.round();
            let text = self.output();
            self.take(&text[read..], &done, &mut seen);
            read = text.len();
            done = self.done();
            if kill % 7 == 6 {
                self.rotate();
            }
        }
        let mut child = self.start();
        let begin = Instant::now();
        let total: u64 = self.written.iter().sum();
        loop {
            let text = self.output();
            let end = text.rfind('\n').map_or(read, |end| end + 1);
            self.take(&text[read..end], &done, &mut seen);
            read = end;
            if seen.len() as u64 == total {
                break;
            }
            let arrived = seen.len();
            assert!(
                begin.elapsed() < LIMIT,
                "{arrived} of {total} lines arrived"
            );
            pause();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let repeats: usize = seen.values().map(|count| count - 1).sum();
        if let Some(report) = std::env::var_os("FILE_LOG_TEST_REPORT") {
            let line = format!("{total} lines, {kills} kills, {repeats} repeats\n");
            append(Path::new(&report), line);
        }
        assert!(
            (repeats as u64) < total,
            "{repeats} repeats of {total} lines"
        );
    }

    /// Counts lines that came; none may stand before a position that was on disk.
    fn take(&self, text: &str, done: &[u64], seen: &mut HashMap<(usize, u64), usize>) {
        for line in text.lines() {
            let (file, number) = line
                .split_once(" line ")
                .unwrap_or_else(|| panic!("{line}"));
            let (file, number): (usize, u64) = (file.parse().unwrap(), number.parse().unwrap());
            let before = done.get(file).copied().unwrap_or_default();
            assert!(
                number >= before,
                "{line} came again, but the position was {before}"
            );
            *seen.entry((file, number)).or_default() += 1;
        }
    }
}

/// Leaves the processor to others for a moment.
fn pause() {
    let (_sender, receiver) = std::sync::mpsc::channel::<()>();
    assert!(receiver.recv_timeout(Duration::from_millis(2)).is_err());
}

#[test]
fn killed_at_any_moment_every_line_arrives_and_only_what_no_position_covers_comes_again() {
    Killing::new(false).run(KILLS);
}

#[test]
fn killed_at_any_moment_positions_in_a_storage_extension_hold_as_well() {
    Killing::new(true).run(KILLS / 3);
}
