//! The endpoint that `/metrics` is read from: a small HTTP/1 server of its own, so that it works
//! in every distribution and answers when the pipelines are in trouble.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use headwater_core::{Runtime, Task, Worker};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::task::JoinSet;

/// Scrapers are few; whoever comes beyond that waits.
const MAX_CONNECTIONS: usize = 64;
/// Between two requests on a connection, headers included.
const IDLE: Duration = Duration::from_secs(120);

/// Makes the text when somebody asks.
pub(crate) type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// A running endpoint; ends when it is dropped.
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    task: Task,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens on the first address of `host` that this machine has, IPv4 first.
pub(crate) async fn bind(host: &str, port: u16) -> io::Result<TcpListener> {
    let mut addresses: Vec<SocketAddr> = match host {
        // Asked of nobody: it would cost a thread.
        "localhost" => vec![
            ([127, 0, 0, 1], port).into(),
            (std::net::Ipv6Addr::LOCALHOST, port).into(),
        ],
        _ => lookup_host((host, port)).await?.collect(),
    };
    addresses.sort_by_key(SocketAddr::is_ipv6);
    let mut result = Err(io::Error::other("the name has no address"));
    for address in addresses {
        result = TcpListener::bind(address).await;
        // Only an address that this machine does not have gives way to the next: on a port that
        // is taken nobody would look for the other one.
        match &result {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {}
            _ => break,
        }
    }
    result
}

impl Endpoint {
    /// Answers on `listener` until it is dropped.
    pub(crate) fn start(
        runtime: &dyn Runtime,
        listener: TcpListener,
        render: Render,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let task = runtime.spawn(Worker::Current, Box::pin(serve(listener, render)));
        Ok(Self { address, task })
    }
}

async fn serve(listener: TcpListener, render: Render) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&render)));
                }
                // Out of file descriptors, most likely: trying at once would burn a CPU.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, render: Render) {
    let service = service_fn(move |request| {
        let response = answer(&request, &render);
        async { Ok::<_, Infallible>(response) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "Metrics connection ended"
        );
    }
}

fn answer(request: &Request<Incoming>, render: &Render) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        let allowed = hyper::header::HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, allowed);
    } else {
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        let kind = hyper::header::HeaderValue::from_static(kind);
        response.headers_mut().insert(CONTENT_TYPE, kind);
        *response.body_mut() = Full::new(Bytes::from(render()));
    }
    response
}
