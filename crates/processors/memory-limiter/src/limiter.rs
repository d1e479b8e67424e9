//! The state that all pipelines with the same limiter share.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headwater_core::memory::{self, HeapUse};
use headwater_core::status::{Status, StatusReporter};
use headwater_core::{Budget, ComponentError, ComponentId};

use tokio::time::Instant;

use crate::config::MemoryLimiterConfig;

const MIB: u64 = 1024 * 1024;

/// Hard and soft limit in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) hard: u64,
    pub(crate) soft: u64,
}

impl Limits {
    /// The limits of `config` where `total` bytes of memory can be used.
    pub(crate) fn new(
        config: &MemoryLimiterConfig,
        total: Option<u64>,
    ) -> Result<Self, ComponentError> {
        let (hard, spike) = if config.limit_mib > 0 {
            (
                u64::from(config.limit_mib) * MIB,
                u64::from(config.spike_limit_mib) * MIB,
            )
        } else {
            let total = total.ok_or_else(|| {
                ComponentError::new(
                    "failed to get total memory, use fixed memory settings (limit_mib)",
                )
            })?;
            let percent = |percentage: u32| total / 100 * u64::from(percentage);
            (
                percent(config.limit_percentage),
                percent(config.spike_limit_percentage),
            )
        };
        let spike = if spike == 0 { hard / 5 } else { spike };
        Ok(Self {
            hard,
            soft: hard - spike,
        })
    }
}

/// Where the bytes in use are read.
pub(crate) type Probe = Arc<dyn Fn() -> Option<HeapUse> + Send + Sync>;

/// Decides whether telemetry is refused.
pub(crate) struct Limiter {
    pub(crate) id: ComponentId,
    pub(crate) limits: Limits,
    pub(crate) check_interval: Duration,
    budget: Budget,
    probe: Probe,
    refusing: AtomicBool,
    /// The bytes in use at the last check, and the budget's bytes at that moment.
    used: AtomicU64,
    held_then: AtomicUsize,
    last_check: Mutex<Option<Instant>>,
}

impl Limiter {
    pub(crate) fn try_new(
        id: ComponentId,
        config: &MemoryLimiterConfig,
        budget: Budget,
    ) -> Result<Self, ComponentError> {
        let limits = Limits::new(config, memory::total())?;
        Ok(Self::new(
            id,
            limits,
            config.check_interval,
            budget,
            Arc::new(memory::heap_in_use),
        ))
    }

    pub(crate) fn new(
        id: ComponentId,
        limits: Limits,
        check_interval: Duration,
        budget: Budget,
        probe: Probe,
    ) -> Self {
        Self {
            id,
            limits,
            check_interval,
            budget,
            probe,
            refusing: AtomicBool::new(false),
            used: AtomicU64::new(0),
            held_then: AtomicUsize::new(0),
            last_check: Mutex::default(),
        }
    }

    /// Whether a batch that comes now is refused.
    pub(crate) fn refuses(&self) -> bool {
        self.refusing.load(Ordering::Relaxed) || self.estimate() >= self.limits.soft
    }

    /// What was in use at the last check plus what has come in since.
    fn estimate(&self) -> u64 {
        let since = self
            .budget
            .held()
            .saturating_sub(self.held_then.load(Ordering::Relaxed));
        self.used.load(Ordering::Relaxed) + since as u64
    }

    /// Makes the soft limit the budget that receivers charge before they read a body.
    pub(crate) fn limit_budget(&self) {
        self.budget
            .set_limit(usize::try_from(self.limits.soft).unwrap_or(usize::MAX));
    }

