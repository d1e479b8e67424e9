//! Digests and encodings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha512};

use super::{Function, function};
use crate::keccak::sha3_256;

pub(super) const TABLE: &[Function] = &[
    function("Hash", 2, 2, |a| {
        let (salt, text) = (a.text()?, a.text()?);
        Ok(hex(&sha3_256(&[salt.as_bytes(), text.as_bytes()])).into())
    }),
    function("Sha2Hash", 2, 2, |a| {
        let (salt, text) = (a.text()?, a.text()?);
        Ok(hex(&Sha256::digest(salt + &text)).into())
    }),
    function("sha256sum", 1, 1, |a| {
        Ok(hex(&Sha256::digest(a.text()?)).into())
    }),
    function("sha512sum", 1, 1, |a| {
        Ok(hex(&Sha512::digest(a.text()?)).into())
    }),
    function("adler32sum", 1, 1, |a| {
        Ok(adler32(a.text()?.as_bytes()).to_string().into())
    }),
    function("b64enc", 1, 1, |a| Ok(STANDARD.encode(a.text()?).into())),
    function("b64dec", 1, 1, |a| {
        // What is wrong with the text is the result, as in sprig.
        Ok(match STANDARD.decode(a.text()?) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => error.to_string(),
        }
        .into())
    }),
];

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    (b << 16) | a
}
