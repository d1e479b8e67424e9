//! [`Backlog`]: the queue of an exporter whose data must stay in order.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use headwater_core::Context;
use tokio::time::Instant;

/// How often the log says that data was dropped.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// How a queue treats what waits in it when order counts and new data is worth more than old: what
/// does not fit makes the oldest leave, and small requests are merged. Not together with
/// `sending_queue::batch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// How many bytes may wait. A request that is larger waits all the same, alone.
    pub max_bytes: usize,
    /// Requests of the same client that wait are merged up to so many bytes. 0: never.
    pub merge_bytes: usize,
    /// As long as fewer than `merge_bytes` wait, a request follows the one before no sooner than
    /// this after that one was begun. The first after a pause goes at once.
    pub merge_interval: Duration,
}

/// Whether the telemetry of two requests may go out as that of one client.
pub(crate) fn is_same_client(a: &Context, b: &Context) -> bool {
    let headers = |context: &Context| context.metadata().cloned().unwrap_or_default();
    a.tenant() == b.tenant()
        && a.identity() == b.identity()
        && (is_plain(a) && is_plain(b) || headers(a) == headers(b))
}

fn is_plain(context: &Context) -> bool {
    context.metadata().is_none_or(|headers| headers.is_empty())
}

/// Counts what is dropped between two lines in the log.
#[derive(Debug, Default)]
pub(crate) struct Losses(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    at: Option<Instant>,
    since: usize,
}

impl Losses {
    /// Counts `items`. Returns how many to speak of now, if it is time to.
    pub(crate) fn add(&self, items: usize) -> Option<usize> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.since += items;
        if said.at.is_some_and(|at| at.elapsed() < SAID_EVERY) {
            return None;
        }
        said.at = Some(Instant::now());
        Some(std::mem::take(&mut said.since))
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::{ContextParts, Metadata};

    use super::*;

    fn context(header: Option<&str>, tenant: Option<&str>) -> Context {
        let mut metadata = Metadata::default();
        if let Some(value) = header {
            metadata.append("x-key", value);
        }
        Context::new(ContextParts {
            metadata,
            tenant: tenant.map(Into::into),
            ..ContextParts::default()
        })
    }

    #[test]
    fn only_requests_of_one_client_are_merged() {
        let plain = Context::default();
        assert!(is_same_client(&plain, &context(None, None)));
        assert!(is_same_client(
            &context(Some("a"), Some("t")),
            &context(Some("a"), Some("t"))
        ));
        for other in [context(Some("a"), None), context(None, Some("t"))] {
            assert!(!is_same_client(&plain, &other));
            assert!(!is_same_client(&other, &context(Some("b"), None)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_log_speaks_of_all_losses_but_not_of_each() {
        let losses = Losses::default();
        assert_eq!(losses.add(3), Some(3));
        assert_eq!(losses.add(1), None);
        assert_eq!(losses.add(1), None);
        tokio::time::advance(SAID_EVERY).await;
        assert_eq!(losses.add(2), Some(4));
    }
}
