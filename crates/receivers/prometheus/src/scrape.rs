//! The life of one target: scrape after scrape, and the markers at its end.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use headwater_core::bytes::Bytes;
use headwater_prometheus::exposition::{Format, ParserOptions, choose_format};
use headwater_prometheus::scrape_config::ScrapeProtocol;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::cache::Cache;
use crate::clock::{Clock, milliseconds};
use crate::collect::{Body, Counts, SampleRules, collect, collect_stale};
use crate::failure::Failure;
use crate::failure_log::FailureLog;
use crate::fetch::Fetch;
use crate::output::Output;
use crate::report::{Outcome, Report};
use crate::schedule::{Grid, offset};
use crate::scratch::{Pool, Scratch};
use crate::targets::TargetState;

/// How a target is scraped. Another one replaces it while the target lives.
pub(crate) struct Setup {
    pub(crate) rules: SampleRules,
    pub(crate) fetch: Arc<dyn Fetch>,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) fallback: Option<ScrapeProtocol>,
    pub(crate) options: ParserOptions,
    /// Whether `extra_scrape_metrics` is set.
    pub(crate) extra: bool,
    /// `scrape_failure_log_file`.
    pub(crate) failure_log: Option<FailureLog>,
    /// What spreads the first scrapes: of the target, and of the whole process.
    pub(crate) hash: u64,
    pub(crate) seed: u64,
}

/// What a target is to do.
#[derive(Clone)]
pub(crate) enum Command {
    /// To be scraped like this.
    Run(Arc<Setup>),
    /// It is gone: its series are marked stale after a while, unless it comes back.
    Leave,
    /// The process stops: no markers; one more scrape if asked for.
    Stop { scrape: bool },
}

/// What all targets share.
pub(crate) struct Shared {
    pub(crate) output: Output,
    pub(crate) clock: Clock,
    pub(crate) pool: Pool,
    /// Waited for before the first scrape of each target.
    pub(crate) initial_offset: Duration,
    pub(crate) span: tracing::Span,
}

/// One target.
pub(crate) struct ScrapeLoop {
    shared: Arc<Shared>,
    state: Arc<TargetState>,
    setup: Arc<Setup>,
    commands: watch::Receiver<Command>,
    cache: Cache,
    report: Report,
    format: Option<Format>,
    /// Whether there was a scrape.
    scraped: bool,
}

/// Why waiting ended.
enum Woken {
    /// It is time to scrape.
    Tick,
    /// There is another setup.
    Changed,
    Leave,
    Stop {
        scrape: bool,
    },
}

impl ScrapeLoop {
    pub(crate) fn new(
        shared: Arc<Shared>,
        state: Arc<TargetState>,
        setup: Arc<Setup>,
        commands: watch::Receiver<Command>,
    ) -> Self {
        Self {
            report: Report::new(setup.extra, setup.timeout.as_secs_f64()),
            shared,
            state,
            setup,
            commands,
            cache: Cache::new(),
            format: None,
            scraped: false,
        }
    }

    /// Scrapes until the target is told to end.
    pub(crate) async fn run(mut self) {
        let mut ticks = self.ticks(self.shared.initial_offset);
        let mut grid: Option<Grid> = None;
        loop {
            match self.wake(&mut ticks).await {
                Woken::Tick => {
                    let now = self.shared.clock.now();
                    let interval = self.setup.interval;
                    let time = grid.get_or_insert(Grid::new(interval, now)).snap(now);
                    let begin = Instant::now();
                    let stopped = stopped(self.commands.clone());
                    let fetched = tokio::select! {
                        fetched = self.fetch() => fetched,
                        // What is under way is broken off; the command is taken next.
                        () = stopped => continue,
                    };
                    self.scrape(time, begin, fetched).await;
                }
                Woken::Changed => {
                    let before = self.setup.interval;
                    self.take_setup();
                    if self.setup.interval != before {
                        ticks = self.ticks(Duration::ZERO);
                        grid = None;
                    }
                }
                Woken::Leave => {
                    if self.leave(&mut ticks).await {
                        return;
                    }
                }
                Woken::Stop { scrape } => {
                    if scrape {
                        let fetched = self.fetch().await;
                        self.scrape(self.shared.clock.now(), Instant::now(), fetched)
                            .await;
                    }
                    return;
                }
            }
        }
    }

