//! Futures that come and go on one task, without an allocation each.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// The places whose futures have been woken.
#[derive(Default)]
struct Woken {
    places: Mutex<Vec<usize>>,
    task: AtomicWaker,
}

struct PlaceWaker {
    place: usize,
    queued: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for PlaceWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.woken
                .places
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(self.place);
            self.woken.task.wake();
        }
    }
}

struct Place<F> {
    future: Pin<Box<Option<F>>>,
    state: Arc<PlaceWaker>,
    waker: Waker,
    /// Whom it belongs to.
    owner: u32,
}

/// A set of futures; a place is used again when its future has ended.
pub(crate) struct Slots<F> {
    places: Vec<Place<F>>,
    free: Vec<usize>,
    woken: Arc<Woken>,
    /// Swapped with the list of woken places, so that neither allocates.
    polling: Vec<usize>,
    /// Polls until others get their turn.
    left: usize,
}

/// Polls of futures before the rest of the task gets its turn: some wake themselves for ever.
const POLLS: usize = 512;

impl<F: Future> Slots<F> {
    pub(crate) fn new() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
            woken: Arc::default(),
            polling: Vec::new(),
            left: POLLS,
        }
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.places.len() == self.free.len()
    }

    /// Adds a future, to be polled by the next [`Slots::poll`]; returns its place.
    pub(crate) fn insert(&mut self, owner: u32, future: F) -> usize {
        let index = self.free.pop().unwrap_or_else(|| {
            let place = self.places.len();
            let (woken, queued) = (Arc::clone(&self.woken), AtomicBool::new(false));
            let state = Arc::new(PlaceWaker {
                place,
                queued,
                woken,
            });
            let waker = Waker::from(Arc::clone(&state));
            self.places.push(Place {
                future: Box::pin(None),
                state,
                waker,
                owner,
            });
            place
        });
        let place = &mut self.places[index];
        place.owner = owner;
        place.future.set(Some(future));
        place.state.wake_by_ref();
        index
    }

    /// Drops the future at `place`.
    pub(crate) fn remove(&mut self, place: usize) {
        if let Some(found) = self.places.get_mut(place)
            && found.future.is_some()
        {
            found.future.set(None);
            self.free.push(place);
        }
    }

    /// Gives up all places but `kept`, if no future is left.
    pub(crate) fn shrink(&mut self, kept: usize) {
        if self.free.len() == self.places.len() && self.places.len() > kept {
            self.places.truncate(kept);
            self.places.shrink_to_fit();
            self.free.retain(|place| *place < kept);
            self.free.shrink_to_fit();
        }
    }

    /// Polls what was woken and returns the next result with its owner. `None`: nothing more for
    /// now; the task is woken when there is.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Option<(u32, F::Output)> {
        loop {
            if self.polling.is_empty() {
                self.woken.task.register(cx.waker());
                let mut places = self
                    .woken
                    .places
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                std::mem::swap(&mut *places, &mut self.polling);
                if self.polling.is_empty() {
                    self.left = POLLS;
                    return None;
                }
                drop(places);
                // First woken, first polled.
                self.polling.reverse();
            }
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                self.left = POLLS;
                cx.waker().wake_by_ref();
                return None;
            }
            let index = self.polling.pop()?;
            // A waker of a place that has been given up may still be around.
            let Some(place) = self.places.get_mut(index) else {
                continue;
            };
            place.state.queued.store(false, Ordering::Release);
            let Some(future) = place.future.as_mut().as_pin_mut() else {
                continue;
            };
            if let Poll::Ready(result) = future.poll(&mut Context::from_waker(&place.waker)) {
                place.future.set(None);
                self.free.push(index);
                return Some((place.owner, result));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn futures_end_when_they_are_woken_and_places_are_used_again() {
        let mut slots = Slots::new();
        let (sender, receiver) = tokio::sync::oneshot::channel::<u8>();
        let wait = |receiver: tokio::sync::oneshot::Receiver<u8>| async { receiver.await.ok() };
        let first = slots.insert(1, wait(receiver));
        let poll = |slots: &mut Slots<_>| {
            let mut cx = Context::from_waker(Waker::noop());
            slots.poll(&mut cx)
        };
        assert!(poll(&mut slots).is_none());
        sender.send(7).unwrap();
        assert_eq!(poll(&mut slots), Some((1, Some(7))));
        assert!(slots.is_empty());
        let (_sender, receiver) = tokio::sync::oneshot::channel();
        assert_eq!(slots.insert(2, wait(receiver)), first);
        slots.remove(first);
        assert!(slots.is_empty() && poll(&mut slots).is_none());
    }

    #[tokio::test]
    async fn the_task_is_woken_by_any_future() {
        let mut slots = Slots::new();
        let mut senders = Vec::new();
        for owner in 0..100 {
            let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
            senders.push(sender);
            slots.insert(owner, async {
                drop(receiver.await);
            });
        }
        let task = tokio::spawn(async move {
            let mut ended = Vec::new();
            std::future::poll_fn(|cx| {
                while let Some((owner, ())) = slots.poll(cx) {
                    ended.push(owner);
                }
                if slots.is_empty() {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
            ended
        });
        for sender in senders {
            tokio::task::yield_now().await;
            sender.send(()).unwrap();
        }
        let mut ended = task.await.unwrap();
        ended.sort_unstable();
        assert_eq!(ended, (0..100).collect::<Vec<_>>());
    }
}
