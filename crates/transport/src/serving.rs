//! Serving a bound socket on every worker of a host.

use std::future::Future;
use std::time::{Duration, Instant};

use headwater_core::{Host, Task, Worker};
use tokio::sync::watch;

use crate::listen::{Bound, Cleanup, ListenError, Listener, LocalAddr};

/// From a client's connect to its first bytes, TLS handshake included, unless it is an idle one.
const BEGINNING: Duration = Duration::from_secs(1);

/// Tells a server to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<Option<Instant>>);

impl Stop {
    /// Ready once the server is to stop.
    pub async fn wait(&mut self) {
        // An error means that whoever could say so is gone, which says it.
        drop(self.0.wait_for(Option::is_some).await);
    }

    /// Ready once the server is to stop and a client that had just connected has had the time
    /// to say what it wants.
    pub(crate) async fn wait_for_beginners(&mut self) {
        self.wait().await;
        tokio::time::sleep(BEGINNING).await;
    }

    /// Ready once the server should have stopped.
    pub async fn overdue(mut self) {
        let deadline = match self.0.wait_for(Option::is_some).await {
            Ok(deadline) => *deadline,
            Err(_) => None,
        };
        if let Some(deadline) = deadline {
            tokio::time::sleep_until(deadline.into()).await;
        }
    }
}

/// Makes [`Stop`]s.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Option<Instant>>);

impl Default for Stopper {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Stopper {
    /// What a server is given.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop(self.0.subscribe())
    }

    /// Asks every server to stop by `deadline`. Dropping the stopper asks at once.
    pub fn stop_by(&self, deadline: Instant) {
        self.0.send_replace(Some(deadline));
    }
}

/// A server that can be served on several workers at once.
pub trait Serve: Clone + Send + Sync + 'static {
    /// Serves connections until `stop`, then finishes what is in hand and returns.
    ///
    /// # Cancel safety
    /// Dropping the future closes every connection at once.
    fn serve(self, listener: Listener, stop: Stop) -> impl Future<Output = ()> + Send;
}

/// A server that runs on every worker of a host.
#[derive(Debug)]
pub struct Serving {
    stopper: Stopper,
    tasks: Vec<Task>,
    cleanup: Cleanup,
}

impl Serving {
    /// Starts `server` once per worker on `bound`, which must have been bound for as many.
    ///
    /// # Errors
    /// [`ListenError`] if the handle of a Unix socket cannot be copied.
    pub fn start(host: &Host, bound: Bound, server: &impl Serve) -> Result<Self, ListenError> {
        let cleanup = bound.cleanup();
        let stopper = Stopper::default();
        let mut tasks = Vec::new();
        for (index, socket) in bound.split(host.workers())?.into_iter().enumerate() {
            let (server, stop, fatal) = (server.clone(), stopper.stop(), host.clone());
            tasks.push(host.spawn(Worker::Index(index), async move {
                let listener = match socket.into_listener() {
                    Ok(listener) => listener,
                    Err(error) => return fatal.fail(error.to_string()),
                };
                let overdue = stop.clone().overdue();
                tokio::select! {
                    () = server.serve(listener, stop) => {}
                    () = overdue => {}
                }
            }));
        }
        Ok(Self {
            stopper,
            tasks,
            cleanup,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> &LocalAddr {
        self.cleanup.local_addr()
    }

    /// Stops accepting, asks clients to go away and waits until the requests in hand are
    /// answered; what is left at `deadline` is cut off.
    pub async fn shutdown(self, deadline: Instant) {
        self.stopper.stop_by(deadline);
        for task in self.tasks {
            task.join().await;
        }
        self.cleanup.run();
    }
}
