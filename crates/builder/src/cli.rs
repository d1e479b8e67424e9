//! The command line.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use headwater_core::config::Diagnostics;

use crate::build::{self, BuildError, Built, Options};
use crate::check::check;
use crate::console::{Console, ErrorFormat};
use crate::create;
use crate::error::Failure;
use crate::import::import;
use crate::layout::{find_checkout, shown};
use crate::load::{Loaded, load, read_catalog, read_tree};
use crate::verify::verify;

/// Builds slim collectors from manifests.
#[derive(Debug, Parser)]
#[command(name = "builder", version, arg_required_else_help = true)]
struct Cli {
    /// How mistakes are shown.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    error_format: ErrorFormat,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build a distribution; the last line printed is the path of the program.
    Build(BuildArgs),
    /// Build a distribution and start it on its embedded configuration.
    Run {
        #[command(flatten)]
        build: BuildArgs,
        /// Handed to the collector.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Write the crate that a distribution is built from; print its folder.
    Generate {
        /// The manifest.
        manifest: PathBuf,
    },
    /// Check a manifest, and that it names everything that its configurations use.
    Check {
        /// The manifest.
        manifest: PathBuf,
        /// Check this configuration, too. Can be given several times.
        #[arg(long, value_name = "FILE")]
        config: Vec<PathBuf>,
    },
    /// Write a manifest, a configuration and a README to start from.
    New {
        /// The name of the distribution.
        name: String,
        /// Where to. Default: `distributions/NAME` in a checkout, else `NAME`.
        #[arg(long, value_name = "FOLDER")]
        path: Option<PathBuf>,
        /// List exactly the components that this configuration uses. Can be given several times.
        #[arg(long, value_name = "FILE")]
        config: Vec<PathBuf>,
    },
    /// Translate a manifest of the OpenTelemetry Collector Builder.
    Import {
        /// Its YAML file.
        file: PathBuf,
        /// Where to write the manifest. Default: standard output.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct BuildArgs {
    /// The manifest.
    manifest: PathBuf,
    /// Use no crate that the lock file does not pin.
    #[arg(long)]
    locked: bool,
    /// Do not use the network.
    #[arg(long)]
    offline: bool,
    /// Build for this target instead of this machine.
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
}

/// Runs the command line `arguments`, the first of which is the program's name.
pub fn main(arguments: impl IntoIterator<Item = String>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell when the terminal is gone.
            error.print().unwrap_or_default();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                _ => Failure::Usage(String::new()).exit_code(),
            };
        }
    };
    let console = Console::new(cli.error_format);
    match run(cli.verb, console) {
        Ok(code) => code,
        Err(failure) => {
            console.failure(&failure);
            failure.exit_code()
        }
    }
}

