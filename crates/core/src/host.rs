//! What surrounds a component: tasks, extensions, the byte budget, fatal errors.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{Budget, ComponentId, Extension};

/// A boxed task.
pub type TaskFuture = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// Where a task runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worker {
    /// On the worker that runs the caller.
    Current,
    /// On the worker with this index, below [`Host::workers`].
    Index(usize),
}

/// How a host runs tasks; the service and embedding programs implement it.
pub trait Runtime: Send + Sync {
    /// The number of workers, at least 1. A worker is a thread with a runtime of its own; an
    /// embedding program has one.
    fn workers(&self) -> usize;

    /// Starts `task`; the returned handle ends it.
    fn spawn(&self, worker: Worker, task: TaskFuture) -> Task;
}

/// A task that was started through [`Host::spawn`].
///
/// Dropping the handle leaves the task running; the host aborts what is left when it stops.
#[must_use = "a task that nobody joins can outlive its component"]
pub struct Task {
    abort: Box<dyn Fn() + Send + Sync>,
    done: TaskFuture,
}

impl Task {
    /// A handle made of how to abort the task and a future that ends when the task has ended.
    pub fn new(
        abort: impl Fn() + Send + Sync + 'static,
        done: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self {
            abort: Box::new(abort),
            done: Box::pin(done),
        }
    }

    /// Ends the task at its next await.
    pub fn abort(&self) {
        (self.abort)();
    }

    /// Waits until the task has ended, also when it was aborted.
    pub async fn join(self) {
        self.done.await;
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// What a component finds around it at start. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    runtime: Arc<dyn Runtime>,
    extensions: Arc<BTreeMap<ComponentId, Arc<dyn Extension>>>,
    budget: Budget,
    fatal: Arc<dyn Fn(String) + Send + Sync>,
}

impl Host {
    /// A host. `fatal` is called when a component cannot go on and the process has to stop.
    pub fn new(
        runtime: Arc<dyn Runtime>,
        extensions: BTreeMap<ComponentId, Arc<dyn Extension>>,
        budget: Budget,
        fatal: impl Fn(String) + Send + Sync + 'static,
    ) -> Self {
        Self {
            runtime,
            extensions: Arc::new(extensions),
            budget,
            fatal: Arc::new(fatal),
        }
    }

    /// The number of workers, at least 1. A server that wants all of them listens once per
    /// worker on the same port.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.runtime.workers().max(1)
    }

    /// Starts a task. The component joins or aborts it in `shutdown`.
    pub fn spawn(&self, worker: Worker, task: impl Future<Output = ()> + Send + 'static) -> Task {
        self.runtime.spawn(worker, Box::pin(task))
    }

    /// The extension configured as `id`, if it is listed in `service.extensions`.
    #[must_use]
    pub fn extension(&self, id: &ComponentId) -> Option<Arc<dyn Extension>> {
        self.extensions.get(id).cloned()
    }

    /// Every extension, by id.
    pub fn extensions(&self) -> impl Iterator<Item = (&ComponentId, &Arc<dyn Extension>)> {
        self.extensions.iter()
    }

    /// The process-wide budget of bytes held.
    #[must_use]
    pub const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Asks the process to shut down because of `reason`, as a fatal error status does.
    pub fn fail(&self, reason: impl Into<String>) {
        (self.fatal)(reason.into());
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("workers", &self.workers())
            .field("extensions", &self.extensions.keys())
            .finish_non_exhaustive()
    }
}
