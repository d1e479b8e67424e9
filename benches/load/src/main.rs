//! End-to-end load comparison of OTLP collectors.
//!
//! `load run` starts collectors one after the other on the same configuration, sends each the same
//! requests, waits until a counting sink has everything, and prints a Markdown table. `load scrape` does
//! the same for collectors that scrape Prometheus targets, `load logs` for those that read the log files of
//! pods, `load hub` for hubs in front of three backends. `load send`, `load sink` and `load relay` are its parts for use by hand. Linux only: CPU time and memory
//! come from `/proc`.

mod cli;
mod client;
mod collector;
mod count;
mod encoding;
mod error;
mod hub;
mod lineup;
mod logs;
mod otlp;
mod payload;
mod process;
mod relay;
mod report;
mod runner;
mod scenario;
mod scrape;
mod send;
mod sink;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use headwater_core::Signal;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Cli, HubRun, LogsRun, Receive, Relay, Run, ScrapeRun, Send, Verb};
use crate::client::Target;
use crate::error::LoadError;
use crate::hub::Hub;
use crate::logs::Logs;
use crate::runner::Comparison;
use crate::scenario::{SCENARIOS, Scenario};
use crate::scrape::Scrape;
use crate::send::{Plan, Pool};
use crate::sink::Sink;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    // An interrupted run drops what it was doing, and with it every process it has started.
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = cli.verb.run() => outcome,
            () = interrupted() => Ok(()),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn Display) -> ExitCode {
    note(format_args!("load: {error}"));
    ExitCode::FAILURE
}

/// Waits for SIGINT or SIGTERM.
async fn interrupted() {
    match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        // Without handlers the signals end the process by themselves.
        _ => std::future::pending().await,
    }
}

impl Verb {
    async fn run(self) -> Result<(), LoadError> {
        match self {
            Self::Run(run) => run.run().await,
            Self::Scrape(scrape) => scrape.run().await,
            Self::Logs(logs) => logs.run().await,
            Self::Hub(hub) => hub.run().await,
            Self::Send(send) => send.run().await,
            Self::Sink(receive) => receive.run().await,
            Self::Relay(Relay { listen, to }) => {
                relay::relay(listen, to).await.map(|never| match never {})
            }
            Self::Scenario { name: None } => {
                for scenario in &SCENARIOS {
                    print(format_args!("{:14} {}", scenario.name, scenario.about));
                }
                Ok(())
            }
            Self::Scenario { name: Some(name) } => {
                let scenario = Scenario::find(&name).map_err(LoadError::Usage)?;
                let values = [
                    ("grpc_in", "4317"),
                    ("http_in", "4318"),
                    ("grpc_out", "14317"),
                    ("http_out", "14318"),
                    ("metrics", "8888"),
                    ("exporter", "otlp_grpc"),
                ];
                let values = values.map(|(name, value)| (name, value.to_owned()));
                print(format_args!("{}", scenario.config(None, &values.into())));
                Ok(())
            }
        }
    }
}

impl Run {
    async fn run(mut self) -> Result<(), LoadError> {
        if self.floor {
            let me = std::env::current_exe().map_err(LoadError::io("find the own program"))?;
            let command = format!(
                "floor={} relay --listen 127.0.0.1:{{{{grpc_in}}}} --to 127.0.0.1:{{{{grpc_out}}}}",
                me.display()
            );
            let floor = command.parse().map_err(LoadError::Usage)?;
            self.lineup.collectors.push(floor);
        }
        let baseline = self
            .baseline
            .clone()
            .unwrap_or_else(|| self.lineup.collectors[0].name.clone());
        let comparison = Comparison {
            lineup: self.lineup,
            scenarios: self.scenarios,
            signals: self.signals,
            items: self.items,
            volume: self.volume,
            max_requests: self.max_requests,
            protocol: self.shape.protocol,
            connections: self.shape.connections,
            in_flight: self.shape.in_flight,
            rate: self.shape.rate,
            settle: self.settle,
            timeout: self.timeout,
            quiet: self.quiet,
            max_frame: self.max_frame,
        };
        comparison.run(&baseline).await
    }
}

impl ScrapeRun {
    async fn run(self) -> Result<(), LoadError> {
        let scrape = Scrape {
            lineup: self.lineup,
            targets: self.targets,
            series: self.series,
            interval: self.interval,
            warm_up: self.warm_up,
            duration: self.duration,
        };
        scrape.run().await
    }
}

impl LogsRun {
    async fn run(self) -> Result<(), LoadError> {
        let logs = Logs {
            lineup: self.lineup,
            kinds: self.kinds,
            backend: self.backend,
            files: self.files,
            lines: self.lines,
            down: self.down,
            idle: self.idle,
            timeout: self.timeout,
            quiet: self.quiet,
        };
        logs.run().await
    }
}

impl HubRun {
    async fn run(self) -> Result<(), LoadError> {
        let hub = Hub {
            lineup: self.lineup,
            logs: self.logs,
            items: self.items,
            rate: self.rate,
            duration: self.duration,
            slow: self.slow,
            slow_bytes: self.slow_bytes,
            settle: self.settle,
            quiet: self.quiet,
        };
        hub.run().await
    }
}

impl Send {
    async fn run(self) -> Result<(), LoadError> {
        let protocol = self.shape.protocol;
        let pool = Arc::new(Pool::build(
            protocol,
            self.signal,
            self.encoding,
            self.items,
            payload::request,
        )?);
        let target = Target::try_new(protocol, self.to, self.signal, self.encoding)?;
        let plan = Plan {
            requests: self.volume.div_ceil(pool.items),
            connections: self.shape.connections,
            in_flight: self.shape.in_flight,
            rate: self.shape.rate,
            deadline: Instant::now() + self.timeout,
        };
        let sent = send::send(&target, self.to, &pool, &plan).await?;
        let items = sent.accepted * pool.items;
        print(format_args!(
            "{items} {} accepted in {} requests of {} bytes, {:.2} s, {:.0} items/s, \
             ack p50 {:.1} ms, p99 {:.1} ms; {} requests sent again, {} refused{}",
            self.signal.items_name(),
            sent.accepted,
            pool.mean_size(),
            sent.elapsed.as_secs_f64(),
            items as f64 / sent.elapsed.as_secs_f64(),
            sent.percentile(0.5),
            sent.percentile(0.99),
            sent.retries,
            sent.refused,
            sent.refusal
                .as_ref()
                .map_or_else(String::new, |why| format!(" ({why})")),
        ));
        Ok(())
    }
}

impl Receive {
    async fn run(self) -> Result<(), LoadError> {
        let sink = Sink::start(self.grpc, self.http, self.max_frame)?;
        note(format_args!("gRPC on {}, HTTP on {}", sink.grpc, sink.http));
        let mut before = 0;
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let totals = &sink.totals;
            if totals.requests() + totals.refused() == before {
                continue;
            }
            before = totals.requests() + totals.refused();
            let items = Signal::ALL.map(|s| format!("{} {}", totals.items(s), s.items_name()));
            print(format_args!(
                "{}; {} requests, {} bytes, {} refused",
                items.join(", "),
                totals.requests(),
                totals.bytes(),
                totals.refused()
            ));
        }
    }
}

/// A line of output; nobody is there to read it if it cannot be written.
fn print(line: impl Display) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

/// A line of progress on standard error.
fn note(line: impl Display) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}
