//! Other people's programs as child processes.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A process that is gone with the test.
#[derive(Debug)]
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Running {
    /// Starts `command`, without input and output.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let silent = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(silent.spawn().unwrap())
    }

    /// Starts `command`, which writes its log to `path`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn logging(command: &mut Command, path: &Path) -> Self {
        let log = std::fs::File::create(path).unwrap();
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(quiet.stderr(log).spawn().unwrap())
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// If nobody can tell.
    pub fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Starts a target that prints where it listens and ends with its input.
    ///
    /// # Panics
    /// If it says nothing like that.
    #[must_use]
    pub fn target(command: &mut Command) -> (Self, SocketAddr) {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let this = Self(child);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).unwrap();
        let address = line.trim_end().parse();
        (this, address.expect("the target says where it listens"))
    }
}

/// The program at `path`; `None` if it is not there, after saying `how` to get it.
///
/// # Panics
/// If it is not there although `$PROMETHEUS_REQUIRED` says that it must be.
#[must_use]
pub fn program(path: impl Into<PathBuf>, how: &str) -> Option<PathBuf> {
    let path = path.into();
    if path.is_file() {
        return Some(path);
    }
    assert!(
        std::env::var_os("PROMETHEUS_REQUIRED").is_none(),
        "{} is missing: {how}",
        path.display()
    );
    eprintln!("skipped: {} is missing, {how}", path.display());
    None
}

/// The program that `$variable` names; `None` if it is not set, after saying `how` to use it. Such
/// programs take too long to build to be required.
///
/// # Panics
/// If it names something else.
#[must_use]
pub fn named(variable: &str, how: &str) -> Option<PathBuf> {
    let Some(path) = std::env::var_os(variable).map(PathBuf::from) else {
        eprintln!("skipped: {variable} names no program, {how}");
        return None;
    };
    assert!(path.is_file(), "{variable}: {} is missing", path.display());
    Some(path)
}

/// A target that `tests/prometheus/install` has made: below `target/prometheus`.
#[must_use]
pub fn installed(below: &str) -> Option<PathBuf> {
    let path = root().join("target/prometheus").join(below);
    program(path, "run tests/prometheus/install")
}

/// The root of the checkout.
#[must_use]
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// A node_exporter: `$NODE_EXPORTER_BIN`, else Debian's.
#[must_use]
pub fn node_exporter() -> Option<PathBuf> {
    let path = std::env::var_os("NODE_EXPORTER_BIN");
    let path = path.unwrap_or_else(|| OsStr::new("/usr/bin/prometheus-node-exporter").to_owned());
    program(path, "install Debian's `prometheus-node-exporter`")
}
