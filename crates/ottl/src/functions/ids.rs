//! Functions of ids, addresses and hashes.

use std::net::IpAddr;

use super::Arguments;
use crate::env::Record;
use crate::error::EvalError;
use crate::value::{Id, Value, hex};

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

pub(super) fn is_root_span<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let root = match arguments.env.record {
        Record::Span(span) => span.parent_span_id().iter().all(|byte| *byte == 0),
        _ => false,
    };
    Ok(Value::Bool(root))
}

pub(super) fn trace_id<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Id(Id::trace(&id::<16>(arguments, "trace")?)))
}

/// Profiles have ids of as many bytes as traces.
pub(super) fn profile_id<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Id(Id::trace(&id::<16>(arguments, "profile")?)))
}

pub(super) fn span_id<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    Ok(Value::Id(Id::span(&id::<8>(arguments, "span")?)))
}

/// The bytes of an id that is given as such or in hexadecimal.
fn id<const N: usize>(
    arguments: &Arguments<'_, '_>,
    what: &str,
) -> std::result::Result<[u8; N], EvalError> {
    let value = arguments.value(0)?;
    let (Value::String(given) | Value::Bytes(given)) = value else {
        return Err(EvalError::expected("string or bytes", value.kind()));
    };
    if let Ok(bytes) = <[u8; N]>::try_from(&*given) {
        return Ok(bytes);
    }
    let mut bytes = [0; N];
    let (pairs, odd) = given.as_chunks::<2>();
    let complete = odd.is_empty() && pairs.len() == N;
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        match (digit(*high), digit(*low)) {
            (Some(high), Some(low)) if complete => *byte = high << 4 | low,
            _ => return Err(wrong_id(what, N)),
        }
    }
    if complete {
        Ok(bytes)
    } else {
        Err(wrong_id(what, N))
    }
}

fn wrong_id(what: &str, length: usize) -> EvalError {
    EvalError::new(format!(
        "{what} ids must be {} hex characters, or {length} bytes",
        length * 2
    ))
}

/// Text and bytes as they are, numbers in eight bytes, the highest first.
pub(super) fn to_hex<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let digits = match arguments.value(0)? {
        Value::Nil => Vec::new(),
        Value::String(bytes) | Value::Bytes(bytes) => hex(&bytes),
        Value::Id(id) => id.hex(),
        Value::Int(value) => hex(&value.to_be_bytes()),
        Value::Double(value) => hex(&value.to_bits().to_be_bytes()),
        Value::Bool(value) => hex(&[u8::from(value)]),
        other => {
            return Err(EvalError::new(format!(
                "unsupported type: {}",
                other.kind()
            )));
        }
    };
    Ok(Value::text(digits))
}

pub(super) fn is_in_cidr<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    let text = String::from_utf8_lossy(&text);
    let address: IpAddr = text
        .parse()
        .map_err(|_| EvalError::new(format!("{text:?} is not an IP address")))?;
    for network in arguments.values(1) {
        let network = network.eval(arguments.env)?.string()?;
        let network = String::from_utf8_lossy(&network);
        if is_in(address, &network)
            .ok_or_else(|| EvalError::new(format!("{network:?} is not a network")))?
        {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// Whether an address lies in a network such as `10.0.0.0/8`; `None` if that is none.
fn is_in(address: IpAddr, network: &str) -> Option<bool> {
    let (base, length) = network.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let (address, base, width) = match (address.to_canonical(), base.parse().ok()?) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return Some(false),
    };
    let rest = u32::checked_sub(width, length)?;
    // All of 128 bits cannot be shifted away.
    let prefix = |bits: u128| bits.checked_shr(rest).unwrap_or(0);
    Some(prefix(address) == prefix(base))
}
