//! The memory queue: what waits to be sent, and who sends it.
//!
//! One lock guards what is ready and what is still being merged; it is held for moving
//! references, and for splitting, never across an await. Each worker thread has a seat where its
//! idle consumers wait, so that a request is sent by the thread that received it as long as that
//! thread has a consumer to spare.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use headwater_core::pdata::validate::{Level, validate};
use headwater_core::{Batch, ConsumeError, worker};
use tokio::sync::Notify;
use tokio::sync::oneshot::Receiver;
use tokio::time::{Instant, timeout_at};

use crate::backlog::{Backlog, is_same_client};
use crate::batcher::Batcher;
use crate::capacity::{Capacity, stopped};
use crate::claim::{Claim, Claims, Outcome};
use crate::config::SendingQueueConfig;

/// An empty queue that once was longer than this gives its memory back.
const SHRINK_ABOVE: usize = 1024;

/// One request to the backend, and for whom it is sent.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) batch: Batch,
    pub(crate) claims: Claims,
    /// How many segments each of the requests has that a backlog has merged; empty if it is one.
    pub(crate) merged: Vec<usize>,
}

/// Where the idle consumers of one worker wait.
#[derive(Debug, Default)]
struct Seat {
    woken: Notify,
    /// Consumers that wait; changed under the queue's lock only.
    idle: AtomicUsize,
}

#[derive(Debug)]
struct State {
    ready: VecDeque<Parcel>,
    /// Of what is ready; counted for a backlog only.
    bytes: usize,
    backlog: Option<Backlog>,
    batcher: Option<Batcher>,
    /// When the timer wakes by itself; `None` while it waits to be woken.
    timer: Option<Instant>,
    stopped: bool,
}

/// How a request was taken.
#[derive(Debug)]
pub(crate) enum Taken {
    /// The queue is responsible for it.
    Queued,
    /// The sender stays responsible until the answer is here.
    Waiting(Receiver<Outcome>),
    /// There was nothing in it.
    Empty,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Queue {
    capacity: Arc<Capacity>,
    wait_for_result: bool,
    batching: bool,
    state: Mutex<State>,
    seats: OnceLock<Box<[Seat]>>,
    timer: Notify,
    /// More waits than a backlog merges, or the queue has been stopped.
    pressed: Notify,
    span: tracing::Span,
}

impl Queue {
    pub(crate) fn new(
        config: &SendingQueueConfig,
        backlog: Option<Backlog>,
        span: tracing::Span,
    ) -> Self {
        let batcher = config.batch.as_ref().map(Batcher::new);
        Self {
            capacity: Arc::new(Capacity::new(config)),
            wait_for_result: config.wait_for_result,
            batching: batcher.is_some(),
            state: Mutex::new(State {
                ready: VecDeque::new(),
                bytes: 0,
                backlog,
                batcher,
                timer: None,
                stopped: false,
            }),
            seats: OnceLock::new(),
            timer: Notify::new(),
            pressed: Notify::new(),
            span,
        }
    }

    pub(crate) const fn capacity(&self) -> &Arc<Capacity> {
        &self.capacity
    }

    /// Whether requests are merged.
    pub(crate) const fn is_batching(&self) -> bool {
        self.batching
    }

