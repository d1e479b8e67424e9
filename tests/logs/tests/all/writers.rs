//! Programs that others wrote, and their rotations: every line arrives once.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use logs_tests::{Ours, Record, append, program};
use tempfile::TempDir;

struct Reading {
    folder: TempDir,
    ours: Ours,
}

impl Reading {
    async fn start(keys: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        fs::create_dir(&logs).unwrap();
        let keys = keys.replace("{logs}", logs.to_str().unwrap());
        let keys = format!("start_at: beginning\npoll_interval: 50ms\n{keys}");
        let ours = Ours::start(&keys, &folder.path().join("positions")).await;
        Self { folder, ours }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("logs").join(name)
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Every line once: the numbers at the end of the bodies are 0 to `count`.
    async fn every_line(self, count: usize) -> Vec<Record> {
        let records = self.ours.exactly(count).await;
        let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
        for record in &records {
            let number = record.body.rsplit(' ').next().unwrap();
            *numbers.entry(number.parse().unwrap()).or_default() += 1;
        }
        assert_eq!(numbers.len(), count);
        self.ours.stop().await;
        records
    }
}

fn spawn(command: &str, script: &Path, arguments: &[&str]) -> Child {
    Command::new(command)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

fn finish(mut child: Child) {
    assert!(child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn pythons_rotating_handlers() {
    let script = "
import logging, logging.handlers, sys, time
kind, path = sys.argv[1:]
if kind == 'size':
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=8000, backupCount=1000)
else:
    handler = logging.handlers.TimedRotatingFileHandler(path, when='S', interval=1, backupCount=1000)
handler.setFormatter(logging.Formatter('%(asctime)s %(levelname)s %(name)s %(message)s'))
log = logging.getLogger('shop')
log.setLevel(logging.INFO)
log.addHandler(handler)
for number in range(3000):
    log.info('line %d', number)
    if number % 100 == 0:
        time.sleep(0.08)
";
    for kind in ["size", "time"] {
        let reading = Reading::start("include: ['{logs}/a.log*']").await;
        let path = reading.path("a.log");
        let script = reading.script("write.py", script);
        finish(spawn("python3", &script, &[kind, path.to_str().unwrap()]));
        reading.every_line(3000).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_streams_that_are_reopened() {
    let script = "
const fs = require('fs');
const path = process.argv[2];
let number = 0, stream = fs.createWriteStream(path, {flags: 'a'});
const turn = () => {
  for (let n = 0; n < 200; n++) stream.write(JSON.stringify({level: 30, time: Date.now(), msg: `line ${number++}`}) + '\\n');
  if (number >= 3000) return stream.end();
  if (number % 600) return setTimeout(turn, 20);
  stream.end(() => {
    fs.renameSync(path, `${path}.${number}`);
    stream = fs.createWriteStream(path, {flags: 'a'});
    setTimeout(turn, 20);
  });
};
turn();
";
    let keys = "include: ['{logs}/a.log*']
operators:
  - {type: json_parser, parse_ints: true}
  - {type: move, from: attributes.msg, to: body}";
    let reading = Reading::start(keys).await;
    let path = reading.path("a.log");
    let script = reading.script("write.js", script);
    finish(spawn("node", &script, &[path.to_str().unwrap()]));
    let records = reading.every_line(3000).await;
    assert!(records[0].attributes.contains(&"level=30i".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_loop_that_is_truncated_beside_its_copy() {
    let reading = Reading::start("include: ['{logs}/a.log']").await;
    let path = reading.path("a.log");
    let script = reading.script(
        "write.sh",
        "n=0; while [ $n -lt 600 ]; do echo \"line $n\"; n=$((n+1)); [ $((n%200)) -ne 0 ] || sleep 0.6; done >>\"$1\"",
    );
    let child = spawn("sh", &script, &[path.to_str().unwrap()]);
    for expected in [200, 400] {
        let ours = &reading.ours;
        logs_tests::until(|| ours.count() >= expected, || format!("{}", ours.count())).await;
        fs::copy(&path, reading.path("a.log.1")).unwrap();
        fs::OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(&path)
            .unwrap();
    }
    finish(child);
    reading.every_line(600).await;
}

/// Rotates with logrotate while a program writes.
async fn rotated(options: &str, reopen: bool) {
    let Some(logrotate) = program(
        "LOGROTATE_BIN",
        &["/usr/sbin/logrotate", "/usr/bin/logrotate"],
    ) else {
        return;
    };
    let reading =
        Reading::start("include: ['{logs}/app.log', '{logs}/app.log*.gz']\ncompression: auto")
            .await;
    let path = reading.path("app.log");
    let config = reading.script(
        "logrotate.conf",
        &format!(
            "{} {{\n  rotate 100\n  size 1\n  missingok\n  {options}\n}}\n",
            path.display()
        ),
    );
    let state = reading.folder.path().join("state");
    let mut number = 0;
    for _ in 0..5 {
        for _ in 0..200 {
            append(&path, format!("line {number}\n"));
            number += 1;
        }
        // A file that nobody has seen before it is moved away is nobody's: the new name is not
        // read. Between a copy and the truncation nothing may be written: logrotate says so.
        let seen = if reopen { number - 199 } else { number };
        let ours = &reading.ours;
        logs_tests::until(|| ours.count() >= seen, || format!("{}", ours.count())).await;
        let status = Command::new(&logrotate)
            .arg("--force")
            .arg("--state")
            .arg(&state)
            .arg(&config)
            .status()
            .unwrap();
        assert!(status.success());
    }
    reading.every_line(number).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logrotate_moves_and_creates() {
    rotated("create", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logrotate_moves_and_packs() {
    rotated("create\n  compress\n  delaycompress", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logrotate_copies_and_truncates() {
    rotated("copytruncate", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn containerd_files_that_the_kubelet_rotates_at_ten_mebibytes() {
    let keys =
        "include: ['{logs}/*/*/*.log']\ninclude_file_path: true\noperators: [{type: container}]";
    let reading = Reading::start(keys).await;
    let pod = reading.path("shop_web-0_49cc7c1f-d370-2c40-b686-6ea7c6d849f6/app");
    fs::create_dir_all(&pod).unwrap();
    let path = pod.join("0.log");
    let mut file = fs::File::create(&path).unwrap();
    let (mut written, mut rotations, mut number) = (0, 0, 0);
    while rotations < 3 {
        let mut text = String::new();
        for _ in 0..500 {
            let filling = "x".repeat(150);
            text.push_str(&format!(
                "2026-11-21T03:04:05.123456789Z stdout P {filling} \n"
            ));
            text.push_str(&format!(
                "2026-11-21T03:04:05.123456789Z stdout F line {number}\n"
            ));
            number += 1;
        }
        file.write_all(text.as_bytes()).unwrap();
        if written == 0 {
            // Ten mebibytes take a pod a while; here they are written in less time than one look
            // at the folder takes, and a file moved away before anybody saw it is nobody's.
            let (ours, first) = (&reading.ours, number - 500);
            logs_tests::until(|| ours.count() > first, || format!("{}", ours.count())).await;
        }
        written += text.len();
        if written > 10 << 20 {
            // The kubelet moves the file, packs older ones, and containerd opens a new one.
            let moved = pod.join(format!("0.log.20261121-03040{rotations}"));
            fs::rename(&path, &moved).unwrap();
            file.write_all(b"2026-11-21T03:04:06Z stdout F late line ")
                .unwrap();
            file.write_all(format!("{number}\n").as_bytes()).unwrap();
            number += 1;
            file = fs::File::create(&path).unwrap();
            (written, rotations) = (0, rotations + 1);
        }
    }
    let records = reading.every_line(number).await;
    let named = "k8s.pod.name=web-0".to_owned();
    assert!(
        records
            .iter()
            .all(|record| record.resource.contains(&named))
    );
}
