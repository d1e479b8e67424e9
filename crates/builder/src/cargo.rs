//! Runs Cargo on the generated crate, and reads what it says about it.

mod lock;
mod metadata;

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use thiserror::Error;

pub use lock::{Lock, LockError};
pub use metadata::{Metadata, Node, Package};

/// Why Cargo, or the compiler, did not do what was asked.
#[derive(Debug, Error)]
pub enum CargoError {
    /// The program could not be started.
    #[error("cannot run {program}")]
    Start {
        /// Its name.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// The program failed; it has said why on standard error.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// What was run.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The program answered something that cannot be read.
    #[error("cannot read the answer of `{command}`")]
    Answer {
        /// What was run.
        command: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// Cargo, for one generated crate.
#[derive(Debug, Clone)]
pub struct Cargo {
    /// The folder of the generated crate, absolute.
    pub folder: PathBuf,
    /// Where Cargo keeps what it has compiled, absolute; shared by all distributions, so that
    /// the second builds quickly.
    pub target_dir: PathBuf,
    /// Build for this target instead of the machine that builds.
    pub target: Option<String>,
    /// Do not use the network.
    pub offline: bool,
    /// The root of the checkout, whose place is kept out of the program.
    pub checkout: Option<PathBuf>,
}

/// What the compiler says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// Its version, such as `1.95.0`.
    pub version: String,
    /// The target of the machine that it runs on.
    pub host: String,
}

impl Cargo {
    /// Resolves the dependencies, writes the lock file and reads the result. Platforms other
    /// than `target` are left out.
    ///
    /// # Errors
    /// [`CargoError`] when Cargo cannot resolve, or answers something that cannot be read.
    pub fn metadata(&self, target: &str) -> Result<Metadata, CargoError> {
        let mut command = self.command("metadata");
        command.args(["--format-version", "1", "--filter-platform", target]);
        let answer = output(&mut command)?;
        serde_json::from_str(&answer).map_err(|source| CargoError::Answer {
            command: shown(&command),
            source,
        })
    }

    /// Names and versions of the crates whose code is linked: normal dependencies for
    /// `target`, without procedural macros and what only they need. Includes the generated
    /// crate.
    ///
    /// # Errors
    /// [`CargoError`] when Cargo cannot tell.
    pub fn linked(&self, target: &str) -> Result<BTreeSet<(String, String)>, CargoError> {
        let mut command = self.command("tree");
        command.args([
            "--locked",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--no-dedupe",
        ]);
        command.args(["--edges", "normal,no-proc-macro", "--target", target]);
        let answer = output(&mut command)?;
        Ok(answer.lines().filter_map(tree_line).collect())
    }

    /// Compiles the crate and returns the path of the program; Cargo's progress goes to
    /// standard error.
    ///
    /// # Errors
    /// [`CargoError`] when it does not compile.
    pub fn build(&self, binary: &str) -> Result<PathBuf, CargoError> {
        let mut command = self.command("build");
        command.args(["--release", "--locked", "--bin", binary]);
        command.arg("--target-dir").arg(&self.target_dir);
        command.arg("--config").arg(self.rustflags());
        let mut folder = self.target_dir.clone();
        if let Some(target) = &self.target {
            command.args(["--target", target]);
            folder.push(target);
        }
        let status =
            command
                .stdout(Stdio::null())
                .status()
                .map_err(|source| CargoError::Start {
                    program: shown(&command),
                    source,
                })?;
        if !status.success() {
            return Err(CargoError::Failed {
                command: shown(&command),
                status,
            });
        }
        Ok(folder
            .join("release")
            .join(format!("{binary}{}", env::consts::EXE_SUFFIX)))
    }

    /// Compiler flags that every distribution is built with.
    ///
    /// Symbol names of the newest kind tell which crate a generic function was made for. The
    /// folders of this machine are kept out of the program: they are nobody's business.
    fn rustflags(&self) -> String {
        let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
        let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from).or(home);
        let registry = cargo_home.map(|home| home.join("registry").join("src"));
        let folders = [(registry, "/crates"), (self.checkout.clone(), "/headwater")];
        let mut flags = vec![
            "-Csymbol-mangling-version=v0".to_owned(),
            // The compiler's messages keep the true paths.
            "--remap-path-scope=object".to_owned(),
        ];
        for (folder, name) in folders {
            if let Some(folder) = folder {
                flags.push(format!("--remap-path-prefix={}={name}", folder.display()));
            }
        }
        let list: toml_edit::Array = flags.into_iter().collect();
        format!("build.rustflags={list}")
    }

    fn command(&self, verb: &str) -> Command {
        let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(program);
        command.current_dir(&self.folder).arg(verb);
        if self.offline {
            command.arg("--offline");
        }
        command
    }
}

/// Asks the compiler for its version and its machine.
///
/// # Errors
/// [`CargoError`] when there is no compiler.
pub fn compiler(folder: &Path) -> Result<Compiler, CargoError> {
    let program = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let answer = output(Command::new(program).current_dir(folder).arg("-vV"))?;
    let value = |key: &str| {
        let line = answer.lines().find_map(|line| line.strip_prefix(key));
        line.map(|value| value.trim().to_owned())
            .unwrap_or_default()
    };
    Ok(Compiler {
        version: value("release:"),
        host: value("host:"),
    })
}

/// `name v1.2.3 (/path)` as name and version.
fn tree_line(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let version = words.next()?.strip_prefix('v')?;
    Some((name.to_owned(), version.to_owned()))
}

fn output(command: &mut Command) -> Result<String, CargoError> {
    let answer = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| CargoError::Start {
            program: shown(command),
            source,
        })?;
    if !answer.status.success() {
        return Err(CargoError::Failed {
            command: shown(command),
            status: answer.status,
        });
    }
    Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// Program and verb: enough to know what was run.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let verb = command.get_args().next().unwrap_or_default();
    format!("{} {}", program.to_string_lossy(), verb.to_string_lossy())
}
