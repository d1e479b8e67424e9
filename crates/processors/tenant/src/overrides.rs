//! What single tenants may send: the configuration, and a file that changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use headwater_config::{parse_yaml, render_human};
use headwater_core::config::{
    Config, Diagnostics, Key, Map, Node, Origin, Source, SourceKind, Validation, Value, load,
};
use headwater_credentials::{FileError, Watched};

use crate::config::{LimitsConfig, TenantConfig};

/// The longest file, in bytes: some ten thousand tenants.
const LONGEST: usize = 1 << 20;

/// What the file says, by tenant.
pub(crate) type FromFile = HashMap<String, LimitsConfig>;

/// Where the limits of a tenant come from.
#[derive(Debug)]
pub(crate) struct Overrides {
    default: LimitsConfig,
    configured: HashMap<String, LimitsConfig>,
    path: String,
    file: OnceLock<Watched<FromFile>>,
}

impl Overrides {
    pub(crate) fn new(config: &TenantConfig) -> Self {
        let configured = config.overrides.iter();
        Self {
            default: config.limits.clone(),
            configured: configured
                .map(|(name, limits)| (name.to_owned(), limits.or(&config.limits)))
                .collect(),
            path: config.overrides_file.clone(),
            file: OnceLock::new(),
        }
    }

    /// Reads the file, if there is one and it has not been read by another pipeline.
    ///
    /// # Errors
    /// [`FileError`] if it cannot be read or used.
    pub(crate) fn open(&self, span: &tracing::Span) -> Result<(), FileError> {
        if self.path.is_empty() || self.file.get().is_some() {
            return Ok(());
        }
        let (path, default) = (self.path.clone(), self.default.clone());
        let parse = move |text: &str| parse(text, &path, &default);
        let file = Watched::open("overrides of tenants", &self.path, span, parse)?;
        self.file.get_or_init(|| file);
        Ok(())
    }

    /// What the file says now.
    pub(crate) fn current(&self) -> Option<Arc<FromFile>> {
        self.file.get().map(Watched::get)
    }

    /// The limits of a tenant.
    pub(crate) fn of<'l>(&'l self, name: &str, file: Option<&'l FromFile>) -> &'l LimitsConfig {
        file.and_then(|file| file.get(name))
            .or_else(|| self.configured.get(name))
            .unwrap_or(&self.default)
    }
}

/// The file, as if it stood below `overrides` of the configuration, where messages look for it.
#[derive(Debug, Default, Config)]
#[config(validate = Self::check)]
struct FileConfig {
    /// Limits by tenant.
    overrides: BTreeMap<String, LimitsConfig>,
}

impl FileConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        for (name, limits) in &self.overrides {
            limits.check(&format!("overrides::{name}"), validation);
        }
    }
}

/// The limits in a file, those of `default` where nothing is given.
fn parse(text: &str, path: &str, default: &LimitsConfig) -> Result<FromFile, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let mut diagnostics = Diagnostics::new();
    let source = Source::new(SourceKind::File, path, text);
    let node = parse_yaml(&source, &mut diagnostics).unwrap_or_default();
    let mut whole = Map::new();
    whole.insert(Key::new("overrides", node.origin.clone()), node);
    let node = Node::new(Value::Map(whole), Origin::Default);
    match load::<FileConfig>("", &Origin::Default, &node, &mut diagnostics) {
        Some(config) if !diagnostics.has_errors() => Ok(config
            .overrides
            .into_iter()
            .map(|(name, limits)| (name, limits.or(default)))
            .collect()),
        _ => Err(format!("\n{}", render_human(&diagnostics, false))),
    }
}
