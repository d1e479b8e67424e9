//! `oauth2`.

use headwater_core::config::{Config, Node, OrderedMap, Validation};

use super::{ProxyConfig, TlsConfig};
use crate::text::{Secret, Text};

/// `oauth2`: a token from an authorization server, by client credentials.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct OAuth2 {
    /// Who asks for the token. Required.
    pub client_id: Text,
    /// The client's secret.
    pub client_secret: Secret,
    /// A file with the client's secret, read for every token.
    pub client_secret_file: Text,
    /// `client_credentials`.
    pub grant_type: Text,
    /// The key of a client that signs its request. Not supported.
    pub client_certificate_key: Secret,
    /// The same as a file. Not supported.
    pub client_certificate_key_file: Text,
    /// Its name. Not supported.
    pub client_certificate_key_id: Text,
    /// How the request is signed. Not supported.
    pub signature_algorithm: Text,
    /// Who signs the request. Not supported.
    pub iss: Text,
    /// For whom the request is signed. Not supported.
    pub audience: Text,
    /// What the signed request says besides. Not supported.
    pub claims: OrderedMap<Node>,
    /// What the token is for.
    pub scopes: Vec<Text>,
    /// Where tokens come from. Required.
    pub token_url: Text,
    /// Parameters of the request for a token.
    pub endpoint_params: OrderedMap<Text>,
    /// TLS of the authorization server.
    pub tls_config: TlsConfig,
    /// Proxy to the authorization server.
    #[config(squash)]
    pub proxy: ProxyConfig,
}

impl Default for OAuth2 {
    fn default() -> Self {
        Self {
            client_id: Text::default(),
            client_secret: Secret::default(),
            client_secret_file: Text::default(),
            grant_type: "client_credentials".into(),
            client_certificate_key: Secret::default(),
            client_certificate_key_file: Text::default(),
            client_certificate_key_id: Text::default(),
            signature_algorithm: Text::default(),
            iss: Text::default(),
            audience: Text::default(),
            claims: OrderedMap::new(),
            scopes: Vec::new(),
            token_url: Text::default(),
            endpoint_params: OrderedMap::new(),
            tls_config: TlsConfig::default(),
            proxy: ProxyConfig::default(),
        }
    }
}

impl OAuth2 {
    fn check(&self, v: &mut Validation<'_>) {
        if self.client_id.is_empty() {
            v.error("client_id", "oauth2 client_id must be configured");
        }
        if self.token_url.is_empty() {
            v.error("token_url", "oauth2 token_url must be configured");
        }
        if !self.client_secret.is_empty() && !self.client_secret_file.is_empty() {
            let message = "at most one of oauth2 client_secret & client_secret_file must be \
                           configured using grant-type=client_credentials";
            v.error("client_secret_file", message);
        }
        if !matches!(&*self.grant_type, "" | "client_credentials") {
            v.error("grant_type", "only client_credentials is supported")
                .help("use a client secret, or an `authorization` with a `credentials_file`");
        }
        for (key, given) in [
            (
                "client_certificate_key",
                !self.client_certificate_key.is_empty(),
            ),
            (
                "client_certificate_key_file",
                !self.client_certificate_key_file.is_empty(),
            ),
            (
                "client_certificate_key_id",
                !self.client_certificate_key_id.is_empty(),
            ),
            ("signature_algorithm", !self.signature_algorithm.is_empty()),
            ("iss", !self.iss.is_empty()),
            ("audience", !self.audience.is_empty()),
            ("claims", !self.claims.is_empty()),
        ] {
            if given {
                v.error(
                    key,
                    "is not supported: it belongs to the grant type jwt-bearer",
                );
            }
        }
    }
}
