//! Our codec with tonic and h2 on the other side, where it is large, crowded, slow or over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use headwater_core::rpc::Code;
use headwater_transport::Status;
use headwater_transport::grpc::{Client, ClientOptions, Request, ServerOptions, UnaryHandler};
use http::uri::PathAndQuery;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tonic::transport::{Channel, Endpoint, Server};

use crate::foreign::{Echo, EchoServer, Raw, tonic_server_with};
use crate::http2::{REQUEST, block, frame, hello};
use crate::support::*;

const MIB: usize = 1 << 20;

async fn tonic_client(server: &Running) -> tonic::client::Grpc<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    tonic::client::Grpc::new(endpoint.connect().await.unwrap())
        .max_decoding_message_size(64 * MIB)
        .max_encoding_message_size(64 * MIB)
}

async fn tonic_call(
    mut client: tonic::client::Grpc<Channel>,
    path: &'static str,
    text: Bytes,
    timeout: Option<Duration>,
) -> Result<Bytes, tonic::Status> {
    let mut request = tonic::Request::new(text);
    if let Some(timeout) = timeout {
        request.set_timeout(timeout);
    }
    client.ready().await.unwrap();
    let answer = client.unary(request, PathAndQuery::from_static(path), Raw);
    within("an answer", answer)
        .await
        .map(tonic::Response::into_inner)
}

/// Answers once it is let go; counts who waits and who was never answered.
#[derive(Clone, Default)]
struct Gate {
    waiting: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    open: Arc<Gates>,
}

struct Gates(Semaphore);

