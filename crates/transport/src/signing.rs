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

#[cfg(all(test, feature = "tls"))]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const KEY: &str = include_str!("../testdata/rsa-of-tests.pem");

    #[test]
    fn signatures_are_those_that_openssl_makes() {
        let openssl = [
            (
                Hash::Sha256,
                "EkuUsqyKrojV0St+3Ht/whb7n8KZ12+hkhZTUy5Pg64hWfQyreVSRPPLxjBA1RQbLgHahpFzsRWgYWDqTYeHK1MbCCxgu1QXrdPDanL4eJwFYicqbndsCM8ktWZNpSzzsKfSYuiMKB+H2GPghvONnY6KL1W+/tPTr4T0YsdvPjlIMEAbiZhCjIKjCUvbhsJiBguNt+KpObYE83Z0r7X6ydr7v3Q0zAXh0DfFN1Rtq/+uAuQL9X6qQr6kIBcsi5MpVdUZj9/O3g8bbwUuc8VTCu5Ge0D8wWXO/qHiiNBfzqvv/MyuZhMxJLnxavY/bHczgOCo/FTQJfOnviNJPDpnSQ==",
            ),
            (
                Hash::Sha512,
                "bJuftCYsgS61HAVZ5SfZ6ii7SNveASTaFpb1BogAwdX7/sFHr5K9QCDUmTBQvcU/xELoyg+XvfA9DtnQ7rgLf4V6nHtK1KGsyOL+9JpHRqwPiCmJafhuV+fqI9Pvn30Mim5X6QR+v3kcbwNWva6i+jWj8ezxgCMreZUIKAkHVK0UwBnWfjdiZTl9hUVUa724xoP6LVTK53JwNzFnquM/OaNM19QNQRI93Yej3TUKKSFzlV2Wt3dQ7U3zJ69K1cF9jtbgxb4vwlsqw7I8pCfhm/NLQ9R8WnJ6X8kJFGdt6Fxq1aV4RObNiOqXHkGhlahTiPZMJQIjqWMirxyQKnJcRg==",
            ),
        ];
        for (hash, expected) in openssl {
            let signature = sign_rsa(KEY, hash, b"message").unwrap();
            assert_eq!(STANDARD.encode(signature), expected);
        }
    }

    #[test]
    fn what_is_no_rsa_key_is_an_error_that_does_not_show_it() {
        for text in [
            "hunter2",
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
        ] {
            let error = sign_rsa(text, Hash::Sha256, b"message").unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
