//! Brings what is scraped in line with what the jobs' discoveries find.

mod job;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use headwater_core::{Host, Task, Worker};
use headwater_discovery::{Discovery, TargetGroup};
use headwater_prometheus::scrape_config::{Job, Target};
use headwater_prometheus_http::HttpClient;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use crate::scrape::{Command, ScrapeLoop, Shared};
use crate::setup::{Common, hash, setup};
use crate::targets::{TargetState, Targets};
use job::JobState;

/// Changes of targets that follow each other faster are taken over together. Prometheus waits 5 s.
const SETTLE: Duration = Duration::from_secs(1);

/// How many updates of discoveries may wait.
const MOST_UPDATES: usize = 16;

/// What the manager is told.
pub(crate) enum Order {
    /// These are all jobs now, each with its discoveries.
    Jobs(Vec<NewJob>),
    /// The process stops.
    Stop {
        /// Whether every target is scraped once more.
        scrape: bool,
    },
}

/// A job and how its targets are found.
pub(crate) struct NewJob {
    pub(crate) job: Job,
    /// What finds its targets, used when the job is new or its discovery has changed.
    pub(crate) discoveries: Vec<Box<dyn Discovery>>,
}

/// Runs the targets of one receiver.
pub(crate) struct Manager {
    host: Host,
    shared: Arc<Shared>,
    common: Common,
    targets: Targets,
    user_agent: String,
    orders: mpsc::Receiver<Order>,
    updates: (mpsc::Sender<Update>, mpsc::Receiver<Update>),
    jobs: Vec<JobState>,
    loops: HashMap<Key, Running>,
    /// Told when a target's loop has ended.
    ended: Arc<Notify>,
    /// Tells updates of a job from those of the same name before.
    generation: u64,
}

/// What a discovery of a job has found.
struct Update {
    job: Arc<str>,
    generation: u64,
    discovery: usize,
    groups: Vec<TargetGroup>,
}

/// Which target it is: Prometheus scrapes those that agree in this once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    job: Arc<str>,
    labels: Vec<(Box<str>, Box<str>)>,
    url: Box<str>,
}

impl Key {
    fn new(job: &Arc<str>, target: &Target) -> Self {
        let owned = |(name, value): (&str, &str)| (name.into(), value.into());
        Self {
            job: Arc::clone(job),
            labels: target.labels.iter().map(owned).collect(),
            url: target.url.as_str().into(),
        }
    }
}

/// A target that is scraped.
struct Running {
    commands: watch::Sender<Command>,
    state: Arc<TargetState>,
    task: Task,
    /// What its setup was made of.
    job: Arc<Job>,
    target: Target,
    forbidden: Option<String>,
    leaving: bool,
}

impl Manager {
    pub(crate) fn new(
        host: Host,
        shared: Arc<Shared>,
        common: Common,
        targets: Targets,
        user_agent: String,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        Self {
            host,
            shared,
            common,
            targets,
            user_agent,
            orders,
            updates: mpsc::channel(MOST_UPDATES),
            jobs: Vec::new(),
            loops: HashMap::new(),
            ended: Arc::default(),
            generation: 0,
        }
    }

