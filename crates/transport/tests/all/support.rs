//! Servers for tests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use headwater_core::rpc::Code;
use headwater_core::{Budget, Context, Ticket};
use headwater_transport::grpc::{
    Client, ClientOptions, Message, Request, Server, ServerOptions, UnaryHandler,
};
use headwater_transport::listen::{self, Listener, Transport};
use headwater_transport::{Serve, Status, Stopper};
use tokio::task::JoinHandle;

/// Nothing on loopback takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const ECHO: &str = "/test.Service/Echo";
pub(crate) const FAIL: &str = "/test.Service/Fail";
pub(crate) const HANG: &str = "/test.Service/Hang";

/// Echoes, fails with what the message says, or never answers.
#[derive(Debug, Default)]
pub(crate) struct Handler {
    pub(crate) budget: Budget,
    pub(crate) hanging: Arc<AtomicUsize>,
}

struct Hanging(Arc<AtomicUsize>);

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl UnaryHandler for Handler {
    fn admit(&self, _method: usize, bytes: usize) -> Result<Ticket, Status> {
        Ok(self.budget.try_charge(bytes)?)
    }

    async fn call(&self, request: Request) -> Result<Bytes, Status> {
        match request.method {
            0 => Ok(request.message),
            1 => {
                let text = String::from_utf8_lossy(&request.message).into_owned();
                Err(Status::new(Code::Unavailable, text)
                    .with_retry_delay(Duration::from_millis(1500)))
            }
            _ => {
                self.hanging.fetch_add(1, Ordering::SeqCst);
                let _hanging = Hanging(Arc::clone(&self.hanging));
                std::future::pending().await
            }
        }
    }
}

/// A running server; stops when dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stopper: Stopper,
    pub(crate) task: JoinHandle<()>,
}

pub(crate) fn listener() -> Listener {
    let bound = listen::bind(Transport::Tcp, "127.0.0.1:0", 1).unwrap();
    bound.split(1).unwrap().remove(0).into_listener().unwrap()
}

pub(crate) fn serve<H: UnaryHandler>(handler: H, options: ServerOptions) -> Running {
    serve_with(
        Server::new(vec![ECHO, FAIL, HANG], handler, options),
        listener(),
    )
}

pub(crate) fn serve_with(server: impl Serve, listener: Listener) -> Running {
    let address = listener
        .local_addr()
        .tcp()
        .unwrap_or_else(|| ([0, 0, 0, 0], 0).into());
    let stopper = Stopper::default();
    let task = tokio::spawn(server.serve(listener, stopper.stop()));
    Running {
        address,
        stopper,
        task,
    }
}

pub(crate) fn client(address: SocketAddr) -> Client {
    Client::new(ClientOptions::plaintext(
        address.to_string().parse().unwrap(),
    ))
}

pub(crate) async fn call(
    client: &Client,
    path: &'static str,
    text: &[u8],
) -> Result<Bytes, Status> {
    let message = Message::from(Bytes::copy_from_slice(text));
    client
        .call(
            &client.method(path),
            &message,
            &Context::default(),
            Some(PATIENCE),
        )
        .await
}

/// Waits for a condition that another task brings about.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, waiting).await.is_ok(),
        "never: {what}"
    );
}
