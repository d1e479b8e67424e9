//! Backends that are down, slow, or something else altogether.

use std::net::SocketAddr;
use std::time::Duration;

use headwater_core::Signal;
use headwater_core::status::Status;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{Answer, Backend, config, started};
use headwater_testkit::ExporterSetup;

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
}

fn status(setup: &ExporterSetup) -> Status {
    let statuses = setup.environment.statuses.snapshot();
    statuses.values().next().unwrap().status
}

/// As the graph does before it starts a component.
fn starting(setup: &ExporterSetup) {
    let id = "otlp_http".parse().unwrap();
    let kind = headwater_core::ComponentKind::Exporter;
    let settings = setup.environment.signal_settings(kind, &id, Signal::Traces);
    settings.status.report(Status::Starting);
}

#[tokio::test]
async fn what_is_queued_arrives_when_the_backend_comes_up() {
    let address = nobody().await;
    let mut setup = started(Signal::Traces, config(address)).await;
    starting(&setup);
    for _ in 0..3 {
        setup.send(10).await;
    }
    while status(&setup) != Status::RecoverableError {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(setup.ledger().held, 30);
    let backend = Backend::start_on(&address.to_string());
    setup.done().await;
    assert_eq!(status(&setup), Status::Ok);
    setup.stop().await;
    assert_eq!((backend.received().len(), setup.ledger().sent), (3, 30));
}

#[tokio::test]
async fn a_backend_that_stays_down_loses_what_is_queued_and_the_books_say_so() {
    let mut setup = started(Signal::Traces, config(nobody().await)).await;
    for _ in 0..3 {
        setup.send(10).await;
    }
    setup.stop().await;
    assert_eq!(setup.ledger().dropped["shutdown"], 30);
    assert_eq!(setup.metric("send_failed_spans"), 30.0);
}

#[tokio::test]
async fn a_slow_backend_is_given_up_on_after_the_timeout_and_asked_again() {
    let backend = Backend::start();
    backend.answer([Answer::Hang]);
    let mut config = config(backend.address);
    config.client.timeout = Duration::from_millis(200);
    let mut setup = started(Signal::Traces, config).await;
    setup.send(5).await;
    setup.done().await;
    setup.stop().await;
    let received = backend.received();
    assert_eq!((received.len(), setup.ledger().sent), (2, 5));
    assert!(received[0].body == received[1].body);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_backend_beyond_its_deadline() {
    let backend = Backend::start();
    backend.answer([Answer::Hang, Answer::Hang]);
    let mut config = config(backend.address);
    config.client.timeout = Duration::from_secs(600);
    let mut setup = started(Signal::Traces, config).await;
    setup.send(5).await;
    setup.send(6).await;
    setup.stop_within(Duration::from_millis(100)).await;
    assert_eq!(setup.ledger().dropped["shutdown"], 11);
}

/// Answers whatever comes with `bytes` and closes.
async fn speaks(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            // Whatever the client begins with, whole or not.
            socket.read_u8().await.ok();
            socket.write_all(bytes).await.ok();
        }
    });
    address
}

#[tokio::test]
async fn something_that_is_no_http_server_gets_another_chance() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.6\r\n"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
        b"HTTP/1.1 999999 WHAT\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"",
    ] {
        let mut config = config(speaks(bytes).await);
        config.client.timeout = Duration::from_millis(300);
        let mut setup = started(Signal::Traces, config).await;
        starting(&setup);
        setup.send(2).await;
        while status(&setup) != Status::RecoverableError {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(setup.ledger().held, 2);
        setup.stop().await;
        assert_eq!(setup.ledger().dropped["shutdown"], 2);
    }
}

#[tokio::test]
async fn a_backend_that_restarts_loses_nothing() {
    let backend = Backend::start();
    let address = backend.address;
    let mut setup = started(Signal::Traces, config(address)).await;
    let first = setup.send(5).await;
    setup.done().await;
    assert!(backend.received()[0].body == first);
    drop(backend);
    let second = setup.send(6).await;
    // Its port is free once the connection is closed.
    let backend = loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if TcpListener::bind(address).await.is_ok() {
            break Backend::start_on(&address.to_string());
        }
    };
    setup.done().await;
    setup.stop().await;
    assert_eq!(setup.ledger().sent, 11);
    assert!(
        backend
            .received()
            .iter()
            .all(|received| received.body == second)
    );
}
