//! Certificates and keys from files or text.

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::TlsError;
use crate::config::TlsConfig;

/// PEM text and what to call it.
struct Pem {
    text: Vec<u8>,
    from: String,
}

fn read(file_key: &'static str, path: &str, text_key: &str, text: &str) -> Result<Pem, TlsError> {
    if path.is_empty() {
        return Ok(Pem {
            text: text.as_bytes().to_vec(),
            from: format!("`{text_key}`"),
        });
    }
    match std::fs::read(path) {
        Ok(text) => Ok(Pem {
            text,
            from: format!("`{file_key}` {path:?}"),
        }),
        Err(source) => Err(TlsError::Read {
            key: file_key,
            path: path.to_owned(),
            source,
        }),
    }
}

impl Pem {
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.text).collect();
        let certificates = parsed.map_err(|error| self.damaged(&error))?;
        if certificates.is_empty() {
            let (what, label) = ("certificate", "CERTIFICATE");
            return Err(TlsError::Missing {
                from: self.from.clone(),
                what,
                label,
            });
        }
        Ok(certificates)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        use rustls::pki_types::pem::Error;
        PrivateKeyDer::from_pem_slice(&self.text).map_err(|error| {
            let from = self.from.clone();
            let encrypted = b"ENCRYPTED";
            if self
                .text
                .windows(encrypted.len())
                .any(|window| window == encrypted)
            {
                return TlsError::EncryptedKey { from };
            }
            match error {
                Error::NoItemsFound => TlsError::Missing {
                    from,
                    what: "private key",
                    label: "PRIVATE KEY",
                },
                error => self.damaged(&error),
            }
        })
    }

    fn damaged(&self, error: &rustls::pki_types::pem::Error) -> TlsError {
        TlsError::Pem {
            from: self.from.clone(),
            reason: error.to_string(),
        }
    }
}

/// The certificate and key to show, if any are given.
pub(super) fn certified_key(
    config: &TlsConfig,
    provider: &CryptoProvider,
) -> Result<Option<CertifiedKey>, TlsError> {
    if !config.has_cert() && !config.has_key() {
        return Ok(None);
    }
    let cert = read(
        "cert_file",
        &config.cert_file,
        "cert_pem",
        config.cert_pem.expose(),
    )?;
    let key = read(
        "key_file",
        &config.key_file,
        "key_pem",
        config.key_pem.expose(),
    )?;
    let pair = CertifiedKey::from_der(cert.certificates()?, key.key()?, provider);
    pair.map(Some).map_err(|error| TlsError::Pair {
        cert: cert.from,
        key: key.from,
        reason: match error {
            rustls::Error::InconsistentKeys(_) => {
                "they do not belong together: the key is of another certificate".to_owned()
            }
            error => error.to_string(),
        },
    })
}

/// The CA certificates of the settings, if any are given.
pub(super) fn ca(config: &TlsConfig) -> Result<Option<RootCertStore>, TlsError> {
    if !config.has_ca() {
        return Ok(None);
    }
    store(&read(
        "ca_file",
        &config.ca_file,
        "ca_pem",
        config.ca_pem.expose(),
    )?)
    .map(Some)
}

/// The CA certificates that clients are checked against.
pub(super) fn client_ca(path: &str) -> Result<RootCertStore, TlsError> {
    store(&read("client_ca_file", path, "", "")?)
}

fn store(pem: &Pem) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in pem.certificates()? {
        store.add(certificate).map_err(|error| TlsError::Ca {
            from: pem.from.clone(),
            reason: error.to_string(),
        })?;
    }
    Ok(store)
}

/// Adds the system's CA certificates; those that rustls cannot use are skipped, as systems carry
/// odd ones.
pub(super) fn add_system_roots(store: &mut RootCertStore) -> Result<(), TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = store.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(TlsError::NoSystemRoots(
            found.errors.first().map(ToString::to_string),
        ));
    }
    Ok(())
}
