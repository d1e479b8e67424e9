//! A collector as a process: signals, streams, exit codes. Runs the example `nop`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const PATIENCE: Duration = Duration::from_secs(20);

/// Nop pipelines, own metrics on a free port.
const YAML: &str = "
receivers: {nop: }
exporters: {nop: }
service:
  telemetry:
    metrics: {readers: [{pull: {exporter: {prometheus: {host: localhost, port: 0}}}}]}
  pipelines:
    traces: {receivers: [nop], exporters: [nop]}
";

/// The example that cargo builds beside this test.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples/nop");
    assert!(
        program.exists(),
        "build it: cargo build -p headwater-service --example nop"
    );
    program
}

struct Process {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(program())
            .args(arguments)
            .env_remove("HEADWATER_WORKERS")
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits for a line that contains `text`.
    fn wait_for(&mut self, text: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("no line with {text:?} after {:#?}", self.seen);
            };
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The exit code, and everything it wrote.
    fn end(mut self) -> (Option<i32>, Vec<String>) {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(line),
                // It has closed its standard error stream: it is about to end.
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {:#?}", self.seen),
            }
        }
        let status = self.child.wait().unwrap();
        (status.code(), std::mem::take(&mut self.seen))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}

#[test]
fn runs_until_it_is_told_to_end() {
    let mut process = Process::start(&["--config", &format!("yaml:{YAML}")]);
    process.wait_for("\tinfo\t");
    process.wait_for("Everything is ready. Begin running and processing data.");
    process.signal(Signal::TERM);
    let (code, lines) = process.end();
    assert_eq!(code, Some(0), "{lines:#?}");
    let mut messages = lines.iter().filter_map(|line| line.split('\t').nth(3));
    for expected in [
        "Starting nop...",
        "Starting extensions...",
        "Serving metrics",
        "Everything is ready. Begin running and processing data.",
        "Received signal from OS",
        "Starting shutdown...",
        "Stopping extensions...",
        "Balance",
        "Shutdown complete.",
    ] {
        assert!(
            messages.any(|message| message == expected),
            "{expected}: {lines:#?}"
        );
    }
}

#[test]
fn reads_its_configuration_again_and_survives_a_bad_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    std::fs::write(&path, YAML).unwrap();
    let mut process = Process::start(&["--config", path.to_str().unwrap()]);
    process.wait_for("Everything is ready");

    std::fs::write(
        &path,
        YAML.replace("exporters: [nop]", "exporters: [ghost]"),
    )
    .unwrap();
    process.signal(Signal::HUP);
    process.wait_for("Reload failed, the earlier configuration stays");
    let line = process.wait_for("ghost");
    assert!(line.contains("a.yaml:8"), "{line}");

    std::fs::write(
        &path,
        YAML.replace("metrics:", "logs: {encoding: json}\n    metrics:"),
    )
    .unwrap();
    process.signal(Signal::HUP);
    let line = process.wait_for("Configuration reloaded");
    assert!(
        line.starts_with("{\"level\":\"info\",\"ts\":\"20"),
        "{line}"
    );
    process.signal(Signal::INT);
    let (code, lines) = process.end();
    assert_eq!(code, Some(0), "{lines:#?}");
}

#[test]
fn a_port_that_is_taken_ends_the_start_with_a_reason() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let yaml = YAML.replace("port: 0", &format!("port: {port}"));
    let process = Process::start(&["--config", &format!("yaml:{yaml}")]);
    let (code, lines) = process.end();
    assert_eq!(code, Some(1));
    let expected =
        format!("Error: cannot listen on localhost:{port} for the collector's own metrics: ");
    assert!(lines.last().unwrap().starts_with(&expected), "{lines:#?}");
}

#[test]
fn a_wrong_configuration_is_not_run() {
    let process = Process::start(&["--config", "yaml:{receivers: {nopp: }}"]);
    let (code, lines) = process.end();
    assert_eq!(code, Some(78));
    assert!(
        lines
            .last()
            .unwrap()
            .starts_with("Error: invalid configuration: "),
        "{lines:#?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn shows_itself_and_is_small() {
    let mut process = Process::start(&["--config", &format!("yaml:{YAML}")]);
    let line = process.wait_for("Serving metrics");
    let address = line.split("\"address\": \"").nth(1).unwrap();
    let address = address.split('"').next().unwrap();
    process.wait_for("Everything is ready");
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.contains("\notelcol_ledger_imbalance 0\n"), "{text}");
    assert!(
        text.contains("\ntarget_info{service_instance_id=\""),
        "{text}"
    );
    let value = |name: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    // The test profile; a release build of a whole distribution stays below 8 MiB.
    assert!(
        value("otelcol_process_memory_rss ") < 20.0 * 1024.0 * 1024.0,
        "{text}"
    );
    process.signal(Signal::TERM);
    assert_eq!(process.end().0, Some(0));
}

#[test]
fn the_number_of_workers_can_be_set() {
    let run = |workers: &str| {
        let output = Command::new(program())
            .args(["--config", "yaml:{}"])
            .env("HEADWATER_WORKERS", workers)
            .output()
            .unwrap();
        output.status.code()
    };
    assert_eq!(run("many"), Some(64));
    assert_eq!(run("2"), Some(78), "it gets as far as the configuration");
}
