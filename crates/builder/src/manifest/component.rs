//! One entry of a list of components: a type that Headwater has, or a crate from elsewhere.

use std::path::PathBuf;

use headwater_core::config::{
    Config, DecodeContext, EncodeContext, Node, Origin, Schema, Validation, Value,
};

use super::Placed;

/// One entry of a list, with its place in the manifest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ComponentRef {
    /// What is wanted.
    pub wanted: Wanted,
    /// Where it is written.
    pub origin: Origin,
    /// Its path in the manifest: `components::receivers::0`.
    pub path: String,
}

/// What an entry asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// A component of Headwater, by the type that configurations name.
    Type(String),
    /// A crate from elsewhere.
    Crate(CrateRef),
}

impl Default for Wanted {
    fn default() -> Self {
        Self::Type(String::new())
    }
}

/// A crate from elsewhere: `{ crate = "my-processor", path = "../my-processor" }`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct CrateRef {
    /// The Cargo package. Required.
    #[config(rename = "crate", alias = "package")]
    pub package: String,
    /// Where it is found.
    #[config(squash)]
    pub source: SourceRef,
    /// Cargo features to switch on.
    pub features: Vec<Placed<String>>,
}

/// Where a crate is found: exactly one of `path`, `version` and `git`.
#[derive(Debug, Clone, Default, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct SourceRef {
    /// A folder, relative to the manifest.
    pub path: Option<PathBuf>,
    /// A published version, as Cargo writes requirements.
    pub version: Option<String>,
    /// A git repository.
    pub git: Option<String>,
    /// A branch of the git repository.
    pub branch: Option<String>,
    /// A tag of the git repository.
    pub tag: Option<String>,
    /// A commit of the git repository.
    pub rev: Option<String>,
}

impl CrateRef {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.package.is_empty() {
            validation
                .error(
                    "crate",
                    "a component from elsewhere needs the name of its crate",
                )
                .help("write `{ crate = \"my-processor\", path = \"../my-processor\" }`");
        } else if !is_package(&self.package) {
            validation
                .error("crate", "not the name of a Cargo package")
                .help("letters, digits, `-` and `_`");
        }
    }
}

impl SourceRef {
    fn check(&self, validation: &mut Validation<'_>) {
        let given = [
            self.path.is_some(),
            self.version.is_some(),
            self.git.is_some(),
        ];
        match given.iter().filter(|given| **given).count() {
            1 => {}
            0 => {
                validation
                    .error("", "where is the crate found?")
                    .help("add `path`, `version` or `git`");
            }
            _ => {
                validation
                    .error("", "a crate is found in one place only")
                    .help("keep one of `path`, `version` and `git`");
            }
        }
        let pins = [
            ("branch", &self.branch),
            ("tag", &self.tag),
            ("rev", &self.rev),
        ];
        let mut pins = pins.into_iter().filter(|(_, pin)| pin.is_some());
        if let Some((key, _)) = pins.next() {
            if self.git.is_none() {
                validation.error(key, "means nothing without `git`");
            }
            for (key, _) in pins {
                validation.error(key, "only one of `branch`, `tag` and `rev` can be given");
            }
        }
    }
}

/// Whether Cargo accepts `text` as the name of a package.
fn is_package(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl Config for ComponentRef {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        if let Some(value) = Self::from_node(node, cx) {
            *self = value;
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        let wanted = match &node.value {
            Value::String(name) => Wanted::Type(name.clone()),
            Value::Map(_) => Wanted::Crate(CrateRef::from_node(node, cx)?),
            _ => {
                cx.wrong_type(node, "a component type or a table").help(
                    "write \"otlp\", or { crate = \"my-processor\", path = \"../my-processor\" }",
                );
                return None;
            }
        };
        Some(Self {
            wanted,
            origin: node.origin.clone(),
            path: cx.path().to_owned(),
        })
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        match &self.wanted {
            Wanted::Type(name) => name.as_str().into(),
            Wanted::Crate(wanted) => wanted.encode(cx),
        }
    }

    fn schema(&self) -> Schema {
        Self::type_schema()
    }

    fn type_schema() -> Schema {
        Schema::Any
    }

    fn validate(&self, validation: &mut Validation<'_>) {
        if let Wanted::Crate(wanted) = &self.wanted {
            wanted.validate(validation);
        }
    }

    fn split_list(text: &str) -> Option<Vec<Self>> {
        // A single string instead of a list is a slip: `receivers = "otlp"`.
        let _ = text;
        None
    }
}
