//! Hashes of passwords as htpasswd has them.

mod bcrypt;
mod md5_crypt;
mod sha_crypt;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_credentials::equal;
use sha1::{Digest as _, Sha1};

use bcrypt::Bcrypt;
use md5_crypt::Md5Crypt;
use sha_crypt::ShaCrypt;

/// The password of a user, hashed or not.
#[derive(Clone)]
pub(crate) enum Hash {
    Plain(String),
    /// `{SHA}` and `{SSHA}`: SHA-1 of the password and a salt.
    Sha1 {
        hash: [u8; 20],
        salt: Vec<u8>,
    },
    Md5(Md5Crypt),
    Sha(ShaCrypt),
    Bcrypt(Bcrypt),
}

impl Hash {
    /// Reads what stands behind the colon.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(rest) = text.strip_prefix("{SHA}") {
            return sha1(rest, "SHA").and_then(|hash| match hash {
                Self::Sha1 { ref salt, .. } if salt.is_empty() => Ok(hash),
                _ => Err("malformed sha1: wrong length"),
            });
        }
        if let Some(rest) = text.strip_prefix("{SSHA}") {
            return sha1(rest, "SSHA");
        }
        if text.starts_with("$apr1$") || text.starts_with("$1$") {
            return Md5Crypt::parse(text).map(Self::Md5);
        }
        if text.starts_with("$5$") || text.starts_with("$6$") {
            return ShaCrypt::parse(text).map(Self::Sha);
        }
        if ["$2a$", "$2b$", "$2x$", "$2y$"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            return Bcrypt::parse(text).map(Self::Bcrypt);
        }
        Ok(Self::Plain(text.to_owned()))
    }

    /// Whether a check takes so long that it is worth remembering.
    pub(crate) const fn is_slow(&self) -> bool {
        matches!(self, Self::Md5(_) | Self::Sha(_) | Self::Bcrypt(_))
    }

    /// Whether it is the password's.
    pub(crate) fn is_of(&self, password: &[u8]) -> bool {
        match self {
            // nginx writes {PLAIN} before plain passwords.
            Self::Plain(plain) => {
                let plain = plain.as_bytes();
                let rest = plain.strip_prefix(b"{PLAIN}").unwrap_or(plain);
                equal(password, plain) | equal(password, rest)
            }
            Self::Sha1 { hash, salt } => {
                let computed = Sha1::new().chain_update(password).chain_update(salt);
                equal(&computed.finalize(), hash)
            }
            Self::Md5(hash) => hash.is_of(password),
            Self::Sha(hash) => hash.is_of(password),
            Self::Bcrypt(hash) => hash.is_of(password),
        }
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash")
    }
}

fn sha1(text: &str, scheme: &str) -> Result<Hash, &'static str> {
    let malformed = if scheme == "SHA" {
        "malformed sha1"
    } else {
        "malformed ssha"
    };
    let decoded = STANDARD.decode(text).map_err(|_| malformed)?;
    let (hash, salt) = decoded.split_first_chunk::<20>().ok_or(malformed)?;
    Ok(Hash::Sha1 {
        hash: *hash,
        salt: salt.to_vec(),
    })
}

/// Appends `count` characters of crypt's alphabet, six bits each, the lowest first.
fn crypt_base64(out: &mut String, mut bits: u32, count: usize) {
    const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for _ in 0..count {
        out.push(char::from(ALPHABET[(bits & 63) as usize]));
        bits >>= 6;
    }
}

fn three(bytes: &[u8], [a, b, c]: [usize; 3]) -> u32 {
    u32::from(bytes[a]) << 16 | u32::from(bytes[b]) << 8 | u32::from(bytes[c])
}

#[cfg(test)]
mod tests {
    use super::Hash;

    const LONG: &str = "a much longer password than any of the hashes is, ü";

    /// Written by crypt(3), `openssl passwd` and hashlib.
    const WRITTEN: [(&str, &str); 14] = [
        ("open sesame", "open sesame"),
        ("open sesame", "{PLAIN}open sesame"),
        ("open sesame", "{SHA}W8r/fyL/UzygmbNAjq2HbA67qac="),
        ("open sesame", "{SSHA}hN5uxFJUEWCPg56kk42tnVCdJ61zYWx0"),
        ("open sesame", "$apr1$saltsalt$HIDXe7D36X22w1CH4M1cQ."),
        ("open sesame", "$1$saltsalt$Yo6tRKYGO/jWyb1etwHDS/"),
        (LONG, "$1$salt$jiduxpg8LaDFWCe0a0Fhl0"),
        (
            "open sesame",
            "$5$saltsalt$yrhPKxCqiWcCE9h0g86j6Ugz7SDFdFm.BjU.d8RaQnC",
        ),
        (
            "open sesame",
            "$6$saltsalt$e/5XKibXPLqVcfjpD.ouauaJrAOL5V0uo80Lt7n7EbRdRiCx3HbQ90yjOHr.G0T.mx79PEMRy8nmtr0qSYhQp1",
        ),
        (
            "open sesame",
            "$6$rounds=1400$anotherlongsalts$2l0jObIiaejfNiPOnS8UkCZybkbfORkEQ5QJcjK0ZKxrYceQQLT7mW1pzTjpmzy9m5pFl.PGA2y7rXxFKs0Zg.",
        ),
        (
            LONG,
            "$6$rounds=1400$salt$hga9zVBfziaTMNsPs8G7M65QM8SPhvTrnXXyDxvefsellErPtq1cw.ZMzPWPlZzGqsKhVnPVvKkuAIzEhMusr.",
        ),
        (
            "open sesame",
            "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy",
        ),
        (
            "",
            "$2y$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq",
        ),
        (
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "$2a$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q",
        ),
    ];

    #[test]
    fn hashes_that_others_wrote_are_of_their_passwords_and_of_no_other() {
        for (password, text) in WRITTEN {
            let hash = Hash::parse(text).unwrap();
            assert!(hash.is_of(password.as_bytes()), "{text}");
            for other in ["open sesamf", "x", "open sesame "] {
                assert!(!hash.is_of(other.as_bytes()), "{other} {text}");
            }
        }
    }

    #[test]
    fn damaged_hashes_are_errors_and_no_plain_passwords() {
        for text in [
            "{SHA}!",
            "{SHA}aGFsbG8=",
            "{SSHA}aGFsbG8=",
            "{SHA}hN5uxFJUEWCPg56kk42tnVCdJ61zYWx0",
            "$apr1$salt",
            "$1$",
            "$5$",
            "$6$rounds=x$salt$hash",
            "$2b$04$abc",
            "$2b$99$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy",
            "$2b$xx$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy",
        ] {
            assert!(Hash::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_hash_is_never_printed() {
        let hash = Hash::parse("hunter2").unwrap();
        assert!(!format!("{hash:?}").contains("hunter2"));
    }
}
