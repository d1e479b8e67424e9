//! Turns the configuration of actions into what is executed.

use headwater_core::ComponentError;
use headwater_core::config::{Node, Validation};
use headwater_core::pdata::edit::{EncodedValue, Put};
use headwater_regexp::Regex;
use thiserror::Error;

use super::config::ActionConfig;
use super::convert::Target;
use crate::encode;

/// What is wrong with one action, in upstream's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ActionError {
    /// Which action, from 0.
    pub index: usize,
    /// Which of its keys.
    pub key: &'static str,
    /// Upstream's message.
    pub message: String,
    /// What to write instead, or why, where upstream's message does not say so.
    pub help: Option<String>,
}

/// Actions, ready to be executed in their order.
#[derive(Debug, Clone, Default)]
pub struct Actions {
    pub(super) actions: Vec<Action>,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Put {
        put: Put,
        key: String,
        source: Source,
    },
    Delete {
        key: Option<String>,
        pattern: Option<Regex>,
    },
    Hash {
        key: Option<String>,
        pattern: Option<Regex>,
    },
    Extract {
        key: String,
        pattern: Regex,
        names: Vec<String>,
    },
    Convert {
        key: String,
        target: Target,
    },
}

/// Where a value comes from; the first that there is counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    pub(super) value: Option<EncodedValue>,
    pub(super) context: Option<ContextValue>,
    pub(super) attribute: Option<String>,
    pub(super) default: Option<EncodedValue>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ContextValue {
    ClientAddress,
    Header(String),
    Identity(String),
}

impl ContextValue {
    fn parse(text: &str) -> Self {
        if text == "client.address" {
            Self::ClientAddress
        } else if let Some(name) = text.strip_prefix("auth.") {
            Self::Identity(name.to_owned())
        } else {
            // A bare name is a header, as it was before there were others.
            Self::Header(text.strip_prefix("metadata.").unwrap_or(text).to_owned())
        }
    }
}

impl Actions {
    /// Compiles actions.
    ///
    /// # Errors
    /// All that is wrong with all of them.
    pub fn compile(configs: &[ActionConfig]) -> Result<Self, Vec<ActionError>> {
        let mut compiler = Compiler {
            errors: Vec::new(),
            index: 0,
        };
        let mut actions = Vec::with_capacity(configs.len());
        for (index, config) in configs.iter().enumerate() {
            compiler.index = index;
            actions.extend(compiler.action(config));
        }
        if compiler.errors.is_empty() {
            Ok(Self { actions })
        } else {
            Err(compiler.errors)
        }
    }

