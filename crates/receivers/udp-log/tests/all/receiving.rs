//! What comes out of datagrams.

use std::net::UdpSocket;
use std::time::Duration;

use headwater_core::ConsumeError;
use headwater_testkit::{Answer, ReceiverSetup, Recorder, attribute_of, bodies_of};

use crate::support::{start, start_with};

fn send(running: &ReceiverSetup, datagrams: &[&[u8]]) -> u16 {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    for datagram in datagrams {
        socket.send_to(datagram, running.address()).unwrap();
    }
    socket.local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_datagram_is_an_entry() {
    let running = start("listen_address: '{address}'").await;
    send(
        &running,
        &[b" one\nline\r\n\0", b"", b"\n\n", b"two", &[b'x'; 60_000]],
    );
    let records = running.wait_for_log_records(3).await;
    assert_eq!(bodies_of(&records)[..2], ["one\nline", "two"]);
    assert_eq!(bodies_of(&records)[2].len(), 60_000);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_datagram_can_hold_several_entries_or_keep_its_white_space() {
    let running = start("listen_address: '{address}'\nmultiline: {line_end_pattern: '\\n'}").await;
    send(&running, &[b"one\ntwo\nthree"]);
    assert_eq!(
        bodies_of(&running.wait_for_log_records(3).await),
        ["one", "two", "three"]
    );
    running.stop().await;

    let running = start("listen_address: '{address}'\none_log_per_packet: true").await;
    send(&running, &[b"  a "]);
    assert_eq!(bodies_of(&running.wait_for_log_records(1).await), ["  a "]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_say_who_has_sent_an_entry() {
    let running = start("listen_address: '{address}'\nadd_attributes: true").await;
    let port = send(&running, &[b"x"]);
    let record = running.wait_for_log_records(1).await.remove(0);
    assert_eq!(attribute_of(&record, "net.transport"), "IP.UDP");
    assert_eq!(attribute_of(&record, "net.peer.ip"), "127.0.0.1");
    assert_eq!(attribute_of(&record, "net.peer.port"), port.to_string());
    assert_eq!(
        attribute_of(&record, "net.host.port"),
        running.address().port().to_string()
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_queue_receiving_goes_on_while_the_pipeline_is_busy() {
    let recorder = Recorder::new();
    let later = Some(Duration::from_millis(300));
    recorder.answer(Answer::Fail(ConsumeError::refused("busy", later)));
    let running = start_with(
        "listen_address: '{address}'\nasync: {max_queue_length: 50}\n\
         retry_on_failure: {initial_interval: 300ms}",
        recorder,
    )
    .await;
    let texts: Vec<String> = (0..40).map(|number| format!("line {number}")).collect();
    let datagrams: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
    send(&running, &datagrams);
    assert_eq!(bodies_of(&running.wait_for_log_records(40).await), texts);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_received_before_the_end_is_handed_on() {
    for keys in ["", "\nasync: {}"] {
        let running = start(&format!("listen_address: '{{address}}'{keys}")).await;
        send(&running, &[b"one", b"two"]);
        running.stop().await;
        assert_eq!(bodies_of(&running.log_records()), ["one", "two"]);
    }
}
