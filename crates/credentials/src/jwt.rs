//! Signed assertions. Source: RFC 7519, RFC 7523 section 3.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headwater_core::config::Config;
use headwater_transport::signing::{Hash, SigningError, sign_rsa};
use serde_json::{Map, Value, json};

/// How long an assertion is valid: it is used at once.
const LASTS: Duration = Duration::from_secs(300);

/// A signature algorithm. Source: RFC 7518, section 3.3.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum Algorithm {
    /// RSA with SHA-256.
    #[default]
    #[config(rename = "RS256")]
    Rs256,
    /// RSA with SHA-384.
    #[config(rename = "RS384")]
    Rs384,
    /// RSA with SHA-512.
    #[config(rename = "RS512")]
    Rs512,
}

/// What an assertion is made of.
#[derive(Debug, Clone, Default)]
pub struct Assertion {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The name of the key, `kid`; empty for none.
    pub key_id: String,
    /// Who says it, `iss`.
    pub issuer: String,
    /// Whom it is about, `sub`.
    pub subject: String,
    /// Who is to believe it, `aud`.
    pub audience: String,
    /// More claims; they win over those above.
    pub claims: Map<String, Value>,
}

impl Assertion {
    /// The assertion, signed with the RSA key in `pem`.
    ///
    /// # Errors
    /// [`SigningError`] if the key cannot be used.
    pub fn sign(&self, pem: &str) -> Result<String, SigningError> {
        let (name, hash) = match self.algorithm {
            Algorithm::Rs256 => ("RS256", Hash::Sha256),
            Algorithm::Rs384 => ("RS384", Hash::Sha384),
            Algorithm::Rs512 => ("RS512", Hash::Sha512),
        };
        let mut header = json!({"alg": name, "typ": "JWT"});
        if !self.key_id.is_empty() {
            header["kid"] = json!(self.key_id);
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut claims = json!({
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.audience,
            "jti": unique(),
            "iat": now.as_secs(),
            "exp": (now + LASTS).as_secs(),
        });
        for (name, value) in &self.claims {
            claims[name] = value.clone();
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = sign_rsa(pem, hash, signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// A text that no other assertion has: the standard library keys its hashers at random.
fn unique() -> String {
    let part = || RandomState::new().hash_one(SystemTime::now());
    format!("{:016x}{:016x}", part(), part())
}
