//! Crypt with SHA-256 and SHA-512. Source: Drepper, "Unix crypt using SHA-256 and SHA-512".

use headwater_credentials::equal;
use sha2::{Digest, Sha256, Sha512};

use super::{crypt_base64, three};

const DEFAULT_ROUNDS: u32 = 5000;
const LONGEST_SALT: usize = 16;

#[derive(Clone)]
pub(crate) struct ShaCrypt {
    is_512: bool,
    rounds: u32,
    salt: String,
    hash: String,
}

impl ShaCrypt {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const MALFORMED: &str = "malformed crypt-SHA password";
        let (is_512, rest) = match text.strip_prefix("$6$") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("$5$").ok_or(MALFORMED)?),
        };
        let (rounds, rest) = match rest.strip_prefix("rounds=") {
            Some(rest) => {
                let (rounds, rest) = rest.split_once('$').ok_or(MALFORMED)?;
                let rounds: u32 = rounds.parse().map_err(|_| MALFORMED)?;
                (rounds.clamp(1000, 999_999_999), rest)
            }
            None => (DEFAULT_ROUNDS, rest),
        };
        let (salt, hash) = rest.split_once('$').ok_or(MALFORMED)?;
        let salt = salt.get(..LONGEST_SALT).unwrap_or(salt);
        Ok(Self {
            is_512,
            rounds,
            salt: salt.to_owned(),
            hash: hash.to_owned(),
        })
    }

    pub(super) fn is_of(&self, password: &[u8]) -> bool {
        let computed = if self.is_512 {
            encode_512(&self.compute::<Sha512>(password))
        } else {
            encode_256(&self.compute::<Sha256>(password))
        };
        equal(computed.as_bytes(), self.hash.as_bytes())
    }

    fn compute<D: Digest>(&self, password: &[u8]) -> Vec<u8> {
        let salt = self.salt.as_bytes();
        let inner = D::new()
            .chain_update(password)
            .chain_update(salt)
            .chain_update(password)
            .finalize();
        let mut first = D::new().chain_update(password).chain_update(salt);
        first.update(repeated(&inner, password.len()));
        let mut length = password.len();
        while length > 0 {
            first.update(if length & 1 == 1 {
                &inner[..]
            } else {
                password
            });
            length >>= 1;
        }
        let mut sum = first.finalize();
        let mut of_password = D::new();
        for _ in 0..password.len() {
            of_password.update(password);
        }
        let p = repeated(&of_password.finalize(), password.len());
        let mut of_salt = D::new();
        for _ in 0..16 + usize::from(sum[0]) {
            of_salt.update(salt);
        }
        let s = repeated(&of_salt.finalize(), salt.len());
        for round in 0..self.rounds {
            let mut next = D::new();
            let odd = round % 2 == 1;
            next.update(if odd { &p[..] } else { &sum });
            if round % 3 != 0 {
                next.update(&s);
            }
            if round % 7 != 0 {
                next.update(&p);
            }
            next.update(if odd { &sum[..] } else { &p });
            sum = next.finalize();
        }
        sum.to_vec()
    }
}

/// `length` bytes of `block`, again and again.
fn repeated(block: &[u8], length: usize) -> Vec<u8> {
    block.iter().copied().cycle().take(length).collect()
}

fn encode_512(sum: &[u8]) -> String {
    let mut text = String::with_capacity(86);
    let mut group = [0, 21, 42];
    for _ in 0..21 {
        crypt_base64(&mut text, three(sum, group), 4);
        let [a, b, c] = group;
        group = [b + 1, c + 1, a + 1];
    }
    crypt_base64(&mut text, u32::from(sum[63]), 2);
    text
}

fn encode_256(sum: &[u8]) -> String {
    let mut text = String::with_capacity(43);
    let mut group = [0, 10, 20];
    for _ in 0..10 {
        crypt_base64(&mut text, three(sum, group), 4);
        let [a, b, c] = group;
        group = [c + 1, a + 1, b + 1];
    }
    crypt_base64(&mut text, u32::from(sum[31]) << 8 | u32::from(sum[30]), 3);
    text
}
