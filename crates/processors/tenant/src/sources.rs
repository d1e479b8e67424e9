//! Where a tenant comes from.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use headwater_core::Context;
use headwater_core::pdata::view::{Attributes, ResourceSpans};

use crate::config::{SourceConfig, TenantConfig};
use crate::metrics::Unassigned;
use crate::refusal::Refusal;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Identity(String),
    /// The header, and whether a source before it is an identity.
    Header(String, bool),
    Resource(String),
}

impl Source {
    fn describe(&self, out: &mut String) {
        // Writing to a string does not fail.
        let _written = match self {
            Self::Identity(name) => write!(out, "the identity attribute {name:?}"),
            Self::Header(name, _) => write!(out, "the header {name:?}"),
            Self::Resource(name) => write!(out, "the resource attribute {name:?}"),
        };
    }
}

/// The sources in their order, and which names are good.
#[derive(Debug)]
pub(crate) struct Sources {
    sources: Vec<Source>,
    default: Option<Arc<str>>,
    required: bool,
    allowed: HashSet<String>,
    longest: usize,
}

/// What was found.
pub(crate) type Found = Result<Option<Arc<str>>, Refusal>;

impl Sources {
    pub(crate) fn new(config: &TenantConfig) -> Self {
        let mut after_identity = false;
        let mut sources = Vec::with_capacity(config.from.len());
        for SourceConfig {
            identity,
            header,
            resource,
        } in &config.from
        {
            if let Some(name) = identity {
                after_identity = true;
                sources.push(Source::Identity(name.clone()));
            } else if let Some(name) = header {
                sources.push(Source::Header(name.clone(), after_identity));
            } else if let Some(name) = resource {
                sources.push(Source::Resource(name.clone()));
            }
        }
        Self {
            sources,
            default: Some(config.default.as_str())
                .filter(|name| !name.is_empty())
                .map(Into::into),
            required: config.required,
            allowed: config.allowed.iter().cloned().collect(),
            longest: config.max_name_length as usize,
        }
    }

    pub(crate) fn look_at_resources(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|source| matches!(source, Source::Resource(_)))
    }

    /// The tenant of everything that came with `context`, if no resource has to be looked at:
    /// `None` if the first source that has one may be a resource.
    pub(crate) fn of_context(&self, context: &Context) -> Option<Found> {
        for source in &self.sources {
            if matches!(source, Source::Resource(_)) {
                return None;
            }
            match self.read(source, context, None) {
                Ok(None) => {}
                found => return Some(found),
            }
        }
        Some(self.otherwise(context))
    }

    /// The tenant of a resource, given as the encoding of a `ResourceSpans`; the same field of
    /// `ResourceMetrics` and `ResourceLogs` is the resource.
    pub(crate) fn of_resource(&self, context: &Context, entry: &[u8]) -> Found {
        let resource = ResourceSpans::new(entry).resource();
        for source in &self.sources {
            match self.read(source, context, Some(resource.attributes())) {
                Ok(None) => {}
                found => return found,
            }
        }
        self.otherwise(context)
    }

    fn read(&self, source: &Source, context: &Context, resource: Option<Attributes<'_>>) -> Found {
        match source {
            Source::Identity(name) => {
                let value = context.identity().and_then(|identity| identity.get(name));
                value.map_or(Ok(None), |value| self.checked(value))
            }
            // Who authenticated is who they are, whatever they write.
            Source::Header(_, true) if context.identity().is_some() => Ok(None),
            Source::Header(name, _) => match context.header(name) {
                [] => Ok(None),
                [value] => self.checked(value),
                several => Err(Refusal::new(
                    Unassigned::Invalid,
                    format!(
                        "{} headers {name:?} name a tenant, one is enough",
                        several.len()
                    ),
                )),
            },
            Source::Resource(name) => {
                let value = resource.and_then(|attributes| attributes.get(name));
                value.map_or(Ok(None), |value| {
                    let text = value.to_text();
                    self.checked(&String::from_utf8_lossy(&text))
                })
            }
        }
    }

    /// A header that names another tenant than the one that counts: someone tries something, or
    /// is configured wrongly.
    pub(crate) fn has_forged_header(&self, context: &Context, tenant: &str) -> bool {
        context.identity().is_some()
            && self.sources.iter().any(|source| match source {
                Source::Header(name, true) => {
                    let mut values = context.header(name).iter();
                    values.any(|value| value.trim() != tenant)
                }
                _ => false,
            })
    }

    fn otherwise(&self, context: &Context) -> Found {
        if let Some(default) = &self.default {
            return Ok(Some(Arc::clone(default)));
        }
        if !self.required {
            return Ok(None);
        }
        let mut message = "the telemetry has no tenant: it is neither in".to_owned();
        for (index, source) in self.sources.iter().enumerate() {
            message.push_str(if index == 0 { " " } else { " nor in " });
            source.describe(&mut message);
        }
        if self.lacks_metadata(context) {
            message
                .push_str("; the receiver keeps no headers: write `include_metadata: true` there");
        }
        Err(Refusal::new(Unassigned::Missing, message))
    }

    /// Whether a header is a source but the request came without any, although every request has
    /// some: the receiver does not keep them.
    pub(crate) fn lacks_metadata(&self, context: &Context) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|source| matches!(source, Source::Header(..)))
            && context.peer().is_some()
            && context.metadata().is_none_or(|headers| headers.is_empty())
    }

    /// A name, if it is one. An empty one is none.
    fn checked(&self, name: &str) -> Found {
        let name = name.trim();
        let refuse = |why, message: String| Err(Refusal::new(why, message));
        if name.is_empty() {
            return Ok(None);
        }
        if name.len() > self.longest {
            return refuse(
                Unassigned::Invalid,
                format!(
                    "the name of a tenant has {} bytes, {} are the most",
                    name.len(),
                    self.longest
                ),
            );
        }
        if name
            .chars()
            .any(|character| character.is_control() || character == '\u{fffd}')
        {
            let message = "the name of a tenant has characters that cannot be printed";
            return refuse(Unassigned::Invalid, message.to_owned());
        }
        if !self.allowed.is_empty() && !self.allowed.contains(name) {
            return refuse(
                Unassigned::NotAllowed,
                format!("tenant {name:?} is not allowed here"),
            );
        }
        Ok(Some(name.into()))
    }
}
