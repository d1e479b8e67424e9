//! The root command: run until told to stop.

use std::time::Duration;

use headwater_core::config::parse_duration;

use super::arguments::Arguments;
use super::signals::{Signal, Signals};
use super::{Context, FAILED, FINE, Streams, WRONG_USAGE};
use crate::collector::{Collector, DEFAULT_SHUTDOWN_TIMEOUT, RunningCollector};
use crate::cpus;
use crate::error::{ReloadError, StartError};
use crate::load::{Source, log_remarks};
use crate::logs::{LogSubscriber, Logging, chain};
use crate::workers::Workers;

/// Overrides the number of workers.
const WORKERS: &str = "HEADWATER_WORKERS";
/// What `--shutdown-timeout` is without the flag.
const SHUTDOWN_TIMEOUT: &str = "HEADWATER_SHUTDOWN_TIMEOUT";

impl Context {
    pub(super) fn collect(&self, arguments: &Arguments, streams: &mut Streams<'_>) -> u8 {
        let Some(source) = self.source(arguments, streams) else {
            return WRONG_USAGE;
        };
        let (workers, timeout) = match (workers(), shutdown_timeout(arguments)) {
            (Ok(workers), Ok(timeout)) => (workers, timeout),
            (Err(error), _) | (_, Err(error)) => {
                streams.error(arguments, &error);
                return WRONG_USAGE;
            }
        };
        let collector = Collector::builder()
            .registry(self.registry.clone())
            .build_info(self.distribution.build_info())
            .source(source.clone())
            .serve_metrics(true)
            .shutdown_timeout(timeout)
            .build();
        let collector = match collector {
            Ok(collector) => collector,
            Err(error) => return streams.config_error(arguments, &error),
        };
        if arguments.config.is_empty() {
            let command = self.distribution.command;
            streams.report(&format!(
                "No --config given: running on the configuration built into {command} \
                 (`{command} print-config` shows it)\n"
            ));
        }
        let logging = Logging::open(
            &collector.configuration().telemetry.logs,
            &collector.resource(),
        );
        let logging = match logging {
            Ok(logging) => logging,
            Err(error) => {
                streams.error(arguments, &chain(&error));
                return FAILED;
            }
        };
        // A program that has a subscriber already keeps it.
        tracing::subscriber::set_global_default(LogSubscriber::new(logging.clone())).ok();
        for remark in source.gates.remarks() {
            tracing::warn!("{remark}");
        }
        log_remarks(collector.diagnostics());
        match self.run_on(workers, collector.with_logging(logging), &source) {
            Ok(code) => code,
            Err(error) => {
                streams.error(arguments, &chain(&*error));
                FAILED
            }
        }
    }

    fn run_on(
        &self,
        count: usize,
        collector: Collector,
        source: &Source,
    ) -> Result<u8, Box<dyn std::error::Error>> {
        tracing::info!(
            Version = self.distribution.version,
            NumCPU = cpus::usable(),
            workers = count,
            "Starting {}...",
            self.distribution.command
        );
        let workers = Workers::start(count)?;
        let run = run(collector, source, &workers);
        let code = workers.block_on(run).transpose()?;
        Ok(code.unwrap_or(FAILED))
    }
}

/// From start to the end of shutdown.
async fn run(
    collector: Collector,
    source: &Source,
    workers: &Workers,
) -> Result<u8, Box<dyn std::error::Error>> {
    let mut signals = Signals::listen()?;
    let running = tokio::select! {
        started = collector.start_on(workers.runtime()) => started?,
        name = signals.terminate() => {
            tracing::info!(signal = name, "Received signal from OS before everything was started");
            return Ok(FINE);
        }
    };
    tracing::info!("Everything is ready. Begin running and processing data.");
    serve(running, source, &mut signals).await
}

async fn serve(
    mut running: RunningCollector,
    source: &Source,
    signals: &mut Signals,
) -> Result<u8, Box<dyn std::error::Error>> {
    let code = loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Terminate(name) => {
                    tracing::info!(signal = name, "Received signal from OS");
                    break FINE;
                }
                Signal::Reload => {
                    tracing::info!(signal = "hangup", "Received signal from OS");
                    tokio::select! {
                        reloaded = reload(&mut running, source) => reloaded?,
                        name = signals.terminate() => {
                            tracing::info!(signal = name, "Received signal from OS during a reload");
                            break FINE;
                        }
                    }
                }
            },
            reason = running.failed() => {
                tracing::error!(error = reason, "Asynchronous error received, terminating process");
                break FAILED;
            }
        }
    };
    tokio::select! {
        shutdown = running.shutdown() => Ok(if shutdown.errors.is_empty() { code } else { FAILED }),
        name = signals.terminate() => {
            tracing::error!(signal = name, "Second signal received, stopping without draining");
            Ok(FAILED)
        }
    }
}

/// Reloads, and says how it went; an error only if nothing runs any more.
async fn reload(running: &mut RunningCollector, source: &Source) -> Result<(), StartError> {
    tracing::info!("Reloading the configuration...");
    match running.reload_from(source.clone()).await {
        Ok(()) => tracing::info!("Configuration reloaded. Running and processing data."),
        Err(ReloadError::Stopped(error)) => return Err(error),
        Err(ReloadError::Config(error)) => {
            tracing::error!("Reload failed, the earlier configuration stays: it has errors");
            log_remarks(error.diagnostics());
        }
        Err(error) => tracing::error!(
            error = &error as &dyn std::error::Error,
            "Reload failed, the earlier configuration stays"
        ),
    }
    Ok(())
}

fn workers() -> Result<usize, String> {
    match std::env::var(WORKERS) {
        Err(_) => Ok(cpus::usable()),
        Ok(text) => match text.trim().parse() {
            Ok(count @ 1..=1024) => Ok(count),
            _ => Err(format!("{WORKERS} must be a number from 1 to 1024")),
        },
    }
}

fn shutdown_timeout(arguments: &Arguments) -> Result<Duration, String> {
    if let Some(timeout) = arguments.shutdown_timeout {
        return Ok(timeout);
    }
    match std::env::var(SHUTDOWN_TIMEOUT) {
        Err(_) => Ok(DEFAULT_SHUTDOWN_TIMEOUT),
        Ok(text) => parse_duration(text.trim())
            .map_err(|error| format!("{SHUTDOWN_TIMEOUT} is no duration: {error}")),
    }
}
