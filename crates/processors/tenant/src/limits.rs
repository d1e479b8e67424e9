//! What one tenant may send, and what it has sent.

use std::time::Duration;

use headwater_core::{Budget, Ticket};

use crate::bucket::Bucket;
use crate::config::LimitsConfig;

/// When to come back if too much is held: that depends on others.
const HELD_WAIT: Duration = Duration::from_secs(1);

/// The limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Requests,
    Bytes,
    InFlight,
}

impl Limit {
    /// The value of the label `reason`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Bytes => "bytes",
            Self::InFlight => "in_flight",
        }
    }

    /// The key that sets it.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Requests => "requests_per_second",
            Self::Bytes => "bytes_per_second",
            Self::InFlight => "max_in_flight_bytes",
        }
    }
}

/// A request that has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Over {
    pub(crate) limit: Limit,
    pub(crate) wait: Duration,
}

#[derive(Debug)]
pub(crate) struct Limits {
    requests: Option<Bucket>,
    bytes: Option<Bucket>,
    held: Budget,
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig) -> Self {
        let bucket = |rate: Option<f64>, burst: Option<u64>| {
            let rate = rate.filter(|rate| *rate > 0.0)?;
            let burst = burst
                .filter(|burst| *burst > 0)
                .map_or(rate, |burst| burst as f64);
            Some(Bucket::new(rate, burst.max(1.0)))
        };
        let held = config.max_in_flight_bytes.filter(|limit| *limit > 0);
        let held = held.map_or(usize::MAX, |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        });
        Self {
            requests: bucket(config.requests_per_second, config.request_burst),
            bytes: bucket(config.bytes_per_second, config.byte_burst),
            held: Budget::new(held),
        }
    }

    /// Takes a request of `bytes` out of the buckets and charges its ticket.
    ///
    /// # Errors
    /// [`Over`]: nothing was taken.
    pub(crate) fn admit(&self, ticket: &mut Ticket, bytes: usize, now: u64) -> Result<(), Over> {
        let over = |limit| move |wait| Over { limit, wait };
        if let Some(requests) = &self.requests {
            requests.take(1, now).map_err(over(Limit::Requests))?;
        }
        let taken = match &self.bytes {
            Some(bucket) => bucket.take(bytes as u64, now).map_err(over(Limit::Bytes)),
            None => Ok(()),
        };
        let charged = taken.and_then(|()| {
            ticket.share(&self.held, bytes).map_err(|_| {
                if let Some(bucket) = &self.bytes {
                    bucket.give_back(bytes as u64);
                }
                Over {
                    limit: Limit::InFlight,
                    wait: HELD_WAIT,
                }
            })
        });
        if charged.is_err()
            && let Some(requests) = &self.requests
        {
            requests.give_back(1);
        }
        charged
    }

    /// Takes back an admission whose ticket has been dropped.
    pub(crate) fn withdraw(&self, bytes: usize) {
        if let Some(requests) = &self.requests {
            requests.give_back(1);
        }
        if let Some(bucket) = &self.bytes {
            bucket.give_back(bytes as u64);
        }
    }

    pub(crate) const fn held(&self) -> &Budget {
        &self.held
    }
}
