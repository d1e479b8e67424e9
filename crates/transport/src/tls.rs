//! TLS by rustls: certificates from files or text, reloading, the Collector's names.

mod client;
mod files;
mod names;
mod reload;
mod server;

use std::io;

use thiserror::Error;

pub(crate) use client::ClientTls;
pub(crate) use names::{check as check_names, library};
pub(crate) use server::ServerTls;

/// Why TLS cannot be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{key}` {path:?}: {source}{}", hint(source))]
    Read {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file or text holds nothing of what it should.
    #[error("{from} holds no {what}: expected PEM text with -----BEGIN {label}-----")]
    Missing {
        /// The key, with the file's path if it is one.
        from: String,
        /// What was looked for.
        what: &'static str,
        /// Its PEM label.
        label: &'static str,
    },
    /// A key is encrypted.
    #[error("{from} is encrypted: write it without a passphrase (openssl pkey -in … -out …)")]
    EncryptedKey {
        /// The key, with the file's path if it is one.
        from: String,
    },
    /// PEM text is damaged.
    #[error("{from} is not valid PEM: {reason}")]
    Pem {
        /// The key, with the file's path if it is one.
        from: String,
        /// What is wrong.
        reason: String,
    },
    /// Certificate and key do not belong together, or one cannot be used.
    #[error("cannot use the certificate of {cert} with the key of {key}: {reason}")]
    Pair {
        /// Where the certificate came from.
        cert: String,
        /// Where the key came from.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// A CA certificate cannot be used.
    #[error("cannot use a CA certificate of {from}: {reason}")]
    Ca {
        /// Where it came from.
        from: String,
        /// What is wrong.
        reason: String,
    },
    /// The system has no CA certificates.
    #[error("the system has no CA certificates{}: install ca-certificates or set `ca_file`", .0.as_deref().map(|e| format!(" ({e})")).unwrap_or_default())]
    NoSystemRoots(
        /// What went wrong when they were looked for, if anything.
        Option<String>,
    ),
    /// A name in `cipher_suites` or `curve_preferences` is of no use.
    #[error("{0}")]
    Name(String),
    /// The settings contradict each other.
    #[error("unusable TLS settings: {0}")]
    Settings(rustls::Error),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            " (the user that runs this process must be able to read it)"
        }
        io::ErrorKind::NotFound => " (is the secret or volume mounted there?)",
        _ => "",
    }
}
