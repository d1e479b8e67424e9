//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use headwater_core::Signal;

use crate::encoding::Encoding;
use crate::hub::LogsBy;
use crate::lineup::Lineup;
use crate::logs::{Backend, LineKind};
use crate::otlp::Protocol;
use crate::scenario::Scenario;

#[derive(Debug, Parser)]
#[command(name = "load", about = "Compares what OTLP collectors cost")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Measure collectors side by side and print a table.
    Run(Run),
    /// Let collectors scrape Prometheus targets and write to a remote-write sink; print a table.
    Scrape(ScrapeRun),
    /// Let collectors read the log files of pods; print a table.
    Logs(LogsRun),
    /// Send all signals at once through a hub to three backends; print a table.
    Hub(HubRun),
    /// Send a fixed volume to whatever listens.
    Send(Send),
    /// Count what arrives until interrupted.
    Sink(Receive),
    /// Forward gRPC requests and do nothing else: the floor of the table.
    Relay(Relay),
    /// List the scenarios, or print one as a configuration with the default ports.
    Scenario {
        /// The scenario to print.
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(mut_arg("collectors", |arg| arg.required_unless_present("floor").help(
    "NAME=[KEY=VALUE ...] PROGRAM [ARGUMENT ...]; `{{config}}`, `{{grpc_in}}`, `{{grpc_out}}`, \
     `{{http_in}}`, `{{http_out}}`, `{{metrics}}` and `{{admin}}` are filled in. May be repeated"
)))]
#[command(mut_arg("templates", |arg| arg.help(
    "NAME=FOLDER of SCENARIO.yaml files for a collector that reads another syntax"
)))]
#[command(mut_arg("harness_cpus", |arg| arg.help("CPUs of generator and sink")))]
#[command(mut_arg("repeat", |arg| arg.help("Measurements of each case; the table has medians")))]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) lineup: Lineup,
    /// Add the bare forwarder of `load relay` as a collector (gRPC only).
    #[arg(long)]
    pub(crate) floor: bool,
    /// The collector that the ratios refer to; the first one if not given.
    #[arg(long)]
    pub(crate) baseline: Option<String>,
    /// See `load scenario`.
    #[arg(long = "scenario", value_delimiter = ',', default_value = "batch",
          value_parser = Scenario::find)]
    pub(crate) scenarios: Vec<&'static Scenario>,
    /// traces, metrics, logs.
    #[arg(long = "signal", value_delimiter = ',', default_value = "traces", value_parser = by_name)]
    pub(crate) signals: Vec<Signal>,
    /// Items per request.
    #[arg(long, value_delimiter = ',', default_value = "200", value_parser = at_least_one)]
    pub(crate) items: Vec<usize>,
    /// Items per measurement.
    #[arg(long, default_value_t = 2_000_000)]
    pub(crate) volume: u64,
    /// Requests per measurement at most.
    #[arg(long, default_value_t = 200_000)]
    pub(crate) max_requests: u64,
    #[command(flatten)]
    pub(crate) shape: Shape,
    /// Seconds between ready and load; idle memory and CPU are measured then.
    #[arg(long, default_value = "2", value_parser = seconds)]
    pub(crate) settle: Duration,
    /// Seconds one measurement may take.
    #[arg(long, default_value = "300", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Seconds without an arrival after which what is missing counts as lost.
    #[arg(long, default_value = "10", value_parser = seconds)]
    pub(crate) quiet: Duration,
    /// The HTTP/2 frame size that the sink offers.
    #[arg(long, default_value_t = 16_384)]
    pub(crate) max_frame: u32,
}

#[derive(Debug, Args)]
#[command(mut_arg("collectors", |arg| arg.required(true).help(
    "As for `run`; `{{target_port}}`, `{{sink_port}}`, `{{targets}}`, `{{interval}}`, \
     `{{metrics}}` and `{{folder}}` are filled in. It has to listen on `{{metrics}}`"
)))]
#[command(mut_arg("templates", |arg| arg.help(
    "NAME=FOLDER with a `scrape.yaml` for a collector that reads another syntax"
)))]
#[command(mut_arg("harness_cpus", |arg| arg.help("CPUs of targets and sink")))]
pub(crate) struct ScrapeRun {
    #[command(flatten)]
    pub(crate) lineup: Lineup,
    /// Targets.
    #[arg(long, default_value = "1", value_parser = at_least_one)]
    pub(crate) targets: usize,
    /// Series of each target.
    #[arg(long, default_value = "50000", value_parser = at_least_one)]
    pub(crate) series: usize,
    /// Seconds between two scrapes of a target.
    #[arg(long, default_value = "1", value_parser = seconds)]
    pub(crate) interval: Duration,
    /// Seconds of scraping before the clock starts.
    #[arg(long, default_value = "10", value_parser = seconds)]
    pub(crate) warm_up: Duration,
    /// Seconds that are measured.
    #[arg(long, default_value = "30", value_parser = seconds)]
    pub(crate) duration: Duration,
}

