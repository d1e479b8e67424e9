//! Tokens as they stand in the header.

use std::fmt;

use headwater_core::Identity;
use headwater_credentials::equal;
use http::HeaderValue;

/// The header's values that are taken, the first of which a client sends.
#[derive(Clone, Default)]
pub(crate) struct Tokens {
    scheme: String,
    values: Vec<(Option<Box<str>>, String)>,
}

impl Tokens {
    pub(crate) fn new(scheme: &str) -> Self {
        Self {
            scheme: scheme.to_owned(),
            values: Vec::new(),
        }
    }

    /// Adds a token, which is not empty, perhaps with the name of its sender.
    pub(crate) fn add(&mut self, token: &str, subject: Option<&str>) {
        let value = match self.scheme.as_str() {
            "" => token.to_owned(),
            scheme => format!("{scheme} {token}"),
        };
        self.values.push((subject.map(Into::into), value));
    }

    /// Who sends `header`. All tokens are compared, so that the time tells nothing.
    pub(crate) fn find(&self, header: &[u8]) -> Option<Identity> {
        let mut found = None;
        for (subject, value) in &self.values {
            if equal(value.as_bytes(), header) {
                found = Some(subject);
            }
        }
        found.map(|subject| Identity {
            attributes: subject
                .iter()
                .map(|subject| ("subject".into(), subject.clone()))
                .collect(),
        })
    }

    /// What a client sends; `None` if there is no token or it is not valid in a header.
    pub(crate) fn first(&self) -> Option<HeaderValue> {
        let (_, value) = self.values.first()?;
        HeaderValue::from_str(value).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("count", &self.values.len())
            .finish_non_exhaustive()
    }
}
