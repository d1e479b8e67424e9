//! The end of the process at any moment.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use headwater_core::pdata::owned::LogsData;
use headwater_core::{Batch, ConsumeError, Consumer};

use crate::support::{Folder, LIMIT, body, build};

const FOLDER: &str = "FILE_LOG_TEST_CONFIGURATION";
const OUTPUT: &str = "FILE_LOG_TEST_OUTPUT";

/// How often the process is killed.
const KILLS: usize = 12;

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
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(output)
        .unwrap();
    let environment = headwater_testkit::environment();
    let receiver = build(&yaml, &environment, Arc::new(Writer(Mutex::new(file))));
    receiver.start(&headwater_testkit::host()).await.unwrap();
    tokio::time::sleep(2 * LIMIT).await;
}

fn start(yaml: &str, output: &PathBuf) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child", "--nocapture"])
        .env(FOLDER, yaml)
        .env(OUTPUT, output)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Leaves the processor to others for a moment.
fn pause() {
    let (_sender, receiver) = std::sync::mpsc::channel::<()>();
    assert!(receiver.recv_timeout(Duration::from_millis(1)).is_err());
}

#[test]
fn killed_at_any_moment_every_line_arrives_and_repeats_are_few() {
    let folder = Folder::new();
    let output = folder.positions().with_extension("out");
    let yaml = folder.yaml("include: ['{logs}/a.log*']");
    let mut written = 0;
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    for kill in 0..KILLS {
        let mut child = start(&yaml, &output);
        let begin = Instant::now();
        let until = Duration::from_millis(50 + next(400));
        let first = written;
        while begin.elapsed() < until {
            // About ten lines in a millisecond, however fast the machine is.
            if written - first < 10 * begin.elapsed().as_millis() as usize {
                let lines = written..written + 20;
                let lines: String = lines.map(|n| format!("line {n:06}\n")).collect();
                folder.write("a.log", lines);
                written += 20;
            }
            pause();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if kill % 3 == 2 {
            fs::rename(folder.path("a.log"), folder.path(&format!("a.log.{kill}"))).unwrap();
        }
    }
    let mut child = start(&yaml, &output);
    let begin = Instant::now();
    let counts = loop {
        let text = fs::read_to_string(&output).unwrap_or_default();
        let mut counts: HashMap<String, usize> = HashMap::new();
        for line in text.lines() {
            *counts.entry(line.to_owned()).or_default() += 1;
        }
        if (0..written).all(|n| counts.contains_key(&format!("line {n:06}"))) {
            break counts;
        }
        assert!(
            begin.elapsed() < LIMIT,
            "{} of {written} lines arrived",
            counts.len()
        );
        pause();
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let repeats: usize = counts.values().map(|count| count - 1).sum();
    println!("{written} lines, {KILLS} kills, {repeats} repeats");
    // A kill can tear the last line that the test itself writes, never one of the log.
    assert!(counts.values().all(|count| *count <= KILLS + 1));
    assert!(repeats < written, "{repeats} repeats of {written} lines");
}