#[derive(Debug, Args)]
#[command(mut_arg("collectors", |arg| arg.required(true).help(
    "As for `run`; `{{logs}}`, `{{operators}}`, `{{exporter}}`, `{{exporters}}`, `{{sink_port}}`, \
     `{{metrics}}` and `{{folder}}` are filled in. It has to listen on `{{metrics}}`"
)))]
#[command(mut_arg("templates", |arg| arg.help(
    "NAME=FOLDER with a `pod-logs.yaml` for a collector that reads another syntax"
)))]
#[command(mut_arg("harness_cpus", |arg| arg.help("CPUs of the sink")))]
pub(crate) struct LogsRun {
    #[command(flatten)]
    pub(crate) lineup: Lineup,
    /// What lines look like, and what is done with them.
    #[arg(
        long = "kind",
        value_enum,
        value_delimiter = ',',
        default_value = "containerd,json"
    )]
    pub(crate) kinds: Vec<LineKind>,
    /// Where records go.
    #[arg(long, value_enum, default_value = "otlp")]
    pub(crate) backend: Backend,
    /// Files.
    #[arg(long, default_value = "10", value_parser = at_least_one)]
    pub(crate) files: usize,
    /// Lines in all files together.
    #[arg(long, default_value_t = 2_000_000)]
    pub(crate) lines: u64,
    /// Seconds that the backend is not there at first.
    #[arg(long, default_value = "0", value_parser = seconds)]
    pub(crate) down: Duration,
    /// Seconds to watch a collector that has nothing to do.
    #[arg(long, default_value = "0", value_parser = seconds)]
    pub(crate) idle: Duration,
    /// Seconds one measurement may take.
    #[arg(long, default_value = "300", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Seconds without an arrival after which what is missing counts as lost.
    #[arg(long, default_value = "10", value_parser = seconds)]
    pub(crate) quiet: Duration,
}

#[derive(Debug, Args)]
#[command(mut_arg("collectors", |arg| arg.required(true).help(
    "As for `run`; `{{grpc_in}}`, `{{metrics}}`, `{{tempo}}`, `{{prometheus}}`, `{{loki}}`, `{{logs}}` \
     and `{{logs_exporter}}` are filled in"
)))]
#[command(mut_arg("templates", |arg| arg.help(
    "NAME=FOLDER with a `hub.yaml` for a collector that reads another syntax"
)))]
#[command(mut_arg("harness_cpus", |arg| arg.help("CPUs of generator and backends")))]
pub(crate) struct HubRun {
    #[command(flatten)]
    pub(crate) lineup: Lineup,
    /// How logs travel to Loki.
    #[arg(long, value_enum, default_value = "otlp")]
    pub(crate) logs: LogsBy,
    /// Items per request.
    #[arg(long, default_value = "200", value_parser = at_least_one)]
    pub(crate) items: usize,
    /// Items per second of each signal.
    #[arg(long, default_value_t = 10_000.0)]
    pub(crate) rate: f64,
    /// Seconds of sending.
    #[arg(long, default_value = "30", value_parser = seconds)]
    pub(crate) duration: Duration,
    /// traces, metrics or logs: the signal whose backend is slow.
    #[arg(long, value_parser = by_name)]
    pub(crate) slow: Option<Signal>,
    /// Bytes per second that the slow backend takes on a connection.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) slow_bytes: u32,
    /// Seconds between ready and load; idle memory is measured then.
    #[arg(long, default_value = "2", value_parser = seconds)]
    pub(crate) settle: Duration,
    /// Seconds without an arrival after which what is missing counts as lost.
    #[arg(long, default_value = "10", value_parser = seconds)]
    pub(crate) quiet: Duration,
}

/// How requests travel.
#[derive(Debug, Args)]
pub(crate) struct Shape {
    /// gRPC or HTTP, in and out.
    #[arg(long, value_enum, default_value = "grpc")]
    pub(crate) protocol: Protocol,
    /// Connections.
    #[arg(long, default_value_t = 4)]
    pub(crate) connections: usize,
    /// Requests without an answer per connection.
    #[arg(long, default_value_t = 8)]
    pub(crate) in_flight: usize,
    /// Items per second at most; as fast as answers come if not given.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// Where to.
    #[arg(long, default_value = "127.0.0.1:4317")]
    pub(crate) to: SocketAddr,
    /// traces, metrics or logs.
    #[arg(long, default_value = "traces", value_parser = by_name)]
    pub(crate) signal: Signal,
    /// How bodies are compressed.
    #[arg(long, value_enum, default_value = "none")]
    pub(crate) encoding: Encoding,
    /// Items per request.
    #[arg(long, default_value = "200", value_parser = at_least_one)]
    pub(crate) items: usize,
    /// Items in all.
    #[arg(long, default_value_t = 2_000_000)]
    pub(crate) volume: u64,
    #[command(flatten)]
    pub(crate) shape: Shape,
    /// Seconds to try for.
    #[arg(long, default_value = "300", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct Receive {
    /// Where gRPC is accepted.
    #[arg(long, default_value = "127.0.0.1:14317")]
    pub(crate) grpc: SocketAddr,
    /// Where HTTP is accepted.
    #[arg(long, default_value = "127.0.0.1:14318")]
    pub(crate) http: SocketAddr,
    /// The HTTP/2 frame size that senders are offered.
    #[arg(long, default_value_t = 16_384)]
    pub(crate) max_frame: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Relay {
    /// Where gRPC is accepted.
    #[arg(long)]
    pub(crate) listen: SocketAddr,
    /// Where everything goes.
    #[arg(long)]
    pub(crate) to: SocketAddr,
}

fn by_name(name: &str) -> Result<Signal, String> {
    Signal::from_name(name).ok_or_else(|| "want traces, metrics or logs".to_owned())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|&n| n > 0)
        .ok_or_else(|| "want a whole number above 0".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .map_err(|_| "want a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
