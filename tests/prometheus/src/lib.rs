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
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub mod process;

use process::Running;

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
    process::program(path, "install Debian's `prometheus`")
}

/// Its major and minor version; `None` if it is not installed.
///
/// # Panics
/// If it does not tell.
#[must_use]
pub fn version() -> Option<(u32, u32)> {
    let output = Command::new(program()?).arg("--version").output().unwrap();
    // Older ones write it to stderr.
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let (_, rest) = text.split_once("version ").expect("a version");
    let mut parts = rest.split(['.', '+', ' ', '-']).map(str::parse);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => panic!("no version in {text}"),
    }
}

/// A port that nobody listens on.
#[must_use]
pub fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// What `address` answers to a GET: status and body. `None` if nobody answers.
#[must_use]
pub fn get(address: SocketAddr, target: &str) -> Option<(u16, String)> {
    get_as(address, target, "*/*")
}

/// The same in a form that `accept` says.
#[must_use]
pub fn get_as(address: SocketAddr, target: &str, accept: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    // 1.0, so that the answer is one piece that ends with the connection.
    write!(
        stream,
        "GET {target} HTTP/1.0\r\nHost: {address}\r\nAccept: {accept}\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// A running Prometheus.
#[derive(Debug)]
pub struct Prometheus {
    address: SocketAddr,
    version: (u32, u32),
    process: Running,
    folder: TempDir,
}

/// One sample of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The value; of a native histogram NaN.
    pub value: f64,
    /// Of a native histogram `count`, `sum` and `buckets`, as the API shows them.
    pub histogram: Option<Value>,
}

impl Prometheus {
    /// Starts one that scrapes as `config` says and takes remote write. `None` if it is not
    /// installed.
    ///
    /// # Panics
    /// If it does not start, with what it wrote.
    #[must_use]
    pub fn start(config: &str) -> Option<Self> {
        Self::start_with(config, &[])
    }

    /// The same with more arguments.
    ///
    /// # Panics
    /// As [`Self::start`].
    #[must_use]
    pub fn start_with(config: &str, arguments: &[&str]) -> Option<Self> {
        let (program, version) = (program()?, version()?);
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg("--web.enable-remote-write-receiver");
        let metadata = if version >= (3, 0) {
            // Without it what 2.0 says of types and units is thrown away.
            ",metadata-wal-records"
        } else {
            ""
        };
        command.arg(format!(
            "--enable-feature=exemplar-storage,native-histograms{metadata}"
        ));
        Some(Self::run(command, "tsdb", config, version))
    }

    /// Starts one as an agent: it scrapes and writes as `config` says, and answers no query. `None`
    /// if it is not installed.
    ///
    /// # Panics
    /// If it does not start, with what it wrote.
    #[must_use]
    pub fn agent(config: &str) -> Option<Self> {
        let (program, version) = (program()?, version()?);
        let mut command = Command::new(program);
        if version >= (3, 0) {
            command.args(["--agent", "--enable-feature=native-histograms"]);
        } else {
            command.arg("--enable-feature=agent,exemplar-storage,native-histograms");
        }
        Some(Self::run(command, "agent", config, version))
    }

    fn run(mut command: Command, storage: &str, config: &str, version: (u32, u32)) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("prometheus.yml");
        std::fs::write(&path, config).unwrap();
        let address = free_port();
        command
            .arg(format!("--config.file={}", path.display()))
            .arg(format!(
                "--storage.{storage}.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"));
        let process = Running::logging(&mut command, &folder.path().join("log"));
        let mut this = Self {
            address,
            version,
            process,
            folder,
        };
        this.wait_until_ready();
        this
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) {
        let began = Instant::now();
        while self
            .try_get("/-/ready")
            .is_none_or(|(status, _)| status != 200)
        {
            assert!(self.process.runs(), "Prometheus ended:\n{}", self.log());
            assert!(
                began.elapsed() < PATIENCE,
                "Prometheus is not ready:\n{}",
                self.log()
            );
            pause();
        }
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
        get(self.address, target)
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

/// The labels of an object of the API.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn labels(of: &Value) -> BTreeMap<String, String> {
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
        histogram: of.get("histogram").map(|pair| pair[1].clone()),
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
