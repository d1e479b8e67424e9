//! Crypt with MD5, Apache's and that of crypt(3). Source: FreeBSD's crypt, "md5_crypt".

use headwater_credentials::equal;
use md5::{Digest as _, Md5};

use super::{crypt_base64, three};

#[derive(Clone)]
pub(crate) struct Md5Crypt {
    prefix: &'static str,
    salt: String,
    hash: String,
}

impl Md5Crypt {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let prefix = if text.starts_with("$apr1$") {
            "$apr1$"
        } else {
            "$1$"
        };
        let rest = text.strip_prefix(prefix).unwrap_or(text);
        let (salt, hash) = rest.split_once('$').ok_or("malformed md5 password")?;
        Ok(Self {
            prefix,
            salt: salt.to_owned(),
            hash: hash.to_owned(),
        })
    }

    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        equal(self.compute(password).as_bytes(), self.hash.as_bytes())
    }

    fn compute(&self, password: &[u8]) -> String {
        let salt = self.salt.as_bytes();
        let inner = Md5::new()
            .chain_update(password)
            .chain_update(salt)
            .chain_update(password)
            .finalize();
        let mut first = Md5::new()
            .chain_update(password)
            .chain_update(self.prefix)
            .chain_update(salt);
        for chunk in password.chunks(inner.len()) {
            first.update(&inner[..chunk.len()]);
        }
        let mut length = password.len();
        while length > 0 {
            // A zero for every bit that is set, else the first character: so it began.
            first.update(if length & 1 == 1 {
                &[0][..]
            } else {
                &password[..1]
            });
            length >>= 1;
        }
        let mut sum = first.finalize();
        for round in 0..1000 {
            let mut next = Md5::new();
            let odd = round % 2 == 1;
            next.update(if odd { password } else { &sum });
            if round % 3 != 0 {
                next.update(salt);
            }
            if round % 7 != 0 {
                next.update(password);
            }
            next.update(if odd { &sum } else { password });
            sum = next.finalize();
        }
        let mut text = String::with_capacity(22);
        for group in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
            crypt_base64(&mut text, three(&sum, group), 4);
        }
        crypt_base64(&mut text, u32::from(sum[11]), 2);
        text
    }
}
