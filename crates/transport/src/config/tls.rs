//! `tls`. Source: Go `configtls`.

use std::time::Duration;

use headwater_core::config::{Config, Opaque, Optional, Validation};

use super::BuildError;
use crate::accept::Acceptor;
use crate::connect::Connector;

/// What servers and clients share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct TlsConfig {
    /// A file with the certificates that the other side's is checked against. Without any, the
    /// system's.
    pub ca_file: String,
    /// The same as text.
    pub ca_pem: Opaque,
    /// Whether the system's certificates count besides `ca_file` or `ca_pem`.
    pub include_system_ca_certs_pool: bool,
    /// A file with the certificate to show, then the intermediate ones.
    pub cert_file: String,
    /// The same as text.
    pub cert_pem: Opaque,
    /// A file with the private key of the certificate.
    pub key_file: String,
    /// The same as text.
    pub key_pem: Opaque,
    /// The oldest version: 1.2 or 1.3. 1.0 and 1.1 mean 1.2.
    pub min_version: TlsVersion,
    /// The newest version: 1.2 or 1.3.
    pub max_version: TlsVersion,
    /// Cipher suites of TLS 1.2 by their Go names, most wanted first; all without it. Has no
    /// effect on TLS 1.3.
    pub cipher_suites: Vec<String>,
    /// Would allow broken cipher suites.
    #[config(ignored = "there are no insecure cipher suites here")]
    pub include_insecure_cipher_suites: bool,
    /// Key exchanges, most wanted first: X25519MLKEM768, X25519, P256, P384, P521 as far as the
    /// library has them; all without it.
    pub curve_preferences: Vec<String>,
    /// How old the certificate and key read from files may be; they are read again at the next
    /// handshake. 0 for never.
    pub reload_interval: Duration,
    /// A key in a TPM.
    pub tpm: TpmConfig,
}

/// `tpm`: not supported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct TpmConfig {
    /// Whether the key is in a TPM.
    pub enabled: bool,
    /// The device.
    #[config(ignored = "TPM keys are not supported")]
    pub path: String,
    /// The owner's password.
    #[config(ignored = "TPM keys are not supported", secret)]
    pub owner_auth: String,
    /// The key's password.
    #[config(ignored = "TPM keys are not supported", secret)]
    pub auth: String,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Config)]
pub enum TlsVersion {
    /// The library's: 1.2 as the oldest, 1.3 as the newest.
    #[default]
    #[config(rename = "")]
    Default,
    /// Read as 1.2.
    #[config(rename = "1.0")]
    V10,
    /// Read as 1.2.
    #[config(rename = "1.1")]
    V11,
    /// TLS 1.2.
    #[config(rename = "1.2")]
    V12,
    /// TLS 1.3.
    #[config(rename = "1.3")]
    V13,
}

/// `tls` of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct TlsServerConfig {
    /// What servers and clients share.
    #[config(squash)]
    pub common: TlsConfig,
    /// A file with the certificates that clients' are checked against; clients must then show
    /// one.
    pub client_ca_file: String,
    /// Whether that file is read again when it has changed.
    pub client_ca_file_reload: bool,
}

/// `tls` of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct TlsClientConfig {
    /// What servers and clients share.
    #[config(squash)]
    pub common: TlsConfig,
    /// Whether to send in plaintext. Has no effect when a CA is given.
    pub insecure: bool,
    /// Whether to accept any certificate.
    pub insecure_skip_verify: bool,
    /// The name to ask the server for and to expect in its certificate.
    pub server_name_override: String,
}

impl TlsConfig {
    /// Whether a CA is given.
    pub(crate) fn has_ca(&self) -> bool {
        !self.ca_file.is_empty() || !self.ca_pem.is_empty()
    }

    pub(crate) fn has_cert(&self) -> bool {
        !self.cert_file.is_empty() || !self.cert_pem.is_empty()
    }

    pub(crate) fn has_key(&self) -> bool {
        !self.key_file.is_empty() || !self.key_pem.is_empty()
    }

