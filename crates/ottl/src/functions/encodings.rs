//! Base64 and character sets.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use headwater_logs::Encoding;

use super::{Argument, Arguments, Value};
use crate::error::EvalError;

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

fn base64(name: &str) -> Option<&'static GeneralPurpose> {
    match name {
        "base64" => Some(&STANDARD),
        "base64-raw" => Some(&STANDARD_NO_PAD),
        "base64-url" => Some(&URL_SAFE),
        "base64-raw-url" => Some(&URL_SAFE_NO_PAD),
        _ => None,
    }
}

fn no_variant(name: &str) -> String {
    format!(
        "unsupported base64 variant: {name}, there are base64, base64-raw, base64-url and \
         base64-raw-url"
    )
}

pub(super) fn check_variant(arguments: &[Argument]) -> std::result::Result<(), String> {
    match arguments.get(1).and_then(Argument::literal) {
        Some(name) if base64(&name).is_none() => Err(no_variant(&name)),
        _ => Ok(()),
    }
}

pub(super) fn base64_encode<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let text = arguments.string(0)?;
    let name = arguments.optional_text(1)?;
    let name = name.as_deref().unwrap_or("base64");
    let engine = base64(name).ok_or_else(|| EvalError::new(no_variant(name)))?;
    Ok(Value::text(engine.encode(&*text).into_bytes()))
}

pub(super) fn base64_decode<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    decoded(&STANDARD, &arguments.string(0)?)
}

/// Blanks around it, and the line feeds that Go skips, do not matter.
fn decoded<'a>(engine: &GeneralPurpose, text: &[u8]) -> Result<'a> {
    let text: Vec<u8> = text
        .trim_ascii()
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    match engine.decode(text) {
        Ok(bytes) => Ok(Value::text(bytes)),
        Err(error) => Err(EvalError::new(format!("could not decode: {error}"))),
    }
}

fn no_encoding(name: &str) -> String {
    format!("unsupported encoding '{name}'")
}

pub(super) fn check_encoding(arguments: &[Argument]) -> std::result::Result<(), String> {
    match arguments.get(1).and_then(Argument::literal) {
        Some(name) if base64(&name).is_none() && Encoding::named(&name).is_none() => {
            Err(no_encoding(&name))
        }
        _ => Ok(()),
    }
}

/// Bytes, or anything as text, in an encoding.
pub(super) fn decode<'a>(arguments: &Arguments<'a, '_>) -> Result<'a> {
    let bytes = match arguments.value(0)? {
        Value::Bytes(bytes) => bytes,
        other => match other.string_like()? {
            Some(text) => text,
            None => {
                return Err(EvalError::new(
                    "unsupported type provided to Decode function: nil",
                ));
            }
        },
    };
    let name = arguments.text(1)?;
    if let Some(engine) = base64(&name) {
        return decoded(engine, &bytes);
    }
    let encoding = Encoding::named(&name).ok_or_else(|| EvalError::new(no_encoding(&name)))?;
    Ok(match encoding.decode(&bytes) {
        headwater_logs::Value::Str(text) => Value::text(text.into_owned().into_bytes()),
        // Encodings that leave bytes as they are.
        _ => Value::text(bytes),
    })
}
