//! What is owed to the sender of one request: its room in the queue, and perhaps an answer.

use std::sync::{Arc, Mutex, PoisonError};

use headwater_core::ConsumeError;
use tokio::sync::oneshot;

use crate::capacity::Room;

/// How a request ended.
pub(crate) type Outcome = Result<(), ConsumeError>;

/// One taken request. When it is dropped, the request has ended: the sender is answered and the
/// room is given back.
#[derive(Debug)]
pub(crate) struct Claim {
    answer: Option<Box<Mutex<Answer>>>,
    _room: Room,
}

#[derive(Debug)]
struct Answer {
    sender: Option<oneshot::Sender<Outcome>>,
    delivered: bool,
    failure: Option<ConsumeError>,
}

impl Claim {
    /// A request whose sender does not wait.
    pub(crate) const fn new(room: Room) -> Self {
        Self {
            answer: None,
            _room: room,
        }
    }

    /// A request whose sender waits for the answer.
    pub(crate) fn answered(room: Room) -> (Self, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        let answer = Answer {
            sender: Some(sender),
            delivered: false,
            failure: None,
        };
        let claim = Self {
            answer: Some(Box::new(Mutex::new(answer))),
            _room: room,
        };
        (claim, receiver)
    }

    fn delivered(&self) {
        if let Some(answer) = &self.answer {
            answer
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .delivered = true;
        }
    }

    fn failed(&self, error: &ConsumeError) {
        if let Some(answer) = &self.answer {
            let mut answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
            answer.failure.get_or_insert_with(|| copy(error));
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let Some(answer) = self.answer.take() else {
            return;
        };
        let answer = answer.into_inner().unwrap_or_else(PoisonError::into_inner);
        let outcome = match answer.failure {
            None => Ok(()),
            // Sending all of it again would send the delivered part twice.
            Some(failure) if answer.delivered => Err(failure.with_partial()),
            Some(failure) => Err(failure),
        };
        if let Some(sender) = answer.sender {
            // Nobody listens any more: the sender has gone away.
            drop(sender.send(outcome));
        }
    }
}

/// An error for one more of those whom it concerns.
fn copy(error: &ConsumeError) -> ConsumeError {
    let copy = ConsumeError::new(error.kind(), error.chain());
    match error.code() {
        Some(code) => copy.with_code(code),
        None => copy,
    }
}

/// The claims that one request to the backend stands for.
#[derive(Debug, Default)]
pub(crate) struct Claims(smallvec::SmallVec<[Share; 1]>);

/// A claim, or a part of one whose request was split.
#[derive(Debug)]
pub(crate) enum Share {
    /// The request goes out in one piece.
    Whole(Claim),
    /// The request goes out in several.
    Part(Arc<Claim>),
}

impl Claims {
    pub(crate) fn push(&mut self, share: Share) {
        self.0.push(share);
    }

    /// Adds those of another request, which goes out with this one.
    pub(crate) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    fn iter(&self) -> impl Iterator<Item = &Claim> {
        self.0.iter().map(|share| match share {
            Share::Whole(claim) => claim,
            Share::Part(claim) => claim,
        })
    }

    pub(crate) fn delivered(&self) {
        self.iter().for_each(Claim::delivered);
    }

    pub(crate) fn failed(&self, error: &ConsumeError) {
        self.iter().for_each(|claim| claim.failed(error));
    }
}

impl From<Claim> for Claims {
    fn from(claim: Claim) -> Self {
        Self(smallvec::SmallVec::from_buf([Share::Whole(claim)]))
    }
}
