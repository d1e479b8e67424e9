//! What can be written on the command line.

use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use headwater_core::config::parse_duration;

use super::{Context, Streams};
use crate::gates::Gates;
use crate::load::Source;

/// Without a command the collector runs until it gets SIGTERM or SIGINT, and reads its
/// configuration again at SIGHUP.
#[derive(Debug, Parser)]
#[command(disable_version_flag = true)]
pub(super) struct Arguments {
    /// Where the configuration is: a path, or a URI with the scheme file, env, yaml, http or
    /// https. Can be given several times; later ones change what earlier ones say
    #[arg(long, global = true, value_name = "URI")]
    pub(super) config: Vec<String>,

    /// Sets one value, as in --set=processors.batch.timeout=2s; stronger than any --config. Can
    /// be given several times
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,

    /// Feature gates to switch: a,-b,+c. Those that mean nothing here are accepted
    #[arg(long, global = true, value_name = "GATES", allow_hyphen_values = true)]
    pub(super) feature_gates: Vec<String>,

    /// How errors are written
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        default_value_t
    )]
    pub(super) error_format: ErrorFormat,

    /// How long to wait at shutdown for data to flow out, such as 30s or 2m. Without it
    /// HEADWATER_SHUTDOWN_TIMEOUT, else 30s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) shutdown_timeout: Option<Duration>,

    /// Prints the version
    #[arg(short = 'v', long)]
    pub(super) version: bool,

    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Checks the configuration, builds the pipelines and starts nothing
    Validate,
    /// Prints the components of this program as YAML
    Components,
    /// Prints the configuration with all defaults
    #[command(alias = "print-initial-config")]
    PrintConfig(PrintConfig),
    /// Prints the pipelines as a graph
    Graph(Graph),
    /// Prints feature gates
    Featuregate(Featuregate),
    /// Asks a running collector for the targets of its prometheus receiver
    Targets(Targets),
}

#[derive(Debug, Args)]
pub(super) struct Targets {
    /// Where the receiver's api_server is
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    pub(super) url: String,

    /// Which targets
    #[arg(long, value_enum, default_value_t)]
    pub(super) state: TargetState,

    /// Shows labels before relabelling, too
    #[arg(long)]
    pub(super) discovered: bool,

    /// Prints the answer as it is
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum TargetState {
    #[default]
    Any,
    Active,
    /// Those that relabelling drops
    Dropped,
}

impl TargetState {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Active => "active",
            Self::Dropped => "dropped",
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct PrintConfig {
    /// Whether secrets are shown
    #[arg(long, value_enum, default_value_t)]
    pub(super) mode: Mode,

    /// The language
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: ConfigFormat,

    /// Whether a configuration with errors is refused
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true"
    )]
    pub(super) validate: bool,

    /// Says of each value where it comes from
    #[arg(long)]
    pub(super) origin: bool,
}

#[derive(Debug, Args)]
pub(super) struct Graph {
    /// The language
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: GraphFormat,
}

#[derive(Debug, Args)]
pub(super) struct Featuregate {
    /// One gate; all of them without it
    pub(super) id: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum ErrorFormat {
    /// For people, with the lines of the configuration
    #[default]
    Human,
    /// For programs, one object on each line
    Json,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Mode {
    #[default]
    Redacted,
    Unredacted,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum ConfigFormat {
    #[default]
    Yaml,
    Json,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum GraphFormat {
    /// For Graphviz
    #[default]
    Dot,
    /// For Markdown
    Mermaid,
    /// For a terminal
    Text,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(str::to_owned)
}

impl Context {
    /// What the arguments name, or the configuration that the distribution comes with; `None`,
    /// reported, if there is neither.
    pub(super) fn source(
        &self,
        arguments: &Arguments,
        streams: &mut Streams<'_>,
    ) -> Option<Source> {
        let gates = Gates::parse(arguments.feature_gates.iter().map(String::as_str));
        let mut uris = arguments.config.clone();
        if uris.is_empty() {
            let Some(config) = self.distribution.default_config else {
                streams.error(arguments, "at least one config flag must be provided");
                return None;
            };
            uris.push(format!("yaml:{config}"));
        }
        Some(Source {
            uris,
            sets: arguments.set.clone(),
            gates,
        })
    }
}
