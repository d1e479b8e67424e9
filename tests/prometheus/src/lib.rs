//! A real Prometheus for tests: started with a configuration in a folder of its own, on a free
//! port of loopback, asked over its API, and gone with the test.
//!
//! The program is `$PROMETHEUS_BIN`, else `/usr/bin/prometheus` (Debian's `prometheus` package).
//! Without it the tests say so and pass, unless `$PROMETHEUS_REQUIRED` is set.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a harness: what goes wrong here is a failed test"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Nothing here takes this long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A configuration that scrapes nothing.
pub const EMPTY: &str = "global: {scrape_interval: 1h}\n";

/// Where the program is; `None` if it is not installed.
///
/// # Panics
/// If it is not installed although `$PROMETHEUS_REQUIRED` says that it must be.
#[must_use]
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PROMETHEUS_BIN")
        .map_or_else(|| PathBuf::from("/usr/bin/prometheus"), PathBuf::from);
    if path.is_file() {
        return Some(path);
    }
    assert!(
        std::env::var_os("PROMETHEUS_REQUIRED").is_none(),
        "{} is missing",
        path.display()
    );
    eprintln!(
        "skipped: {} is missing, install Debian's `prometheus`",
        path.display()
    );
    None
}

/// A port that nobody listens on.
#[must_use]
pub fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A running Prometheus.
#[derive(Debug)]
pub struct Prometheus {
    address: SocketAddr,
    version: (u32, u32),
    child: Child,
    _folder: TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// One sample of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The value; of a native histogram NaN.
    pub value: f64,
}

impl Prometheus {
    /// Starts one that scrapes as `config` says and takes remote write. `None` if it is not
    /// installed.
    ///
    /// # Panics
    /// If it does not start, with what it wrote.
    #[must_use]
    pub fn start(config: &str) -> Option<Self> {
        let program = program()?;
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("prometheus.yml");
        std::fs::write(&path, config).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let address = free_port();
        let child = Command::new(&program)
            .arg(format!("--config.file={}", path.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .arg("--web.enable-remote-write-receiver")
            .arg("--enable-feature=exemplar-storage,native-histograms")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut this = Self {
            address,
            version: (0, 0),
            child,
            _folder: folder,
        };
        this.wait_until_ready();
        this.version = this.read_version();
        Some(this)
    }

    fn wait_until_ready(&mut self) {
        let log = self._folder.path().join("log");
        let written = || std::fs::read_to_string(&log).unwrap_or_default();
        let began = Instant::now();
        while self
            .try_get("/-/ready")
            .is_none_or(|(status, _)| status != 200)
        {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "Prometheus ended:\n{}", written());
            assert!(
                began.elapsed() < PATIENCE,
                "Prometheus is not ready:\n{}",
                written()
            );
            pause();
        }
    }

    fn read_version(&self) -> (u32, u32) {
        let info = self.api("status/buildinfo", &[]);
        let version = info["version"].as_str().unwrap_or_default();
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }

    /// Major and minor version.
    #[must_use]
    pub const fn version(&self) -> (u32, u32) {
        self.version
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it takes remote write.
    #[must_use]
    pub fn write_url(&self) -> String {
        format!("http://{}/api/v1/write", self.address)
    }

    fn try_get(&self, target: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        // 1.0, so that the answer is one piece that ends with the connection.
        write!(
            stream,
            "GET {target} HTTP/1.0\r\nHost: {}\r\n\r\n",
            self.address
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, body.to_owned()))
    }

    /// What the API answers under `data`.
    ///
    /// # Panics
    /// If it answers an error.
    #[must_use]
    pub fn api(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let mut target = format!("/api/v1/{path}");
        for (at, (name, value)) in parameters.iter().enumerate() {
            target += if at == 0 { "?" } else { "&" };
            write!(target, "{name}={}", escaped(value)).unwrap();
        }
        let (_, body) = self.try_get(&target).expect("no answer");
        let mut answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["status"], "success", "{target}: {body}");
        answer["data"].take()
    }

    /// The instant vector that `expression` gives at `time` (milliseconds since 1970).
    #[must_use]
    pub fn query_at(&self, expression: &str, time: u64) -> Vec<Sample> {
        let time = format!("{}.{:03}", time / 1000, time % 1000);
        let data = self.api("query", &[("query", expression), ("time", &time)]);
        let result = data["result"].as_array().cloned().unwrap_or_default();
        result.iter().map(sample).collect()
    }

    /// The one value that `expression` gives at `time`; `None` if it gives nothing.
    ///
    /// # Panics
    /// If it gives several.
    #[must_use]
    pub fn value_at(&self, expression: &str, time: u64) -> Option<f64> {
        let samples = self.query_at(expression, time);
        assert!(samples.len() <= 1, "{expression}: {samples:?}");
        samples.first().map(|sample| sample.value)
    }

    /// The series that `selector` matches around `time`: their labels.
    #[must_use]
    pub fn series(&self, selector: &str, time: u64) -> Vec<BTreeMap<String, String>> {
        let around = [time / 1000 - 3600, time / 1000 + 3600].map(|time| time.to_string());
        let parameters = [
            ("match[]", selector),
            ("start", around[0].as_str()),
            ("end", around[1].as_str()),
        ];
        let data = self.api("series", &parameters);
        let mut all: Vec<_> = data.as_array().unwrap().iter().map(labels).collect();
        all.sort();
        all
    }

    /// Waits until `expression` gives something now.
    ///
    /// # Panics
    /// If it never does.
    #[must_use]
    pub fn eventually(&self, expression: &str) -> Vec<Sample> {
        let began = Instant::now();
        loop {
            let data = self.api("query", &[("query", expression)]);
            let samples: Vec<_> = data["result"]
                .as_array()
                .unwrap()
                .iter()
                .map(sample)
                .collect();
            if !samples.is_empty() {
                return samples;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{expression} gives nothing; targets: {}",
                self.api("targets", &[])
            );
            pause();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits for another process, on its own thread"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

fn labels(of: &Value) -> BTreeMap<String, String> {
    let pairs = of.as_object().unwrap().iter();
    pairs
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

fn sample(of: &Value) -> Sample {
    let value = of["value"][1].as_str().unwrap_or("NaN");
    let value = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        other => other.parse().unwrap(),
    };
    Sample {
        labels: labels(&of["metric"]),
        value,
    }
}

/// A query parameter.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    out
}