    /// As [`Actions::compile`], for factories: the configuration has been checked before.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn compile_all(configs: &[ActionConfig]) -> Result<Self, ComponentError> {
        Self::compile(configs).map_err(|errors| {
            ComponentError::new(errors.first().map_or_else(String::new, ToString::to_string))
        })
    }

    /// Reports what is wrong with the actions under `key`.
    pub fn check(configs: &[ActionConfig], key: &str, validation: &mut Validation<'_>) {
        for error in Self::compile(configs).err().into_iter().flatten() {
            let colons = if error.key.is_empty() { "" } else { "::" };
            let path = format!("{key}::{}{colons}{}", error.index, error.key);
            let diagnostic = validation.error(&path, error.message);
            if let Some(help) = error.help {
                diagnostic.help(help);
            }
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}

struct Compiler {
    errors: Vec<ActionError>,
    index: usize,
}

impl Compiler {
    /// Reports an error about `key` of the action; `what` follows the prefix that upstream gives
    /// to (nearly) all of them.
    fn error(&mut self, config: &ActionConfig, key: &'static str, what: &str) -> &mut ActionError {
        let index = self.index;
        let message = format!(
            "error with key {:?} ({index}-th action): error creating AttrProc{what}",
            config.key
        );
        self.push(key, message)
    }

    fn push(&mut self, key: &'static str, message: String) -> &mut ActionError {
        let at = self.errors.len();
        self.errors.push(ActionError {
            index: self.index,
            key,
            message,
            help: None,
        });
        &mut self.errors[at]
    }

    fn action(&mut self, config: &ActionConfig) -> Option<Action> {
        let name = config.action.to_lowercase();
        let before = self.errors.len();
        self.check_key(config, &name);
        let action = match name.as_str() {
            "insert" => self.put(config, &name, Put::Insert),
            "update" => self.put(config, &name, Put::Update),
            "upsert" => self.put(config, &name, Put::Upsert),
            "delete" => {
                let (key, pattern) = self.keys(config, &name)?;
                Some(Action::Delete { key, pattern })
            }
            "hash" => {
                let (key, pattern) = self.keys(config, &name)?;
                Some(Action::Hash { key, pattern })
            }
            "extract" => self.extract(config, &name),
            "convert" => self.convert(config, &name),
            _ => {
                let what = format!(" due to unsupported action {name:?}");
                let key = if config.action.is_empty() {
                    ""
                } else {
                    "action"
                };
                self.error(config, key, &what).help = Some(
                    "one of: insert, update, upsert, delete, hash, extract, convert".to_owned(),
                );
                None
            }
        };
        action.filter(|_| self.errors.len() == before)
    }

    fn check_key(&mut self, config: &ActionConfig, name: &str) {
        if !config.key.is_empty() {
            return;
        }
        let index = self.index;
        if !matches!(name, "delete" | "hash") {
            let message = format!(
                "error creating AttrProc due to missing required field \"key\" at the {index}-th action"
            );
            self.push("key", message);
        } else if config.pattern.is_empty() {
            let message = format!(
                "error creating AttrProc due to missing required field (at least one of \"key\" \
                 and \"pattern\" have to be used) at the {index}-th action"
            );
            self.push("key", message);
        }
    }

    fn put(&mut self, config: &ActionConfig, name: &str, put: Put) -> Option<Action> {
        let sources = config.sources();
        if sources == 0 && config.default_value.is_null() {
            let what = ". Either field \"value\", \"from_attribute\", \"from_context\", or \
                        \"default_value\" must be specified";
            self.error(config, "", what);
        }
        if sources > 1 {
            let second = if config.from_context.is_empty() {
                "from_attribute"
            } else {
                "from_context"
            };
            self.error(config, second, " due to multiple value sources being set");
        }
        self.no_pattern(config, name);
        self.no_converted_type(config, name);
        let value = |node: &Node| (!node.is_null()).then(|| encode(node));
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let source = Source {
            value: value(&config.value),
            context: text(&config.from_context).map(|text| ContextValue::parse(&text)),
            attribute: text(&config.from_attribute),
            default: value(&config.default_value),
        };
        Some(Action::Put {
            put,
            key: config.key.clone(),
            source,
        })
    }

    /// Key and pattern of `delete` and `hash`.
    fn keys(
        &mut self,
        config: &ActionConfig,
        name: &str,
    ) -> Option<(Option<String>, Option<Regex>)> {
        if !config.value.is_null() || !config.from_attribute.is_empty() {
            let key = if config.value.is_null() {
                "from_attribute"
            } else {
                "value"
            };
            let what = format!(
                ". Action \"{name}\" does not use \"value\" or \"from_attribute\" field. \
                 These must not be specified"
            );
            self.error(config, key, &what);
        }
        self.no_converted_type(config, name);
        let key = (!config.key.is_empty()).then(|| config.key.clone());
        let pattern = if config.pattern.is_empty() {
            None
        } else {
            Some(self.pattern(config)?)
        };
        Some((key, pattern))
    }

    fn extract(&mut self, config: &ActionConfig, name: &str) -> Option<Action> {
        if config.sources() > 0 {
            let what = format!(
                ". Action \"{name}\" does not use a value source field. These must not be specified"
            );
            self.error(config, given_source(config), &what);
        }
        self.no_converted_type(config, name);
        if config.pattern.is_empty() {
            let what = format!(" due to missing required field \"pattern\" for action \"{name}\"");
            self.error(config, "pattern", &what);
            return None;
        }
        let pattern = self.pattern(config)?;
        let names: Option<Vec<String>> = pattern
            .capture_names()
            .skip(1)
            .map(|name| name.map(str::to_owned))
            .collect();
        if names.as_ref().is_some_and(Vec::is_empty) {
            let what = ". Field \"pattern\" contains no named matcher groups";
            self.error(config, "pattern", what).help =
                Some("write groups as `(?P<attribute>…)`".to_owned());
        }
        if names.is_none() {
            let what = ". Field \"pattern\" contains at least one unnamed matcher group";
            self.error(config, "pattern", what).help =
                Some("write `(?:…)` for groups that are not to become attributes".to_owned());
        }
        Some(Action::Extract {
            key: config.key.clone(),
            pattern,
            names: names?,
        })
    }

    fn convert(&mut self, config: &ActionConfig, name: &str) -> Option<Action> {
        if config.sources() > 0 || !config.pattern.is_empty() {
            let key = if config.pattern.is_empty() {
                given_source(config)
            } else {
                "pattern"
            };
            let what = format!(
                ". Action \"{name}\" does not use value sources or \"pattern\" field. \
                 These must not be specified"
            );
            self.error(config, key, &what);
        }
        let target = Target::parse(&config.converted_type);
        if target.is_none() {
            let what = if config.converted_type.is_empty() {
                format!(" due to missing required field \"converted_type\" for action \"{name}\"")
            } else {
                format!(
                    " due to invalid value \"{}\" in field \"converted_type\" for action \"{name}\"",
                    config.converted_type
                )
            };
            self.error(config, "converted_type", &what).help =
                Some("one of: int, double, string".to_owned());
        }
        Some(Action::Convert {
            key: config.key.clone(),
            target: target?,
        })
    }

    fn pattern(&mut self, config: &ActionConfig) -> Option<Regex> {
        match headwater_regexp::compile(&config.pattern) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let what = format!(
                    ". Field \"pattern\" has invalid pattern: \"{}\"",
                    config.pattern
                );
                self.error(config, "pattern", &what).help = Some(error.to_string());
                None
            }
        }
    }

    fn no_pattern(&mut self, config: &ActionConfig, name: &str) {
        if !config.pattern.is_empty() {
            self.unused(config, name, "pattern");
        }
    }

    fn no_converted_type(&mut self, config: &ActionConfig, name: &str) {
        if !config.converted_type.is_empty() {
            self.unused(config, name, "converted_type");
        }
    }

    fn unused(&mut self, config: &ActionConfig, name: &str, key: &'static str) {
        let what = format!(
            ". Action \"{name}\" does not use the \"{key}\" field. This must not be specified"
        );
        self.error(config, key, &what);
    }
}

fn given_source(config: &ActionConfig) -> &'static str {
    if !config.value.is_null() {
        "value"
    } else if !config.from_attribute.is_empty() {
        "from_attribute"
    } else {
        "from_context"
    }
}