    /// Ticks on the grid that the target's hash gives it.
    fn ticks(&self, delay: Duration) -> Interval {
        let setup = &self.setup;
        let wait = offset(
            setup.hash,
            setup.seed,
            setup.interval,
            self.shared.clock.now(),
        );
        let mut ticks = tokio::time::interval_at(Instant::now() + delay + wait, setup.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks
    }

    async fn wake(&mut self, ticks: &mut Interval) -> Woken {
        tokio::select! {
            biased;
            changed = self.commands.changed() => match changed {
                Ok(()) => self.obey(),
                // Nobody is left who could say anything.
                Err(_) => Woken::Stop { scrape: false },
            },
            _ = ticks.tick() => Woken::Tick,
        }
    }

    fn obey(&mut self) -> Woken {
        match &*self.commands.borrow_and_update() {
            Command::Run(_) => Woken::Changed,
            Command::Leave => Woken::Leave,
            Command::Stop { scrape } => Woken::Stop { scrape: *scrape },
        }
    }

    /// Takes over the setup of the command that says to run.
    fn take_setup(&mut self) {
        let setup = match &*self.commands.borrow_and_update() {
            Command::Run(setup) => Arc::clone(setup),
            _ => return,
        };
        if setup.rules.series != self.setup.rules.series {
            self.cache.outdate();
        }
        self.report.renew(setup.extra, setup.timeout.as_secs_f64());
        self.setup = setup;
    }

    /// The target is gone: waits for two more turns, so that one that comes back is not marked, then
    /// marks everything with the time of the first. `false` if it came back.
    async fn leave(&mut self, ticks: &mut Interval) -> bool {
        if !self.scraped {
            // Nothing to mark; but the target may be on its way back already.
            return !matches!(&*self.commands.borrow(), Command::Run(_));
        }
        let mut marked = None;
        loop {
            match self.wake(ticks).await {
                Woken::Tick if marked.is_none() => marked = Some(self.shared.clock.now()),
                Woken::Tick => break,
                Woken::Changed => {
                    self.take_setup();
                    return false;
                }
                Woken::Leave => {}
                Woken::Stop { .. } => return true,
            }
        }
        let rest = tokio::time::sleep(self.setup.interval / 10);
        tokio::pin!(rest);
        loop {
            tokio::select! {
                biased;
                changed = self.commands.changed() => match changed.map(|()| self.obey()) {
                    Ok(Woken::Changed) => {
                        self.take_setup();
                        return false;
                    }
                    Ok(Woken::Leave | Woken::Tick) => {}
                    Ok(Woken::Stop { .. }) | Err(_) => return true,
                },
                () = &mut rest => break,
            }
        }
        let time = milliseconds(marked.unwrap_or_default());
        let mut guard = self.shared.pool.take();
        let scratch = &mut guard.scratch;
        collect_stale(&mut self.cache, &mut scratch.samples, time);
        let rules = &self.setup.rules;
        if self
            .report
            .end(&mut self.cache, &mut scratch.samples, rules, time)
            .is_ok()
        {
            let give_up = Instant::now() + self.setup.interval;
            self.send(&mut guard.scratch, give_up).await;
        }
        true
    }

    /// One scrape, begun at `begin`, whose samples get `time`, since 1970.
    async fn scrape(
        &mut self,
        time: Duration,
        begin: Instant,
        fetched: Result<(Bytes, Format), Failure>,
    ) {
        self.state
            .begin(self.shared.clock.now().saturating_sub(begin.elapsed()));
        // Buffers are for the time of work, not of waiting.
        let mut guard = self.shared.pool.take();
        let scratch = &mut guard.scratch;
        let stamp = milliseconds(time);
        let (outcome, failure) = self.read(scratch, fetched, begin, stamp);
        self.scraped = true;
        self.state
            .end(begin.elapsed(), failure.as_ref().map(ToString::to_string));
        if let Some(failure) = &failure {
            if let Some(log) = &self.setup.failure_log
                && let Err(error) = log.write(&self.state, &failure.to_string(), time)
            {
                tracing::error!(
                    parent: &self.shared.span,
                    error = %error,
                    "Could not write to the scrape failure log"
                );
            }
            tracing::warn!(
                parent: &self.shared.span,
                error = %failure,
                scrape_timestamp = stamp,
                target_labels = ?self.setup.rules.series.target,
                "Failed to scrape Prometheus endpoint"
            );
        }
        self.warn(&outcome.counts);
        let give_up = begin + self.setup.interval;
        self.send(scratch, give_up.max(Instant::now() + MIN_PATIENCE))
            .await;
        if failure.is_none() {
            self.cache.sweep();
        }
    }

    async fn fetch(&self) -> Result<(Bytes, Format), Failure> {
        let timeout = self.setup.timeout;
        let fetched = tokio::time::timeout(timeout, self.setup.fetch.fetch())
            .await
            .map_err(|_| Failure::Fetch(format!("context deadline exceeded ({timeout:?})")))??;
        let content_type = Some(fetched.content_type.as_str());
        let (format, odd) = choose_format(content_type, self.setup.fallback)?;
        if let Some(odd) = odd {
            tracing::debug!(
                parent: &self.shared.span,
                error = %odd,
                "Invalid content type on scrape, using fallback setting"
            );
        }
        Ok((fetched.body, format))
    }

    /// Turns a body into samples, or a failure into markers, with the report behind.
    fn read(
        &mut self,
        scratch: &mut Scratch,
        fetched: Result<(Bytes, Format), Failure>,
        begin: Instant,
        time: i64,
    ) -> (Outcome, Option<Failure>) {
        let rules = &self.setup.rules;
        let samples = &mut scratch.samples;
        let mut body_size = 0.0;
        samples.clear();
        self.cache.begin();
        let (counts, read) = match fetched {
            Ok((body, format)) => {
                body_size = body.len() as f64;
                if self.format.replace(format) != Some(format) {
                    self.cache.forget_order();
                }
                let body = Body {
                    bytes: &body,
                    format,
                    options: self.setup.options,
                };
                let now = milliseconds(self.shared.clock.now());
                collect(&body, &mut self.cache, samples, rules, time, now)
            }
            Err(failure) => {
                if failure == Failure::BodySize {
                    body_size = -1.0;
                }
                (Counts::default(), Err(failure))
            }
        };
        let mut failure = read.err();
        if failure.is_some() {
            collect_stale(&mut self.cache, samples, time);
        }
        let outcome = Outcome {
            up: failure.is_none(),
            duration: begin.elapsed().as_secs_f64(),
            counts,
            body_size,
        };
        let reported = self
            .report
            .add(&outcome, &mut self.cache, samples, rules, time);
        if let Err(error) = reported {
            failure.get_or_insert(error);
        }
        (outcome, failure)
    }

    /// Writes the samples and hands them on, request by request.
    async fn send(&mut self, scratch: &mut Scratch, give_up: Instant) {
        let Scratch {
            samples, encoder, ..
        } = scratch;
        samples.settle(&self.cache);
        encoder.begin();
        let series = &self.setup.rules.series;
        while let Some(request) = encoder.next(&mut self.cache, samples, series) {
            let items = request.items;
            let stopped = stopped(self.commands.clone());
            if let Err(error) = self.shared.output.send(request, give_up, stopped).await {
                tracing::warn!(
                    parent: &self.shared.span,
                    error = %error,
                    dropped_items = items,
                    target_labels = ?series.target,
                    "Scrape commit failed"
                );
            }
        }
    }

    fn warn(&self, counts: &Counts) {
        for (number, message) in [
            (
                counts.duplicates,
                "Error on ingesting samples with different value but same timestamp",
            ),
            (
                counts.out_of_bounds,
                "Error on ingesting samples that are too old or are too far into the future",
            ),
            (counts.untranslatable, "failed to add datapoint"),
        ] {
            if number > 0 {
                tracing::warn!(
                    parent: &self.shared.span,
                    num_dropped = number,
                    target_labels = ?self.setup.rules.series.target,
                    "{message}"
                );
            }
        }
    }
}

/// Waits until the process stops.
async fn stopped(mut commands: watch::Receiver<Command>) {
    // Nobody who could say anything is a stop, too.
    drop(
        commands
            .wait_for(|command| matches!(command, Command::Stop { .. }))
            .await,
    );
}

/// How long a refused batch is offered again at least, however late the scrape is.
const MIN_PATIENCE: Duration = Duration::from_millis(100);
