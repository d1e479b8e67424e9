//! One job: what its discoveries have found.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use headwater_core::Task;
use headwater_discovery::{Health, TargetGroup};
use headwater_prometheus::Labels;
use headwater_prometheus::scrape_config::{Built, Job, Target};
use headwater_prometheus_http::HttpClient;

use crate::targets::{JobTargets, TargetState};

/// How many dropped targets are shown if `keep_dropped_targets` does not say it. Prometheus keeps all.
const MOST_DROPPED: usize = 1000;

/// A job that runs.
pub(super) struct JobState {
    pub(super) job: Arc<Job>,
    pub(super) client: Result<HttpClient, String>,
    pub(super) generation: u64,
    tasks: Vec<Task>,
    healths: Vec<Health>,
    /// What each discovery has found, by source.
    groups: Vec<BTreeMap<Arc<str>, TargetGroup>>,
    /// Which discoveries have reported.
    reported: Vec<bool>,
    pub(super) found: Found,
    /// What was wrong with targets the last time, so that it is said once.
    problems: HashSet<String>,
}

/// The targets of a job.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) targets: Vec<Target>,
    dropped: Vec<Labels>,
    dropped_count: usize,
}

impl JobState {
    pub(super) fn new(
        job: Arc<Job>,
        client: Result<HttpClient, String>,
        generation: u64,
        tasks: Vec<Task>,
        healths: Vec<Health>,
        before: Option<Self>,
    ) -> Self {
        let found = before.map_or_else(Found::default, |before| {
            let Self { tasks, found, .. } = before;
            tasks.iter().for_each(Task::abort);
            found
        });
        Self {
            job,
            client,
            generation,
            groups: tasks.iter().map(|_| BTreeMap::new()).collect(),
            reported: vec![false; tasks.len()],
            tasks,
            healths,
            found,
            problems: HashSet::new(),
        }
    }

    /// The same discoveries for a job that has changed otherwise.
    pub(super) fn with_job(mut self, job: Arc<Job>, client: Result<HttpClient, String>) -> Self {
        self.job = job;
        self.client = client;
        self
    }

    /// Takes over what a discovery has found; `true` if it is its first report.
    pub(super) fn take(&mut self, discovery: usize, groups: Vec<TargetGroup>) -> bool {
        let Some(known) = self.groups.get_mut(discovery) else {
            return false;
        };
        for group in groups {
            if group.targets.is_empty() {
                known.remove(&group.source);
            } else {
                known.insert(Arc::clone(&group.source), group);
            }
        }
        !std::mem::replace(&mut self.reported[discovery], true)
    }

    /// Whether every discovery has reported. Before that, a changed job keeps the targets that it had.
    pub(super) fn is_known(&self) -> bool {
        self.found.targets.is_empty() || self.reported.iter().all(|reported| *reported)
    }

    /// Makes targets of what was found.
    pub(super) fn build(&mut self, span: &tracing::Span) -> Found {
        let most = match usize::try_from(self.job.keep_dropped_targets) {
            Ok(0) | Err(_) => MOST_DROPPED,
            Ok(most) => most,
        };
        let mut found = Found::default();
        let mut problems = HashSet::new();
        for group in self.groups.iter().flat_map(BTreeMap::values) {
            for target in &group.targets {
                match self.job.build(target, &group.labels) {
                    Ok(Built::Target(target)) => found.targets.push(*target),
                    Ok(Built::Dropped(labels)) => {
                        found.dropped_count += 1;
                        if found.dropped.len() < most {
                            found.dropped.push(labels);
                        }
                    }
                    Err(error) => {
                        let problem = format!("{target:?}: {error}");
                        if !self.problems.contains(&problem) {
                            tracing::error!(
                                parent: span,
                                scrape_pool = %self.job.name,
                                target = ?target,
                                error = %error,
                                "Creating target failed"
                            );
                        }
                        problems.insert(problem);
                    }
                }
            }
        }
        self.problems = problems;
        found
    }

    /// What the list of targets shows of the job.
    pub(super) fn list(&self, active: Vec<Arc<TargetState>>) -> JobTargets {
        JobTargets {
            job: Arc::clone(&self.job.name),
            active,
            dropped: self.found.dropped.clone(),
            dropped_count: self.found.dropped_count,
            discoveries: self.healths.clone(),
        }
    }

    /// Ends its discoveries.
    pub(super) fn end(self) {
        self.tasks.iter().for_each(Task::abort);
    }
}

impl Found {
    /// Why none of the targets may be scraped.
    pub(super) fn forbidden(&self, job: &Job) -> Option<String> {
        let limit = job.limits.targets;
        let number = self.targets.len();
        (limit > 0 && number as u64 > limit)
            .then(|| format!("target_limit exceeded (number of targets: {number}, limit: {limit})"))
    }
}