fn run(verb: Verb, console: Console) -> Result<ExitCode, Failure> {
    let working = env::current_dir()?;
    match verb {
        Verb::Build(args) => {
            let (built, _) = build_verb(&args, &working, console)?;
            console.result(&built.report);
            console.result(shown(&built.program, &working).display());
        }
        Verb::Run { build, arguments } => {
            if build.target.is_some() {
                let message = "what is built with --target cannot be run here: use `build`";
                return Err(Failure::Usage(message.into()));
            }
            let (built, _) = build_verb(&build, &working, console)?;
            console.progress("Running", shown(&built.program, &working).display());
            return start(&built.program, &arguments);
        }
        Verb::Generate { manifest } => {
            let loaded = ready(&manifest, &[], &working, console)?;
            build::write_crate(&loaded.plan, &loaded.layout)?;
            console.result(shown(&loaded.layout.output, &working).display());
        }
        Verb::Check { manifest, config } => {
            let loaded = ready(&manifest, &config, &working, console)?;
            let components = loaded.plan.components.len();
            console.progress(
                "Checked",
                format!("{}: {components} components", loaded.plan.name),
            );
        }
        Verb::New { name, path, config } => new(&name, path, &config, &working, console)?,
        Verb::Import { file, output } => import_verb(&file, output.as_deref(), &working, console)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Loads a manifest and checks it together with its embedded configuration and `configs`.
fn ready(
    manifest: &Path,
    configs: &[PathBuf],
    working: &Path,
    console: Console,
) -> Result<Loaded, Failure> {
    let mut diagnostics = Diagnostics::new();
    let loaded = load(manifest, working, &mut diagnostics)?;
    // What a wrong manifest lacks is no news about a configuration.
    if let Some(loaded) = loaded.as_ref().filter(|_| !diagnostics.has_errors()) {
        if let Some(tree) = &loaded.config {
            check(tree, &loaded.plan, &mut diagnostics);
        }
        for path in configs {
            if let Some(tree) = read_tree(path, &mut diagnostics) {
                check(&tree, &loaded.plan, &mut diagnostics);
            }
        }
    }
    console.show(&diagnostics)?;
    loaded.ok_or(Failure::Configuration)
}

fn build_verb(
    args: &BuildArgs,
    working: &Path,
    console: Console,
) -> Result<(Built, Loaded), Failure> {
    let loaded = ready(&args.manifest, &[], working, console)?;
    let plan = &loaded.plan;
    console.progress("Building", format!("{} {}", plan.name, plan.version));
    let options = Options {
        locked: args.locked,
        offline: args.offline,
        target: args.target.clone(),
    };
    let built = build::build(plan, &loaded.layout, &loaded.folder, &options)?;
    if options.target.is_none() {
        verify(plan, &built.program)?;
    }
    Ok((built, loaded))
}

/// Becomes the program, so that signals reach it and nobody else.
#[cfg(unix)]
fn start(program: &Path, arguments: &[String]) -> Result<ExitCode, Failure> {
    use std::os::unix::process::CommandExt;
    // Returns only if it could not be done.
    Err(Command::new(program).args(arguments).exec().into())
}

#[cfg(not(unix))]
fn start(program: &Path, arguments: &[String]) -> Result<ExitCode, Failure> {
    let status = Command::new(program).args(arguments).status()?;
    Ok(ExitCode::from(u8::from(!status.success())))
}

fn new(
    name: &str,
    path: Option<PathBuf>,
    configs: &[PathBuf],
    working: &Path,
    console: Console,
) -> Result<(), Failure> {
    if let Some(problem) = crate::manifest::name_problem(name) {
        return Err(Failure::Usage(format!("{name:?}: {problem}")));
    }
    let checkout = find_checkout(working, working);
    let files = if configs.is_empty() {
        create::usual(name)
    } else {
        let mut diagnostics = Diagnostics::new();
        let catalog = read_catalog(checkout.as_deref())?;
        let trees = configs.iter().map(|path| read_tree(path, &mut diagnostics));
        let trees: Vec<_> = trees.collect::<Vec<_>>().into_iter().flatten().collect();
        let files = create::for_configs(name, &trees, &catalog, &mut diagnostics);
        console.show(&diagnostics)?;
        files
    };
    let folder = path.unwrap_or_else(|| match checkout {
        Some(root) => root.join("distributions").join(name),
        None => working.join(name),
    });
    create::create(&files, &folder)?;
    console.result(shown(&folder.join("manifest.toml"), working).display());
    Ok(())
}

fn import_verb(
    file: &Path,
    output: Option<&Path>,
    working: &Path,
    console: Console,
) -> Result<(), Failure> {
    let mut diagnostics = Diagnostics::new();
    let catalog = read_catalog(find_checkout(working, working).as_deref())?;
    let text =
        read_tree(file, &mut diagnostics).map(|tree| import(&tree, &catalog, &mut diagnostics));
    console.show(&diagnostics)?;
    let text = text.unwrap_or_default();
    match output {
        None => console.result(text.trim_end()),
        Some(path) => {
            fs::write(path, text).map_err(|source| BuildError::Write {
                path: path.to_owned(),
                source,
            })?;
            console.result(path.display());
        }
    }
    Ok(())
}
