//! Observation, retry and timeout around one push. Source: Go `exporterhelper`, retry sender.

use std::sync::Arc;
use std::time::Duration;

use headwater_core::config::format_duration;
use headwater_core::rpc::Code;
use headwater_core::{Batch, ConsumeError, Signal};
use tokio::time::Instant;

use crate::backoff::{Backoff, Jitter};
use crate::books::{InHand, SHUTDOWN};
use crate::config::RetryConfig;
use crate::health::Health;
use crate::stop::StopSignal;
use crate::{Pusher, Sent};

/// Sends requests until they are delivered or there is no hope.
pub(crate) struct Delivery {
    pub(crate) pusher: Arc<dyn Pusher>,
    pub(crate) retry: RetryConfig,
    /// Of one attempt.
    pub(crate) timeout: Option<Duration>,
    pub(crate) jitter: Jitter,
    /// On: nothing is tried again.
    pub(crate) stop: StopSignal,
    pub(crate) health: Arc<Health>,
    /// The pusher itself says when requests arrive.
    pub(crate) pusher_knows: bool,
    pub(crate) span: tracing::Span,
}

/// Why a request was given up.
#[derive(Debug)]
pub(crate) struct GivenUp {
    pub(crate) error: ConsumeError,
    /// For the ledger.
    pub(crate) reason: &'static str,
}

impl GivenUp {
    fn new(prefix: &str, error: &ConsumeError, reason: &'static str) -> Self {
        let error = prefixed(prefix, error);
        Self { error, reason }
    }
}

impl Delivery {
    /// Sends what is in `hand`, again and again as configured. Books what was delivered; what
    /// was not is still in `hand` if this fails.
    pub(crate) async fn deliver(&self, hand: &mut InHand<'_>) -> Result<(), GivenUp> {
        let began = Instant::now();
        let mut backoff = Backoff::new(&self.retry, &self.jitter);
        while let Some(error) = self.attempt(hand).await {
            if error.is_permanent() {
                return Err(GivenUp::new(
                    "not retryable error: ",
                    &error,
                    "permanent_error",
                ));
            }
            if !self.retry.enabled {
                let reason = "retry_disabled";
                return Err(GivenUp { error, reason });
            }
            let wait = backoff.next().max(error.after().unwrap_or_default());
            let limit = self.retry.max_elapsed_time;
            if !limit.is_zero() && began.elapsed().saturating_add(wait) > limit {
                return Err(GivenUp::new(
                    "no more retries left: ",
                    &error,
                    "retry_exhausted",
                ));
            }
            self.pause(wait, &error).await?;
        }
        Ok(())
    }

    /// Waits before the next attempt; a shutdown ends the waiting and the hope.
    async fn pause(&self, wait: Duration, error: &ConsumeError) -> Result<(), GivenUp> {
        if !self.stop.is_stopped() {
            tracing::info!(
                parent: &self.span,
                error = %error.chain(),
                interval = %format_duration(wait),
                "Exporting failed. Will retry the request after interval."
            );
        }
        tokio::select! {
            biased;
            () = self.stop.stopped() => {
                Err(GivenUp::new("interrupted due to shutdown: ", error, SHUTDOWN))
            }
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    /// Sends once; `None` if that went well.
    async fn attempt(&self, hand: &mut InHand<'_>) -> Option<ConsumeError> {
        let batch = hand.batch()?;
        match self.push(batch, hand.merged()).await {
            Ok(sent) => {
                let rejected = self.note(batch.signal(), &sent);
                hand.deliver(rejected, &sent.dropped);
                if !self.pusher_knows {
                    self.health.succeeded();
                }
                None
            }
            Err(mut error) => {
                if let Some(rest) = error.take_undelivered() {
                    hand.keep(rest);
                }
                self.health.failed(&error);
                Some(error)
            }
        }
    }

    async fn push(&self, batch: &Batch, merged: &[usize]) -> Result<Sent, ConsumeError> {
        let push = if merged.is_empty() {
            self.pusher.push(batch, self.timeout)
        } else {
            self.pusher.push_merged(batch, merged, self.timeout)
        };
        let Some(timeout) = self.timeout.filter(|_| !self.pusher.keeps_timeout()) else {
            return push.await;
        };
        tokio::time::timeout(timeout, push)
            .await
            .unwrap_or_else(|_| {
                let text = format!("no answer within {}", format_duration(timeout));
                Err(ConsumeError::retryable(text, None).with_code(Code::DeadlineExceeded))
            })
    }

    /// Logs what the backend said about a request that it took; returns how many items it threw
    /// away.
    fn note(&self, signal: Signal, sent: &Sent) -> usize {
        let Some(partial) = sent.partial.as_ref().filter(|said| !said.is_full_success()) else {
            return 0;
        };
        let (parent, message, rejected) = (&self.span, &partial.message, partial.rejected);
        match signal {
            Signal::Traces => tracing::warn!(
                parent: parent,
                response_message = message,
                dropped_spans = rejected,
                "Partial success response"
            ),
            Signal::Metrics => tracing::warn!(
                parent: parent,
                response_message = message,
                dropped_data_points = rejected,
                "Partial success response"
            ),
            Signal::Logs => tracing::warn!(
                parent: parent,
                response_message = message,
                dropped_log_records = rejected,
                "Partial success response"
            ),
        }
        usize::try_from(rejected).unwrap_or_default()
    }
}

fn prefixed(prefix: &str, error: &ConsumeError) -> ConsumeError {
    let prefixed = ConsumeError::new(error.kind(), format!("{prefix}{}", error.chain()));
    match error.code() {
        Some(code) => prefixed.with_code(code),
        None => prefixed,
    }
}
