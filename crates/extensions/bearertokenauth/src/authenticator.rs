//! Checks requests, and signs them.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_core::Identity;
use headwater_core::auth::{AuthError, ClientAuthenticator, ClientRequest, ServerAuthenticator};
use headwater_credentials::{FileError, Watched};
use http::{HeaderMap, HeaderName};

use crate::Config;
use crate::tokens::Tokens;

#[derive(Debug)]
pub(crate) struct Authenticator {
    header: HeaderName,
    /// As the user wrote it, for messages.
    header_text: String,
    challenge: String,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Inline(Arc<Tokens>),
    File(Watched<Tokens>),
}

impl Authenticator {
    pub(crate) fn new(config: &Config, span: &tracing::Span) -> Result<Self, FileError> {
        let subjects = config.subjects.clone();
        let with_subjects = move |mut tokens: Tokens| {
            for (subject, token) in subjects.iter() {
                tokens.add(token.expose(), Some(subject));
            }
            tokens
        };
        let mut tokens = Tokens::new(&config.scheme);
        let source = if config.filename.is_empty() {
            for token in std::iter::once(&config.token).chain(&config.tokens) {
                if !token.is_empty() {
                    tokens.add(token.expose(), None);
                }
            }
            Source::Inline(Arc::new(with_subjects(tokens)))
        } else {
            let parse = move |text: &str| {
                let mut tokens = tokens.clone();
                // An empty line is no token: the Collector takes a request with none for it.
                for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    tokens.add(line, None);
                }
                if tokens.is_empty() {
                    return Err("the file is empty".to_owned());
                }
                Ok(with_subjects(tokens))
            };
            Source::File(Watched::open("tokens", &config.filename, span, parse)?)
        };
        let challenge = match config.scheme.as_str() {
            "" => "Bearer",
            scheme => scheme,
        };
        Ok(Self {
            // Checked with the configuration.
            header: HeaderName::try_from(&*config.header).unwrap_or(http::header::AUTHORIZATION),
            header_text: config.header.clone(),
            challenge: challenge.to_owned(),
            source,
        })
    }

    fn tokens(&self) -> Arc<Tokens> {
        match &self.source {
            Source::Inline(tokens) => Arc::clone(tokens),
            Source::File(file) => file.get(),
        }
    }

    fn refused(&self, text: String) -> AuthError {
        AuthError::new(text).with_challenge(self.challenge.clone())
    }
}

#[async_trait]
impl ServerAuthenticator for Authenticator {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError> {
        let Some(header) = headers.get(&self.header) else {
            let name = &self.header_text;
            let text = format!("missing or empty authorization header: {name}");
            return Err(self.refused(text));
        };
        self.tokens().find(header.as_bytes()).ok_or_else(|| {
            self.refused(
                "provided authorization does not match expected scheme or token".to_owned(),
            )
        })
    }
}

#[async_trait]
impl ClientAuthenticator for Authenticator {
    async fn authorize(&self, request: &mut ClientRequest<'_>) -> Result<(), AuthError> {
        let token = self.tokens().first();
        let token = token
            .ok_or_else(|| AuthError::new("there is no token that can be sent in a header"))?;
        request.headers.insert(self.header.clone(), token);
        Ok(())
    }
}
