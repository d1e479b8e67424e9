//! Where a header's value comes from.

use std::sync::Arc;

use headwater_core::Context;
use headwater_core::auth::AuthError;
use headwater_credentials::{FileError, Secret};
use http::HeaderValue;

use crate::HeaderConfig;

/// The prefix that makes `from_context` look at the identity. Source: Go, ContextSource.
const AUTH: &str = "auth.";

#[derive(Debug)]
pub(crate) enum Source {
    Text(Secret),
    Header(String),
    Attribute(String),
    Tenant,
}

/// A source and what it gives where it has nothing.
#[derive(Debug)]
pub(crate) struct Value {
    source: Source,
    default: Arc<str>,
}

impl Value {
    pub(crate) fn new(config: &HeaderConfig, span: &tracing::Span) -> Result<Self, FileError> {
        let text = |inline: &str, file: &str| {
            Secret::open("header value", inline, file, span).map(Source::Text)
        };
        let source = if let Some(file) = &config.value_file {
            text("", file)?
        } else if let Some(name) = &config.from_context {
            match name.strip_prefix(AUTH) {
                Some(name) => Source::Attribute(name.to_owned()),
                None => Source::Header(name.clone()),
            }
        } else if let Some(name) = &config.from_attribute {
            Source::Attribute(name.clone())
        } else if config.from_tenant {
            Source::Tenant
        } else {
            let inline = config.value.as_ref().map_or("", |value| value.expose());
            text(inline, "")?
        };
        let default = config.default_value.as_ref();
        Ok(Self {
            source,
            default: default.map_or("", |value| value.expose()).into(),
        })
    }

    /// The value for telemetry that came with `context`.
    pub(crate) fn of(&self, context: &Context) -> Result<HeaderValue, AuthError> {
        let text;
        let value = match &self.source {
            Source::Text(secret) => {
                text = secret.get();
                Some(text.as_str())
            }
            Source::Header(name) => match context.header(name) {
                [] => None,
                [value] => Some(&**value),
                several => {
                    return Err(AuthError::new(format!(
                        "failed to determine the source: {} source keys found in the context, \
                         can't determine which one to use",
                        several.len()
                    )));
                }
            },
            Source::Attribute(name) => context.identity().and_then(|who| who.get(name)),
            Source::Tenant => context.tenant(),
        };
        HeaderValue::from_str(value.unwrap_or(&self.default)).map_err(|_| {
            AuthError::new("a value has characters that HTTP does not allow, perhaps a line break")
        })
    }
}
