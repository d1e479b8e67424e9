//! What the user writes.

use headwater_core::config::{Config as ConfigTrait, NameValues, Opaque, Validation};
use http::HeaderName;

/// Configuration of the `bearertokenauth` extension, which works for servers and for clients.
/// Source: Go `bearertokenauthextension.Config`.
#[derive(Debug, Clone, PartialEq, Eq, ConfigTrait)]
#[config(validate = Self::check)]
pub struct Config {
    /// The header that holds the token.
    pub header: String,
    /// What stands before the token, with a blank between them; empty for nothing.
    pub scheme: String,
    /// The token.
    pub token: Opaque,
    /// Several tokens: a server takes any of them, a client sends the first.
    pub tokens: Vec<Opaque>,
    /// A file with tokens, one per line, which then count instead of `token` and `tokens`. A change
    /// is picked up within a second.
    pub filename: String,
    /// Tokens of senders with names, `name: token`: a server takes them too, and the name becomes
    /// the attribute `subject` of the identity. Headwater's own.
    pub subjects: NameValues,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            header: "Authorization".to_owned(),
            scheme: "Bearer".to_owned(),
            token: Opaque::default(),
            tokens: Vec::new(),
            filename: String::new(),
            subjects: NameValues::new(),
        }
    }
}

impl Config {
    fn check(&self, validation: &mut Validation<'_>) {
        let has_tokens = !self.token.is_empty() || !self.tokens.is_empty();
        if !has_tokens && self.filename.is_empty() && self.subjects.is_empty() {
            validation
                .error("token", "no bearer token provided")
                .help("write `token:`, `tokens:`, `filename:` or `subjects:`");
        }
        if !self.token.is_empty() && !self.tokens.is_empty() {
            validation.error(
                "tokens",
                "either tokens or token should be provided, not both",
            );
        }
        if has_tokens && !self.filename.is_empty() {
            validation.warning(
                "filename",
                "a filename is specified: the configured token(s) are ignored",
            );
        }
        let empty = self.tokens.iter().any(Opaque::is_empty)
            || self.subjects.iter().any(|(_, token)| token.is_empty());
        if empty {
            validation.error("tokens", "a token is empty: everybody knows it");
        }
        if HeaderName::try_from(&*self.header).is_err() {
            validation.error("header", "it has characters that HTTP does not allow");
        }
    }
}
