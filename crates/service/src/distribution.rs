//! What a distribution says about itself.

use headwater_core::BuildInfo;

/// A distribution: the fixed part of a collector binary. The builder writes it into `main.rs`.
#[derive(Debug, Clone, Copy)]
pub struct Distribution {
    /// The command; also `service.name` and the first word of `--version`.
    pub command: &'static str,
    /// One line for people; part of the user agent.
    pub description: &'static str,
    /// The version; also `service.version`.
    pub version: &'static str,
    /// The configuration to run on when no `--config` is given, in YAML.
    pub default_config: Option<&'static str>,
}

impl Distribution {
    /// What components are told.
    #[must_use]
    pub fn build_info(&self) -> BuildInfo {
        BuildInfo {
            command: self.command.to_owned(),
            description: self.description.to_owned(),
            version: self.version.to_owned(),
        }
    }
}
