//! Hands metrics that were made here to the next consumer, and books them.

use std::sync::Arc;
use std::time::Duration;

use headwater_core::{Batch, Consumer, Settings};
use tokio::time::Instant;

use crate::periodic::Stopping;

/// How long to wait before metrics are offered again, if nobody says.
const WAIT: Duration = Duration::from_secs(1);

/// Hands on what a connector has made.
pub struct Emitter {
    settings: Settings,
    next: Arc<dyn Consumer>,
    stopping: Stopping,
}

impl std::fmt::Debug for Emitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emitter")
            .field("id", &self.settings.id)
            .finish_non_exhaustive()
    }
}

impl Emitter {
    /// One that hands to `next` and stops waiting when the component stops.
    #[must_use]
    pub fn new(settings: Settings, next: Arc<dyn Consumer>, stopping: Stopping) -> Self {
        Self {
            settings,
            next,
            stopping,
        }
    }

    /// Offers `batch`, and offers it again for as long as `patience` while the next consumer asks
    /// to wait. What is not taken then is booked as dropped, and logged.
    pub async fn emit(&self, mut batch: Batch, patience: Duration) {
        let account = &self.settings.account;
        let give_up = Instant::now() + patience;
        account.created(batch.items());
        account.held(batch.items().cast_signed());
        loop {
            let items = batch.items();
            let Err(mut error) = self.next.consume(batch.clone()).await else {
                account.held(-items.cast_signed());
                account.sent(items);
                return;
            };
            if let Some(rest) = error.take_undelivered() {
                let sent = items.saturating_sub(rest.items());
                account.held(-sent.cast_signed());
                account.sent(sent);
                batch = rest;
            }
            let again =
                Instant::now() + error.after().unwrap_or(WAIT).max(Duration::from_millis(1));
            let hopeless = error.is_permanent() || error.is_partial();
            if hopeless || again > give_up || self.stopping.sleep_until(again).await {
                tracing::error!(
                    parent: &self.settings.span,
                    error = error.chain(),
                    dropped_items = batch.items(),
                    "Failed ConsumeMetrics"
                );
                account.held(-batch.items().cast_signed());
                account.dropped(batch.items(), "refused");
                return;
            }
        }
    }
}
