//! Component and pipeline identifiers.
//!
//! Source: Go `component.ID` and `pipeline.ID`; grammar and messages as upstream.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::Signal;

/// Which of the five kinds a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComponentKind {
    /// Takes telemetry in.
    Receiver,
    /// Changes, holds or drops telemetry inside a pipeline.
    Processor,
    /// Sends telemetry out.
    Exporter,
    /// Ends one pipeline and begins another.
    Connector,
    /// Serves components but sees no telemetry.
    Extension,
}

impl ComponentKind {
    /// Every kind, in the order in which `components` prints them.
    pub const ALL: [Self; 5] = [
        Self::Receiver,
        Self::Processor,
        Self::Exporter,
        Self::Connector,
        Self::Extension,
    ];

    /// Lower case singular, as in log field `otelcol.component.kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Processor => "processor",
            Self::Exporter => "exporter",
            Self::Connector => "connector",
            Self::Extension => "extension",
        }
    }

    /// The top-level configuration key, lower case plural.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Receiver => "receivers",
            Self::Processor => "processors",
            Self::Exporter => "exporters",
            Self::Connector => "connectors",
            Self::Extension => "extensions",
        }
    }
}

impl fmt::Display for ComponentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdError {
    /// The text is empty.
    #[error("id must not be empty")]
    Empty,
    /// Nothing before the first `/`.
    #[error("the part before / should not be empty")]
    EmptyType,
    /// Nothing behind the first `/`.
    #[error("the part after / should not be empty")]
    EmptyName,
    /// The type breaks `^[a-zA-Z][0-9a-zA-Z_]{0,62}$`.
    #[error("invalid character(s) in type {0:?}")]
    TypeCharacters(String),
    /// The name is longer than 1024 bytes or holds a separator, control or symbol character.
    #[error("invalid character(s) in name {0:?}")]
    NameCharacters(String),
    /// A pipeline id whose type is no signal.
    #[error("unknown pipeline signal: {0:?}")]
    UnknownSignal(String),
}

/// `type` or `type/name`, split at the first `/`, both parts trimmed.
///
/// Cheap to clone. Compares, hashes and orders by type, then name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentId {
    r#type: Arc<str>,
    name: Option<Arc<str>>,
}

impl ComponentId {
    /// The id of an unnamed component.
    ///
    /// # Errors
    /// As [`ComponentId::from_str`].
    pub fn try_new(r#type: &str, name: Option<&str>) -> Result<Self, IdError> {
        if r#type.is_empty() {
            return Err(IdError::EmptyType);
        }
        if !valid_type(r#type) {
            return Err(IdError::TypeCharacters(r#type.to_owned()));
        }
        if let Some(name) = name {
            check_name(name)?;
        }
        Ok(Self {
            r#type: r#type.into(),
            name: name.map(Into::into),
        })
    }

    /// The component's type as written, which may be an alias: `otlp` for `otlp_grpc`.
    #[must_use]
    pub fn component_type(&self) -> &str {
        &self.r#type
    }

    /// The part behind the `/`, if any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl FromStr for ComponentId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (r#type, name) = split(text)?;
        Self::try_new(r#type, name)
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}/{name}", self.r#type),
            None => f.write_str(&self.r#type),
        }
    }
}

impl fmt::Debug for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `signal` or `signal/name`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PipelineId {
    signal: Signal,
    name: Option<Arc<str>>,
}

impl PipelineId {
    /// The unnamed pipeline of `signal`.
    #[must_use]
    pub const fn new(signal: Signal) -> Self {
        Self { signal, name: None }
    }

    /// What the pipeline carries.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        self.signal
    }

    /// The part behind the `/`, if any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl FromStr for PipelineId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (signal, name) = split(text)?;
        let signal =
            Signal::from_name(signal).ok_or_else(|| IdError::UnknownSignal(signal.to_owned()))?;
        if let Some(name) = name {
            check_name(name)?;
        }
        Ok(Self {
            signal,
            name: name.map(Into::into),
        })
    }
}

impl fmt::Display for PipelineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{}/{name}", self.signal),
            None => f.write_str(self.signal.as_str()),
        }
    }
}

impl fmt::Debug for PipelineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn split(text: &str) -> Result<(&str, Option<&str>), IdError> {
    if text.trim().is_empty() {
        return Err(IdError::Empty);
    }
    let Some((r#type, name)) = text.split_once('/') else {
        return Ok((text.trim(), None));
    };
    let (r#type, name) = (r#type.trim(), name.trim());
    if r#type.is_empty() {
        return Err(IdError::EmptyType);
    }
    if name.is_empty() {
        return Err(IdError::EmptyName);
    }
    Ok((r#type, Some(name)))
}

fn valid_type(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn check_name(name: &str) -> Result<(), IdError> {
    if name.is_empty() {
        return Err(IdError::EmptyName);
    }
    // The Unicode classes Z, C and S. Outside ASCII only separators and controls are told apart
    // here: the symbol class needs a table that no configuration has asked for.
    let forbidden = |c: char| {
        c.is_control()
            || c.is_whitespace()
            || matches!(c, '+' | '=' | '<' | '>' | '|' | '~' | '^' | '$' | '`')
    };
    if name.len() > 1024 || name.contains(forbidden) {
        return Err(IdError::NameCharacters(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_split_at_the_first_slash_and_are_trimmed() {
        let id: ComponentId = " otlp / a/b ".parse().unwrap();
        assert_eq!((id.component_type(), id.name()), ("otlp", Some("a/b")));
        assert_eq!(id.to_string(), "otlp/a/b");
        assert_eq!("batch".parse::<ComponentId>().unwrap().name(), None);
    }

    #[test]
    fn mistakes_in_ids_are_told_apart() {
        let error = |text: &str| text.parse::<ComponentId>().unwrap_err();
        assert_eq!(error(""), IdError::Empty);
        assert_eq!(error("/x"), IdError::EmptyType);
        assert_eq!(error("otlp/"), IdError::EmptyName);
        assert_eq!(error("my-otlp"), IdError::TypeCharacters("my-otlp".into()));
        assert_eq!(error("otlp/a b"), IdError::NameCharacters("a b".into()));
        assert_eq!(error("otlp/a$b"), IdError::NameCharacters("a$b".into()));
        assert!("otlp/a.b:c@d#e&f*g%h!".parse::<ComponentId>().is_ok());
    }

    #[test]
    fn a_pipeline_id_begins_with_a_signal() {
        let id: PipelineId = "traces/in".parse().unwrap();
        assert_eq!((id.signal(), id.name()), (Signal::Traces, Some("in")));
        assert_eq!(
            "trace".parse::<PipelineId>().unwrap_err(),
            IdError::UnknownSignal("trace".into())
        );
    }
}
