//! The HTTP/2 codec on connections in memory, for the fuzz targets.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headwater_core::Context;
use headwater_core::auth::ServerAuthenticator;
use tokio::io::DuplexStream;

use crate::accept::Acceptor;
use crate::grpc::{Client, ClientOptions, Message, Server, ServerOptions, UnaryHandler};
use crate::io::Io;
use crate::{Status, Stop};

pub use crate::http2::fuzz_hpack as hpack;

/// A server that asks an authenticator.
#[must_use]
pub fn server<H: UnaryHandler>(
    methods: Vec<&'static str>,
    handler: H,
    options: ServerOptions,
    authenticator: Option<Arc<dyn ServerAuthenticator>>,
) -> Server<H> {
    Server::build(
        methods,
        handler,
        options,
        Acceptor::default(),
        authenticator,
    )
}

/// Serves one connection, whose preface has been read, until its end.
pub async fn serve<H: UnaryHandler>(server: &Server<H>, stream: DuplexStream, stop: Stop) {
    server.serve_io(Io::memory(stream), stop).await;
}

/// Sends messages on one connection, all at once, and returns what each brought.
pub async fn call(
    options: ClientOptions,
    stream: DuplexStream,
    path: &'static str,
    messages: &[Bytes],
    timeout: Option<Duration>,
) -> Vec<Result<Bytes, Status>> {
    let client = Client::new(options);
    let method = client.method(path);
    let Some((open, sender)) = client.open_io(Io::memory(stream)).await else {
        return Vec::new();
    };
    let context = Context::default();
    let calls = messages.iter().map(|message| {
        let message = Message::from(message.clone());
        let (client, method, context, sender) = (&client, &method, &context, sender.clone());
        async move {
            client
                .call_on(sender, method, &message, context, timeout)
                .await
        }
    });
    let driver = tokio::spawn(open.run_to_the_end());
    let answers = futures_util::future::join_all(calls).await;
    driver.abort();
    answers
}
