//! The collector as a library: start, reload, failure, shutdown.

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use headwater_core::telemetry::Level;
use headwater_service::{Collector, CollectorBuilder, ReloadError, RunningCollector};

use crate::components::{Journal, registry};

/// A pipeline from the receiver `port` with these settings to the nop exporter.
fn yaml(settings: &str) -> String {
    format!(
        "{{receivers: {{port: {{{settings}}}}}, exporters: {{nop: }},
           service: {{pipelines: {{traces: {{receivers: [port], exporters: [nop]}}}}}}}}"
    )
}

fn builder(journal: &Journal, settings: &str) -> CollectorBuilder {
    Collector::builder()
        .registry(registry(journal))
        .config(yaml(settings))
        .shutdown_timeout(Duration::from_secs(5))
}

async fn start(journal: &Journal, settings: &str) -> RunningCollector {
    let collector = builder(journal, settings).build().unwrap();
    collector.start().await.unwrap()
}

async fn end(running: RunningCollector) {
    let shutdown = running.shutdown().await;
    assert!(shutdown.errors.is_empty(), "{:?}", shutdown.errors);
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Spans that the exporter has sent.
async fn sent(running: &RunningCollector, expected: u64) -> u64 {
    let mut last = 0;
    for _ in 0..500 {
        let balances = running.ledger().balances();
        last = balances
            .iter()
            .find(|(instance, _)| instance.kind.as_str() == "exporter")
            .map_or(0, |(_, balance)| balance.sent);
        if last >= expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    last
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn data_flows_and_the_books_balance_at_shutdown() {
    let journal = Journal::default();
    let running = start(&journal, "spans: 5").await;
    assert_eq!(sent(&running, 5).await, 5);
    assert!(
        running
            .prometheus_text()
            .contains("otelcol_ledger_imbalance 0\n")
    );
    let shutdown = running.shutdown().await;
    assert!(shutdown.errors.is_empty());
    assert_eq!(shutdown.lost(), 0);
    assert!(
        shutdown
            .balances
            .values()
            .all(|balance| balance.imbalance() == 0)
    );
}

#[tokio::test]
async fn extensions_start_first_and_stop_last() {
    let journal = Journal::default();
    let running = builder(&journal, "")
        .config("{extensions: {guard: , guard/2: }, service: {extensions: [guard, guard/2]}}")
        .build()
        .unwrap()
        .start()
        .await
        .unwrap();
    end(running).await;
    assert_eq!(
        *journal.lock().unwrap(),
        [
            "guard started",
            "guard/2 started",
            "receiver started",
            "guard is told that all is ready",
            "guard/2 is told that all is ready",
            "guard is told that the end is near",
            "guard/2 is told that the end is near",
            "receiver stopped",
            "guard/2 stopped",
            "guard stopped",
        ]
    );
}

#[tokio::test]
async fn a_start_that_fails_is_explained_and_undone() {
    let journal = Journal::default();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let collector = builder(&journal, &format!("port: {port}"))
        .config("{extensions: {guard: }, service: {extensions: [guard]}}")
        .build()
        .unwrap();
    let error = collector.start().await.unwrap_err();
    let text = chain(&error);
    let expected = format!(
        "cannot start pipelines: failed to start \"port\" receiver: cannot listen on port {port}: "
    );
    assert!(text.starts_with(&expected), "{text}");
    assert_eq!(journal.lock().unwrap().last().unwrap(), "guard stopped");
}

#[tokio::test]
async fn an_extension_that_cannot_start_is_named() {
    let journal = Journal::default();
    let collector = builder(&journal, "")
        .config("{extensions: {guard: {fail: no key}}, service: {extensions: [guard]}}")
        .build()
        .unwrap();
    let error = collector.start().await.unwrap_err();
    assert_eq!(
        chain(&error),
        "failed to start extensions: failed to start \"guard\" extension: no key"
    );
}

#[tokio::test]
async fn a_component_can_end_the_process_it_lives_in() {
    let journal = Journal::default();
    let mut running = start(&journal, "give_up: the disk is gone").await;
    assert_eq!(running.failed().await, "the disk is gone");
    end(running).await;
    let mut running = start(&journal, "fatal: the network is gone").await;
    assert_eq!(
        running.failed().await,
        "\"port\" receiver: the network is gone"
    );
    let _shutdown = running.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_component_that_never_stops_is_given_up_after_the_deadline() {
    let journal = Journal::default();
    let running = start(&journal, "stubborn: true").await;
    let shutdown = running.shutdown().await;
    assert_eq!(
        shutdown.errors[0].to_string(),
        "components were still shutting down after the deadline"
    );
}

#[tokio::test]
async fn a_reload_keeps_the_counters() {
    let journal = Journal::default();
    let mut running = start(&journal, "spans: 5").await;
    assert_eq!(sent(&running, 5).await, 5);
    running.reload(yaml("spans: 7")).await.unwrap();
    assert_eq!(sent(&running, 12).await, 12);
    assert_eq!(
        *journal.lock().unwrap(),
        ["receiver started", "receiver started", "receiver stopped"],
        "the new receiver starts before the old one stops"
    );
    assert_eq!(running.ledger().imbalance(), 0);
    end(running).await;
}

#[tokio::test]
async fn a_wrong_configuration_changes_nothing() {
    let journal = Journal::default();
    let port = free_port();
    let mut running = start(&journal, &format!("port: {port}")).await;
    for settings in ["prot: 1", "refuse: not today"] {
        let error = running.reload(yaml(settings)).await.unwrap_err();
        assert!(matches!(error, ReloadError::Config(_)), "{error:?}");
    }
    assert!(answers(port));
    assert_eq!(*journal.lock().unwrap(), ["receiver started"]);
    end(running).await;
}

#[tokio::test]
async fn a_configuration_that_cannot_start_changes_nothing() {
    let journal = Journal::default();
    let port = free_port();
    let mut running = start(&journal, &format!("port: {port}")).await;
    let error = running
        .reload(yaml("fail: no certificate"))
        .await
        .unwrap_err();
    assert!(matches!(error, ReloadError::Start(_)), "{error:?}");
    assert!(
        chain(&error).ends_with("no certificate"),
        "{}",
        chain(&error)
    );
    assert!(answers(port));
    assert_eq!(*journal.lock().unwrap(), ["receiver started"]);
    end(running).await;
}

#[tokio::test]
async fn servers_of_the_new_pipelines_go_on_with_the_sockets_of_the_old() {
    let journal = Journal::default();
    let port = free_port();
    let endpoint = format!("endpoint: '127.0.0.1:{port}'");
    let mut running = start(&journal, &endpoint).await;
    let waiting = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for _ in 0..2 {
        running.reload(yaml(&endpoint)).await.unwrap();
    }
    assert_eq!(
        *journal.lock().unwrap(),
        [
            "receiver started",
            "receiver started",
            "receiver stopped",
            "receiver started",
            "receiver stopped"
        ],
        "the new receiver starts before the old one stops"
    );
    waiting.set_nonblocking(true).unwrap();
    let error = std::io::Read::read(&mut &waiting, &mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock, "not reset");
    end(running).await;
    assert!(!answers(port));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_what_a_reload_that_was_broken_off_began() {
    let journal = Journal::default();
    let mut running = start(&journal, "stubborn: true").await;
    let reload = running.reload(yaml(""));
    let broken_off = tokio::time::timeout(Duration::from_secs(1), reload).await;
    assert!(broken_off.is_err(), "it waits for the old receiver");
    let from = tokio::time::Instant::now();
    let shutdown = running.shutdown().await;
    assert!(shutdown.errors.is_empty(), "{:?}", shutdown.errors);
    assert!(
        from.elapsed() <= Duration::from_secs(5),
        "on a paused clock"
    );
    assert_eq!(
        *journal.lock().unwrap(),
        ["receiver started", "receiver started", "receiver stopped"]
    );
}

#[tokio::test]
async fn what_cannot_be_shared_is_given_up_by_the_old_pipelines_first() {
    let journal = Journal::default();
    let port = free_port();
    let mut running = start(&journal, &format!("port: {port}")).await;
    running
        .reload(yaml(&format!("port: {port}, spans: 3")))
        .await
        .unwrap();
    assert!(answers(port));
    assert_eq!(sent(&running, 3).await, 3);
    assert_eq!(
        *journal.lock().unwrap(),
        ["receiver started", "receiver stopped", "receiver started"]
    );
    end(running).await;
    assert!(!answers(port));
}

#[tokio::test]
async fn the_old_pipelines_come_back_when_the_new_ones_cannot_have_their_port() {
    let journal = Journal::default();
    let (port, foreign) = (free_port(), TcpListener::bind("127.0.0.1:0").unwrap());
    let taken = foreign.local_addr().unwrap().port();
    let mut running = start(&journal, &format!("port: {port}, spans: 1")).await;
    let error = running
        .reload(yaml(&format!("port: {taken}")))
        .await
        .unwrap_err();
    assert!(matches!(error, ReloadError::Start(_)), "{error:?}");
    assert!(answers(port));
    assert_eq!(sent(&running, 2).await, 2, "it was started again");
    end(running).await;
}

#[tokio::test]
async fn own_metrics_are_served_if_asked_for_and_follow_a_reload() {
    let journal = Journal::default();
    let telemetry = |settings: &str| {
        format!(
            "{{receivers: {{nop: }}, exporters: {{nop: }},
               service: {{
                 pipelines: {{traces: {{receivers: [nop], exporters: [nop]}}}},
                 telemetry: {{metrics: {{
                   readers: [{{pull: {{exporter: {{prometheus: {{host: localhost, port: 0{settings}}}}}}}}}]}}}}}}}}"
        )
    };
    let builder = || {
        Collector::builder()
            .registry(registry(&journal))
            .config(telemetry(""))
    };
    let silent = builder().build().unwrap().start().await.unwrap();
    assert!(silent.metrics_addresses().is_empty());
    end(silent).await;

    let collector = builder().serve_metrics(true).build().unwrap();
    let mut running = collector.start().await.unwrap();
    let addresses = running.metrics_addresses();
    assert_eq!(addresses.len(), 1);
    assert!(
        get(addresses[0], "/metrics")
            .await
            .contains("\notelcol_process_uptime ")
    );
    running
        .reload(telemetry(", without_type_suffix: false"))
        .await
        .unwrap();
    assert_eq!(
        running.metrics_addresses(),
        addresses,
        "the port stays open"
    );
    let text = get(addresses[0], "/metrics").await;
    assert!(
        text.contains("\notelcol_process_uptime_seconds_total "),
        "{text}"
    );
    assert!(get(addresses[0], "/").await.starts_with("HTTP/1.1 404 "));
    end(running).await;
}

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn instruments_can_be_read_by_the_program_around() {
    let journal = Journal::default();
    let running = start(&journal, "").await;
    let families = running.telemetry().snapshot(Level::Basic);
    assert!(!families.is_empty());
    assert_eq!(running.topology().edges.len(), 1);
    end(running).await;
}
