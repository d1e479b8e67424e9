//! Builds slim collectors from manifests: see `README.md` beside this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    headwater_builder::cli::main(std::env::args())
}
