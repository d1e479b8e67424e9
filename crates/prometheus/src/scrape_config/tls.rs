//! `tls_config`.

use headwater_core::config::{Config, Validation};

use crate::text::{Secret, Text};

/// `tls_config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct TlsConfig {
    /// The certificates that the server's is checked against, as text. Without any, the system's.
    pub ca: Text,
    /// The certificate to show, as text.
    pub cert: Text,
    /// The private key of the certificate, as text.
    pub key: Secret,
    /// A file with what `ca` is. Read again when it has changed, as are the next two.
    pub ca_file: Text,
    /// A file with what `cert` is.
    pub cert_file: Text,
    /// A file with what `key` is.
    pub key_file: Text,
    /// The name that the certificate must be for, instead of the host's.
    pub server_name: Text,
    /// Whether any certificate is accepted.
    pub insecure_skip_verify: bool,
    /// The oldest version. TLS 1.0 and 1.1 mean 1.2.
    pub min_version: Option<TlsVersion>,
    /// The newest version.
    pub max_version: Option<TlsVersion>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Config)]
pub enum TlsVersion {
    /// Read as 1.2.
    #[config(rename = "TLS10")]
    Tls10,
    /// Read as 1.2.
    #[config(rename = "TLS11")]
    Tls11,
    /// TLS 1.2.
    #[default]
    #[config(rename = "TLS12")]
    Tls12,
    /// TLS 1.3.
    #[config(rename = "TLS13")]
    Tls13,
}

impl TlsConfig {
    fn check(&self, v: &mut Validation<'_>) {
        for (key, text, file, message) in [
            (
                "ca_file",
                !self.ca.is_empty(),
                &self.ca_file,
                "at most one of ca & ca_file must be configured",
            ),
            (
                "cert_file",
                !self.cert.is_empty(),
                &self.cert_file,
                "at most one of cert & cert_file must be configured",
            ),
            (
                "key_file",
                !self.key.is_empty(),
                &self.key_file,
                "at most one of key and key_file must be configured",
            ),
        ] {
            if text && !file.is_empty() {
                v.error(key, message);
            }
        }
        let cert = !self.cert.is_empty() || !self.cert_file.is_empty();
        let key = !self.key.is_empty() || !self.key_file.is_empty();
        if cert && !key {
            let message = "exactly one of key or key_file must be configured when a client certificate is configured";
            v.error("", message);
        }
        if key && !cert {
            let message = "exactly one of cert or cert_file must be configured when a client key is configured";
            v.error("", message);
        }
        if let Some(max) = self.max_version {
            if max < TlsVersion::Tls12 {
                v.error(
                    "max_version",
                    "TLS 1.0 and 1.1 are broken and not supported",
                )
                .help("write TLS12 or TLS13");
            } else if self.min_version.is_some_and(|min| min > max) {
                let message = "tls_config.max_version must be greater than or equal to \
                               tls_config.min_version if both are specified";
                v.error("max_version", message);
            }
        }
    }
}
