//! The library, and Go's names of cipher suites and key exchanges.

use std::sync::Arc;

use headwater_core::config::Validation;
use rustls::crypto::CryptoProvider;
use rustls::{CipherSuite, NamedGroup, SupportedProtocolVersion};

use super::TlsError;
use crate::config::{TlsConfig, TlsVersion};

/// Go's names that mean something but that rustls does not have, on purpose: CBC and static RSA.
const UNSUPPORTED_SUITES: [&str; 13] = [
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
];

/// Go's names of key exchanges. Which of them work depends on the library.
const GROUPS: [(&str, NamedGroup); 5] = [
    ("X25519MLKEM768", NamedGroup::X25519MLKEM768),
    ("X25519", NamedGroup::X25519),
    ("P256", NamedGroup::secp256r1),
    ("P384", NamedGroup::secp384r1),
    ("P521", NamedGroup::secp521r1),
];

#[cfg(feature = "tls-aws-lc")]
pub(crate) fn library() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

#[cfg(not(feature = "tls-aws-lc"))]
pub(crate) fn library() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// The library, narrowed to what the settings allow.
pub(super) fn provider(config: &TlsConfig) -> Result<Arc<CryptoProvider>, TlsError> {
    let mut provider = library();
    if !config.cipher_suites.is_empty() {
        let wanted = suites(&config.cipher_suites, &provider).map_err(TlsError::Name)?;
        let position = |suite: CipherSuite| wanted.iter().position(|wanted| *wanted == suite);
        provider.cipher_suites.retain(|suite| {
            suite.version() == &rustls::version::TLS13 || position(suite.suite()).is_some()
        });
        provider
            .cipher_suites
            .sort_by_key(|suite| position(suite.suite()));
    }
    if !config.curve_preferences.is_empty() {
        let wanted = groups(&config.curve_preferences, &provider).map_err(TlsError::Name)?;
        let position = |group| wanted.iter().position(|wanted| *wanted == group);
        provider
            .kx_groups
            .retain(|group| position(group.name()).is_some());
        provider
            .kx_groups
            .sort_by_key(|group| position(group.name()));
    }
    Ok(Arc::new(provider))
}

/// The versions that the settings allow, newest first.
pub(super) fn versions(config: &TlsConfig) -> Vec<&'static SupportedProtocolVersion> {
    use rustls::version::{TLS12, TLS13};
    match (config.min_version, config.max_version) {
        (TlsVersion::V13, _) => vec![&TLS13],
        (_, TlsVersion::V12) => vec![&TLS12],
        _ => vec![&TLS13, &TLS12],
    }
}

/// Reports names that are unknown or useless.
pub(crate) fn check(config: &TlsConfig, validation: &mut Validation<'_>) {
    let provider = library();
    if !config.cipher_suites.is_empty()
        && let Err(message) = suites(&config.cipher_suites, &provider)
    {
        validation.error("cipher_suites", message);
    }
    if !config.curve_preferences.is_empty()
        && let Err(message) = groups(&config.curve_preferences, &provider)
    {
        validation.error("curve_preferences", message);
    }
}

/// The suites that the library has, in the order given; those of TLS 1.3 are always on.
fn suites(names: &[String], provider: &CryptoProvider) -> Result<Vec<CipherSuite>, String> {
    let known: Vec<_> = provider
        .cipher_suites
        .iter()
        .map(|suite| (go_name(suite.suite()), suite.suite()))
        .collect();
    let mut found = Vec::new();
    for name in names {
        match known.iter().find(|(known, _)| known == name) {
            Some((_, suite)) => found.push(*suite),
            None if UNSUPPORTED_SUITES.contains(&name.as_str()) => {}
            None => return Err(format!("unknown cipher suite {name:?}: {}", listed(&known))),
        }
    }
    if found.is_empty() {
        return Err(format!(
            "none of these cipher suites is supported: {}",
            listed(&known)
        ));
    }
    Ok(found)
}

fn groups(names: &[String], provider: &CryptoProvider) -> Result<Vec<NamedGroup>, String> {
    let has = |group| provider.kx_groups.iter().any(|known| known.name() == group);
    let supported: Vec<_> = GROUPS
        .iter()
        .filter(|(_, group)| has(*group))
        .map(|(n, g)| ((*n).to_owned(), *g))
        .collect();
    let mut found = Vec::new();
    for name in names {
        match GROUPS.iter().find(|(known, _)| known == name) {
            Some((_, group)) if has(*group) => found.push(*group),
            Some(_) => {}
            None => return Err(format!("unknown curve {name:?}: {}", listed(&supported))),
        }
    }
    if found.is_empty() {
        return Err(format!(
            "none of these curves is supported: {}",
            listed(&supported)
        ));
    }
    Ok(found)
}

fn listed<T>(known: &[(String, T)]) -> String {
    let names: Vec<_> = known.iter().map(|(name, _)| name.as_str()).collect();
    format!("there are {}", names.join(", "))
}

/// rustls writes `TLS13_AES_…` where Go and the standard write `TLS_AES_…`.
fn go_name(suite: CipherSuite) -> String {
    let name = suite.as_str().unwrap_or_default();
    name.replacen("TLS13_", "TLS_", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_suites(names: &[&str]) -> TlsConfig {
        let cipher_suites = names.iter().map(|name| (*name).to_owned()).collect();
        TlsConfig {
            cipher_suites,
            ..TlsConfig::default()
        }
    }

    #[test]
    fn suites_are_narrowed_to_the_list_in_its_order() {
        let names = [
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        ];
        let provider = provider(&with_suites(&names)).unwrap();
        let tls12: Vec<_> = provider
            .cipher_suites
            .iter()
            .filter(|suite| suite.version() == &rustls::version::TLS12)
            .map(|suite| go_name(suite.suite()))
            .collect();
        assert_eq!(tls12, names);
        assert_eq!(provider.cipher_suites.len(), 5, "those of TLS 1.3 stay");
    }

    #[test]
    fn what_go_knows_and_we_refuse_is_skipped_and_the_unknown_is_an_error() {
        let cbc = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA";
        assert!(
            provider(&with_suites(&[
                cbc,
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
            ]))
            .is_ok()
        );
        let error = provider(&with_suites(&[cbc])).unwrap_err().to_string();
        assert!(error.contains("none of these"), "{error}");
        let error = provider(&with_suites(&["TLS_MAGIC"]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("TLS_MAGIC") && error.contains("there are TLS_"),
            "{error}"
        );
    }

    #[test]
    fn curves_are_narrowed_and_the_unknown_is_an_error() {
        let with = |names: &[&str]| TlsConfig {
            curve_preferences: names.iter().map(|name| (*name).to_owned()).collect(),
            ..TlsConfig::default()
        };
        let narrowed = provider(&with(&["P384", "X25519", "P521"])).unwrap();
        let names: Vec<_> = narrowed
            .kx_groups
            .iter()
            .map(|group| group.name())
            .collect();
        assert_eq!(names, [NamedGroup::secp384r1, NamedGroup::X25519]);
        assert!(provider(&with(&["P257"])).is_err());
    }
}
