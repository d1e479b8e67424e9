//! A collector under measurement: its command, its process, its end.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use rustix::thread::CpuSet;

use crate::error::LoadError;

/// How a collector is started: `NAME=[KEY=VALUE ...] PROGRAM [ARGUMENT ...]`.
///
/// Words are separated by spaces; `{{config}}`, `{{grpc_in}}` and the other placeholders of
/// [`fill`] stand for what differs per run. Without `{{config}}`, `--config {{config}}` is added.
#[derive(Debug, Clone)]
pub(crate) struct CollectorSpec {
    /// What the table calls it.
    pub(crate) name: String,
    environment: Vec<(String, String)>,
    words: Vec<String>,
}

impl FromStr for CollectorSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, command) = text
            .split_once('=')
            .ok_or("want NAME=PROGRAM [ARGUMENT ...]")?;
        let mut words = command.split_whitespace().map(str::to_owned).peekable();
        let mut environment = Vec::new();
        while let Some((key, value)) = words.peek().and_then(|word| word.split_once('=')) {
            if key.contains('/') || key.starts_with('-') {
                break;
            }
            environment.push((key.to_owned(), value.to_owned()));
            words.next();
        }
        let mut words: Vec<String> = words.collect();
        if words.is_empty() {
            return Err(format!("{name} has no program"));
        }
        if !words.iter().any(|word| word.contains("{{")) {
            words.extend(["--config".to_owned(), "{{config}}".to_owned()]);
        }
        Ok(Self {
            name: name.to_owned(),
            environment,
            words,
        })
    }
}

/// Replaces every `{{name}}` in `text` that `values` knows.
pub(crate) fn fill(text: &str, values: &BTreeMap<&str, String>) -> String {
    let mut filled = text.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("{{{{{name}}}}}"), value);
    }
    filled
}

/// A running collector; killed with its descendants when dropped.
#[derive(Debug)]
pub(crate) struct Collector {
    name: String,
    child: Child,
    log: PathBuf,
    started: Instant,
}

impl Collector {
    /// Starts `spec` in a process group of its own, on `cpus` if any are given; what it writes
    /// goes to a file in `folder`.
    ///
    /// # Errors
    /// The program cannot be started.
    pub(crate) fn start(
        spec: &CollectorSpec,
        values: &BTreeMap<&str, String>,
        cpus: &[usize],
        folder: &Path,
    ) -> Result<Self, LoadError> {
        let words: Vec<String> = spec.words.iter().map(|word| fill(word, values)).collect();
        let what = || format!("start {}", words.join(" "));
        let log = folder.join(format!("{}.log", spec.name));
        let output = File::create(&log).map_err(LoadError::io(what()))?;
        let errors = output.try_clone().map_err(LoadError::io(what()))?;
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .envs(
                spec.environment
                    .iter()
                    .map(|(key, value)| (key, fill(value, values))),
            )
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0);
        // A child inherits the affinity of the thread that starts it.
        let spawn = move || {
            pin(cpus)?;
            let started = Instant::now();
            command.spawn().map(|child| (child, started))
        };
        let spawned = std::thread::scope(|scope| scope.spawn(spawn).join());
        let spawned = spawned.unwrap_or_else(|_| Err(std::io::Error::other("thread panicked")));
        let (child, started) = spawned.map_err(LoadError::io(what()))?;
        Ok(Self {
            name: spec.name.clone(),
            child,
            log,
            started,
        })
    }

    /// Waits until `address` accepts a connection; the time since the start.
    ///
    /// # Errors
    /// The process ends before, or does not listen within 60 seconds.
    pub(crate) async fn ready(&mut self, address: SocketAddr) -> Result<Duration, LoadError> {
        loop {
            if TcpStream::connect(address).is_ok() {
                return Ok(self.started.elapsed());
            }
            self.alive()?;
            if self.started.elapsed() > Duration::from_secs(60) {
                return Err(self.failed(format!("does not listen on {address}")));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process still runs.
    ///
    /// # Errors
    /// It has ended; the error shows what it wrote last.
    pub(crate) fn alive(&mut self) -> Result<(), LoadError> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.failed(format!("ended with {status}"))),
            Err(error) => Err(self.failed(error.to_string())),
        }
    }

    /// An error about this collector with the end of its log.
    pub(crate) fn failed(&self, what: String) -> LoadError {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(12)..].iter();
        let log = last.map(|line| format!("\n    {line}")).collect();
        LoadError::Collector {
            collector: self.name.clone(),
            what,
            log,
        }
    }

    /// Asks the process to end, and kills it if it has not after ten seconds.
    pub(crate) async fn stop(mut self) {
        self.signal(Signal::TERM);
        let asked = Instant::now();
        while self.alive().is_ok() && asked.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // An error says that there is nobody left.
            kill_process_group(group, signal).ok();
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        drop(self.child.wait());
    }
}

/// Binds the calling thread, and what it starts, to `cpus`; to nothing if there are none.
///
/// # Errors
/// A CPU that does not exist.
pub(crate) fn pin(cpus: &[usize]) -> std::io::Result<()> {
    if cpus.is_empty() {
        return Ok(());
    }
    let mut set = CpuSet::new();
    cpus.iter().for_each(|&cpu| set.set(cpu));
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_has_a_name_an_environment_and_a_command() {
        let spec: CollectorSpec = "go=GOGC=50 /bin/otelcol".parse().unwrap();
        assert_eq!(spec.name, "go");
        assert_eq!(spec.environment, [("GOGC".to_owned(), "50".to_owned())]);
        assert_eq!(spec.words, ["/bin/otelcol", "--config", "{{config}}"]);
        let spec: CollectorSpec = "x=/bin/x --port={{grpc_in}}".parse().unwrap();
        assert_eq!(spec.words, ["/bin/x", "--port={{grpc_in}}"]);
        assert!("go".parse::<CollectorSpec>().is_err());
        assert!("go=A=1".parse::<CollectorSpec>().is_err());
    }

    #[tokio::test]
    async fn a_collector_that_ends_is_reported_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let spec = "false=/bin/ls {{config}}".parse().unwrap();
        let values = BTreeMap::from([("config", "/does/not/exist".to_owned())]);
        let mut collector = Collector::start(&spec, &values, &[], folder.path()).unwrap();
        let error = collector
            .ready(([127, 0, 0, 1], 1).into())
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("ended with") && error.contains("/does/not/exist"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn stopping_ends_the_whole_group() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script.sh");
        fs::write(&script, "sleep 50 & sleep 50").unwrap();
        let spec = format!("group=/bin/sh {} {{{{config}}}}", script.display())
            .parse()
            .unwrap();
        let collector = Collector::start(&spec, &BTreeMap::default(), &[], folder.path()).unwrap();
        let group = Pid::from_raw(collector.pid().cast_signed()).unwrap();
        collector.stop().await;
        let gone = async {
            while rustix::process::test_kill_process_group(group).is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone)
            .await
            .unwrap();
    }
}
