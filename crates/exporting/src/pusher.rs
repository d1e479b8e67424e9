//! [`Pusher`]: what an exporter itself does.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use headwater_core::pdata::json::PartialSuccess;
use headwater_core::{Batch, ComponentError, ConsumeError, Host};

/// A backend took a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// What the backend said about it, if it said anything: items that it rejected, a warning.
    /// Nothing of it is sent again.
    pub partial: Option<PartialSuccess>,
    /// Items that it did not take, or that could not be sent to it, by reason. They are given up.
    pub dropped: Vec<(&'static str, usize)>,
}

impl Sent {
    /// The backend took everything and said nothing.
    #[must_use]
    pub const fn complete() -> Self {
        Self {
            partial: None,
            dropped: Vec::new(),
        }
    }
}

/// Sends single requests to a backend. Queue, retry and timeout are around it, see
/// [`crate::Exporting`].
#[async_trait]
pub trait Pusher: Send + Sync + 'static {
    /// Sends one request once.
    ///
    /// # Errors
    /// [`ConsumeError`]: permanent if sending the same again is useless, with the wait that the
    /// backend asked for, with the backend's gRPC code where there is one, and with
    /// [`ConsumeError::with_undelivered`] if a part has been delivered.
    ///
    /// # Cancel safety
    /// The call is dropped when `timeout` has passed, or when shutdown cannot wait any longer;
    /// the backend may have taken the request all the same.
    async fn push(&self, batch: &Batch, timeout: Option<Duration>) -> Result<Sent, ConsumeError>;

    /// The same for a request that a [`crate::Backlog`] has merged of several, which are to be told
    /// apart: `segments` says how many segments of the payload each of them has, in order.
    ///
    /// # Errors
    /// As `push`, which it is by default.
    ///
    /// # Cancel safety
    /// As `push`.
    async fn push_merged(
        &self,
        batch: &Batch,
        segments: &[usize],
        timeout: Option<Duration>,
    ) -> Result<Sent, ConsumeError> {
        let _ = segments;
        self.push(batch, timeout).await
    }

    /// Whether `push` itself ends within its timeout. Then no second timer is set.
    fn keeps_timeout(&self) -> bool {
        false
    }

    /// Connects. Called once, before the first request.
    ///
    /// # Errors
    /// [`ComponentError`] stops the process's start.
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let _ = host;
        Ok(())
    }

    /// A shutdown has begun: what is still to be sent is sent once, and nothing is waited for. For
    /// those who try again themselves.
    fn stop(&self) {}

    /// Closes connections. Called once, after the last request, also when `start` failed.
    ///
    /// # Errors
    /// [`ComponentError`] is logged.
    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let _ = deadline;
        Ok(())
    }
}
