//! Servers for tests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use headwater_core::rpc::Code;
use headwater_core::{
    Budget, ComponentId, Context, Extension, Host, Runtime, Task, TaskFuture, Ticket, Worker,
};
use headwater_transport::grpc::{
    Client, ClientOptions, Message, Request, Server, ServerOptions, UnaryHandler,
};
use headwater_transport::listen::{self, Listener, Transport};
use headwater_transport::{Serve, Status, Stopper};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Nothing on loopback takes this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const ECHO: &str = "/test.Service/Echo";
pub(crate) const FAIL: &str = "/test.Service/Fail";
pub(crate) const HANG: &str = "/test.Service/Hang";
pub(crate) const METHODS: [&str; 3] = [ECHO, FAIL, HANG];

/// Echoes, fails with what the message says, or never answers. Clones share what they count.
#[derive(Debug, Default, Clone)]
pub(crate) struct Handler {
    pub(crate) budget: Budget,
    pub(crate) hanging: Arc<AtomicUsize>,
    pub(crate) called: Arc<AtomicUsize>,
    pub(crate) contexts: Arc<Mutex<Vec<Context>>>,
}

impl Handler {
    pub(crate) fn hanging(&self) -> usize {
        self.hanging.load(Ordering::SeqCst)
    }

    pub(crate) fn called(&self) -> usize {
        self.called.load(Ordering::SeqCst)
    }
}

struct Hanging(Arc<AtomicUsize>);

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Never ends; counts who waits.
pub(crate) async fn hang(counter: &Arc<AtomicUsize>) -> ! {
    counter.fetch_add(1, Ordering::SeqCst);
    let _hanging = Hanging(Arc::clone(counter));
    std::future::pending().await
}

impl UnaryHandler for Handler {
    fn admit(&self, _method: usize, bytes: usize) -> Result<Ticket, Status> {
        Ok(self.budget.try_charge(bytes)?)
    }

    async fn call(&self, request: Request) -> Result<Bytes, Status> {
        self.called.fetch_add(1, Ordering::SeqCst);
        self.contexts.lock().unwrap().push(request.context.clone());
        match request.method {
            0 => Ok(request.message),
            1 => {
                let text = String::from_utf8_lossy(&request.message).into_owned();
                Err(Status::new(Code::Unavailable, text)
                    .with_retry_delay(Duration::from_millis(1500)))
            }
            _ => hang(&self.hanging).await,
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
    listener_on("127.0.0.1:0")
}

pub(crate) fn listener_on(endpoint: &str) -> Listener {
    let bound = listen::bind(Transport::Tcp, endpoint, 1).unwrap();
    bound.split(1).unwrap().remove(0).into_listener().unwrap()
}

pub(crate) fn serve<H: UnaryHandler>(handler: H, options: ServerOptions) -> Running {
    serve_with(Server::new(METHODS.to_vec(), handler, options), listener())
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
    let context = Context::default();
    client
        .call(&client.method(path), &message, &context, Some(PATIENCE))
        .await
}

/// Waits for a condition that another task brings about.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(what, waiting).await;
}

/// The future's result, if it comes within the test's patience.
pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"))
}

/// Sends bytes and reads until the server closes the connection.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may close while it is being written to.
    drop(stream.write_all(bytes).await);
    read_to_end(&mut stream).await
}

pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset after the answer is an end, too.
    drop(within("the server closes", stream.read_to_end(&mut answer)).await);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A server that answers every connection with `answer` once it has read something.
pub(crate) async fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut some = [0; 1024];
                drop(stream.read(&mut some).await);
                drop(stream.write_all(answer).await);
            });
        }
    });
    address
}

struct OneRuntime;

impl Runtime for OneRuntime {
    fn workers(&self) -> usize {
        1
    }

    fn spawn(&self, _: Worker, task: TaskFuture) -> Task {
        let handle = tokio::spawn(task);
        let abort = handle.abort_handle();
        Task::new(move || abort.abort(), async move {
            drop(handle.await);
        })
    }
}

/// A host with extensions.
pub(crate) fn host(extensions: Vec<(&str, Arc<dyn Extension>)>) -> Host {
    let by_id: BTreeMap<ComponentId, _> = extensions
        .into_iter()
        .map(|(id, extension)| (id.parse().unwrap(), extension))
        .collect();
    Host::new(Arc::new(OneRuntime), by_id, Budget::default(), |reason| {
        panic!("{reason}")
    })
}
