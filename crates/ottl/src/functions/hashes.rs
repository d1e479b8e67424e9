//! Hashes. Those of XXH3's family in the order of bytes that is canonical for them, the highest
//! first.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use twox_hash::{XxHash3_64, XxHash3_128};

use super::Arguments;
use crate::error::EvalError;
use crate::value::{Value, hex};

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

/// FNV-1a with 64 bits, as a whole number.
pub(super) fn fnv<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Ok(Value::Int(hash as i64))
}

fn digest<'a, D: Digest>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::text(hex(&D::digest(&*arguments.string(0)?))))
}

pub(super) fn md5<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    digest::<Md5>(arguments)
}

pub(super) fn sha1<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    digest::<Sha1>(arguments)
}

pub(super) fn sha256<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    digest::<Sha256>(arguments)
}

pub(super) fn sha512<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    digest::<Sha512>(arguments)
}

pub(super) fn xxh3<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let hash = XxHash3_64::oneshot(&arguments.string(0)?);
    Ok(Value::text(hex(&hash.to_be_bytes())))
}

pub(super) fn xxh128<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let hash = XxHash3_128::oneshot(&arguments.string(0)?);
    Ok(Value::text(hex(&hash.to_be_bytes())))
}
