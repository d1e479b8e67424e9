//! The one call that moves telemetry: [`Consumer::consume`], and how it fails.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::{Batch, rpc::Code};

/// Takes responsibility for batches.
///
/// `consume` returns `Ok` only when the consumer has taken responsibility: the batch was
/// delivered, queued durably or accepted into a bounded queue. On an error nothing of the batch
/// was taken, except where [`ConsumeError::undelivered`] names the rest.
///
/// # Cancel safety
/// A dropped call may leave the batch with the consumer; callers that retry must expect a
/// duplicate.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Consumes one batch of the signal that the consumer was built for.
    ///
    /// # Errors
    /// [`ConsumeError`], whose kind says whether the caller may try again.
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError>;
}

/// Whether the same data may be offered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// It will fail in the same way again; drop it.
    Permanent,
    /// It may succeed later, not before `after` where given.
    Retryable {
        /// The wait that the far side asked for.
        after: Option<Duration>,
    },
    /// Backpressure: a queue or budget is full. The sender should slow down and try again.
    Refused {
        /// The wait to suggest to the sender.
        after: Option<Duration>,
    },
}

/// Why a batch was not taken.
///
/// `Display` gives one phrase without the cause; the cause is in [`StdError::source`].
pub struct ConsumeError(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    code: Option<Code>,
    message: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    undelivered: Option<Batch>,
    partial: bool,
}

impl ConsumeError {
    /// An error that retrying cannot mend.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Permanent, message)
    }

    /// An error that may pass.
    pub fn retryable(message: impl Into<String>, after: Option<Duration>) -> Self {
        Self::new(ErrorKind::Retryable { after }, message)
    }

    /// Backpressure.
    pub fn refused(message: impl Into<String>, after: Option<Duration>) -> Self {
        Self::new(ErrorKind::Refused { after }, message)
    }

    /// An error of `kind`; `message` is a lower-case phrase without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            code: None,
            message: message.into(),
            source: None,
            undelivered: None,
            partial: false,
        }))
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Adds the gRPC code with which a backend answered; it reaches the client unchanged.
    #[must_use]
    pub fn with_code(mut self, code: Code) -> Self {
        self.0.code = Some(code);
        self
    }

    /// Names the part of the batch that was not taken, when the rest was.
    #[must_use]
    pub fn with_undelivered(mut self, batch: Batch) -> Self {
        self.0.undelivered = Some(batch);
        self
    }

    /// Says that some of several consumers took the batch although others did not.
    #[must_use]
    pub fn with_partial(mut self) -> Self {
        self.0.partial = true;
        self
    }

    /// Whether some of several consumers took the batch: offering it again would give it to them
    /// twice.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.0.partial
    }

    /// Whether and when to try again.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether retrying cannot help.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.0.kind == ErrorKind::Permanent
    }

    /// The wait asked for, if any.
    #[must_use]
    pub fn after(&self) -> Option<Duration> {
        match self.0.kind {
            ErrorKind::Permanent => None,
            ErrorKind::Retryable { after } | ErrorKind::Refused { after } => after,
        }
    }

    /// The gRPC code with which a backend answered, if one did.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.0.code
    }

    /// Takes out the part of the batch that was not taken.
    pub fn take_undelivered(&mut self) -> Option<Batch> {
        self.0.undelivered.take()
    }

    /// Joins the errors of several consumers that were offered the same batch; `None` if there
    /// are none. Permanent if any part is, as upstream; else refused if any part is.
    #[must_use]
    pub fn join(errors: Vec<Self>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let mut joined = errors.next()?;
        for error in errors {
            let after = joined.after().max(error.after());
            joined.0.kind = match (joined.0.kind, error.0.kind) {
                (ErrorKind::Permanent, _) | (_, ErrorKind::Permanent) => ErrorKind::Permanent,
                (ErrorKind::Refused { .. }, _) | (_, ErrorKind::Refused { .. }) => {
                    ErrorKind::Refused { after }
                }
                _ => ErrorKind::Retryable { after },
            };
            joined.0.code = joined.0.code.filter(|_| error.0.code == joined.0.code);
            joined.0.message = format!("{}; {}", joined.chain(), error.chain());
            joined.0.source = None;
            joined.0.partial |= error.0.partial;
            joined.0.undelivered = None;
        }
        Some(joined)
    }

    /// The phrase followed by its causes, joined by `: `. For the one place that prints it.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.0.message.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for ConsumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for ConsumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumeError")
            .field("kind", &self.0.kind)
            .field("code", &self.0.code)
            .field("message", &self.chain())
            .field(
                "undelivered_items",
                &self.0.undelivered.as_ref().map(Batch::items),
            )
            .finish()
    }
}

impl StdError for ConsumeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_permanent_part_makes_the_joined_error_permanent() {
        let joined = ConsumeError::join(vec![
            ConsumeError::retryable("backend a is down", None),
            ConsumeError::permanent("backend b refused"),
        ])
        .unwrap();
        assert!(joined.is_permanent());
        assert_eq!(joined.to_string(), "backend a is down; backend b refused");
    }

    #[test]
    fn the_longest_wait_survives_joining() {
        let seconds = Duration::from_secs;
        let joined = ConsumeError::join(vec![
            ConsumeError::retryable("a", Some(seconds(1))),
            ConsumeError::refused("b", Some(seconds(3))),
        ])
        .unwrap();
        assert_eq!(
            joined.kind(),
            ErrorKind::Refused {
                after: Some(seconds(3))
            }
        );
        assert!(ConsumeError::join(Vec::new()).is_none());
    }
}