    /// Runs until it is told to stop, then until every target has ended.
    pub(crate) async fn run(mut self) {
        let mut due: Option<Instant> = None;
        loop {
            let wait = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(Order::Jobs(jobs)) => self.set_jobs(jobs),
                    Some(Order::Stop { scrape }) => return self.stop(scrape).await,
                    None => return self.stop(false).await,
                },
                Some(update) = self.updates.1.recv() => {
                    if self.take(update) {
                        self.reconcile();
                        due = None;
                    } else {
                        due.get_or_insert_with(|| Instant::now() + SETTLE);
                    }
                },
                () = self.ended.notified() => self.bury(),
                () = wait => {
                    due = None;
                    self.reconcile();
                }
            }
        }
    }

    /// Takes over what a discovery has found; `true` if it is the first of its job.
    fn take(&mut self, update: Update) -> bool {
        let known = self
            .jobs
            .iter_mut()
            .find(|job| job.job.name == update.job && job.generation == update.generation);
        known.is_some_and(|job| job.take(update.discovery, update.groups))
    }

    fn set_jobs(&mut self, jobs: Vec<NewJob>) {
        let mut before = std::mem::take(&mut self.jobs);
        for new in jobs {
            let known = before
                .iter()
                .position(|known| known.job.name == new.job.name);
            let mut known = known.map(|at| before.swap_remove(at));
            if let Some(same) = known.take_if(|known| *known.job == new.job) {
                self.jobs.push(same);
                continue;
            }
            let fresh = known.is_none();
            let state = self.job_state(new, known);
            if fresh {
                tracing::info!(
                    parent: &self.shared.span,
                    jobName = %state.job.name,
                    "Scrape job added"
                );
            }
            self.jobs.push(state);
        }
        for gone in before {
            gone.end();
        }
        let names: Vec<_> = self
            .jobs
            .iter()
            .map(|job| Arc::clone(&job.job.name))
            .collect();
        self.targets.retain(&names);
        self.reconcile();
    }

    /// A job that is new or has changed. Targets found before stay if they are looked for in the same
    /// way.
    fn job_state(&mut self, new: NewJob, before: Option<JobState>) -> JobState {
        let job = Arc::new(new.job);
        let client = match &before {
            Some(before) if before.job.http == job.http => before.client.clone(),
            _ => HttpClient::new(&job.http, &self.user_agent).map_err(|error| error.to_string()),
        };
        if let Err(error) = &client {
            tracing::error!(
                parent: &self.shared.span,
                job = %job.name,
                error = %error,
                "Error creating HTTP client"
            );
        }
        match before {
            Some(before) if before.job.discovery == job.discovery => before.with_job(job, client),
            before => {
                self.generation += 1;
                let healths = new
                    .discoveries
                    .iter()
                    .filter_map(|discovery| discovery.health())
                    .collect();
                let tasks = new
                    .discoveries
                    .into_iter()
                    .enumerate()
                    .map(|(at, discovery)| self.discover(&job, at, discovery))
                    .collect();
                JobState::new(job, client, self.generation, tasks, healths, before)
            }
        }
    }

    fn discover(&self, job: &Arc<Job>, at: usize, discovery: Box<dyn Discovery>) -> Task {
        let (sender, mut receiver) = mpsc::channel(MOST_UPDATES);
        let updates = self.updates.0.clone();
        let (name, generation) = (Arc::clone(&job.name), self.generation);
        self.host.spawn(Worker::Current, async move {
            let forward = async {
                while let Some(groups) = receiver.recv().await {
                    let update = Update {
                        job: Arc::clone(&name),
                        generation,
                        discovery: at,
                        groups,
                    };
                    if updates.send(update).await.is_err() {
                        return;
                    }
                }
            };
            tokio::join!(discovery.run(sender), forward);
        })
    }

    /// Starts, changes and ends loops until they are what was found.
    fn reconcile(&mut self) {
        let mut wanted: HashMap<Key, ()> = HashMap::new();
        let mut changes = Vec::new();
        for job in &mut self.jobs {
            if !job.is_known() {
                // Nothing was found out yet; what is scraped stays.
                for key in self.loops.keys().filter(|key| key.job == job.job.name) {
                    wanted.insert(key.clone(), ());
                }
                continue;
            }
            let found = job.build(&self.shared.span);
            let forbidden = found.forbidden(&job.job);
            for target in &found.targets {
                let key = Key::new(&job.job.name, target);
                if wanted.insert(key.clone(), ()).is_none() {
                    changes.push((key, Arc::clone(&job.job), target.clone(), forbidden.clone()));
                }
            }
            job.found = found;
        }
        let clients: HashMap<Arc<str>, Result<HttpClient, String>> = self
            .jobs
            .iter()
            .map(|job| (Arc::clone(&job.job.name), job.client.clone()))
            .collect();
        for (key, job, target, forbidden) in changes {
            if let Some(client) = clients.get(&key.job) {
                self.ensure(key, &job, target, client, forbidden);
            }
        }
        for (key, running) in &mut self.loops {
            if !running.leaving && !wanted.contains_key(key) {
                running.leaving = true;
                // A loop that has ended is buried by the notification of that.
                running.commands.send_replace(Command::Leave);
            }
        }
        self.show();
    }

    /// Makes sure that a target is scraped as it is to be.
    fn ensure(
        &mut self,
        key: Key,
        job: &Arc<Job>,
        target: Target,
        client: &Result<HttpClient, String>,
        forbidden: Option<String>,
    ) {
        if let Some(running) = self.loops.get_mut(&key) {
            let same = !running.leaving
                && *running.job == **job
                && running.target == target
                && running.forbidden == forbidden;
            if same {
                return;
            }
            let setup = setup(job, &target, client, &self.common, forbidden.as_deref());
            if running.commands.send(Command::Run(Arc::new(setup))).is_ok() {
                if running.target != target {
                    running.state.set_target(target.clone());
                }
                running.leaving = false;
                running.job = Arc::clone(job);
                running.target = target;
                running.forbidden = forbidden;
                return;
            }
        }
        let running = self.start(&key, job, target, client, forbidden);
        self.loops.insert(key, running);
    }

    fn start(
        &self,
        key: &Key,
        job: &Arc<Job>,
        target: Target,
        client: &Result<HttpClient, String>,
        forbidden: Option<String>,
    ) -> Running {
        let setup = Arc::new(setup(
            job,
            &target,
            client,
            &self.common,
            forbidden.as_deref(),
        ));
        let state = Arc::new(TargetState::new(Arc::clone(&key.job), target.clone()));
        let (commands, receiver) = watch::channel(Command::Run(Arc::clone(&setup)));
        let scrapes = ScrapeLoop::new(
            Arc::clone(&self.shared),
            Arc::clone(&state),
            setup,
            receiver,
        );
        let worker = (hash(&target) % self.host.workers() as u64) as usize;
        let ended = Arc::clone(&self.ended);
        let task = self.host.spawn(Worker::Index(worker), async move {
            scrapes.run().await;
            ended.notify_one();
        });
        Running {
            commands,
            state,
            task,
            job: Arc::clone(job),
            target,
            forbidden,
            leaving: false,
        }
    }

    /// Forgets loops that have ended, and starts those anew that ended just when their target came
    /// back.
    fn bury(&mut self) {
        let mut early = false;
        self.loops.retain(|_, running| {
            let ended = running.commands.is_closed();
            early |= ended && !running.leaving;
            !ended
        });
        if early {
            self.reconcile();
        }
    }

    /// Brings the list of targets up to date.
    fn show(&self) {
        for job in &self.jobs {
            let name = &job.job.name;
            let mut active: Vec<_> = self
                .loops
                .iter()
                .filter(|(key, running)| key.job == *name && !running.leaving)
                .collect();
            active.sort_by(|(a, _), (b, _)| a.labels.cmp(&b.labels));
            let active = active
                .into_iter()
                .map(|(_, running)| Arc::clone(&running.state))
                .collect();
            self.targets.set(job.list(active));
        }
    }

    async fn stop(mut self, scrape: bool) {
        for job in self.jobs.drain(..) {
            job.end();
        }
        for running in self.loops.values() {
            running.commands.send_replace(Command::Stop { scrape });
        }
        for (_, running) in self.loops.drain() {
            running.task.join().await;
        }
    }
}
