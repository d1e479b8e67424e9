//! The SDKs' programs and the foreign decoder, as child processes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::certificates::Identity;
use crate::message::{Message, Signal};
use crate::{binary, wait};

/// Whose SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `clients/python/send.py`.
    Python,
    /// `clients/node/send.mjs`.
    Node,
}

/// A program that sends every kind of telemetry with an SDK: to `to` over the given protocol, and
/// the very same to `reference` over OTLP/HTTP.
#[derive(Debug, Clone)]
pub struct Sdk<'a> {
    /// Which SDK.
    pub language: Language,
    /// `grpc`, `http/protobuf` or `http/json`.
    pub protocol: &'static str,
    /// The collector.
    pub to: SocketAddr,
    /// A sink that shows what was sent.
    pub reference: SocketAddr,
    /// Whether to compress.
    pub gzip: bool,
    /// What to trust; none is no TLS.
    pub ca: Option<&'a Path>,
    /// Who to be.
    pub identity: Option<&'a Identity>,
}

impl Sdk<'_> {
    /// Runs the program to its end. It succeeds if the SDK says that everything was exported.
    pub async fn run(&self) -> Output {
        let mut command = match self.language {
            Language::Python => {
                let mut command = Command::new(python());
                command.arg(clients().join("python/send.py"));
                command
            }
            Language::Node => {
                let mut command = Command::new("node");
                command.arg(node().join("send.mjs"));
                command
            }
        };
        command
            .args(["--protocol", self.protocol])
            .args(["--to", &self.to.to_string()]);
        command.args(["--reference", &self.reference.to_string()]);
        if self.gzip {
            command.arg("--gzip");
        }
        if let Some(ca) = self.ca {
            command.arg("--ca").arg(ca);
        }
        if let Some(identity) = self.identity {
            command
                .arg("--cert")
                .arg(&identity.cert)
                .arg("--key")
                .arg(&identity.key);
        }
        command.kill_on_drop(true).stdin(Stdio::null());
        // The SDKs' libraries read these, and the test decides.
        for variable in [
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
        ] {
            command.env_remove(variable);
        }
        for variable in [
            "http_proxy",
            "https_proxy",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "grpc_proxy",
        ] {
            command.env_remove(variable);
        }
        wait::within("the SDK's program", command.output())
            .await
            .unwrap()
    }
}

/// A program's output for the message of a failed test.
#[must_use]
pub fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "{}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )
}

/// Decodes OTLP/JSON with protobuf's own JSON mapping in Python.
///
/// # Errors
/// What is wrong with it.
pub async fn from_json(signal: Signal, json: &[u8]) -> Result<Message, String> {
    let plain = translate("decode", signal, json).await?;
    Message::from_protobuf(signal, &plain)
}

/// Encodes as OTLP/JSON with protobuf's own JSON mapping in Python.
///
/// # Panics
/// If that fails.
pub async fn to_json(message: &Message) -> Vec<u8> {
    translate("encode", message.signal(), &message.to_protobuf())
        .await
        .unwrap()
}

async fn translate(verb: &str, signal: Signal, input: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = Command::new(python())
        .arg(clients().join("python/translate.py"))
        .args([verb, signal.name()])
        .kill_on_drop(true)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut stdin = child.stdin.take().ok_or("no stdin")?;
    stdin
        .write_all(input)
        .await
        .map_err(|error| error.to_string())?;
    drop(stdin);
    let output = wait::within("translate.py", child.wait_with_output()).await;
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(shown(&output))
    }
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// The Python of the environment that `tests/e2e/run` makes.
fn python() -> PathBuf {
    let python = binary::target().join("e2e/venv/bin/python");
    assert!(
        python.exists(),
        "{} is missing: `tests/e2e/run` makes it",
        python.display()
    );
    python
}

/// The folder into which `tests/e2e/run` installs the Node client.
fn node() -> PathBuf {
    let node = binary::target().join("e2e/node");
    let installed = node.join("node_modules");
    assert!(
        installed.exists(),
        "{} is missing: `tests/e2e/run` makes it",
        installed.display()
    );
    node
}
