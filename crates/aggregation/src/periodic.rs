//! A task that does something at an interval until it is told to stop.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headwater_core::{Host, Task, Worker};
use tokio::sync::Notify;
use tokio::time::Instant;

#[derive(Debug, Default)]
struct Stop {
    stopped: AtomicBool,
    notify: Notify,
}

/// What a component does at intervals; ends when told to, never in the middle of a turn unless
/// the deadline has come.
#[derive(Debug, Default)]
pub struct Periodic {
    stop: Arc<Stop>,
    tasks: Mutex<Vec<Running>>,
}

#[derive(Debug)]
struct Running {
    task: Task,
    /// Locked during a turn.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// Says when the owner wants to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stopping(Arc<Stop>);

impl Stopping {
    /// Waits until `until`, or until the owner stops: then true.
    pub async fn sleep_until(&self, until: Instant) -> bool {
        let notified = self.0.notify.notified();
        let mut notified = std::pin::pin!(notified);
        // Listening from here on, so that a stop after the next line is not missed.
        notified.as_mut().enable();
        if self.0.stopped.load(Ordering::Acquire) {
            return true;
        }
        tokio::time::timeout_at(until, notified).await.is_ok()
    }
}

impl Periodic {
    /// For turns that wait themselves.
    #[must_use]
    pub fn stopping(&self) -> Stopping {
        Stopping(Arc::clone(&self.stop))
    }

    /// Starts a task that takes a turn every `interval`, the first one after one interval. Turns
    /// that are missed are not made up for.
    pub fn start<F>(
        &self,
        host: &Host,
        interval: Duration,
        turn: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send,
    {
        let stopping = self.stopping();
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        let running = Arc::clone(&lock);
        let task = host.spawn(Worker::Current, async move {
            let mut next = Instant::now() + interval;
            while !stopping.sleep_until(next).await {
                let _turn = lock.lock().await;
                turn().await;
                next = (next + interval).max(Instant::now());
            }
        });
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Running {
                task,
                turn: running,
            });
    }

    /// Ends the tasks: waits for their turns until `deadline`, then cuts them off.
    pub async fn stop(&self, deadline: std::time::Instant) {
        self.stop.stopped.store(true, Ordering::Release);
        self.stop.notify.notify_waiters();
        let running =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for Running { task, turn } in running {
            // Held until the task has ended, or not at all if a turn takes too long.
            let _pause = tokio::time::timeout_at(deadline.into(), turn.lock()).await;
            task.abort();
            task.join().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_come_at_the_interval_and_end_with_stop() {
        let (periodic, turns) = (Periodic::default(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&turns);
        periodic.start(
            &headwater_testkit::host(),
            Duration::from_secs(10),
            move || {
                let count = Arc::clone(&count);
                async move {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            },
        );
        tokio::time::sleep(Duration::from_secs(35)).await;
        assert_eq!(turns.load(Ordering::Relaxed), 3);
        periodic.stop(std::time::Instant::now()).await;
        tokio::time::sleep(Duration::from_secs(35)).await;
        assert_eq!(turns.load(Ordering::Relaxed), 3);
        assert!(
            periodic
                .stopping()
                .sleep_until(Instant::now() + Duration::from_secs(1))
                .await
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_takes_too_long_is_cut_off() {
        let periodic = Periodic::default();
        periodic.start(&headwater_testkit::host(), Duration::from_secs(1), || {
            std::future::pending()
        });
        tokio::time::sleep(Duration::from_secs(2)).await;
        periodic.stop(std::time::Instant::now()).await;
    }
}
