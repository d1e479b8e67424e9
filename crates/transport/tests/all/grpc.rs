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

#[tokio::test]
async fn metadata_travels_only_when_asked_for() {
    for include_metadata in [false, true] {
        let handler = Handler::default();
        let options = ServerOptions {
            include_metadata,
            ..ServerOptions::default()
        };
        let server = serve(handler.clone(), options);
        let mut options = ClientOptions::plaintext(server.address.to_string().parse().unwrap());
        options
            .headers
            .insert("x-scope-orgid", "tenant-a".parse().unwrap());
        call(&Client::new(options), ECHO, b"x").await.unwrap();
        let context = handler.contexts.lock().unwrap()[0].clone();
        assert_eq!(
            context.header("X-Scope-OrgID").len(),
            usize::from(include_metadata)
        );
        assert!(context.peer().is_some_and(|peer| peer.ip().is_loopback()));
        assert!(context.arrived().is_some());
    }
}

#[tokio::test]
async fn requests_in_hand_are_answered_at_shutdown_and_new_ones_are_not_taken() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let client = client(server.address);
    let hanging = tokio::spawn({
        let client = client.clone();
        async move { call(&client, HANG, b"x").await }
    });
    eventually("the request is in hand", || handler.hanging() == 1).await;
    server.stopper.stop_by(std::time::Instant::now() + PATIENCE);
    eventually("the port is free", || {
        std::net::TcpListener::bind(server.address).is_ok()
    })
    .await;
    assert!(
        !server.task.is_finished(),
        "the server left a request alone"
    );
    hanging.abort();
    within("the server ends", server.task).await.unwrap();
}

#[tokio::test]
async fn many_requests_share_one_connection() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let client = client(server.address);
    let calls = (0..200_u32).map(|n| {
        let client = client.clone();
        async move {
            let text = vec![n as u8; (n * 97) as usize];
            assert_eq!(call(&client, ECHO, &text).await.unwrap(), text);
        }
    });
    futures_util::future::join_all(calls).await;
    let contexts = handler.contexts.lock().unwrap();
    assert_eq!(contexts.len(), 200);
    assert!(
        contexts
            .iter()
            .all(|context| context.peer() == contexts[0].peer())
    );
}

#[tokio::test]
async fn a_limit_on_streams_makes_requests_wait_and_loses_none() {
    let options = ServerOptions {
        max_concurrent_streams: 2,
        ..ServerOptions::default()
    };
    let server = serve(Handler::default(), options);
    let client = client(server.address);
    let calls = (0..50_u8).map(|n| {
        let client = client.clone();
        async move { call(&client, ECHO, &[n]).await.unwrap() }
    });
    let answers = futures_util::future::join_all(calls).await;
    assert_eq!(answers.concat(), (0..50).collect::<Vec<u8>>());
}

#[tokio::test]
async fn clients_of_an_old_connection_reconnect_without_losing_a_request() {
    let handler = Handler::default();
    let options = ServerOptions {
        max_connection_age: Some(std::time::Duration::from_millis(30)),
        ..ServerOptions::default()
    };
    let server = serve(handler.clone(), options);
    let client = client(server.address);
    let mut peers = std::collections::BTreeSet::new();
    within("a second connection", async {
        while peers.len() < 3 {
            call(&client, ECHO, b"x").await.unwrap();
            peers.extend(handler.contexts.lock().unwrap().drain(..).map(|c| c.peer()));
        }
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_the_next_request_opens_another() {
    let handler = Handler::default();
    let options = ServerOptions {
        max_connection_idle: Some(std::time::Duration::from_millis(30)),
        ..ServerOptions::default()
    };
    let server = serve(handler.clone(), options);
    let client = client(server.address);
    within("a second connection", async {
        loop {
            call(&client, ECHO, b"x").await.unwrap();
            let contexts = handler.contexts.lock().unwrap().clone();
            if contexts
                .iter()
                .any(|context| context.peer() != contexts[0].peer())
            {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        }
    })
    .await;
}

#[cfg(unix)]
#[tokio::test]
async fn unix_sockets_work_like_ports() {
    use headwater_transport::grpc::Server;
    use headwater_transport::listen::{self, Transport};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grpc.sock");
    let bound = listen::bind(Transport::Unix, path.to_str().unwrap(), 1).unwrap();
    let listener = bound.split(1).unwrap().remove(0).into_listener().unwrap();
    let server = Server::new(
        METHODS.to_vec(),
        Handler::default(),
        ServerOptions::default(),
    );
    let _server = serve_with(server, listener);
    let target = format!("unix://{}", path.display());
    let client = Client::new(ClientOptions::plaintext(target.parse().unwrap()));
    assert_eq!(call(&client, ECHO, b"spans").await.unwrap(), "spans");
}
