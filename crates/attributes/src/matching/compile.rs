//! Turns the configuration of properties into what is matched.

use headwater_core::Signal;
use headwater_core::config::Value;
use thiserror::Error;

use super::config::{AttributeMatch, MatchProperties};
use super::fields::check_fields;
use super::matcher::{AttributeMatcher, LibraryMatcher, Matcher, Texts, ValueMatcher};
use crate::encode;

/// Why properties cannot be matched, in upstream's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct MatchError {
    /// The key, as a path joined by `::`.
    pub path: String,
    /// Upstream's message.
    pub message: String,
    /// What to write instead, or why, where upstream's message does not say so.
    pub help: Option<String>,
}

impl MatchError {
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            help: None,
        }
    }
}

impl Matcher {
    /// What is wrong with properties, whatever the signal.
    pub(super) fn check(properties: &MatchProperties) -> Vec<MatchError> {
        let mut compiler = Compiler {
            properties,
            errors: Vec::new(),
        };
        compiler.all();
        compiler.errors
    }

    /// Compiles the properties that `signal` has. `None` if they select everything.
    pub(super) fn compile(
        signal: Signal,
        properties: &MatchProperties,
    ) -> Result<Option<Self>, MatchError> {
        check_fields(signal, properties)?;
        let mut compiler = Compiler {
            properties,
            errors: Vec::new(),
        };
        let mut matcher = compiler.all();
        if let Some(error) = compiler.errors.into_iter().next() {
            return Err(error);
        }
        if signal == Signal::Metrics {
            // Upstream reads `resources` here and does nothing with it.
            if properties.metric_names.is_empty() {
                return Ok(None);
            }
            matcher = Self {
                names: matcher.names,
                ..Self::default()
            };
        }
        Ok(Some(matcher))
    }
}

struct Compiler<'a> {
    properties: &'a MatchProperties,
    errors: Vec<MatchError>,
}

impl Compiler<'_> {
    fn all(&mut self) -> Matcher {
        let properties = self.properties;
        let names = if properties.metric_names.is_empty() {
            self.list("span_names", &properties.span_names)
        } else {
            self.list("metric_names", &properties.metric_names)
        };
        let mut libraries = Vec::with_capacity(properties.libraries.len());
        for (index, library) in properties.libraries.iter().enumerate() {
            let name = self.texts(
                &format!("libraries::{index}::name"),
                std::slice::from_ref(&library.name),
            );
            let version = library.version.as_ref().map(|version| {
                self.texts(
                    &format!("libraries::{index}::version"),
                    std::slice::from_ref(version),
                )
            });
            if let Some(name) = name {
                libraries.push(LibraryMatcher {
                    name,
                    version: version.flatten(),
                });
            }
        }
        Matcher {
            services: self.list("services", &properties.services),
            resources: self.attributes("resources", &properties.resources),
            libraries,
            names,
            kinds: self.list("span_kinds", &properties.span_kinds),
            bodies: self.list("log_bodies", &properties.log_bodies),
            severity_texts: self.list("log_severity_texts", &properties.log_severity_texts),
            severity: properties
                .log_severity_number
                .as_ref()
                .map(|severity| (severity.min, severity.match_undefined)),
            attributes: self.attributes("attributes", &properties.attributes),
        }
    }

    fn list(&mut self, key: &str, texts: &[String]) -> Option<Texts> {
        if texts.is_empty() {
            None
        } else {
            self.texts(key, texts)
        }
    }

    fn texts(&mut self, path: &str, texts: &[String]) -> Option<Texts> {
        match self.properties.match_type.as_str() {
            "strict" => Some(Texts::Strict(texts.to_vec())),
            "regexp" => {
                let mut patterns = Vec::with_capacity(texts.len());
                for text in texts {
                    match headwater_regexp::compile(text) {
                        Ok(pattern) => patterns.push(pattern),
                        Err(error) => {
                            let message = format!("error parsing regexp: {text:?}");
                            let mut error_at = MatchError::new(path, message);
                            error_at.help = Some(error.to_string());
                            self.errors.push(error_at);
                        }
                    }
                }
                (patterns.len() == texts.len()).then_some(Texts::Regexp(patterns))
            }
            _ => {
                self.unknown_match_type();
                None
            }
        }
    }

    fn unknown_match_type(&mut self) {
        let known = self.errors.iter().any(|error| error.path == "match_type");
        if !known {
            let message = format!(
                "unrecognized match_type: '{}', valid types are: [regexp strict]",
                self.properties.match_type
            );
            self.errors.push(MatchError::new("match_type", message));
        }
    }

    fn attributes(&mut self, key: &str, attributes: &[AttributeMatch]) -> Vec<AttributeMatcher> {
        let mut matchers = Vec::with_capacity(attributes.len());
        for (index, attribute) in attributes.iter().enumerate() {
            let path = |key_of_item| format!("{key}::{index}::{key_of_item}");
            if attribute.key.is_empty() {
                let message = "can't have empty key in the list of attributes";
                self.errors.push(MatchError::new(path("key"), message));
            }
            let value = match (&attribute.value.value, self.properties.match_type.as_str()) {
                (Value::Null, _) => Some(ValueMatcher::Any),
                (_, "strict") => Some(ValueMatcher::Equal(encode(&attribute.value))),
                (Value::String(text), "regexp") => self
                    .texts(&path("value"), std::slice::from_ref(text))
                    .map(ValueMatcher::Text),
                (_, "regexp") => {
                    let found = encode(&attribute.value);
                    let message = format!(
                        "match_type=regexp for {:?} only supports Str, but found {}",
                        attribute.key,
                        found.view().kind()
                    );
                    let mut error = MatchError::new(path("value"), message);
                    error.help = Some("write the value in quotes".to_owned());
                    self.errors.push(error);
                    None
                }
                _ => {
                    self.unknown_match_type();
                    None
                }
            };
            matchers.extend(value.map(|value| AttributeMatcher {
                key: attribute.key.clone(),
                value,
            }));
        }
        matchers
    }
}
