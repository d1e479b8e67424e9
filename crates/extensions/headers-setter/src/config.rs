//! What the user writes.

use headwater_core::ComponentId;
use headwater_core::config::{Config as ConfigTrait, Opaque, Validation};
use http::{HeaderName, HeaderValue};

/// Configuration of the `headers_setter` extension. Source: Go `headerssetterextension.Config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, ConfigTrait)]
#[config(validate = Self::check)]
pub struct Config {
    /// What to do with which headers, in this order. Required.
    pub headers: Vec<HeaderConfig>,
    /// The id of another extension that signs the request when the headers are set.
    pub additional_auth: Option<ComponentId>,
}

/// One header: an action and one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, ConfigTrait)]
pub struct HeaderConfig {
    /// What to do.
    pub action: Action,
    /// The name of the header. Required.
    pub key: String,
    /// Source: this text.
    pub value: Option<Opaque>,
    /// Source: a file, without white space around its text. A change is picked up within a second.
    pub value_file: Option<String>,
    /// Source: the header of this name that the telemetry came with (needs `include_metadata: true`
    /// at the receiver, and the name in `metadata_keys` of batches), or `auth.<attribute>`.
    pub from_context: Option<String>,
    /// Source: this attribute of the sender's identity.
    pub from_attribute: Option<String>,
    /// Source: the tenant of the telemetry, which the `tenant` processor derived. Headwater's own.
    pub from_tenant: bool,
    /// What to take where context, identity or tenant have no value.
    pub default_value: Option<Opaque>,
}

/// What to do with a header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ConfigTrait)]
pub enum Action {
    /// Set it if it is not there.
    Insert,
    /// Set it if it is there.
    Update,
    /// Set it.
    #[default]
    #[config(alias = "")]
    Upsert,
    /// Remove it.
    Delete,
}

impl Config {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.headers.is_empty() {
            validation.error("headers", "missing headers configuration");
        }
        for (index, header) in self.headers.iter().enumerate() {
            header.check(&format!("headers::{index}"), validation);
        }
    }
}

impl HeaderConfig {
    fn check(&self, path: &str, validation: &mut Validation<'_>) {
        let at = |key: &str| format!("{path}::{key}");
        if self.key.is_empty() {
            validation.error(path, "missing header name");
        } else if HeaderName::try_from(&*self.key).is_err() {
            let text = "the name has characters that HTTP does not allow";
            validation.error(&at("key"), text);
        }
        let sources = [
            ("value", self.value.is_some()),
            ("value_file", self.value_file.is_some()),
            ("from_context", self.from_context.is_some()),
            ("from_attribute", self.from_attribute.is_some()),
            ("from_tenant", self.from_tenant),
        ];
        let mut given = sources.iter().filter(|(_, given)| *given);
        match (given.next(), given.next()) {
            (None, _) if self.action != Action::Delete => {
                validation
                    .error(path, "missing header source")
                    .help("write one of `value`, `value_file`, `from_context`, `from_attribute` and `from_tenant`");
            }
            (_, Some((second, _))) => {
                validation.error(
                    &at(second),
                    "invalid header source: only one of `value`, `value_file`, `from_context`, \
                     `from_attribute` and `from_tenant` can be given",
                );
            }
            _ => {}
        }
        for (key, text) in [
            ("value", &self.value),
            ("default_value", &self.default_value),
        ] {
            if let Some(text) = text
                && HeaderValue::from_str(text.expose()).is_err()
            {
                let text = "it has characters that HTTP does not allow, perhaps a line break";
                validation.error(&at(key), text);
            }
        }
    }
}
