//! What there is to scrape and how that goes: the list of targets.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater_discovery::Health;
use headwater_prometheus::Labels;
use headwater_prometheus::scrape_config::Target;

/// A target as the list shows it.
#[derive(Debug)]
pub(crate) struct TargetState {
    pub(crate) job: Arc<str>,
    target: Mutex<Target>,
    status: Mutex<Status>,
}

/// How the scrapes of a target go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Status {
    /// When the last scrape began, since 1970.
    pub(crate) last: Option<Duration>,
    pub(crate) duration: Duration,
    /// Why the last scrape failed.
    pub(crate) error: Option<String>,
    /// `None` before the first scrape.
    pub(crate) up: Option<bool>,
}

impl TargetState {
    pub(crate) fn new(job: Arc<str>, target: Target) -> Self {
        Self {
            job,
            target: Mutex::new(target),
            status: Mutex::default(),
        }
    }

    /// The target as it is now.
    pub(crate) fn target(&self) -> Target {
        let target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        target.clone()
    }

    /// The target has other labels before its rules, or another interval.
    pub(crate) fn set_target(&self, target: Target) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    /// A scrape begins.
    pub(crate) fn begin(&self, now: Duration) {
        self.lock().last = Some(now);
    }

    /// A scrape has ended.
    pub(crate) fn end(&self, duration: Duration, error: Option<String>) {
        let mut status = self.lock();
        status.duration = duration;
        status.up = Some(error.is_none());
        status.error = error;
    }

    /// How it goes.
    pub(crate) fn status(&self) -> Status {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The list of a receiver's targets. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Targets(Arc<Mutex<List>>);

/// The targets of all jobs.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// The jobs, in the order of the configuration.
    pub(crate) jobs: Vec<JobTargets>,
}

/// The targets of one job.
#[derive(Debug, Clone)]
pub(crate) struct JobTargets {
    pub(crate) job: Arc<str>,
    pub(crate) active: Vec<Arc<TargetState>>,
    /// Those that a rule dropped, by their labels before; as many as are kept for display.
    pub(crate) dropped: Vec<Labels>,
    /// How many were dropped in all.
    pub(crate) dropped_count: usize,
    /// How the job's discoveries go.
    pub(crate) discoveries: Vec<Health>,
}

impl Targets {
    /// The list as it stands.
    pub(crate) fn jobs(&self) -> Vec<JobTargets> {
        self.lock().jobs.clone()
    }

    /// Replaces what is known of one job.
    pub(crate) fn set(&self, job: JobTargets) {
        let mut list = self.lock();
        match list.jobs.iter_mut().find(|known| known.job == job.job) {
            Some(known) => *known = job,
            None => list.jobs.push(job),
        }
    }

    /// Keeps the jobs of these names only, in this order.
    pub(crate) fn retain(&self, names: &[Arc<str>]) {
        let mut list = self.lock();
        list.jobs.retain(|known| names.contains(&known.job));
        list.jobs
            .sort_by_key(|known| names.iter().position(|name| *name == known.job));
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
