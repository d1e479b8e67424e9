//! The threads that run a collector, and how components start tasks on them.
//!
//! One CPU is one single-threaded runtime on the main thread; N CPUs are N of them. Nothing is
//! stolen between workers: a connection stays where it was accepted.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use headwater_core::{Runtime, Task, TaskFuture, Worker, worker};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Blocking calls (name resolution, files) are rare; this many run at once per worker.
const BLOCKING_THREADS: usize = 8;

/// N single-threaded runtimes; the caller's thread is worker 0. Ends them when dropped.
pub(crate) struct Workers {
    main: Option<tokio::runtime::Runtime>,
    handles: Vec<Handle>,
    others: Vec<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Workers {
    /// Starts `count` workers, at least one.
    pub(crate) fn start(count: usize) -> io::Result<Self> {
        worker::enter(0);
        let main = runtime()?;
        let mut handles = vec![main.handle().clone()];
        let mut others = Vec::new();
        for index in 1..count {
            let runtime = runtime()?;
            handles.push(runtime.handle().clone());
            let (stop, stopped) = oneshot::channel();
            let thread = std::thread::Builder::new()
                .name(format!("worker-{index}"))
                .spawn(move || {
                    worker::enter(index);
                    // A dropped sender ends the worker just as a message does.
                    runtime.block_on(stopped).ok();
                    runtime.shutdown_background();
                })?;
            others.push((stop, thread));
        }
        Ok(Self {
            main: Some(main),
            handles,
            others,
        })
    }

    /// Runs `future` on worker 0, the calling thread, together with that worker's tasks.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> Option<F::Output> {
        Some(self.main.as_ref()?.block_on(future))
    }

    /// What the host needs to start tasks.
    pub(crate) fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::new(Handles(self.handles.clone()))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for (stop, thread) in self.others.drain(..) {
            stop.send(()).ok();
            thread.join().ok();
        }
        if let Some(main) = self.main.take() {
            main.shutdown_background();
        }
    }
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
}

struct Handles(Vec<Handle>);

impl Runtime for Handles {
    fn workers(&self) -> usize {
        self.0.len()
    }

    fn spawn(&self, worker: Worker, task: TaskFuture) -> Task {
        let index = match worker {
            Worker::Current => worker::current(),
            Worker::Index(index) => index,
        };
        spawn_on(&self.0[index % self.0.len()], task)
    }
}

/// The runtime of a program that embeds a collector: one worker, whatever threads it has.
pub(crate) struct Embedded(pub(crate) Handle);

impl Runtime for Embedded {
    fn workers(&self) -> usize {
        1
    }

    fn spawn(&self, _: Worker, task: TaskFuture) -> Task {
        spawn_on(&self.0, task)
    }
}

fn spawn_on(handle: &Handle, task: TaskFuture) -> Task {
    let running = handle.spawn(task);
    let abort = running.abort_handle();
    Task::new(move || abort.abort(), async move {
        // An aborted task and one that ended are the same to whoever waits.
        running.await.ok();
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn tasks_run_on_the_worker_they_were_sent_to() {
        let workers = Workers::start(3).unwrap();
        let runtime = workers.runtime();
        let seen = Arc::new(Mutex::new(Vec::new()));
        workers.block_on(async {
            for index in 0..3 {
                let seen = Arc::clone(&seen);
                let task = Box::pin(async move {
                    seen.lock().unwrap().push((index, worker::current()));
                });
                runtime.spawn(Worker::Index(index), task).join().await;
            }
        });
        assert_eq!(*seen.lock().unwrap(), [(0, 0), (1, 1), (2, 2)]);
    }

    #[test]
    fn a_task_that_was_aborted_can_be_joined() {
        let workers = Workers::start(2).unwrap();
        let runtime = workers.runtime();
        workers.block_on(async {
            let task = runtime.spawn(Worker::Index(1), Box::pin(std::future::pending()));
            task.abort();
            task.join().await;
        });
    }
}
