//! Signatures with RSA keys, made by the TLS library that the binary has.

use thiserror::Error;

/// Why nothing can be signed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SigningError(String);

/// A hash of PKCS #1 v1.5 signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Signs `message` with the RSA key that is written in `pem` (PKCS #1 or PKCS #8).
///
/// # Errors
/// [`SigningError`] if the key cannot be used, or if the binary was built without TLS.
#[cfg(feature = "tls")]
pub fn sign_rsa(pem: &str, hash: Hash, message: &[u8]) -> Result<Vec<u8>, SigningError> {
    use rustls::SignatureScheme;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject as _;
    let failed = |reason: String| SigningError(format!("cannot sign with the key: {reason}"));
    let key =
        PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| failed(error.to_string()))?;
    let library = crate::tls::library();
    let key = library
        .key_provider
        .load_private_key(key)
        .map_err(|error| failed(error.to_string()))?;
    let scheme = match hash {
        Hash::Sha256 => SignatureScheme::RSA_PKCS1_SHA256,
        Hash::Sha384 => SignatureScheme::RSA_PKCS1_SHA384,
        Hash::Sha512 => SignatureScheme::RSA_PKCS1_SHA512,
    };
    let signer = key
        .choose_scheme(&[scheme])
        .ok_or_else(|| failed("it is no RSA key".to_owned()))?;
    let signature = signer.sign(message);
    signature.map_err(|error| failed(error.to_string()))
}

/// Signs `message` with the RSA key that is written in `pem` (PKCS #1 or PKCS #8).
///
/// # Errors
/// [`SigningError`]: the binary was built without TLS.
#[cfg(not(feature = "tls"))]
pub fn sign_rsa(_pem: &str, _hash: Hash, _message: &[u8]) -> Result<Vec<u8>, SigningError> {
    Err(SigningError(
        "this binary was built without TLS, whose library makes signatures: build it with \
         `tls = \"ring\"` or `tls = \"aws-lc\"`"
            .to_owned(),
    ))
}
