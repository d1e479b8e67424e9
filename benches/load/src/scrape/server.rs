//! An HTTP server on a thread of its own: the targets, and the sink.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use crate::error::LoadError;

/// A running server; gone when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where it listens, on loopback.
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<Infallible>,
}

impl Server {
    /// Starts one on a free port; `name` is its thread's.
    ///
    /// # Errors
    /// No port, no thread.
    pub(crate) fn start<A: Future<Output = Response<Full<Bytes>>> + Send + 'static>(
        name: &str,
        answer: impl Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    ) -> Result<Self, LoadError> {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), name, answer)
    }

    /// Starts one at `address`.
    ///
    /// # Errors
    /// An address that is taken, no thread.
    pub(crate) fn start_at<A: Future<Output = Response<Full<Bytes>>> + Send + 'static>(
        address: SocketAddr,
        name: &str,
        answer: impl Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    ) -> Result<Self, LoadError> {
        let serving = move |listener| serve(listener, answer);
        let (address, stop) = on_a_thread(address, name, serving)?;
        Ok(Self {
            address,
            _stop: stop,
        })
    }
}

/// Listens at `address` and runs what `serve` makes of that on a thread called `name`, until what it
/// returns beside the address is dropped.
///
/// # Errors
/// An address that is taken, no thread.
pub(crate) fn on_a_thread<S: Future<Output = ()>>(
    address: SocketAddr,
    name: &str,
    serve: impl FnOnce(TcpListener) -> S + Send + 'static,
) -> Result<(SocketAddr, oneshot::Sender<Infallible>), LoadError> {
    let what = || LoadError::io(format!("start the server of the {name}"));
    let listener = TcpListener::bind(address).map_err(what())?;
    listener.set_nonblocking(true).map_err(what())?;
    let address = listener.local_addr().map_err(what())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(what())?;
    let (stop, stopped) = oneshot::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener) => {}
                    _ = stopped => {}
                }
            });
        })
        .map_err(what())?;
    Ok((address, stop))
}

async fn serve<A: Future<Output = Response<Full<Bytes>>> + Send + 'static>(
    listener: TcpListener,
    answer: impl Fn(Request<Incoming>) -> A + Clone + Send + 'static,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    while let Ok((stream, _)) = listener.accept().await {
        // Without it only latency would be worse.
        drop(stream.set_nodelay(true));
        let answer = answer.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let response = answer(request);
                async move { Ok::<_, Infallible>(response.await) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            // The collector's business.
            drop(
                connection
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}
