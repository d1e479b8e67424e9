//! What the user writes.

use headwater_core::config::{Config as ConfigTrait, Opaque, Optional, Validation};

/// Configuration of the `basicauth` extension: either a server or a client. Source: Go
/// `basicauthextension.Config`.
#[derive(Debug, Clone, PartialEq, Eq, ConfigTrait)]
#[config(validate = Self::check)]
pub struct Config {
    /// For servers: who may send.
    pub htpasswd: Optional<HtpasswdConfig>,
    /// For clients: who sends.
    pub client_auth: Optional<ClientAuthConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            htpasswd: Optional::Default(HtpasswdConfig::default()),
            client_auth: Optional::Default(ClientAuthConfig::default()),
        }
    }
}

/// Users and their passwords.
#[derive(Debug, Clone, PartialEq, Eq, ConfigTrait)]
pub struct HtpasswdConfig {
    /// A file with lines `user:password`, as `htpasswd` writes it; bcrypt, SHA-1, salted SHA-1,
    /// MD5 (apr1 and crypt), SHA-256 and SHA-512 (crypt) or plain. A change is picked up within a
    /// second.
    pub file: String,
    /// The same as text. A user in both has the password that stands here.
    pub inline: Opaque,
    /// How many outcomes of slow checks are remembered, each of right and of wrong credentials; 0
    /// computes the hash for every request.
    pub cache_size: u32,
    /// How many checks may wait for their turn. Requests beyond are asked to come back in a
    /// second.
    pub max_waiting_checks: u32,
}

impl Default for HtpasswdConfig {
    fn default() -> Self {
        Self {
            file: String::new(),
            inline: Opaque::default(),
            cache_size: 4096,
            max_waiting_checks: 64,
        }
    }
}

/// The name and the password of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq, ConfigTrait)]
pub struct ClientAuthConfig {
    /// The name. It cannot contain a colon.
    pub username: String,
    /// A file with the name, which then counts. A change is picked up within a second.
    pub username_file: String,
    /// The password.
    pub password: Opaque,
    /// A file with the password, which then counts. A change is picked up within a second.
    pub password_file: String,
}

impl Config {
    fn check(&self, validation: &mut Validation<'_>) {
        match (self.htpasswd.as_ref(), self.client_auth.as_ref()) {
            (Some(_), Some(_)) => {
                validation
                    .error(
                        "client_auth",
                        "only one of `htpasswd` or `client_auth` can be specified",
                    )
                    .help("write two extensions, `basicauth/server` and `basicauth/client`");
            }
            (None, None) => {
                validation
                    .error("htpasswd", "no credential source provided")
                    .help("write `htpasswd:` to check requests, `client_auth:` to sign them");
            }
            (Some(htpasswd), None) => {
                if htpasswd.file.is_empty() && htpasswd.inline.is_empty() {
                    validation
                        .error("htpasswd", "no credential source provided")
                        .help("write `file:` or `inline:` below `htpasswd:`");
                }
            }
            (None, Some(client)) => {
                if client.username_file.is_empty() && client.username.contains(':') {
                    validation.error(
                        "client_auth::username",
                        "invalid authorization format: a user name cannot contain a colon",
                    );
                }
            }
        }
    }
}
