//! `limit`: so many lines a second.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use headwater_core::config::{Config, Validation};
use headwater_core::telemetry::Counter;
use tokio::time::Instant;

use crate::build::Builder;
use crate::custom::LabelCounters;
use crate::entry::Entry;
use crate::generations::Generations;
use crate::pipeline::{Edit, Run, Verdict};

/// The least number of label values that are told apart.
const LEAST_DISTINCT: i64 = 10_000;
/// Values that begin with the same so many bytes have one limit.
const LONGEST: usize = 2048;

/// Arguments of `limit`. Source: Alloy `stages.LimitConfig`.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub(crate) struct LimitConfig {
    /// How many lines go on in a second. Required.
    pub(crate) rate: f64,
    /// How many lines may go on at once after a pause. Required.
    pub(crate) burst: i64,
    /// Drops the lines above that; else whoever sends them has to wait.
    pub(crate) drop: bool,
    /// Limits the lines of each value of this label; lines without it are not limited.
    pub(crate) by_label_name: String,
    /// How many values of the label are told apart, at least 10000; others push out those that
    /// were not seen for longest.
    pub(crate) max_distinct_labels: i64,
}

impl Default for LimitConfig {
    fn default() -> Self {
        Self {
            rate: 0.0,
            burst: 0,
            drop: false,
            by_label_name: String::new(),
            max_distinct_labels: LEAST_DISTINCT,
        }
    }
}

impl LimitConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.rate <= 0.0 {
            validation.error("rate", "rate must be greater than 0");
        }
        if self.burst <= 0 {
            validation.error("burst", "burst must be greater than 0");
        }
        if !self.by_label_name.is_empty() {
            if !self.drop {
                let message = "when ratelimiting by label, drop must be true";
                validation.error("drop", message);
            }
            if self.max_distinct_labels < LEAST_DISTINCT {
                let message = format!("max_distinct_labels is at least {LEAST_DISTINCT}");
                validation.warning("max_distinct_labels", message);
            }
        }
    }
}

/// A bucket that fills with tokens, of which each line takes one.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

#[derive(Debug)]
enum Buckets {
    One(Mutex<Bucket>),
    ByLabel {
        label: String,
        buckets: Mutex<Generations<Box<str>, Bucket>>,
        counters: LabelCounters,
    },
}

/// Limits the rate of lines.
#[derive(Debug)]
pub(crate) struct Limit {
    rate: f64,
    burst: f64,
    waits: bool,
    buckets: Buckets,
    dropped: Counter,
}

impl Limit {
    #[expect(clippy::cast_precision_loss, reason = "a burst is not that large")]
    pub(crate) fn new(config: &LimitConfig, builder: &Builder<'_>) -> Self {
        let burst = config.burst as f64;
        let distinct = config.max_distinct_labels.max(LEAST_DISTINCT);
        let buckets = if config.by_label_name.is_empty() {
            Buckets::One(Mutex::new(Bucket {
                tokens: burst,
                at: Instant::now(),
            }))
        } else {
            let size = usize::try_from(distinct).unwrap_or(usize::MAX);
            Buckets::ByLabel {
                label: config.by_label_name.clone(),
                // Half of them in each generation.
                buckets: Mutex::new(Generations::new(size / 2)),
                counters: builder.metrics.label_counters(size),
            }
        };
        Self {
            rate: config.rate,
            burst,
            waits: !config.drop,
            buckets,
            dropped: builder.dropped("ratelimit_drop_stage"),
        }
    }

    pub(crate) const fn waits(&self) -> bool {
        self.waits
    }

    fn fill(&self, bucket: &mut Bucket, now: Instant) {
        let elapsed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed * self.rate).min(self.burst);
        bucket.at = now;
    }

    /// Takes a token if there is one.
    fn allows(&self, bucket: &mut Bucket, now: Instant) -> bool {
        self.fill(bucket, now);
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        allowed
    }

    fn refuse(&self) -> Verdict {
        self.dropped.add(1);
        Verdict::Drop
    }
}

impl Edit for Limit {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, run: &mut Run) -> Verdict {
        let now = run.instant();
        match &self.buckets {
            Buckets::One(bucket) => {
                let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
                if !self.waits {
                    let allowed = self.allows(&mut bucket, now);
                    return if allowed {
                        Verdict::Keep
                    } else {
                        self.refuse()
                    };
                }
                // The token is taken beforehand; the caller waits until it would be there.
                self.fill(&mut bucket, now);
                bucket.tokens -= 1.0;
                if bucket.tokens < 0.0 {
                    let wait = -bucket.tokens / self.rate;
                    let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX);
                    run.delay = run.delay.max(wait);
                }
                Verdict::Keep
            }
            Buckets::ByLabel {
                label,
                buckets,
                counters,
            } => {
                let Some(value) = entry.label(label) else {
                    return Verdict::Keep;
                };
                let value = &value[..value.floor_char_boundary(LONGEST)];
                let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
                let full = Bucket {
                    tokens: self.burst,
                    at: now,
                };
                let (bucket, passed) = buckets.get_or_insert(value.into(), || full);
                let allowed = self.allows(bucket, now);
                drop(buckets);
                if passed {
                    counters.reset();
                }
                if allowed {
                    return Verdict::Keep;
                }
                counters.add(label, value);
                self.refuse()
            }
        }
    }
}
