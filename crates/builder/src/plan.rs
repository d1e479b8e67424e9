//! What a distribution consists of once every name of its manifest has found its crate.

use std::path::PathBuf;

use headwater_core::ComponentKind;

/// Where Cargo finds a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrateSource {
    /// A folder: as it is to stand in the generated `Cargo.toml`.
    Path(PathBuf),
    /// A published version requirement.
    Version(String),
    /// A git repository.
    Git {
        /// The repository's URL.
        url: String,
        /// Which commit.
        reference: GitReference,
    },
}

/// Which commit of a git repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum GitReference {
    /// The newest of the default branch.
    #[default]
    Default,
    /// The newest of a branch.
    Branch(String),
    /// A tag.
    Tag(String),
    /// A commit.
    Rev(String),
}

/// One crate to link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedComponent {
    /// Its kind.
    pub kind: ComponentKind,
    /// The type that it registers; none for a crate that cannot be looked into before it is
    /// built.
    pub type_name: Option<String>,
    /// Other spellings of the type.
    pub aliases: Vec<String>,
    /// The Cargo package.
    pub package: String,
    /// The name that Rust code knows it by.
    pub library: String,
    /// Where Cargo finds it.
    pub source: CrateSource,
    /// Cargo features to switch on.
    pub features: Vec<String>,
    /// The Cargo features that there are, `default` aside; none for a crate that cannot be looked
    /// into before it is built.
    pub known_features: Option<Vec<String>>,
    /// Whether it leads to `headwater-transport`, where TLS is.
    pub uses_transport: bool,
}

impl LinkedComponent {
    /// Whether configurations may call the component `name`.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.type_name.as_deref() == Some(name) || self.aliases.iter().any(|alias| alias == name)
    }
}

/// Which allocator the program uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, headwater_core::config::Config)]
pub enum Allocator {
    /// The C library's: adds nothing to the program.
    #[default]
    System,
    /// mimalloc: holds on to more memory from the start. Needs a C compiler.
    Mimalloc,
    /// jemalloc: a little less CPU time under high load. Needs a C compiler and make.
    Jemalloc,
}

/// Which cryptography TLS uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, headwater_core::config::Config)]
pub enum Tls {
    /// ring: small and quick to build.
    #[default]
    Ring,
    /// AWS-LC. Needs a C compiler and CMake.
    #[config(rename = "aws-lc", alias = "aws_lc")]
    AwsLc,
    /// No TLS at all: a configuration that asks for it is refused.
    None,
}

/// What the compiler optimises for. Both use link-time optimisation over all crates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, headwater_core::config::Config)]
pub enum Profile {
    /// For few bytes: `opt-level = "s"`.
    Small,
    /// For speed: `opt-level = 3`.
    #[default]
    Fast,
}

/// Everything that the generated crate depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The distribution's name, also that of its binary.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// The distribution's version.
    pub version: String,
    /// The text of the embedded configuration.
    pub config: Option<String>,
    /// The components, by kind, then package.
    pub components: Vec<LinkedComponent>,
    /// Where Cargo finds the crate `headwater-service`.
    pub service: CrateSource,
    /// Where Cargo finds the crate `headwater-allocator`.
    pub allocator_crate: CrateSource,
    /// Where Cargo finds the crate `headwater-transport`; none if no component opens a
    /// connection.
    pub transport: Option<CrateSource>,
    /// Which allocator the program uses.
    pub allocator: Allocator,
    /// Which cryptography TLS uses.
    pub tls: Tls,
    /// What the compiler optimises for.
    pub profile: Profile,
}
