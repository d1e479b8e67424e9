//! A collector as a child process.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::binary::Binary;
use crate::output::Output;
use crate::scrape::Metrics;
use crate::{ports, wait};

const READY: &str = "Everything is ready";

/// How to start a collector. Its configuration finds free ports in the environment: `GRPC_PORT`
/// and `HTTP_PORT` for a receiver, `METRICS_PORT` for its own metrics.
#[derive(Debug)]
pub struct Launch {
    binary: Binary,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    folder: TempDir,
    configs: usize,
    grpc: SocketAddr,
    http: SocketAddr,
    metrics: SocketAddr,
}

impl Launch {
    /// `binary` without any argument.
    #[must_use]
    pub fn of(binary: &Binary) -> Self {
        let (grpc, http, metrics) = (ports::free(), ports::free(), ports::free());
        let launch = Self {
            binary: binary.clone(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: TempDir::new().unwrap(),
            configs: 0,
            grpc,
            http,
            metrics,
        };
        launch
            .env("GRPC_PORT", grpc.port())
            .env("HTTP_PORT", http.port())
            .env("METRICS_PORT", metrics.port())
    }

    /// With one argument more.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// With `--config` of a file that holds `yaml`.
    #[must_use]
    pub fn config(mut self, yaml: &str) -> Self {
        let path = config_path(self.folder.path(), self.configs);
        self.configs += 1;
        fs::write(&path, yaml).unwrap();
        self.arg("--config").arg(path.to_string_lossy())
    }

    /// With `--set key=value`.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "reads better without references"
    )]
    pub fn set(self, key: &str, value: impl ToString) -> Self {
        self.arg("--set")
            .arg(format!("{key}={}", value.to_string()))
    }

    /// With one variable more in the environment.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "reads better without references"
    )]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// With its own metrics on a free port, whatever its configuration says about readers.
    #[must_use]
    pub fn metrics(self) -> Self {
        let port = self.metrics.port();
        let reader =
            format!("[{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {port}}}}}}}}}]");
        self.set("service.telemetry.metrics.readers", reader)
    }

    /// Where its configuration should let gRPC in.
    #[must_use]
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// Where its configuration should let HTTP in.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// A folder that lives as long as the collector.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// If it is not, with what it wrote.
    pub async fn start(self) -> Collector {
        let mut collector = self.metrics().spawn();
        wait::within("the collector's start", async {
            while !collector.has(READY) {
                if let Some(status) = collector.child.try_wait().unwrap() {
                    panic!("the collector ended with {status} before it was ready");
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        collector
    }

    /// Starts it and does not wait.
    #[must_use]
    pub fn spawn(self) -> Collector {
        let mut command = Command::new(&self.binary.path);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Loopback needs none.
        for variable in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            command.env_remove(variable);
        }
        let mut child = command.spawn().unwrap();
        let (out, log) = (Output::default(), Output::default());
        let readers = [
            out.collect(child.stdout.take().unwrap()),
            log.collect(child.stderr.take().unwrap()),
        ];
        Collector {
            launch: self,
            child,
            out,
            log,
            readers: Some(readers),
        }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn run(self) -> Finished {
        self.spawn().end().await
    }
}

fn config_path(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("config-{number}.yaml"))
}

/// What is left of a process.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub out: String,
    /// What it wrote to stderr.
    pub log: String,
}

/// A collector that runs. It is killed when dropped.
#[derive(Debug)]
pub struct Collector {
    launch: Launch,
    child: Child,
    out: Output,
    log: Output,
    readers: Option<[tokio::task::JoinHandle<()>; 2]>,
}

impl Collector {
    /// Where it should let gRPC in.
    #[must_use]
    pub fn grpc(&self) -> SocketAddr {
        self.launch.grpc
    }

    /// Where it should let HTTP in.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.launch.http
    }

    /// Where its own metrics are.
    #[must_use]
    pub fn metrics_address(&self) -> SocketAddr {
        self.launch.metrics
    }

    /// Everything that it wrote so far, to stdout and to stderr.
    #[must_use]
    pub fn written(&self) -> String {
        self.out.text() + &self.log.text()
    }

    /// Whether it wrote `text`.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        self.out.has(text) || self.log.has(text)
    }

    /// Waits until it has written `text`.
    ///
    /// # Panics
    /// If it does not.
    pub async fn wait_for(&self, text: &str) {
        wait::until(format!("{text:?} from the collector"), || {
            self.has(text).then_some(())
        })
        .await;
    }

    /// Replaces its configuration file with that number, counted from 0.
    pub fn rewrite(&self, number: usize, yaml: &str) {
        fs::write(config_path(self.launch.folder(), number), yaml).unwrap();
    }

    /// Its own metrics.
    ///
    /// # Panics
    /// If it does not show them.
    pub async fn metrics(&self) -> Metrics {
        Metrics::of(self.launch.metrics)
            .await
            .expect("the collector's own metrics")
    }

    /// Waits until a metric's sum over the series with these labels is what `done` wants.
    ///
    /// # Panics
    /// If it does not become so.
    pub async fn wait_for_metric(&self, name: &str, labels: &[&str], done: impl Fn(f64) -> bool) {
        wait::within(format!("the metric {name}"), async {
            while !self.metrics().await.sum(name, labels).is_some_and(&done) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    /// The most memory that it ever had resident. Unit: bytes.
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// The memory that it has resident now. Unit: bytes.
    #[must_use]
    pub fn resident_memory(&self) -> u64 {
        self.memory("VmRSS:")
    }

    fn memory(&self, which: &str) -> u64 {
        let pid = self.child.id().unwrap();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(which));
        let kibibytes = line.unwrap().split_whitespace().next().unwrap();
        kibibytes.parse::<u64>().unwrap() * 1024
    }

    /// Sends SIGHUP.
    pub fn reload(&self) {
        self.signal(Signal::HUP);
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        let pid = self
            .child
            .id()
            .and_then(|pid| Pid::from_raw(pid.cast_signed()))
            .unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// If it does not.
    pub async fn end(&mut self) -> Finished {
        let status: ExitStatus = wait::within("its end", self.child.wait()).await.unwrap();
        for reader in self.readers.take().into_iter().flatten() {
            wait::within("the end of its output", reader).await.unwrap();
        }
        Finished {
            code: status.code(),
            out: self.out.text(),
            log: self.log.text(),
        }
    }

    /// Ends a test: the books have to balance, SIGTERM has to end it, and all has to have gone
    /// well.
    ///
    /// # Panics
    /// If anything did not.
    pub async fn stop(mut self) -> Finished {
        if self.launch.binary.ours {
            self.wait_for_metric("otelcol_ledger_imbalance", &[], |sum| sum == 0.0)
                .await;
        }
        self.terminate();
        let finished = self.end().await;
        // Shown if the test fails later.
        let name = self.launch.binary.path.display();
        println!(
            "--- {name} {:?}\n{}{}---",
            self.launch.arguments, finished.out, finished.log
        );
        assert_eq!(finished.code, Some(0), "exit code after SIGTERM");
        for line in finished
            .log
            .lines()
            .filter(|line| line.contains("imbalance"))
        {
            assert!(
                line.contains("\"imbalance\": 0"),
                "the books at the end: {line}"
            );
        }
        finished
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if std::thread::panicking() && self.readers.is_some() {
            let name = self.launch.binary.path.display();
            eprintln!(
                "--- {name} {:?}\n{}---",
                self.launch.arguments,
                self.written()
            );
        }
    }
}
