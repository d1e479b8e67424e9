//! Where texts come from: files, the environment, the network, the URI itself.

use std::io::Read as _;
use std::sync::Arc;

use headwater_core::config::{Code, Diagnostic, Node, Origin, Severity, Source, SourceKind};

use crate::fetch::{Fetch, printable};
use crate::uri::{Uri, is_env_name, split_default};
use crate::{MAX_DOCUMENT_BYTES, toml_text, yaml};
use headwater_core::config::Diagnostics;

/// What the outside gives.
pub(crate) struct Surroundings<'a> {
    pub(crate) environment: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) fetcher: &'a dyn Fetch,
}

/// A text that was found, or what to say about it.
pub(crate) enum Text {
    /// A document with positions of its own.
    Document(Arc<Source>),
    /// The contents of an environment variable, or its default.
    Variable {
        name: Arc<str>,
        text: String,
        remark: Option<Box<Diagnostic>>,
        /// Whether it is text although YAML would read it as null: an empty default.
        is_text: bool,
    },
    /// The text of a `yaml:` URI.
    Inline(String),
}

impl Surroundings<'_> {
    /// Finds the text that a URI names.
    pub(crate) fn retrieve(&self, uri: &Uri<'_>) -> Result<Text, Box<Diagnostic>> {
        match uri.scheme {
            "file" => read_file(uri.opaque).map(Text::Document),
            "env" => self.variable(uri.opaque),
            "yaml" => Ok(Text::Inline(uri.opaque.to_owned())),
            "http" | "https" => {
                let url = format!("{}:{}", uri.scheme, uri.opaque);
                let shown = printable(&url);
                match self.fetcher.fetch(&url) {
                    Ok(text) => Ok(Text::Document(Source::new(SourceKind::Http, shown, text))),
                    Err(reason) => {
                        let message = format!("cannot fetch {shown}: {reason}");
                        Err(error(Code::CANNOT_FETCH, message))
                    }
                }
            }
            scheme => {
                let message = format!("scheme `{scheme}` is not supported");
                let mut diagnostic = error(Code::UNKNOWN_SCHEME, message);
                if uri.opaque.starts_with('-') && is_env_name(scheme) {
                    let text = format!("write `${{env:{scheme}:{}}}`", uri.opaque);
                    diagnostic.help(text);
                } else {
                    diagnostic.help("the schemes are: env, file, http, https, yaml");
                }
                Err(diagnostic)
            }
        }
    }

    fn variable(&self, opaque: &str) -> Result<Text, Box<Diagnostic>> {
        let (name, default) = split_default(opaque);
        if !is_env_name(name) {
            let message = format!(
                "`{}` cannot be the name of an environment variable",
                name.escape_debug()
            );
            let mut diagnostic = error(Code::INVALID_ENV_NAME, message);
            if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
                diagnostic.help(format!(
                    "write `$${{{name}}}` for a group of a regular expression"
                ));
            } else {
                diagnostic.help("a name has letters, digits and `_`, and no digit first");
            }
            return Err(diagnostic);
        }
        let value = (self.environment)(name);
        let remark = match (&value, default) {
            (None, None) => {
                let message = format!("environment variable `{name}` is not set");
                let mut remark = Diagnostic::new(Severity::Warning, Code::ENV_NOT_SET, message);
                remark.help(format!(
                    "set it, or give a default: `${{env:{name}:-default}}`"
                ));
                Some(Box::new(remark))
            }
            (Some(value), _) if value.is_empty() => {
                let message = format!("environment variable `{name}` is empty");
                Some(Box::new(Diagnostic::new(
                    Severity::Note,
                    Code::ENV_EMPTY,
                    message,
                )))
            }
            _ => None,
        };
        let is_text = value.is_none() && default == Some("");
        let text = value
            .or_else(|| default.map(str::to_owned))
            .unwrap_or_default();
        Ok(Text::Variable {
            name: name.into(),
            text,
            remark,
            is_text,
        })
    }
}

fn read_file(path: &str) -> Result<Arc<Source>, Box<Diagnostic>> {
    let read = || -> std::io::Result<String> {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path)?;
        file.take(MAX_DOCUMENT_BYTES as u64 + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(std::io::Error::other("it is larger than 16 MiB"));
        }
        String::from_utf8(bytes).map_err(|_| std::io::Error::other("it is not UTF-8"))
    };
    match read() {
        Ok(text) => Ok(Source::new(SourceKind::File, path, text)),
        Err(reason) => {
            let reason = match reason.kind() {
                std::io::ErrorKind::NotFound => "no such file".to_owned(),
                std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
                _ => reason.to_string(),
            };
            let message = format!("cannot read `{path}`: {reason}");
            Err(error(Code::CANNOT_READ, message))
        }
    }
}

/// Reads a document as TOML if its name says so, else as YAML.
pub(crate) fn parse_document(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Option<Node> {
    if has_extension(source, &[".toml"]) {
        toml_text::parse(source, diagnostics)
    } else {
        yaml::parse_source(source, diagnostics)
    }
}

/// Whether the name says that this is a configuration, not just any text.
pub(crate) fn is_configuration(source: &Source) -> bool {
    has_extension(source, &[".yaml", ".yml", ".toml"])
}

fn has_extension(source: &Source, extensions: &[&str]) -> bool {
    let name = source.name.to_ascii_lowercase();
    extensions.iter().any(|extension| name.ends_with(extension))
}

/// The origin of what a variable gives.
pub(crate) fn variable_origin(name: &Arc<str>, reference: Option<&Origin>) -> Origin {
    Origin::Env {
        name: Arc::clone(name),
        reference: reference.and_then(Origin::span).cloned(),
    }
}

fn error(code: Code, message: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Severity::Error, code, message))
}
