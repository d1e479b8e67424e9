//! The Go collector, as a process that sends to us what it reads.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_config::testing::decode;
use headwater_core::{ComponentKind, Outputs, Receiver, Signal};
use headwater_receiver_otlp::{Config, factory};
use headwater_testkit::{Recorder, environment, host};

use crate::{Record, program, until};

/// A running collector whose `filelog` receiver sends to a recorder.
pub struct Go {
    recorder: Recorder,
    receiver: Arc<dyn Receiver>,
    child: Child,
    log: PathBuf,
}

impl Go {
    /// Starts it with these keys of `filelog`; `None` where there is none.
    pub async fn start(keys: &str, folder: &Path) -> Option<Self> {
        let program = program("OTELCOL_BIN", &[])?;
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let yaml = format!("protocols: {{grpc: {{endpoint: '127.0.0.1:{port}'}}}}");
        let (config, _) = decode::<Config>(&yaml).unwrap();
        let recorder = Recorder::new();
        let settings = environment().settings(ComponentKind::Receiver, &"otlp".parse().unwrap());
        let outputs = Outputs::new().with(Signal::Logs, Arc::new(recorder.clone()));
        let receiver = factory()
            .build_receiver(settings, &config, outputs)
            .unwrap();
        receiver.start(&host()).await.unwrap();
        let indented: String = keys.lines().map(|line| format!("    {line}\n")).collect();
        let path = folder.join("otelcol.yaml");
        fs::write(
            &path,
            format!(
                "receivers:\n  filelog:\n{indented}exporters:\n  otlp_grpc:\n    endpoint: \
                 127.0.0.1:{port}\n    tls:\n      insecure: true\nservice:\n  telemetry:\n    \
                 metrics:\n      level: none\n  pipelines:\n    logs:\n      receivers: \
                 [filelog]\n      exporters: [otlp_grpc]\n"
            ),
        )
        .unwrap();
        let log = folder.join("otelcol.log");
        let output = File::create(&log).unwrap();
        let child = Command::new(program)
            .args(["--config", path.to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .unwrap();
        let go = Self {
            recorder,
            receiver,
            child,
            log,
        };
        until(
            || go.said("Everything is ready"),
            || format!("the Go collector is not ready:\n{}", go.log()),
        )
        .await;
        Some(go)
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn said(&self, what: &str) -> bool {
        self.log().contains(what)
    }

    /// Every record so far.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        Record::all(&self.recorder)
    }

    /// How many records there are so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.recorder.items().iter().sum()
    }

    /// Waits for that many records.
    pub async fn at_least(&self, count: usize) {
        until(
            || self.count() >= count,
            || {
                let bodies: Vec<_> = self.records().into_iter().map(|r| r.body).collect();
                format!("{} of {count}: {bodies:?}\n{}", self.count(), self.log())
            },
        )
        .await;
    }

    /// Ends it.
    pub async fn stop(mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        let deadline = Instant::now() + Duration::from_secs(5);
        self.receiver.shutdown(deadline).await.unwrap();
    }
}

impl std::fmt::Debug for Go {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Go")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

impl Drop for Go {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
