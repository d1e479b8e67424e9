//! Real backends for tests: started with a configuration in a folder of their own, on free ports of
//! loopback, asked over their APIs, and gone with the test.
//!
//! The programs are `$LOKI_BIN` and `$TEMPO_BIN`. Without them the tests say so and pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a harness: what goes wrong here is a failed test"
)]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Nothing here takes this long. Loki says that it is ready after 15 s at the earliest.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The program that `variable` names; `None`, with a word about it, if there is none.
#[must_use]
pub fn program(variable: &str, recipe: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if let Some(path) = path.filter(|path| path.is_file()) {
        return Some(path);
    }
    eprintln!("skipped: ${variable} names no program; with it, run `just {recipe}`");
    None
}

/// A port that nobody listens on.
#[must_use]
pub fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A running backend.
#[derive(Debug)]
pub struct Backend {
    /// Where its API is.
    pub address: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Backend {
    /// Starts `program` with what `config` makes of its folder and API port; waits for `/ready`.
    ///
    /// # Panics
    /// If it does not start, with what it wrote.
    #[must_use]
    pub fn start(program: &Path, config: impl FnOnce(&str, SocketAddr) -> String) -> Self {
        let folder = TempDir::new().unwrap();
        let address = free_port();
        let path = folder.path().join("config.yaml");
        let text = config(&folder.path().display().to_string(), address);
        std::fs::write(&path, text).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(program)
            .arg(format!("-config.file={}", path.display()))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut this = Self {
            address,
            child,
            folder,
        };
        let began = Instant::now();
        while this
            .get("/ready", "")
            .is_none_or(|(status, _)| status != 200)
        {
            let ended = this.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended:\n{}", this.log());
            assert!(
                began.elapsed() < PATIENCE,
                "it is not ready:\n{}",
                this.log()
            );
            pause();
        }
        this
    }

    /// What it wrote.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Status and body of an answer to a tenant.
    #[must_use]
    pub fn get(&self, target: &str, tenant: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        // 1.0, so that the answer is one piece that ends with the connection.
        write!(
            stream,
            "GET {target} HTTP/1.0\r\nHost: {}\r\nX-Scope-OrgID: {tenant}\r\n\r\n",
            self.address
        )
        .ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, body.to_owned()))
    }

    /// Asks until `enough` finds what it looks for in the answer.
    ///
    /// # Panics
    /// If it never does, with the last answer.
    #[must_use]
    pub fn eventually<T>(
        &self,
        target: &str,
        tenant: &str,
        enough: impl Fn(&Value) -> Option<T>,
    ) -> T {
        let began = Instant::now();
        loop {
            let (status, body) = self.get(target, tenant).expect("no answer");
            let answer = serde_json::from_str(&body).unwrap_or_default();
            if let Some(found) = enough(&answer) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "{target}: {status} {body}");
            pause();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "waits for another process, on its own thread"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(200));
}

/// A query parameter.
#[must_use]
pub fn escaped(text: &str) -> String {
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
