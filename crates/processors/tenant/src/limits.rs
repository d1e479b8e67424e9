//! What one tenant may send, and what it has sent.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};
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
    rates: RwLock<Rates>,
    held: Budget,
}

#[derive(Debug)]
struct Rates {
    of: LimitsConfig,
    requests: Option<Bucket>,
    bytes: Option<Bucket>,
}

impl Rates {
    /// Rate and burst of what is limited.
    fn wanted(rate: Option<f64>, burst: Option<u64>) -> Option<(f64, f64)> {
        let rate = rate.filter(|rate| *rate > 0.0)?;
        let burst = burst
            .filter(|burst| *burst > 0)
            .map_or(rate, |burst| burst as f64);
        Some((rate, burst.max(1.0)))
    }

    /// `before` are the buckets that these replace.
    fn new(of: &LimitsConfig, before: Option<(&Self, u64)>) -> Self {
        let bucket = |wanted: Option<(f64, f64)>, before: Option<(&Bucket, u64)>| {
            let (rate, burst) = wanted?;
            Some(match before {
                Some((bucket, now)) => bucket.changed(rate, burst, now),
                None => Bucket::new(rate, burst),
            })
        };
        let requests = Self::wanted(of.requests_per_second, of.request_burst);
        let bytes = Self::wanted(of.bytes_per_second, of.byte_burst);
        let old_requests = before.and_then(|(old, now)| Some((old.requests.as_ref()?, now)));
        let old_bytes = before.and_then(|(old, now)| Some((old.bytes.as_ref()?, now)));
        Self {
            of: of.clone(),
            requests: bucket(requests, old_requests),
            bytes: bucket(bytes, old_bytes),
        }
    }

    fn give_back(&self, requests: u64, bytes: u64) {
        if let Some(bucket) = &self.requests {
            bucket.give_back(requests);
        }
        if let Some(bucket) = &self.bytes {
            bucket.give_back(bytes);
        }
    }
}

/// How many bytes may be held.
fn most_held(config: &LimitsConfig) -> usize {
    let held = config.max_in_flight_bytes.filter(|limit| *limit > 0);
    held.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    })
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig) -> Self {
        Self {
            rates: RwLock::new(Rates::new(config, None)),
            held: Budget::new(most_held(config)),
        }
    }

    /// Other limits from time `now` on. What was taken and what is held still counts.
    pub(crate) fn change(&self, config: &LimitsConfig, now: u64) {
        let mut rates = self.rates.write().unwrap_or_else(PoisonError::into_inner);
        if rates.of != *config {
            *rates = Rates::new(config, Some((&rates, now)));
            self.held.set_limit(most_held(config));
        }
    }

    /// Takes a request of `bytes` out of the buckets and charges its ticket.
    ///
    /// # Errors
    /// [`Over`]: nothing was taken.
    pub(crate) fn admit(&self, ticket: &mut Ticket, bytes: usize, now: u64) -> Result<(), Over> {
        let over = |limit| move |wait| Over { limit, wait };
        let rates = self.rates();
        if let Some(requests) = &rates.requests {
            requests.take(1, now).map_err(over(Limit::Requests))?;
        }
        if let Some(bucket) = &rates.bytes
            && let Err(wait) = bucket.take(bytes as u64, now)
        {
            rates.give_back(1, 0);
            return Err(over(Limit::Bytes)(wait));
        }
        ticket.share(&self.held, bytes).map_err(|_| {
            rates.give_back(1, bytes as u64);
            over(Limit::InFlight)(HELD_WAIT)
        })
    }

    /// Takes back an admission whose ticket has been dropped.
    pub(crate) fn withdraw(&self, bytes: usize) {
        self.rates().give_back(1, bytes as u64);
    }

    pub(crate) const fn held(&self) -> &Budget {
        &self.held
    }

    fn rates(&self) -> RwLockReadGuard<'_, Rates> {
        self.rates.read().unwrap_or_else(PoisonError::into_inner)
    }
}
