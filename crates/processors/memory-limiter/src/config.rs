//! What the user writes.

use std::time::Duration;

use headwater_core::config::{Config, Validation};

/// Configuration of the `memory_limiter` processor. Source: Go `memorylimiter.Config`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct MemoryLimiterConfig {
    /// How often the allocator is asked. Required; 1s is a good value.
    pub check_interval: Duration,
    /// The hard limit in MiB. Wins over `limit_percentage`.
    pub limit_mib: u32,
    /// The distance from the hard limit to the soft limit, in MiB, where refusing begins. 0 means
    /// 20 % of the hard limit.
    pub spike_limit_mib: u32,
    /// The hard limit in percent of the memory there is (the cgroup's limit, else the machine's).
    pub limit_percentage: u32,
    /// The distance to the soft limit in percent of the memory there is. 0 means 20 % of the hard
    /// limit.
    pub spike_limit_percentage: u32,
    /// Accepted for compatibility.
    #[config(ignored = "memory is given back at once, there is no garbage collector")]
    pub min_gc_interval_when_soft_limited: Duration,
    /// Accepted for compatibility.
    #[config(ignored = "memory is given back at once, there is no garbage collector")]
    pub min_gc_interval_when_hard_limited: Duration,
    /// Accepted for compatibility.
    #[config(ignored = "memory is given back at once, there is no garbage collector")]
    pub max_gc_interval_when_soft_limited: Duration,
    /// Accepted for compatibility.
    #[config(ignored = "memory is given back at once, there is no garbage collector")]
    pub max_gc_interval_when_hard_limited: Duration,
}

impl Default for MemoryLimiterConfig {
    fn default() -> Self {
        Self {
            check_interval: Duration::ZERO,
            limit_mib: 0,
            spike_limit_mib: 0,
            limit_percentage: 0,
            spike_limit_percentage: 0,
            min_gc_interval_when_soft_limited: Duration::from_secs(10),
            min_gc_interval_when_hard_limited: Duration::ZERO,
            max_gc_interval_when_soft_limited: Duration::from_secs(30),
            max_gc_interval_when_hard_limited: Duration::from_secs(30),
        }
    }
}

impl MemoryLimiterConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.check_interval.is_zero() {
            validation
                .error(
                    "check_interval",
                    "'check_interval' must be greater than zero",
                )
                .help("write `check_interval: 1s`");
        }
        if self.limit_mib == 0 && self.limit_percentage == 0 {
            validation
                .error(
                    "",
                    "'limit_mib' or 'limit_percentage' must be greater than zero",
                )
                .help("write `limit_mib: 512`, or `limit_percentage: 80` to follow the container");
        }
        if self.limit_mib > 0 && self.spike_limit_mib >= self.limit_mib {
            validation.error(
                "spike_limit_mib",
                "'spike_limit_mib' must be smaller than 'limit_mib'",
            );
        }
        if self.limit_percentage > 100 || self.spike_limit_percentage > 100 {
            validation.error(
                if self.limit_percentage > 100 {
                    "limit_percentage"
                } else {
                    "spike_limit_percentage"
                },
                "'limit_percentage' and 'spike_limit_percentage' must be greater than zero and \
                 less than or equal to hundred",
            );
        }
        if self.limit_mib == 0
            && self.limit_percentage > 0
            && self.spike_limit_percentage >= self.limit_percentage
        {
            validation.error(
                "spike_limit_percentage",
                "'spike_limit_percentage' must be smaller than 'limit_percentage'",
            );
        }
    }
}
