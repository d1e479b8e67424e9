//! [`Retrier`] and [`Tries`]: trying again, for exporters whose batches are several requests.

use std::sync::Arc;
use std::time::Duration;

use headwater_core::Settings;
use headwater_core::config::format_duration;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::backoff::{Backoff, Jitter};
use crate::config::RetryConfig;
use crate::health::Health;

/// How one exporter tries again, until a shutdown begins.
#[derive(Debug)]
pub struct Retrier {
    config: RetryConfig,
    max_retries: u32,
    jitter: Jitter,
    span: tracing::Span,
    health: Arc<Health>,
    stopped: watch::Sender<bool>,
}

impl Retrier {
    /// Tries again as configured, at most `max_retries` times (0: as often as the configuration
    /// allows).
    #[must_use]
    pub fn new(config: RetryConfig, max_retries: u32, settings: &Settings) -> Self {
        Self {
            config,
            max_retries,
            jitter: Jitter::default(),
            span: settings.span.clone(),
            health: Arc::new(Health::new(settings.status.clone())),
            stopped: watch::Sender::new(false),
        }
    }

    /// The exporter's status, for [`crate::Exporting::health`]: failed attempts are told here;
    /// success, and what is given up at once, the exporter tells itself.
    #[must_use]
    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// From now on nothing is tried again.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// The attempts of one request.
    #[must_use]
    pub fn tries(&self) -> Tries<'_> {
        Tries {
            retrier: self,
            backoff: Backoff::new(&self.config, &self.jitter),
            began: Instant::now(),
            attempt: 0,
        }
    }
}

/// The attempts of one request.
#[derive(Debug)]
pub struct Tries<'a> {
    retrier: &'a Retrier,
    backoff: Backoff<'a>,
    began: Instant,
    attempt: u32,
}

impl Tries<'_> {
    /// How many attempts there have been before this one.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Waits before the next attempt, not shorter than `after`, because of `error`.
    ///
    /// # Errors
    /// There will be none; the reason, for the ledger: `retry_disabled`, `retry_exhausted`,
    /// `shutdown`.
    ///
    /// # Cancel safety
    /// A dropped call counts as an attempt.
    pub async fn again(
        &mut self,
        after: Option<Duration>,
        error: &str,
    ) -> Result<(), &'static str> {
        let Retrier {
            config,
            max_retries,
            span,
            health,
            stopped,
            ..
        } = self.retrier;
        health.degraded(|| error.to_owned());
        if !config.enabled {
            return Err("retry_disabled");
        }
        self.attempt += 1;
        let wait = self.backoff.next().max(after.unwrap_or_default());
        let limit = config.max_elapsed_time;
        let too_late = !limit.is_zero() && self.began.elapsed().saturating_add(wait) > limit;
        if too_late || *max_retries > 0 && self.attempt > *max_retries {
            return Err("retry_exhausted");
        }
        let mut stopped = stopped.subscribe();
        if *stopped.borrow_and_update() {
            return Err("shutdown");
        }
        tracing::info!(
            parent: span,
            error,
            interval = %format_duration(wait),
            "Exporting failed. Will retry the request after interval."
        );
        tokio::select! {
            biased;
            _ = stopped.changed() => Err("shutdown"),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::{ComponentKind, Signal};
    use headwater_testkit::environment;

    use super::*;

    fn retrier(change: impl FnOnce(&mut RetryConfig), max_retries: u32) -> Retrier {
        let mut config = RetryConfig::default();
        change(&mut config);
        let id = "loki".parse().unwrap();
        let settings = environment().signal_settings(ComponentKind::Exporter, &id, Signal::Logs);
        Retrier::new(config, max_retries, &settings)
    }

    /// How many attempts there are, and why there are no more.
    async fn end(retrier: &Retrier) -> (u32, &'static str) {
        let mut tries = retrier.tries();
        loop {
            if let Err(reason) = tries.again(None, "x").await {
                return (tries.attempt(), reason);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_end_by_number_time_or_configuration() {
        assert_eq!(end(&retrier(|_| {}, 3)).await, (4, "retry_exhausted"));
        let off = retrier(|config| config.enabled = false, 0);
        assert_eq!(end(&off).await, (0, "retry_disabled"));
        let short = retrier(|config| config.max_elapsed_time = Duration::from_secs(1), 0);
        assert_eq!(end(&short).await, (1, "retry_exhausted"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_asked_for_is_kept() {
        let retrier = retrier(|_| {}, 0);
        let before = Instant::now();
        let mut tries = retrier.tries();
        tries
            .again(Some(Duration::from_secs(60)), "x")
            .await
            .unwrap();
        assert_eq!(before.elapsed(), Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_shutdown_ends_the_waiting() {
        let retrier = retrier(|_| {}, 0);
        let mut tries = retrier.tries();
        let (end, ()) = tokio::join!(tries.again(None, "x"), async { retrier.stop() });
        assert_eq!(end, Err("shutdown"));
        assert_eq!(retrier.tries().again(None, "x").await, Err("shutdown"));
    }
}
