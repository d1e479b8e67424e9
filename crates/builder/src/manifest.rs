//! The manifest of a distribution: what it is called, which components it links, how it is
//! built.

mod component;
mod placed;

use std::path::PathBuf;

use headwater_core::ComponentKind;
use headwater_core::config::{
    Code, Config, DecodeContext, Diagnostics, EncodeContext, Node, OrderedMap, Schema, Validation,
    Value, load,
};

pub use component::{ComponentRef, CrateRef, SourceRef, Wanted};
pub use placed::Placed;

use crate::plan::{Allocator, Profile, Tls};

/// A manifest, as written.
#[derive(Debug, Clone, Default, Config)]
pub struct Manifest {
    /// What the distribution is.
    pub distribution: Distribution,
    /// The components that it links: a list of types for each kind, or `"all"` for everything
    /// that the checkout holds.
    pub components: Components,
    /// Cargo features to switch on, of components that are named by type.
    pub features: Features,
    /// How it is built.
    pub build: Build,
}

impl Manifest {
    /// Decodes a manifest. None if anything is wrong; `diagnostics` says what.
    #[must_use]
    pub fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        load("", &node.origin, node, diagnostics)
    }
}

/// What a distribution is.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct Distribution {
    /// Its name, and that of its binary: lower-case letters, digits, `-` and `_`. Required.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// Its version, reported as `service.version`.
    pub version: String,
    /// The configuration that it runs when it is given none, relative to the manifest.
    pub config: Option<PathBuf>,
}

/// Names that are files or folders of the generated crate, or of Cargo's build folder.
const RESERVED: [&str; 6] = ["src", "build", "deps", "examples", "incremental", "target"];

impl Distribution {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.name.is_empty() {
            validation
                .error("name", "a distribution needs a name")
                .help("write `name = \"my-collector\"`");
        } else if let Some(problem) = name_problem(&self.name) {
            validation
                .error("name", "not a name for a program")
                .help(problem);
        }
        if self.version.is_empty() {
            validation
                .error("version", "a distribution needs a version")
                .help("write `version = \"0.1.0\"`");
        }
    }
}

/// Why a distribution cannot be called `text`, if it cannot.
pub(crate) fn name_problem(text: &str) -> Option<String> {
    let fits = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
        });
    if !fits {
        let rule = "begin with a lower-case letter; use up to 64 lower-case letters, digits, \
                    `-` and `_`";
        return Some(rule.to_owned());
    }
    RESERVED.contains(&text).then(|| {
        let others = RESERVED.join(", ");
        format!("the build itself uses some names; not one of: {others}")
    })
}

/// How a distribution is built.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct Build {
    /// Which allocator the program uses.
    pub allocator: Allocator,
    /// Which cryptography TLS uses; `none` leaves TLS out.
    pub tls: Tls,
    /// What the compiler optimises for.
    pub profile: Profile,
    /// Where the crates of Headwater itself come from. Default: the checkout in which the
    /// manifest or the working folder lies, else the published version of the builder.
    pub headwater: Option<SourceRef>,
}

/// The components of a distribution.
#[derive(Debug, Clone, PartialEq)]
pub enum Components {
    /// Everything that the checkout holds.
    All,
    /// These.
    Listed(Lists),
}

impl Default for Components {
    fn default() -> Self {
        Self::Listed(Lists::default())
    }
}

/// A list of components for each kind.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct Lists {
    /// What takes telemetry in.
    pub receivers: Vec<ComponentRef>,
    /// What changes, holds or drops telemetry.
    pub processors: Vec<ComponentRef>,
    /// What sends telemetry out.
    pub exporters: Vec<ComponentRef>,
    /// What ends one pipeline and begins another.
    pub connectors: Vec<ComponentRef>,
    /// What serves components but sees no telemetry.
    pub extensions: Vec<ComponentRef>,
}

impl Lists {
    /// The list of one kind.
    #[must_use]
    pub fn of_kind(&self, kind: ComponentKind) -> &[ComponentRef] {
        match kind {
            ComponentKind::Receiver => &self.receivers,
            ComponentKind::Processor => &self.processors,
            ComponentKind::Exporter => &self.exporters,
            ComponentKind::Connector => &self.connectors,
            ComponentKind::Extension => &self.extensions,
        }
    }
}

/// Cargo features by type, or by another name of it: `loki_process = ["geoip"]`.
pub type FeatureTable = OrderedMap<Placed<Vec<Placed<String>>>>;

/// Cargo features of components, by kind: a receiver and an exporter may share a name.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub struct Features {
    /// Features of receivers.
    pub receivers: FeatureTable,
    /// Features of processors.
    pub processors: FeatureTable,
    /// Features of exporters.
    pub exporters: FeatureTable,
    /// Features of connectors.
    pub connectors: FeatureTable,
    /// Features of extensions.
    pub extensions: FeatureTable,
}

impl Features {
    /// The features of components of one kind.
    #[must_use]
    pub const fn of_kind(&self, kind: ComponentKind) -> &FeatureTable {
        match kind {
            ComponentKind::Receiver => &self.receivers,
            ComponentKind::Processor => &self.processors,
            ComponentKind::Exporter => &self.exporters,
            ComponentKind::Connector => &self.connectors,
            ComponentKind::Extension => &self.extensions,
        }
    }
}

impl Config for Components {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        if let Some(value) = Self::from_node(node, cx) {
            *self = value;
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        match &node.value {
            Value::Map(_) => Lists::from_node(node, cx).map(Self::Listed),
            Value::String(word) if word == "all" => Some(Self::All),
            Value::String(_) => {
                let message = format!("{} is not `all`", node.shown());
                cx.error(Code::INVALID_VALUE, &node.origin, message)
                    .help("write \"all\", or a table with a list for each kind");
                None
            }
            _ => {
                cx.wrong_type(node, "a table or \"all\"");
                None
            }
        }
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        match self {
            Self::All => "all".into(),
            Self::Listed(lists) => lists.encode(cx),
        }
    }

    fn schema(&self) -> Schema {
        Self::type_schema()
    }

    fn type_schema() -> Schema {
        Lists::type_schema()
    }

    fn validate(&self, validation: &mut Validation<'_>) {
        if let Self::Listed(lists) = self {
            lists.validate(validation);
        }
    }
}
