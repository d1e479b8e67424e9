//! [`Exporting`]: composes an exporter from a [`Pusher`] and its configuration.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use headwater_core::config::Optional;
use headwater_core::telemetry::Attributes;
use headwater_core::{ComponentError, Exporter, Settings};

use crate::backoff::Jitter;
use crate::books::Books;
use crate::composed::{Composed, SendingQueue};
use crate::config::{RetryConfig, SendingQueueConfig};
use crate::delivery::Delivery;
use crate::health::Health;
use crate::instruments::Instruments;
use crate::stop::StopSignal;
use crate::{Backlog, Pusher};

/// Builds an exporter: `Exporting::new(settings, pusher).queue(…).retry(…).timeout(…).build()`.
///
/// Without these calls there is no queue, no retry and no timeout.
pub struct Exporting {
    settings: Settings,
    pusher: Arc<dyn Pusher>,
    queue: Option<SendingQueueConfig>,
    retry: RetryConfig,
    timeout: Option<Duration>,
    destination: Attributes,
    jitter: Jitter,
    backlog: Option<Backlog>,
    health: Option<Arc<Health>>,
}

impl fmt::Debug for Exporting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporting")
            .field("id", &self.settings.id)
            .field("queue", &self.queue)
            .field("retry", &self.retry)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Exporting {
    /// An exporter that sends with `pusher`.
    #[must_use]
    pub fn new(settings: Settings, pusher: impl Pusher) -> Self {
        Self {
            settings,
            pusher: Arc::new(pusher),
            queue: None,
            retry: RetryConfig {
                enabled: false,
                ..RetryConfig::default()
            },
            timeout: None,
            destination: Attributes::new(),
            jitter: Jitter::default(),
            backlog: None,
            health: None,
        }
    }

    /// What does not fit into the queue makes the oldest leave, and what waits is merged.
    #[must_use]
    pub const fn backlog(mut self, backlog: Backlog) -> Self {
        self.backlog = Some(backlog);
        self
    }

    /// For a pusher that sends several requests for a batch, or tries them again itself: it says
    /// there whether they arrive, as an answer to a whole batch does not tell.
    #[must_use]
    pub fn health(mut self, health: Arc<Health>) -> Self {
        self.health = Some(health);
        self
    }

    /// Puts a queue before it, if the section is on.
    #[must_use]
    pub fn queue(mut self, config: &Optional<SendingQueueConfig>) -> Self {
        self.queue = config.as_ref().cloned();
        self
    }

    /// Sends again what failed, if that is enabled.
    #[must_use]
    pub fn retry(mut self, config: &RetryConfig) -> Self {
        self.retry = config.clone();
        self
    }

    /// Bounds each attempt; zero does not.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = if timeout.is_zero() {
            None
        } else {
            Some(timeout)
        };
        self
    }

    /// Says where it sends, for its counters: `server.address`, `server.port`, `url.path`.
    #[must_use]
    pub fn destination(mut self, attributes: Attributes) -> Self {
        self.destination = attributes;
        self
    }

    /// Replaces the randomness of the waits between attempts.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Builds the exporter.
    ///
    /// # Errors
    /// [`ComponentError`] if the queue is to be kept by a storage extension.
    pub fn build(self) -> Result<Arc<dyn Exporter>, ComponentError> {
        let settings = self.settings;
        // An exporter is built for one signal; only a broken graph forgets to say which.
        let signal = settings
            .signal
            .ok_or_else(|| ComponentError::new("an exporter needs a signal"))?;
        if let Some(storage) = self.queue.as_ref().and_then(|queue| queue.storage.as_ref()) {
            return Err(ComponentError::new(format!(
                "no storage client extension found: `sending_queue::storage` names {storage}, \
                 and this version keeps queues in memory only"
            )));
        }
        let waits = self.queue.as_ref().is_none_or(|q| q.wait_for_result);
        let instruments = Instruments::new(&settings, signal, &self.destination);
        let books = Books::new(settings.account.clone(), instruments, waits);
        let backlog = self.backlog;
        let queue = self
            .queue
            .map(|config| SendingQueue::new(&config, backlog, &settings, signal));
        let pusher_knows = self.health.is_some();
        let health = self
            .health
            .unwrap_or_else(|| Arc::new(Health::new(settings.status.clone())));
        let delivery = Delivery {
            pusher: self.pusher,
            retry: self.retry,
            timeout: self.timeout,
            jitter: self.jitter,
            stop: StopSignal::default(),
            health,
            pusher_knows,
            span: settings.span,
        };
        Ok(Arc::new(Composed::new(queue, books, delivery)))
    }
}
