//! Community ID, version 1: a hash of the two ends of a connection, whichever of them is asked.
//! Source: corelight `community-id-spec`; Go `func_community_id.go`.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::{Argument, Arguments, Value};
use crate::error::EvalError;

/// The protocols by name, with their numbers.
const PROTOCOLS: [(&str, u8); 6] = [
    ("ICMP", 1),
    ("TCP", 6),
    ("UDP", 17),
    ("RSVP", 46),
    ("ICMP6", 58),
    ("SCTP", 132),
];

fn protocol(name: &str) -> Result<u8, String> {
    let found = PROTOCOLS.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, number)| *number)
        .ok_or_else(|| format!("unsupported protocol: {name}"))
}

pub(super) fn check(arguments: &[Argument]) -> Result<(), String> {
    match arguments.get(4).and_then(Argument::literal) {
        Some(name) => protocol(&name).map(|_| ()),
        None => Ok(()),
    }
}

pub(super) fn community_id<'a>(arguments: &Arguments<'a, '_>) -> Result<Value<'a>, EvalError> {
    let mut from = end(arguments, 0, "source")?;
    let mut to = end(arguments, 2, "destination")?;
    let protocol = match arguments.optional_text(4)? {
        Some(name) => protocol(&name).map_err(EvalError::new)?,
        None => 6,
    };
    let seed = if arguments.is_given(5) {
        small(arguments.int(5)?, "seed")?
    } else {
        0
    };
    // The lesser end comes first; of different families the shorter one.
    if (from.0.len(), &from) > (to.0.len(), &to) {
        std::mem::swap(&mut from, &mut to);
    }
    let mut hash = Sha1::new();
    hash.update(seed.to_be_bytes());
    hash.update(&from.0);
    hash.update(&to.0);
    hash.update([protocol, 0]);
    hash.update(from.1.to_be_bytes());
    hash.update(to.1.to_be_bytes());
    let text = format!("1:{}", STANDARD.encode(hash.finalize()));
    Ok(Value::text(text.into_bytes()))
}

/// Address and port of one end.
fn end(
    arguments: &Arguments<'_, '_>,
    index: usize,
    what: &str,
) -> Result<(Vec<u8>, u16), EvalError> {
    let text = arguments.text(index)?;
    let port = small(arguments.int(index + 1)?, &format!("{what} port"))?;
    let address: IpAddr = text
        .parse()
        .map_err(|_| EvalError::new(format!("invalid {what} IP: {text}")))?;
    let address = match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    Ok((address, port))
}

fn small(number: i64, what: &str) -> Result<u16, EvalError> {
    u16::try_from(number)
        .map_err(|_| EvalError::new(format!("{what} must be between 0 and 65535, got {number}")))
}
