//! The wall clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(test)]
use tokio::time::Instant;

/// Tells the time. Tests let it follow tokio's clock, which they can stop and push on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    #[cfg(test)]
    fixed: Option<(Instant, Duration)>,
}

impl Clock {
    /// A clock that shows `now` and goes on with tokio's.
    #[cfg(test)]
    pub(crate) fn starting_at(now: Duration) -> Self {
        Self {
            fixed: Some((Instant::now(), now)),
        }
    }

    /// The time since 1970.
    pub(crate) fn now(&self) -> Duration {
        #[cfg(test)]
        if let Some((start, then)) = self.fixed {
            return then + start.elapsed();
        }
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }
}

/// As Prometheus counts time.
pub(crate) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
