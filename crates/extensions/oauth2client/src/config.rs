//! What the user writes.

use std::time::Duration;

use headwater_core::config::{Config as ConfigTrait, Node, Opaque, OrderedMap, Validation};
use headwater_credentials::jwt::Algorithm;
use headwater_transport::config::TlsClientConfig;
use headwater_transport::http::parse_url;

/// Configuration of the `oauth2client` extension. Source: Go `oauth2clientauthextension.Config`.
#[derive(Debug, Clone, PartialEq, ConfigTrait)]
#[config(validate = Self::check)]
pub struct Config {
    /// The client's name. Required, unless it stands in a file.
    pub client_id: String,
    /// A file with it, which then counts. A change is picked up within a second.
    pub client_id_file: String,
    /// The client's secret. Required for `client_credentials`, unless it stands in a file.
    pub client_secret: Opaque,
    /// A file with it, which then counts. A change is picked up within a second, and fetches a new
    /// token.
    pub client_secret_file: String,
    /// Where tokens are granted. Required.
    pub token_url: String,
    /// What a token is to allow.
    pub scopes: Vec<String>,
    /// More fields of the request for a token; a field may have several values.
    pub endpoint_params: OrderedMap<Node>,
    /// How the client shows who it is: `client_credentials`, or
    /// `urn:ietf:params:oauth:grant-type:jwt-bearer` with an assertion that it signs.
    pub grant_type: GrantType,
    /// The RSA key that signs assertions, as PEM.
    pub client_certificate_key: Opaque,
    /// A file with it, which then counts. A change is picked up within a second.
    pub client_certificate_key_file: String,
    /// The name of the key, `kid`.
    pub client_certificate_key_id: String,
    /// How assertions are signed: `RS256`, `RS384` or `RS512`.
    pub signature_algorithm: Algorithm,
    /// Who says it, `iss`; `client_id` if it is empty.
    pub iss: String,
    /// Who is to believe it, `aud`; `token_url` if it is empty.
    pub audience: String,
    /// More claims of assertions.
    pub claims: OrderedMap<Node>,
    /// TLS to the authorization server.
    pub tls: TlsClientConfig,
    /// How long a request for a token may take; 0 for as long as it likes.
    pub timeout: Duration,
    /// How long before its end a token is renewed, at most half of its life.
    pub expiry_buffer: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_id_file: String::new(),
            client_secret: Opaque::default(),
            client_secret_file: String::new(),
            token_url: String::new(),
            scopes: Vec::new(),
            endpoint_params: OrderedMap::new(),
            grant_type: GrantType::default(),
            client_certificate_key: Opaque::default(),
            client_certificate_key_file: String::new(),
            client_certificate_key_id: String::new(),
            signature_algorithm: Algorithm::default(),
            iss: String::new(),
            audience: String::new(),
            claims: OrderedMap::new(),
            tls: TlsClientConfig::default(),
            timeout: Duration::ZERO,
            expiry_buffer: Duration::from_secs(300),
        }
    }
}

/// How a client shows who it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ConfigTrait)]
pub enum GrantType {
    /// With a secret.
    #[default]
    #[config(alias = "")]
    ClientCredentials,
    /// With an assertion that it signs.
    #[config(rename = "urn:ietf:params:oauth:grant-type:jwt-bearer")]
    JwtBearer,
}

impl Config {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.client_id.is_empty() && self.client_id_file.is_empty() {
            validation.error(
                "client_id",
                "no ClientID provided in the OAuth2 exporter configuration",
            );
        }
        match self.grant_type {
            GrantType::ClientCredentials => {
                if self.client_secret.is_empty() && self.client_secret_file.is_empty() {
                    validation.error(
                        "client_secret",
                        "no ClientSecret provided in OAuth Client Credentials configuration",
                    );
                }
            }
            GrantType::JwtBearer => {
                let file = &self.client_certificate_key_file;
                if self.client_certificate_key.is_empty() && file.is_empty() {
                    validation.error(
                        "client_certificate_key",
                        "no key that signs assertions: write `client_certificate_key` or \
                         `client_certificate_key_file`",
                    );
                }
            }
        }
        if self.token_url.is_empty() {
            validation.error(
                "token_url",
                "no TokenURL provided in OAuth Client Credentials configuration",
            );
        } else if let Err(error) = parse_url("token_url", &self.token_url) {
            validation.error("token_url", error.to_string());
        }
    }
}
