//! The command line that every distribution shares.

mod arguments;
mod components;
mod featuregate;
mod graph;
mod print_config;
mod run;
mod signals;
mod targets;
mod validate;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use headwater_core::Registry;

use crate::distribution::Distribution;
use crate::error::ConfigError;
use arguments::{Arguments, ErrorFormat, Verb};

/// All went well.
const FINE: u8 = 0;
/// Something failed at run time.
const FAILED: u8 = 1;
/// The command line is wrong (EX_USAGE).
const WRONG_USAGE: u8 = 64;
/// The configuration is wrong (EX_CONFIG).
const WRONG_CONFIG: u8 = 78;

/// Where a command writes.
struct Streams<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    /// Whether errors are shown in colour.
    color: bool,
}

/// Runs the command line of `distribution` with the linked components and the arguments of the
/// process. The whole of a generated `main`.
///
/// Exit codes: 0 all went well, 1 failed at run time, 64 wrong usage, 78 wrong configuration.
#[must_use]
pub fn main(distribution: Distribution) -> ExitCode {
    // Neither stream is locked: log lines go to them as well.
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let color = err.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut streams = Streams {
        out: &mut out,
        err: &mut err,
        color,
    };
    let context = Context {
        distribution,
        registry: Registry::linked(),
    };
    ExitCode::from(context.run(std::env::args_os(), &mut streams))
}

/// Runs one command with explicit components, arguments and streams, and returns the exit code:
/// what [`main`] does, for programs and tests that need the output.
pub fn run_with(
    distribution: Distribution,
    registry: Registry,
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let mut streams = Streams {
        out,
        err,
        color: false,
    };
    let context = Context {
        distribution,
        registry,
    };
    context.run(arguments, &mut streams)
}

/// What every command needs.
struct Context {
    distribution: Distribution,
    registry: Registry,
}

impl Context {
    fn run(
        &self,
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
        streams: &mut Streams<'_>,
    ) -> u8 {
        let command = Arguments::command()
            .name(self.distribution.command)
            .bin_name(self.distribution.command)
            .about(self.distribution.description);
        let parsed = command
            .try_get_matches_from(arguments)
            .and_then(|matches| Arguments::from_arg_matches(&matches));
        match parsed {
            Ok(arguments) => self.dispatch(&arguments, streams),
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp) => {
                streams.print(&error.to_string());
                FINE
            }
            Err(error) => {
                streams.report(&error.to_string());
                WRONG_USAGE
            }
        }
    }

    fn dispatch(&self, arguments: &Arguments, streams: &mut Streams<'_>) -> u8 {
        if arguments.version {
            let Distribution {
                command, version, ..
            } = self.distribution;
            streams.print(&format!("{command} version {version}\n"));
            return FINE;
        }
        match &arguments.verb {
            None => self.collect(arguments, streams),
            Some(Verb::Validate) => self.validate(arguments, streams),
            Some(Verb::Components) => self.components(streams),
            Some(Verb::PrintConfig(options)) => self.print_config(arguments, options, streams),
            Some(Verb::Graph(options)) => self.graph(arguments, options, streams),
            Some(Verb::Featuregate(options)) => {
                featuregate::featuregate(arguments, options, streams)
            }
            Some(Verb::Targets(options)) => targets::targets(arguments, options, streams),
        }
    }
}

impl Streams<'_> {
    /// Writes what was asked for. A reader that went away is nobody's error.
    fn print(&mut self, text: &str) {
        self.out.write_all(text.as_bytes()).ok();
        self.out.flush().ok();
    }

    /// Writes what went wrong.
    fn report(&mut self, text: &str) {
        self.err.write_all(text.as_bytes()).ok();
        self.err.flush().ok();
    }

    /// Writes an error without a place, in the form asked for.
    fn error(&mut self, arguments: &Arguments, text: &str) {
        match arguments.error_format {
            ErrorFormat::Human => self.report(&format!("Error: {text}\n")),
            ErrorFormat::Json => {
                let mut line = String::from("{\"severity\":\"error\",\"message\":");
                crate::logs::write_json_string(&mut line, text);
                line.push_str("}\n");
                self.report(&line);
            }
        }
    }

    /// Writes everything that is wrong with a configuration, in the form asked for.
    fn config_error(&mut self, arguments: &Arguments, error: &ConfigError) -> u8 {
        let text = match arguments.error_format {
            ErrorFormat::Human => error.human(self.color),
            ErrorFormat::Json => error.json(),
        };
        self.report(&text);
        WRONG_CONFIG
    }
}