    fn check(&self, validation: &mut Validation<'_>) {
        let pairs = [
            (
                "ca_pem",
                !self.ca_file.is_empty() && !self.ca_pem.is_empty(),
                "ca_file",
            ),
            (
                "cert_pem",
                !self.cert_file.is_empty() && !self.cert_pem.is_empty(),
                "cert_file",
            ),
            (
                "key_pem",
                !self.key_file.is_empty() && !self.key_pem.is_empty(),
                "key_file",
            ),
        ];
        for (key, both, other) in pairs {
            if both {
                validation.error(
                    key,
                    format!("provide either `{other}` or `{key}`, not both"),
                );
            }
        }
        if self.has_cert() != self.has_key() {
            let (given, missing) = if self.has_cert() {
                ("cert", "key")
            } else {
                ("key", "cert")
            };
            let message =
                format!("provide both certificate and key, or neither: the {missing} is missing");
            let file = format!("{given}_file");
            let key = if validation.is_set(&file) {
                file
            } else {
                format!("{given}_pem")
            };
            validation
                .error(&key, message)
                .help(format!("write `{missing}_file`"));
        }
        if self.max_version != TlsVersion::Default {
            if self.max_version < TlsVersion::V12 {
                validation
                    .error(
                        "max_version",
                        "TLS 1.0 and 1.1 are broken and not supported",
                    )
                    .help("write \"1.2\" or \"1.3\"");
            } else if self.min_version > self.max_version {
                validation.error(
                    "min_version",
                    "min_version cannot be greater than max_version",
                );
            }
        }
        #[cfg(feature = "tls")]
        crate::tls::check_names(self, validation);
        if self.tpm.enabled {
            validation
                .error("tpm::enabled", "keys in a TPM are not supported")
                .help("use `key_file` or `key_pem`");
        }
    }
}

impl TlsServerConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        self.common.check(validation);
        if !self.common.has_cert() && !self.common.has_key() {
            validation
                .error("", "a server needs a certificate and its key")
                .help("write `cert_file` and `key_file`, or `cert_pem` and `key_pem`");
        }
    }
}

impl TlsClientConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        self.common.check(validation);
        if self.insecure && self.common.has_ca() {
            validation.warning("insecure", "has no effect: a CA is given, so TLS stays on");
        }
    }

    /// Whether connections are encrypted where the URL does not decide it.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.insecure || self.common.has_ca()
    }
}

/// What turns a server's sockets into streams.
#[cfg(feature = "tls")]
pub(crate) fn server_acceptor(
    tls: &Optional<TlsServerConfig>,
    alpn: &[&[u8]],
) -> Result<Acceptor, BuildError> {
    let Some(tls) = tls.as_ref() else {
        return Ok(Acceptor::default());
    };
    Ok(Acceptor::tls(crate::tls::ServerTls::try_new(tls, alpn)?))
}

/// What turns a server's sockets into streams.
#[cfg(not(feature = "tls"))]
pub(crate) fn server_acceptor(
    tls: &Optional<TlsServerConfig>,
    _alpn: &[&[u8]],
) -> Result<Acceptor, BuildError> {
    if tls.is_some() {
        Err(BuildError::NoTls)
    } else {
        Ok(Acceptor::default())
    }
}

impl TlsClientConfig {
    /// What opens connections to `endpoint`, whose scheme decides about TLS.
    ///
    /// # Errors
    /// [`BuildError`] if a certificate or key cannot be used.
    pub fn connector(&self, endpoint: &str) -> Result<Connector, BuildError> {
        http_connector(self, endpoint)
    }
}

/// What opens a client's connections; `force` turns TLS on in spite of `insecure`.
#[cfg(feature = "tls")]
pub(super) fn client_connector(
    tls: &TlsClientConfig,
    force: bool,
) -> Result<Connector, BuildError> {
    if !force && !tls.is_on() {
        return Ok(Connector::default());
    }
    Ok(Connector::tls(crate::tls::ClientTls::try_new(tls)?))
}

/// What opens a client's connections; `force` turns TLS on in spite of `insecure`.
#[cfg(not(feature = "tls"))]
pub(super) fn client_connector(
    tls: &TlsClientConfig,
    force: bool,
) -> Result<Connector, BuildError> {
    if force || tls.is_on() {
        Err(BuildError::NoTls)
    } else {
        Ok(Connector::default())
    }
}

/// What opens an HTTP client's connections, where the URL decides about TLS.
#[cfg(feature = "tls")]
pub(super) fn http_connector(
    tls: &TlsClientConfig,
    _endpoint: &str,
) -> Result<Connector, BuildError> {
    client_connector(tls, true)
}

/// What opens an HTTP client's connections, where the URL decides about TLS.
#[cfg(not(feature = "tls"))]
pub(super) fn http_connector(
    _tls: &TlsClientConfig,
    endpoint: &str,
) -> Result<Connector, BuildError> {
    if endpoint.starts_with("https:") {
        Err(BuildError::NoTls)
    } else {
        Ok(Connector::default())
    }
}
