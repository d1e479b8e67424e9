//! A host on the test's own tokio runtime.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_core::{Budget, ComponentId, Extension, Host, Runtime, Task, TaskFuture, Worker};

/// Runs every task on the runtime that the caller is in; one worker.
#[derive(Debug, Clone, Copy, Default)]
pub struct TestRuntime;

impl Runtime for TestRuntime {
    fn workers(&self) -> usize {
        1
    }

    fn spawn(&self, _: Worker, task: TaskFuture) -> Task {
        let handle = tokio::spawn(task);
        let abort = handle.abort_handle();
        // A task that was aborted or panicked has ended, too.
        Task::new(move || abort.abort(), async move { drop(handle.await) })
    }
}

/// A host without extensions whose budget has no limit.
#[must_use]
pub fn host() -> Host {
    host_with(BTreeMap::new(), Budget::default())
}

/// A host with these extensions and this budget. Fatal errors fail the test.
#[must_use]
pub fn host_with(extensions: BTreeMap<ComponentId, Arc<dyn Extension>>, budget: Budget) -> Host {
    Host::new(Arc::new(TestRuntime), extensions, budget, |reason| {
        panic!("a component asked the process to stop: {reason}");
    })
}

/// A host with one extension.
///
/// # Panics
/// If `id` is none.
#[must_use]
pub fn host_with_extension(id: &str, extension: Arc<dyn Extension>) -> Host {
    #[expect(
        clippy::unwrap_used,
        reason = "only tests use it, which fail by panicking"
    )]
    let id: ComponentId = id.parse().unwrap();
    host_with(BTreeMap::from([(id, extension)]), Budget::default())
}