    /// Says how many workers will have consumers. Once, before the first consumer.
    pub(crate) fn open(&self, workers: usize) {
        self.seats
            .get_or_init(|| (0..workers).map(|_| Seat::default()).collect());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> &[Seat] {
        self.seats.get().map_or(&[], |seats| seats)
    }

    /// Takes a request in. `taken` is called once the queue has become responsible, before
    /// anybody can send it.
    ///
    /// # Cancel safety
    /// A call that is dropped while it waits for room has taken nothing.
    pub(crate) async fn offer(
        &self,
        batch: Batch,
        taken: impl FnOnce(),
    ) -> Result<Taken, ConsumeError> {
        if self.batching {
            // One malformed request must not make a backend refuse those it is merged with.
            for segment in batch.payload().segments() {
                validate(batch.signal(), segment, Level::Structure).map_err(|error| {
                    ConsumeError::permanent("request is not valid OTLP").with_source(error)
                })?;
            }
        }
        let Some(room) = self.capacity.take(&batch).await? else {
            return Ok(Taken::Empty);
        };
        let batch = if self.is_busy() {
            compacted(batch)
        } else {
            batch
        };
        let (claim, receiver) = if self.wait_for_result {
            let (claim, receiver) = Claim::answered(room);
            (claim, Some(receiver))
        } else {
            (Claim::new(room), None)
        };
        let mut state = self.state();
        if state.stopped {
            return Err(stopped());
        }
        taken();
        if state.backlog.is_some() {
            state.bytes += batch.bytes();
        }
        let State { ready, batcher, .. } = &mut *state;
        let before = ready.len();
        let mut oversized = 0;
        match batcher {
            None => ready.push_back(Parcel {
                batch,
                claims: claim.into(),
                merged: Vec::new(),
            }),
            Some(batcher) => oversized = batcher.add(batch, claim, ready),
        }
        let full = state.ready.len() - before;
        let wake_timer = self.timer_is_late(&mut state);
        self.wake(full, &state);
        let pressed = state.is_pressed();
        drop(state);
        if pressed {
            self.pressed.notify_one();
        }
        if wake_timer {
            self.timer.notify_one();
        }
        if oversized > 0 {
            tracing::warn!(
                parent: &self.span,
                items = oversized,
                "Batch exceeds max_size because an item alone does. Sending it all the same."
            );
        }
        Ok(receiver.map_or(Taken::Queued, Taken::Waiting))
    }

    /// Whether a request that comes now has to wait for a consumer.
    fn is_busy(&self) -> bool {
        self.seats().iter().all(|seat| !seat.is_taken())
    }

    /// Whether the timer sleeps longer than it should.
    fn timer_is_late(&self, state: &mut State) -> bool {
        let Some(batcher) = &state.batcher else {
            return false;
        };
        let event = batcher.next_event(Instant::now());
        let late = match (event, state.timer) {
            (Some(event), Some(timer)) => event < timer,
            (event, None) => event.is_some(),
            (None, Some(_)) => false,
        };
        if late {
            // Until it has woken, nobody needs to wake it again.
            state.timer = event;
        }
        late
    }

    /// Wakes up to `parcels` idle consumers, those of the calling worker first.
    fn wake(&self, parcels: usize, _locked: &MutexGuard<'_, State>) {
        let seats = self.seats();
        let current = worker::current();
        for _ in 0..parcels {
            let own = seats.get(current).filter(|seat| seat.is_taken());
            let Some(seat) = own.or_else(|| seats.iter().find(|seat| seat.is_taken())) else {
                break;
            };
            seat.idle.fetch_sub(1, Ordering::Relaxed);
            seat.woken.notify_one();
        }
    }

    /// The next request to send, for a consumer on `worker`. `None` when the queue has been
    /// stopped and is empty.
    pub(crate) async fn next(&self, worker: usize) -> Option<Parcel> {
        if let Some(parcel) = self.state().take() {
            return Some(parcel);
        }
        let seat = self.seats().get(worker)?;
        loop {
            // Registered before it is counted: whoever wakes a counted consumer finds one.
            let mut woken = std::pin::pin!(seat.woken.notified());
            woken.as_mut().enable();
            {
                let mut state = self.state();
                if let Some(parcel) = state.take() {
                    return Some(parcel);
                }
                if state.stopped {
                    return None;
                }
                seat.idle.fetch_add(1, Ordering::Relaxed);
            }
            woken.await;
        }
    }

    /// Waits until the next request may follow one that was begun at `began`.
    pub(crate) async fn pace(&self, began: Instant) {
        let Some(backlog) = self.state().backlog else {
            return;
        };
        let until = began + backlog.merge_interval;
        loop {
            let pressed = self.pressed.notified();
            if self.state().is_pressed() || timeout_at(until, pressed).await.is_err() {
                return;
            }
        }
    }

    /// Takes out the oldest of what waits, to make room.
    pub(crate) fn take_oldest(&self) -> Option<Parcel> {
        self.state().pop()
    }

    /// Takes out the oldest of what waits if that is more than a backlog may be.
    pub(crate) fn take_excess(&self) -> Option<Parcel> {
        let mut state = self.state();
        let most = state.backlog?.max_bytes;
        (state.bytes > most && state.ready.len() > 1)
            .then(|| state.pop())
            .flatten()
    }

    /// Hands out batches whose time has come, for as long as the queue is open. Sleeps without a
    /// timer while there is nothing to wait for.
    pub(crate) async fn run_timer(&self) {
        loop {
            let woken = self.timer.notified();
            let next = self.flush_due();
            match next {
                None => woken.await,
                // Woken or due: either way there is something to look at.
                Some(next) => drop(timeout_at(next, woken).await),
            }
        }
    }

    /// Moves what is due to idle consumers and returns when to look again. While all consumers
    /// are busy batches go on growing: the consumer that is free first takes what is due.
    fn flush_due(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.state();
        let idle: usize = self.seats().iter().map(Seat::count).sum();
        let State { ready, batcher, .. } = &mut *state;
        let batcher = batcher.as_mut()?;
        let before = ready.len();
        let free = idle.saturating_sub(before);
        ready.extend(std::iter::from_fn(|| batcher.take_due(now)).take(free));
        let full = ready.len() - before;
        batcher.forget_idle(now);
        let next = batcher.next_event(now);
        state.timer = next;
        self.wake(full, &state);
        next
    }

    /// Takes nothing from now on; what is there is still handed out, what was being merged at
    /// once.
    pub(crate) fn stop(&self) {
        self.capacity.close();
        let mut state = self.state();
        state.stopped = true;
        let rest = state.batcher.as_mut().map(Batcher::take_all);
        state.ready.extend(rest.into_iter().flatten());
        drop(state);
        for seat in self.seats() {
            seat.woken.notify_waiters();
        }
        self.pressed.notify_one();
    }

    /// Takes out what nobody will send any more.
    pub(crate) fn clear(&self) -> VecDeque<Parcel> {
        let mut state = self.state();
        let rest = state.batcher.as_mut().map(Batcher::take_all);
        let mut ready = std::mem::take(&mut state.ready);
        state.bytes = 0;
        ready.extend(rest.into_iter().flatten());
        ready
    }
}

/// What waits must not keep much more in memory than it is: a piece of a large request holds all
/// of that request's buffer.
fn compacted(batch: Batch) -> Batch {
    if batch.payload().backing_bytes() / 2 <= batch.bytes() {
        return batch;
    }
    let (mut payload, items) = (batch.payload().clone(), batch.items());
    payload.compact();
    batch.with_payload(payload, items)
}

impl Seat {
    fn count(&self) -> usize {
        self.idle.load(Ordering::Relaxed)
    }

