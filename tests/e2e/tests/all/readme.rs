//! The README as a newcomer: what it says is what happens.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use headwater_e2e::output::Output;
use headwater_e2e::{binary, clients, ports, wait};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

/// The README's shell commands.
fn commands() -> Vec<String> {
    let text = fs::read_to_string(binary::root().join("README.md")).unwrap();
    let blocks = text.split("```sh\n").skip(1);
    blocks
        .map(|block| block.split_once("```").unwrap().0.to_owned())
        .collect()
}

/// The first command builds and starts a collector; the second sends it a span, which the first
/// prints. Only the ports are others, so that the test disturbs nobody.
#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn the_first_two_commands_show_a_span() {
    let commands = commands();
    let (start, send) = (commands[0].trim(), &commands[1]);
    assert_eq!(
        start,
        "cargo run --release -p builder -- run distributions/pattern-a/manifest.toml"
    );
    assert!(
        send.starts_with("curl ") && send.contains("localhost:4318"),
        "{send}"
    );

    let (grpc, http, metrics, health) =
        (ports::free(), ports::free(), ports::free(), ports::free());
    let set = |key: &str, value: SocketAddr| format!("--set={key}={value}");
    let reader = format!(
        "--set=service.telemetry.metrics.readers=[{{pull: {{exporter: {{prometheus: {{host: \
         127.0.0.1, port: {}}}}}}}}}]",
        metrics.port()
    );
    let mut words = start.split(' ');
    let mut child = Command::new(words.next().unwrap())
        .args(words)
        .arg("--")
        .arg(set("receivers.otlp.protocols.grpc.endpoint", grpc))
        .arg(set("receivers.otlp.protocols.http.endpoint", http))
        .arg(set("extensions.health_check.endpoint", health))
        .arg(reader)
        .current_dir(binary::root())
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = Output::default();
    let readers = [
        output.collect(child.stdout.take().unwrap()),
        output.collect(child.stderr.take().unwrap()),
    ];
    // `tests/e2e/run` has built it, so that this only starts it; alone, it builds it first.
    wait::at_most(
        Duration::from_secs(420),
        "the collector of the README",
        async {
            while !output.has("Everything is ready") {
                assert!(
                    child.try_wait().unwrap().is_none(),
                    "it ended: {}",
                    output.text()
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        },
    )
    .await;
    for address in [grpc, http] {
        assert!(
            output.has(&address.to_string()),
            "it does not say where it listens"
        );
    }

    let send = send.replace("localhost:4318", &http.to_string());
    let sent = Command::new("sh").arg("-c").arg(send).output();
    let sent = wait::within("curl", sent).await.unwrap();
    let answer = clients::shown(&sent);
    assert!(
        answer.contains("HTTP/1.1 200 OK"),
        "is curl there? {answer}"
    );
    assert!(answer.contains("partialSuccess"), "{answer}");
    for text in ["I am a span", "5b8efff798038103d269b633813fc60c", "hello"] {
        wait::until(text, || output.has(text).then_some(())).await;
    }

    // `builder run` becomes the collector, so that a signal to it reaches the collector.
    let pid = child
        .id()
        .and_then(|pid| Pid::from_raw(pid.cast_signed()))
        .unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let status = wait::within("the end", child.wait()).await.unwrap();
    for reader in readers {
        wait::within("the end of the output", reader).await.unwrap();
    }
    assert_eq!(status.code(), Some(0), "{}", output.text());
}
