//! From what is heard of events to records.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use headwater_core::Signal;
use headwater_core::pdata::owned::ResourceLogs;
use headwater_core::status::{Status, StatusReporter};
use headwater_core::telemetry::Counter;
use headwater_kubernetes::EventNews;
use headwater_kubernetes::objects::Event;
use headwater_logs::Handover;
use headwater_transport::Stop;
use tokio::sync::mpsc::Receiver;

use crate::delivery::deliver;
use crate::line::Lines;
use crate::news::{News, Origin, Verdict};
use crate::position::Position;
use crate::record::record;

/// How many events are handed on at once, of those that wait.
const MOST_TOGETHER: usize = 64;
/// How often the position is stored.
const SAVE: Duration = Duration::from_secs(5);

/// How many namespaces of a receiver cannot be read; its status follows.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    failing: Arc<AtomicUsize>,
    status: StatusReporter,
}

impl Health {
    pub(crate) fn new(status: StatusReporter) -> Self {
        Self {
            failing: Arc::default(),
            status,
        }
    }

    fn worse(&self, message: String, first: bool) {
        if first {
            self.failing.fetch_add(1, Ordering::Relaxed);
        }
        self.status.report_error(Status::RecoverableError, message);
    }

    fn better(&self) {
        if self.failing.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.status.report(Status::Ok);
        }
    }
}

/// Makes records of the events of a namespace.
pub(crate) struct Intake {
    pub(crate) news: News,
    /// Lines of a stream instead of records as contrib has them.
    pub(crate) lines: Option<Lines>,
    pub(crate) position: Option<Position>,
    pub(crate) handover: Handover,
    pub(crate) health: Health,
    /// How many repetitions `dedup_interval` kept back.
    pub(crate) too_soon: Counter,
    /// The version of the distribution.
    pub(crate) version: String,
    pub(crate) failing: bool,
    /// How many objects could not be read.
    pub(crate) unreadable: u64,
}

/// What comes of some news.
#[derive(Default)]
struct Taken {
    records: Vec<ResourceLogs>,
    /// Up to where everything is among the records, or was before.
    reached: Option<String>,
}

impl Intake {
    /// Hands on what comes until `stop`, then what has come by then.
    pub(crate) async fn run(mut self, mut heard: Receiver<EventNews>, mut stop: Stop) {
        let mut save = tokio::time::interval(SAVE);
        save.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stopping = false;
        loop {
            let first = tokio::select! {
                () = stop.wait(), if !stopping => {
                    stopping = true;
                    heard.close();
                    continue;
                }
                _ = save.tick() => {
                    self.save().await;
                    continue;
                }
                first = heard.recv() => first,
            };
            let Some(first) = first else { break };
            let mut taken = Taken::default();
            self.take(first, &mut taken);
            while taken.records.len() < MOST_TOGETHER
                && let Ok(next) = heard.try_recv()
            {
                self.take(next, &mut taken);
            }
            tokio::select! {
                () = deliver(&self.handover, taken.records) => {}
                () = stop.clone().overdue() => break,
            }
            if let (Some(position), Some(version)) = (&mut self.position, taken.reached) {
                position.reached(version);
            }
        }
        self.save().await;
    }

    async fn save(&mut self) {
        if let Some(position) = &mut self.position
            && let Err(error) = position.save().await
        {
            tracing::warn!(
                parent: &self.handover.span,
                error = %error,
                "The position cannot be stored: it is tried again"
            );
        }
    }

    fn take(&mut self, news: EventNews, taken: &mut Taken) {
        match news {
            EventNews::Listed(event) => self.event(*event, Origin::List, taken),
            EventNews::Added(event) => self.event(*event, Origin::Added, taken),
            EventNews::Modified(event) => self.event(*event, Origin::Modified, taken),
            EventNews::Complete(version) => taken.reached = Some(version),
            EventNews::Unreadable(reason) => self.unreadable(&reason),
            EventNews::Failing { what, error, hint } => {
                tracing::warn!(
                    parent: &self.handover.span,
                    what,
                    error,
                    hint,
                    "Kubernetes API cannot be read: it is tried again, and events are reported then"
                );
                let hint = if hint.is_empty() {
                    hint
                } else {
                    format!(" ({hint})")
                };
                self.health
                    .worse(format!("{what}: {error}{hint}"), !self.failing);
                self.failing = true;
            }
            EventNews::Back { what, after } => {
                let after_seconds = after.as_secs();
                tracing::info!(
                    parent: &self.handover.span,
                    what,
                    after_seconds,
                    "Kubernetes API is back"
                );
                self.failing = false;
                self.health.better();
            }
            // Nothing else is reported as yet.
            _ => {}
        }
    }

    fn event(&mut self, event: Event, origin: Origin, taken: &mut Taken) {
        // A list is in no order of versions.
        if origin != Origin::List && !event.metadata.resource_version.is_empty() {
            taken.reached = Some(event.metadata.resource_version.clone());
        }
        match self.news.judge(&event, origin, Instant::now()) {
            Verdict::Old => {}
            Verdict::TooSoon => {
                self.too_soon.add(1);
                self.handover.account.received(1);
                self.handover.account.filtered(1);
            }
            Verdict::New => {
                let made = match &self.lines {
                    None => Some(record(event, &self.version)),
                    Some(lines) => lines.line(&event),
                };
                match made {
                    Some(made) => push(&mut taken.records, made),
                    None => self.unreadable("the event is of no object"),
                }
            }
        }
    }

    fn unreadable(&mut self, reason: &str) {
        self.unreadable += 1;
        self.handover.instruments.failed(Signal::Logs, 1);
        // Often enough to be seen, seldom enough not to fill the log.
        if self.unreadable.is_power_of_two() {
            tracing::warn!(
                parent: &self.handover.span,
                reason,
                passed_over = self.unreadable,
                "An object is no event: it is passed over"
            );
        }
    }
}

/// Adds a record; one of the same resource as the last goes to it.
fn push(records: &mut Vec<ResourceLogs>, mut made: ResourceLogs) {
    if let Some(last) = records.last_mut()
        && last.resource == made.resource
        && let (Some(last), Some(made)) = (last.scope_logs.last_mut(), made.scope_logs.last_mut())
    {
        last.log_records.append(&mut made.log_records);
    } else {
        records.push(made);
    }
}