    fn is_taken(&self) -> bool {
        self.count() > 0
    }
}

impl State {
    /// What is full goes first, then what is due. A batch that nobody was free for when it was
    /// due, and not for as long again, goes before both.
    fn take(&mut self) -> Option<Parcel> {
        let late = self.batcher.as_mut().and_then(Batcher::take_late);
        let mut parcel = late.or_else(|| self.pop());
        if let Some(parcel) = &mut parcel {
            self.merge(parcel);
        }
        if self.ready.is_empty() && self.ready.capacity() > SHRINK_ABOVE {
            self.ready = VecDeque::new();
        }
        parcel.or_else(|| self.batcher.as_mut()?.take_due(Instant::now()))
    }

    fn pop(&mut self) -> Option<Parcel> {
        let parcel = self.ready.pop_front()?;
        self.bytes = self.bytes.saturating_sub(parcel.batch.bytes());
        Some(parcel)
    }

    /// Adds what waits behind `parcel` and may go with it.
    fn merge(&mut self, parcel: &mut Parcel) {
        let most = self.backlog.map_or(0, |backlog| backlog.merge_bytes);
        while let Some(next) = self.ready.front()
            && parcel.batch.bytes() + next.batch.bytes() <= most
            && is_same_client(parcel.batch.context(), next.batch.context())
            && let Some(Parcel { batch, claims, .. }) = self.pop()
        {
            let segments = |batch: &Batch| batch.payload().segments().len();
            if parcel.merged.is_empty() {
                parcel.merged.push(segments(&parcel.batch));
            }
            parcel.merged.push(segments(&batch));
            parcel.batch.append(batch);
            parcel.claims.append(claims);
        }
    }

    /// Whether nothing is to be gained by waiting for more.
    fn is_pressed(&self) -> bool {
        self.stopped
            || self
                .backlog
                .is_some_and(|backlog| self.bytes >= backlog.merge_bytes)
    }
}