impl Default for Gates {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

struct Waits(Gate, bool);

impl Drop for Waits {
    fn drop(&mut self) {
        if !self.1 {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Gate {
    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

impl UnaryHandler for Gate {
    async fn call(&self, request: Request) -> Result<Bytes, Status> {
        let mut waits = Waits(self.clone(), false);
        self.waiting.fetch_add(1, Ordering::SeqCst);
        drop(self.open.0.acquire().await.unwrap());
        waits.1 = true;
        Ok(request.message)
    }
}

fn text(length: usize) -> Bytes {
    (0..length)
        .map(|n| (n >> 5) as u8)
        .collect::<Vec<_>>()
        .into()
}

#[tokio::test]
async fn messages_up_to_a_limit_of_64_mib_arrive_and_larger_ones_are_refused() {
    let options = ServerOptions {
        max_message: 64 * MIB,
        ..ServerOptions::default()
    };
    let server = serve(Handler::default(), options);
    let theirs = tonic_server_with(|server| server, EchoServer::large()).await;
    let large = text(64 * MIB - 100);
    let mut options = ClientOptions::plaintext(theirs.to_string().parse().unwrap());
    options.max_message = 64 * MIB;
    let client = Client::new(options.clone());
    assert!(call(&client, ECHO, &large).await.unwrap() == large);
    options.target = server.address.to_string().parse().unwrap();
    let client = Client::new(options);
    assert!(call(&client, ECHO, &large).await.unwrap() == large);
    let answer = tonic_call(tonic_client(&server).await, ECHO, large.clone(), None).await;
    assert!(answer.unwrap() == large);
    let too_large = text(64 * MIB + 1);
    let status = call(&client, ECHO, &too_large).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(call(&client, ECHO, b"x").await.unwrap(), "x");
}

#[tokio::test]
async fn requests_beyond_the_limit_on_streams_wait_their_turn() {
    const REQUESTS: usize = 1000;
    let options = ServerOptions {
        max_concurrent_streams: 4,
        ..ServerOptions::default()
    };
    let handler = Handler::default();
    let server = serve(handler.clone(), options);
    let theirs = tonic_server_with(|server| server.max_concurrent_streams(4), EchoServer::new());
    for address in [theirs.await, server.address] {
        let client = client(address);
        let calls = (0..REQUESTS).map(|n| {
            let client = &client;
            async move {
                let text = n.to_string();
                assert_eq!(call(client, ECHO, text.as_bytes()).await.unwrap(), text);
            }
        });
        join_all(calls).await;
    }
    assert_eq!(handler.called(), REQUESTS);
    let client = tonic_client(&server).await;
    // By now it knows the limit.
    tonic_call(client.clone(), ECHO, text(1), None)
        .await
        .unwrap();
    let calls = (0..100).map(|n| tonic_call(client.clone(), ECHO, text(n), None));
    for answer in join_all(calls).await {
        answer.unwrap();
    }
}

#[tokio::test]
async fn requests_that_are_given_up_while_they_wait_do_not_keep_others_waiting() {
    let gate = Gate::default();
    let options = ServerOptions {
        max_concurrent_streams: 1,
        ..ServerOptions::default()
    };
    let server = serve(gate.clone(), options);
    let client = client(server.address);
    let spawn = |n: u8| {
        let client = client.clone();
        tokio::spawn(async move { call(&client, ECHO, &[n]).await })
    };
    // Settings are known once a request is on its way.
    let first = spawn(0);
    eventually("the first is there", || gate.waiting() == 1).await;
    let waiting: Vec<_> = (1..10).map(spawn).collect();
    tokio::task::yield_now().await;
    for (n, waits) in waiting.iter().enumerate() {
        if n % 2 == 0 {
            waits.abort();
        }
    }
    gate.open.0.add_permits(1000);
    assert_eq!(first.await.unwrap().unwrap(), [0][..]);
    let mut answered = 0;
    for waits in waiting {
        if let Ok(answer) = within("an answer", waits).await {
            answer.unwrap();
            answered += 1;
        }
    }
    assert_eq!(answered, 4);
    assert_eq!(gate.waiting(), 5);
}

/// An HTTP/2 server that takes requests in small steps, and echoes them.
async fn slow_reader() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut builder = h2::server::Builder::new();
        builder
            .initial_window_size(20_000)
            .initial_connection_window_size(70_000);
        let mut connection = builder.handshake::<_, Bytes>(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            tokio::spawn(async move {
                let mut body = request.into_body();
                let mut read = Vec::new();
                while let Some(data) = body.data().await {
                    // Given up by the client.
                    let Ok(data) = data else { return };
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    body.flow_control().release_capacity(data.len()).unwrap();
                    read.extend_from_slice(&data);
                }
                let response = http::Response::builder().header("content-type", "application/grpc");
                let response = response.body(()).unwrap();
                let mut stream = respond.send_response(response, false).unwrap();
                stream.send_data(read.into(), false).unwrap();
                let mut trailers = http::HeaderMap::new();
                trailers.insert("grpc-status", "0".parse().unwrap());
                stream.send_trailers(trailers).unwrap();
            });
        }
    });
    address
}

#[tokio::test]
async fn a_server_that_reads_slowly_gets_every_request_whole() {
    let client = client(slow_reader().await);
    let calls = (0..8).map(|n| {
        let (client, text) = (&client, text(100_000 + n));
        async move { assert!(call(client, ECHO, &text).await.unwrap() == text) }
    });
    join_all(calls).await;
}

#[tokio::test]
async fn a_request_given_up_in_mid_body_leaves_room_for_others() {
    let client = client(slow_reader().await);
    call(&client, ECHO, b"x").await.unwrap();
    for _ in 0..20 {
        let large = text(MIB);
        let given_up = call(&client, ECHO, &large);
        assert!(
            tokio::time::timeout(Duration::from_millis(10), given_up)
                .await
                .is_err()
        );
    }
    let text = text(100_000);
    assert!(call(&client, ECHO, &text).await.unwrap() == text);
}

#[tokio::test]
async fn deadlines_end_requests_on_both_sides() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let client = tonic_client(&server).await;
    let soon = Some(Duration::from_millis(50));
    let status = tonic_call(client.clone(), HANG, text(10), soon)
        .await
        .unwrap_err();
    // tonic's own timer, or our answer.
    let codes = [tonic::Code::DeadlineExceeded, tonic::Code::Cancelled];
    assert!(codes.contains(&status.code()), "{status}");
    eventually("the handler is dropped", || handler.hanging() == 0).await;
    tonic_call(client, ECHO, text(10), None).await.unwrap();
}

#[tokio::test]
async fn a_client_that_closes_its_side_has_left() {
    let handler = Handler::default();
    let server = serve(handler.clone(), ServerOptions::default());
    let mut fields = REQUEST.to_vec();
    fields[2].1 = HANG;
    let request = [frame(1, 4, 1, &block(&fields)), frame(0, 1, 1, &[0; 5])];
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let bytes = [hello(), request.concat()].concat();
    stream.write_all(&bytes).await.unwrap();
    eventually("the request is in hand", || handler.hanging() == 1).await;
    stream.shutdown().await.unwrap();
    // As grpc-go has it: whoever cannot send cannot update windows or answer pings either.
    read_to_end(&mut stream).await;
    eventually("the handler is dropped", || handler.hanging() == 0).await;
    assert_eq!(handler.budget.held(), 0);
}

#[tokio::test]
async fn requests_of_tonic_in_hand_are_answered_at_shutdown() {
    let gate = Gate::default();
    let server = serve(gate.clone(), ServerOptions::default());
    let client = tonic_client(&server).await;
    let calls: Vec<_> = (0..20)
        .map(|n| tokio::spawn(tonic_call(client.clone(), ECHO, text(n), None)))
        .collect();
    eventually("all are in hand", || gate.waiting() == 20).await;
    server.stopper.stop_by(std::time::Instant::now() + PATIENCE);
    tokio::time::sleep(Duration::from_millis(50)).await;
    gate.open.0.add_permits(1000);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    within("the server ends", server.task).await.unwrap();
    assert_eq!(gate.dropped.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_server_that_goes_away_during_calls_costs_none_of_them() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                let mut taken = 0;
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    taken += 1;
                    if taken == 5 {
                        connection.graceful_shutdown();
                    }
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        let grpc = [("content-type", "application/grpc")];
                        let mut stream = respond
                            .send_response(crate::grpc_client::head(200, &grpc), false)
                            .unwrap();
                        stream
                            .send_data(Bytes::from_static(&[0; 5]), false)
                            .unwrap();
                        let mut trailers = http::HeaderMap::new();
                        trailers.insert("grpc-status", "0".parse().unwrap());
                        stream.send_trailers(trailers).unwrap();
                    });
                }
            });
        }
    });
    let client = client(address);
    for _ in 0..5 {
        // Those that are too late are sent again by themselves.
        let calls = (0..10).map(|_| call(&client, ECHO, b""));
        for answer in join_all(calls).await {
            answer.unwrap();
        }
    }
    assert!(connections.load(Ordering::SeqCst) > 1);
}

#[tokio::test]
async fn a_tonic_server_that_stops_answers_what_it_took() {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = tokio::spawn(Server::builder().serve_with_incoming_shutdown(
        EchoServer::slow(Duration::from_millis(100)),
        incoming,
        async {
            drop(stopped.await);
        },
    ));
    let client = client(address);
    let calls: Vec<_> = (0..20_u8)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { call(&client, ECHO, &[n]).await })
        })
        .collect();
    eventually("all are in hand", || Echo::taken() >= 20).await;
    stop.send(()).unwrap();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    within("the server ends", serving).await.unwrap().unwrap();
}
