//! The tenants that are told apart, as many as there may be.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use headwater_core::telemetry::Observation;
use headwater_core::{ComponentId, Settings};
use tokio::time::Instant;

use crate::config::TenantConfig;
use crate::limits::Limits;
use crate::metrics::{Meter, Others, Series};
use crate::overrides::{FromFile, Overrides};

/// How often the idle ones are looked for when there is no room, in nanoseconds.
const HASTE: u64 = 1_000_000_000;

/// One tenant, or all for which there is no room.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) limits: Limits,
    pub(crate) series: Arc<Series>,
    /// Whether the series is its own.
    has_series: bool,
    /// When it sent last, in nanoseconds since the start.
    used: AtomicU64,
}

impl Tenant {
    fn is_idle(&self, now: u64, idle: u64) -> bool {
        let used = self.used.load(Ordering::Relaxed);
        now.saturating_sub(used) >= idle && self.limits.held().held() == 0
    }
}

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<Arc<str>, Arc<Tenant>>,
    /// How many of them have series of their own.
    with_series: usize,
    swept: u64,
    /// What the file of overrides said when the limits were set.
    file: Option<Arc<FromFile>>,
}

/// Shared by all pipelines that name the same id.
#[derive(Debug)]
pub(crate) struct Tenants {
    id: ComponentId,
    began: Instant,
    pub(crate) overrides: Overrides,
    most: usize,
    most_series: usize,
    idle: u64,
    meter: Meter,
    pub(crate) others: Others,
    overflow: Arc<Tenant>,
    known: Mutex<Known>,
    active: Arc<AtomicU64>,
    _shown: Observation,
}

impl Tenants {
    pub(crate) fn new(settings: &Settings, config: &TenantConfig) -> Self {
        let meter = Meter::new(&settings.telemetry, &settings.id);
        let active = Arc::<AtomicU64>::default();
        let series = Series::new(&meter, config.overflow_label.as_str().into());
        Self {
            id: settings.id.clone(),
            began: Instant::now(),
            overrides: Overrides::new(config),
            most: config.max_tenants as usize,
            most_series: config.max_metrics_tenants as usize,
            idle: u64::try_from(config.idle_timeout.as_nanos()).unwrap_or(u64::MAX),
            others: Others::new(&meter),
            overflow: Arc::new(Tenant {
                limits: Limits::new(&config.limits),
                series: Arc::new(series),
                has_series: false,
                used: AtomicU64::new(0),
            }),
            known: Mutex::default(),
            _shown: meter.active(Arc::clone(&active)),
            active,
            meter,
        }
    }

    pub(crate) fn is_of(&self, id: &ComponentId) -> bool {
        self.id == *id
    }

    /// Nanoseconds since the start.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// The tenant called `name`, which has just sent.
    pub(crate) fn get(&self, name: &str, now: u64) -> Arc<Tenant> {
        let file = self.overrides.current();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = &mut *known;
        self.follow(known, file, now);
        if now.saturating_sub(known.swept) >= self.idle / 4 {
            self.sweep(known, now);
        }
        if let Some(tenant) = known.by_name.get(name) {
            tenant.used.store(now, Ordering::Relaxed);
            return Arc::clone(tenant);
        }
        if known.by_name.len() >= self.most && now.saturating_sub(known.swept) >= HASTE {
            self.sweep(known, now);
        }
        if known.by_name.len() >= self.most {
            return Arc::clone(&self.overflow);
        }
        let has_series = known.with_series < self.most_series;
        let name: Arc<str> = name.into();
        let limits = self.overrides.of(&name, known.file.as_deref());
        let limits = Limits::new(limits);
        let series = if has_series {
            known.with_series += 1;
            let series = Series::new(&self.meter, Arc::clone(&name));
            series.show_held(limits.held());
            Arc::new(series)
        } else {
            Arc::clone(&self.overflow.series)
        };
        let tenant = Arc::new(Tenant {
            limits,
            series,
            has_series,
            used: AtomicU64::new(now),
        });
        known.by_name.insert(name, Arc::clone(&tenant));
        self.count(known);
        tenant
    }

    /// Changes the limits of the known ones if the file of overrides has changed.
    fn follow(&self, known: &mut Known, file: Option<Arc<FromFile>>, now: u64) {
        let same = match (&known.file, &file) {
            (Some(known), Some(file)) => Arc::ptr_eq(known, file),
            (known, file) => known.is_none() && file.is_none(),
        };
        if same {
            return;
        }
        known.file = file;
        for (name, tenant) in &known.by_name {
            let limits = self.overrides.of(name, known.file.as_deref());
            tenant.limits.change(limits, now);
        }
    }

    /// Forgets those that have not sent for a while and of which nothing is held.
    fn sweep(&self, known: &mut Known, now: u64) {
        known.swept = now;
        known
            .by_name
            .retain(|_, tenant| !tenant.is_idle(now, self.idle));
        if known.by_name.capacity() / 4 > known.by_name.len() {
            known.by_name.shrink_to_fit();
        }
        let tenants = known.by_name.values();
        known.with_series = tenants.filter(|tenant| tenant.has_series).count();
        self.count(known);
    }

    fn count(&self, known: &Known) {
        let count = known.by_name.len() as u64;
        self.active.store(count, Ordering::Relaxed);
    }
}