    /// Checks unless another instance did so within the last half interval.
    pub(crate) fn check_on_tick(&self, span: &tracing::Span, status: &StatusReporter) {
        let now = Instant::now();
        {
            let mut last = self
                .last_check
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|last| now - last < self.check_interval / 2) {
                return;
            }
            *last = Some(now);
        }
        self.check(span, status);
    }

    /// Reads the bytes in use and decides anew.
    fn check(&self, span: &tracing::Span, status: &StatusReporter) {
        let Some(used) = (self.probe)() else { return };
        let held = self.budget.held();
        self.held_then.store(held, Ordering::Relaxed);
        self.used.store(used.bytes(), Ordering::Relaxed);
        // Resident memory may stay high after everything was freed. With nothing in hand,
        // refusing could not bring it down and would never end.
        let idle = matches!(used, HeapUse::Resident(_)) && held == 0;
        if idle {
            self.used.store(0, Ordering::Relaxed);
        }
        let refuse = !idle && used.bytes() >= self.limits.soft;
        let before = self.refusing.swap(refuse, Ordering::Relaxed);
        let cur_mem_mib = used.bytes() / MIB;
        if refuse && !before {
            let message = "data refused due to high memory usage";
            status.report_error(Status::RecoverableError, message);
            tracing::warn!(
                parent: span,
                cur_mem_mib,
                "Memory usage is above soft limit. Refusing data."
            );
        } else if before && !refuse {
            status.report(Status::Ok);
            tracing::info!(
                parent: span,
                cur_mem_mib,
                "Memory usage back within limits. Resuming normal operation."
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_core::ComponentKind;
    use headwater_core::status::{Instance, StatusBoard};

    use super::*;

    fn limiter(budget: &Budget, used: &Arc<Mutex<HeapUse>>) -> Limiter {
        let limits = Limits {
            hard: 100,
            soft: 80,
        };
        let used = Arc::clone(used);
        let probe: Probe = Arc::new(move || Some(*used.lock().unwrap()));
        let id = "memory_limiter".parse().unwrap();
        Limiter::new(id, limits, Duration::from_secs(1), budget.clone(), probe)
    }

    fn status() -> (StatusBoard, StatusReporter) {
        let board = StatusBoard::default();
        let id = "memory_limiter".parse().unwrap();
        let instance = Instance {
            kind: ComponentKind::Processor,
            id,
            part: String::new(),
        };
        let reporter = board.reporter(instance);
        reporter.report(Status::Starting);
        reporter.report(Status::Ok);
        (board, reporter)
    }

    #[test]
    fn refuses_from_the_soft_limit_until_usage_is_below_it() {
        let used = Arc::new(Mutex::new(HeapUse::Allocator(79)));
        let limiter = limiter(&Budget::default(), &used);
        let (_board, status) = status();
        limiter.check(&tracing::Span::none(), &status);
        assert!(!limiter.refuses());
        *used.lock().unwrap() = HeapUse::Allocator(80);
        limiter.check(&tracing::Span::none(), &status);
        assert!(limiter.refuses());
        assert_eq!(status.current(), Status::RecoverableError);
        *used.lock().unwrap() = HeapUse::Allocator(10);
        limiter.check(&tracing::Span::none(), &status);
        assert!(!limiter.refuses());
        assert_eq!(status.current(), Status::Ok);
    }

    #[test]
    fn a_burst_between_two_checks_is_refused() {
        let budget = Budget::default();
        let used = Arc::new(Mutex::new(HeapUse::Allocator(50)));
        let limiter = limiter(&budget, &used);
        limiter.check(&tracing::Span::none(), &status().1);
        let burst = budget.charge(30);
        assert!(limiter.refuses());
        drop(burst);
        assert!(!limiter.refuses());
    }

    #[test]
    fn resident_memory_that_nothing_holds_refuses_nothing() {
        let budget = Budget::default();
        let used = Arc::new(Mutex::new(HeapUse::Resident(95)));
        let limiter = limiter(&budget, &used);
        limiter.check(&tracing::Span::none(), &status().1);
        assert!(!limiter.refuses());
        let _held = budget.charge(1);
        limiter.check(&tracing::Span::none(), &status().1);
        assert!(limiter.refuses());
    }

    #[test]
    fn limits_follow_mib_before_percentage_and_default_to_a_fifth() {
        let config = MemoryLimiterConfig {
            limit_mib: 100,
            limit_percentage: 50,
            ..Default::default()
        };
        let limits = Limits::new(&config, Some(1000 * MIB)).unwrap();
        assert_eq!(
            limits,
            Limits {
                hard: 100 * MIB,
                soft: 80 * MIB
            }
        );
        let config = MemoryLimiterConfig {
            limit_percentage: 50,
            spike_limit_percentage: 10,
            ..Default::default()
        };
        let limits = Limits::new(&config, Some(1000 * MIB)).unwrap();
        assert_eq!(
            limits,
            Limits {
                hard: 500 * MIB,
                soft: 400 * MIB
            }
        );
        assert!(Limits::new(&config, None).is_err());
    }

    #[test]
    fn the_soft_limit_becomes_the_budget_of_receivers() {
        let budget = Budget::default();
        let used = Arc::new(Mutex::new(HeapUse::Allocator(0)));
        limiter(&budget, &used).limit_budget();
        assert_eq!(budget.limit(), 80);
    }
}
