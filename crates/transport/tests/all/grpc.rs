//! Our gRPC client against our gRPC server.

use bytes::Bytes;
use headwater_core::rpc::Code;
use headwater_core::{Budget, Context};
use headwater_transport::compression::{CompressionParams, Compressor, Encoding};
use headwater_transport::grpc::{Client, ClientOptions, Message, ServerOptions};

use crate::support::*;

#[tokio::test]
async fn messages_of_every_size_arrive_as_they_were_sent() {
    let server = serve(Handler::default(), ServerOptions::default());
    let client = client(server.address);
    for length in [0, 1, 100, 16_379, 16_384, 70_000, 1 << 20, 4 << 20] {
        let text: Vec<u8> = (0..length).map(|n| n as u8).collect();
        assert_eq!(call(&client, ECHO, &text).await.unwrap(), text, "{length}");
    }
}

#[tokio::test]
async fn segments_arrive_joined() {
    let server = serve(Handler::default(), ServerOptions::default());
    let client = client(server.address);
    let segments: Vec<Bytes> = (0..200_usize)
        .map(|n| Bytes::from(vec![n as u8; n * n % 9000]))
        .collect();
    let message: Message = segments.iter().cloned().collect();
    let method = client.method(ECHO);
    let answer = client
        .call(&method, &message, &Context::default(), Some(PATIENCE))
        .await;
    assert_eq!(answer.unwrap(), segments.concat());
}

#[tokio::test]
async fn every_compression_is_understood_by_the_server() {
    let server = serve(Handler::default(), ServerOptions::default());
    for encoding in [
        Encoding::Gzip,
        Encoding::Zstd,
        Encoding::SnappyFramed,
        Encoding::Zlib,
    ] {
        let compressor = Compressor::try_new(encoding, CompressionParams::default()).unwrap();
        let target = server.address.to_string().parse().unwrap();
        let mut options = ClientOptions::plaintext(target);
        options.compressor = Some(compressor);
        let client = Client::new(options);
        for text in [&b""[..], b"spans", &[7; 300_000]] {
            assert_eq!(call(&client, ECHO, text).await.unwrap(), text, "{encoding}");
        }
    }
}

#[tokio::test]
async fn a_status_arrives_with_code_message_and_wait() {
    let server = serve(Handler::default(), ServerOptions::default());
    let client = client(server.address);
    let status = call(&client, FAIL, "backend späť 100%".as_bytes())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "backend späť 100%");
    assert_eq!(
        status.retry_delay(),
        Some(std::time::Duration::from_millis(1500))
    );
}

#[tokio::test]
async fn a_full_budget_refuses_before_the_message_is_read() {
    let budget = Budget::new(1000);
    let held = budget.try_charge(900).unwrap();
    let handler = Handler {
        budget: budget.clone(),
        ..Handler::default()
    };
    let server = serve(handler, ServerOptions::default());
    let client = client(server.address);
    let status = call(&client, ECHO, &[0; 500_000]).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(
        status.retry_delay().is_some(),
        "without a wait it would be permanent"
    );
    drop(held);
    call(&client, ECHO, &[0; 500_000]).await.unwrap();
    assert_eq!(budget.held(), 0);
}
