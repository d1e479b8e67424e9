//! The extension, and what it does with a request.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use headwater_core::auth::{AuthError, ClientAuthenticator, ClientRequest};
use headwater_core::{Component, ComponentError, Extension, Host};
use headwater_credentials::jwt::Assertion;
use headwater_credentials::oauth2::{Proof, TokenError, TokenSettings, Tokens};
use headwater_credentials::{FileError, Secret};
use headwater_transport::config::HttpClientConfig;
use headwater_transport::http::{Client, parse_url};
use http::header::AUTHORIZATION;

use crate::claims::{claims, fields};
use crate::{Config, GrantType};

pub(crate) struct OAuth2Client {
    span: tracing::Span,
    config: Config,
    authenticator: OnceLock<Arc<Authenticator>>,
}

impl OAuth2Client {
    pub(crate) const fn new(span: tracing::Span, config: Config) -> Self {
        Self {
            span,
            config,
            authenticator: OnceLock::new(),
        }
    }
}

#[async_trait]
impl Component for OAuth2Client {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let made = Authenticator::new(&self.config, &self.span, host)?;
        self.authenticator.get_or_init(|| Arc::new(made));
        Ok(())
    }
}

impl Extension for OAuth2Client {
    fn client_authenticator(&self) -> Option<Arc<dyn ClientAuthenticator>> {
        self.authenticator.get().map(|made| Arc::clone(made) as _)
    }
}

struct Authenticator {
    client_id: Secret,
    /// The client's secret, or the key that signs assertions.
    secret: Secret,
    /// What an assertion says, but for the client's name.
    assertion: Option<Assertion>,
    tokens: Tokens,
    client: Client,
}

impl Authenticator {
    fn new(config: &Config, span: &tracing::Span, host: &Host) -> Result<Self, ComponentError> {
        let unread = |error: FileError| ComponentError::with_source("read the credentials", error);
        let (assertion, secret) = match config.grant_type {
            GrantType::ClientCredentials => {
                let inline = config.client_secret.expose();
                let file = &config.client_secret_file;
                (None, Secret::open("client secret", inline, file, span))
            }
            GrantType::JwtBearer => {
                let inline = config.client_certificate_key.expose();
                let file = &config.client_certificate_key_file;
                let key = Secret::open("key that signs assertions", inline, file, span);
                (Some(assertion(config)), key)
            }
        };
        let client = HttpClientConfig {
            endpoint: config.token_url.clone(),
            tls: config.tls.clone(),
            timeout: config.timeout,
            ..HttpClientConfig::default()
        };
        let agent = concat!("headwater/", env!("CARGO_PKG_VERSION"));
        let url = parse_url("token_url", &config.token_url)
            .map_err(|error| ComponentError::with_source("set up the token client", error))?;
        Ok(Self {
            client_id: Secret::open("client id", &config.client_id, &config.client_id_file, span)
                .map_err(unread)?,
            secret: secret.map_err(unread)?,
            assertion,
            tokens: Tokens::new(TokenSettings {
                url,
                scopes: config.scopes.clone(),
                params: fields(&config.endpoint_params),
                margin: config.expiry_buffer,
                at_least_half: true,
            }),
            client: client
                .client(host, agent)
                .map_err(|error| ComponentError::with_source("set up the token client", error))?,
        })
    }
}

fn assertion(config: &Config) -> Assertion {
    let or = |text: &str, other: &str| if text.is_empty() { other } else { text }.to_owned();
    Assertion {
        algorithm: config.signature_algorithm,
        key_id: config.client_certificate_key_id.clone(),
        issuer: config.iss.clone(),
        subject: String::new(),
        audience: or(&config.audience, &config.token_url),
        claims: claims(&config.claims),
    }
}

#[async_trait]
impl ClientAuthenticator for Authenticator {
    async fn authorize(&self, request: &mut ClientRequest<'_>) -> Result<(), AuthError> {
        let (id, secret) = (self.client_id.get(), self.secret.get());
        let named = self.assertion.clone().map(|mut assertion| {
            if assertion.issuer.is_empty() {
                assertion.issuer.clone_from(&id);
            }
            assertion.subject.clone_from(&id);
            assertion
        });
        let proof = match &named {
            None => Proof::Secret {
                client: &id,
                secret: &secret,
            },
            Some(assertion) => Proof::Assertion {
                assertion,
                pem: &secret,
            },
        };
        let client = || Ok::<_, TokenError>(self.client.clone());
        let header = self.tokens.header(proof, client).await.map_err(|error| {
            AuthError::new(format!(
                "failed to get security token from token endpoint: {error}"
            ))
        })?;
        request.headers.insert(AUTHORIZATION, header);
        Ok(())
    }
}
