//! Zipkin v1 as Thrift. Source: Thrift's binary protocol; zipkinCore.thrift.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::translate::Translator;
use super::{Annotation, Binary, Endpoint, LOCAL_COMPONENT, ZipkinSpan};
use crate::attributes::Value;
use crate::error::ZipkinError;
use crate::groups::Translated;

/// How deep what is skipped may be nested.
const DEEPEST: usize = 32;

/// The types of fields.
mod kind {
    pub(super) const STOP: u8 = 0;
    pub(super) const BOOL: u8 = 2;
    pub(super) const BYTE: u8 = 3;
    pub(super) const DOUBLE: u8 = 4;
    pub(super) const I16: u8 = 6;
    pub(super) const I32: u8 = 8;
    pub(super) const I64: u8 = 10;
    pub(super) const STRING: u8 = 11;
    pub(super) const STRUCT: u8 = 12;
    pub(super) const MAP: u8 = 13;
    pub(super) const SET: u8 = 14;
    pub(super) const LIST: u8 = 15;
}

pub(crate) fn from_thrift(body: &[u8]) -> Result<Translated, ZipkinError> {
    let mut reader = Reader(body);
    let mut translator = Translator::default();
    // The type of the elements is not looked at, as upstream; what is no struct fails below.
    reader.byte()?;
    let size = reader.number(4)?;
    // It is not trusted: nothing is reserved for it, and each element has to be there.
    for _ in 0..i32::try_from(size).unwrap_or(0) {
        translator.add(span(&mut reader)?);
    }
    Ok(translator.finish())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], ZipkinError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(ZipkinError::Thrift("it ends in the middle of a value"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, ZipkinError> {
        Ok(self.take(1)?[0])
    }

    /// A signed number of as many bytes, the most significant first.
    fn number(&mut self, bytes: usize) -> Result<i64, ZipkinError> {
        Ok(signed(self.take(bytes)?))
    }

    fn bytes(&mut self) -> Result<&'a [u8], ZipkinError> {
        let length = usize::try_from(self.number(4)?);
        self.take(length.map_err(|_| ZipkinError::Thrift("a length is negative"))?)
    }

    fn text(&mut self) -> Result<Cow<'a, str>, ZipkinError> {
        Ok(String::from_utf8_lossy(self.bytes()?))
    }

    /// The type and the number of the next field; `None` at the end of the struct.
    fn field(&mut self) -> Result<Option<(u8, i64)>, ZipkinError> {
        match self.byte()? {
            kind::STOP => Ok(None),
            kind => Ok(Some((kind, self.number(2)?))),
        }
    }

    /// The number of elements of a list of structs.
    fn structs(&mut self) -> Result<i64, ZipkinError> {
        match (self.byte()?, self.number(4)?) {
            (_, 0) => Ok(0),
            (kind::STRUCT, size @ 1..) => Ok(size),
            _ => Err(ZipkinError::Thrift("a list has the wrong type")),
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), ZipkinError> {
        if depth > DEEPEST {
            return Err(ZipkinError::Thrift("it is nested too deep"));
        }
        match kind {
            kind::BOOL | kind::BYTE => drop(self.take(1)?),
            kind::I16 => drop(self.take(2)?),
            kind::I32 => drop(self.take(4)?),
            kind::I64 | kind::DOUBLE => drop(self.take(8)?),
            kind::STRING => drop(self.bytes()?),
            kind::STRUCT => {
                while let Some((kind, _)) = self.field()? {
                    self.skip(kind, depth + 1)?;
                }
            }
            kind::LIST | kind::SET => {
                let kind = self.byte()?;
                for _ in 0..self.number(4)? {
                    self.skip(kind, depth + 1)?;
                }
            }
            kind::MAP => {
                let (key, value) = (self.byte()?, self.byte()?);
                for _ in 0..self.number(4)? {
                    self.skip(key, depth + 1)?;
                    self.skip(value, depth + 1)?;
                }
            }
            _ => {
                return Err(ZipkinError::Thrift(
                    "a field has a type that does not exist",
                ));
            }
        }
        Ok(())
    }
}

/// A signed number, the most significant byte first.
fn signed(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start = if negative { -1 } else { 0 };
    bytes
        .iter()
        .fold(start, |number: i64, byte| number << 8 | i64::from(*byte))
}

fn span<'a>(reader: &mut Reader<'a>) -> Result<ZipkinSpan<'a>, ZipkinError> {
    let mut span = ZipkinSpan::default();
    let (mut high, mut low) = (0, 0);
    while let Some(field) = reader.field()? {
        match field {
            (kind::I64, 1) => low = reader.number(8)?,
            (kind::STRING, 3) => span.name = reader.text()?,
            (kind::I64, 4) => span.id = reader.number(8)?.to_be_bytes(),
            (kind::I64, 5) => span.parent = reader.number(8)?.to_be_bytes(),
            (kind::LIST, 6) => {
                for _ in 0..reader.structs()? {
                    span.annotations.push(annotation(reader)?);
                }
            }
            (kind::LIST, 8) => {
                for _ in 0..reader.structs()? {
                    span.binary.push(binary(reader)?);
                }
            }
            (kind::I64, 10) => span.timestamp = Some(reader.number(8)?),
            (kind::I64, 11) => span.duration = reader.number(8)?,
            (kind::I64, 12) => high = reader.number(8)?,
            (kind, _) => reader.skip(kind, 0)?,
        }
    }
    span.trace_id[..8].copy_from_slice(&high.to_be_bytes());
    span.trace_id[8..].copy_from_slice(&low.to_be_bytes());
    Ok(span)
}

fn annotation<'a>(reader: &mut Reader<'a>) -> Result<Annotation<'a>, ZipkinError> {
    let mut annotation = Annotation {
        timestamp: 0,
        value: Cow::Borrowed(""),
        endpoint: Endpoint::default(),
    };
    while let Some(field) = reader.field()? {
        match field {
            (kind::I64, 1) => annotation.timestamp = reader.number(8)?,
            (kind::STRING, 2) => annotation.value = reader.text()?,
            (kind::STRUCT, 3) => annotation.endpoint = endpoint(reader)?,
            (kind, _) => reader.skip(kind, 0)?,
        }
    }
    Ok(annotation)
}

fn endpoint<'a>(reader: &mut Reader<'a>) -> Result<Endpoint<'a>, ZipkinError> {
    let mut endpoint = Endpoint::default();
    while let Some(field) = reader.field()? {
        match field {
            (kind::I32, 1) => {
                let bytes = <[u8; 4]>::try_from(reader.take(4)?).unwrap_or_default();
                if bytes != [0; 4] {
                    endpoint.ipv4 = Ipv4Addr::from(bytes).to_string().into();
                }
            }
            (kind::I16, 2) => {
                endpoint.port = i32::try_from(reader.number(2)?).unwrap_or_default();
            }
            (kind::STRING, 3) => endpoint.service = reader.text()?,
            (kind::STRING, 4) => {
                let bytes = reader.bytes()?;
                if let Ok(sixteen) = <[u8; 16]>::try_from(bytes) {
                    let address = Ipv6Addr::from(sixteen).to_canonical();
                    endpoint.ipv6 = address.to_string().into();
                }
            }
            (kind, _) => reader.skip(kind, 0)?,
        }
    }
    Ok(endpoint)
}

fn binary<'a>(reader: &mut Reader<'a>) -> Result<Binary<'a>, ZipkinError> {
    let (mut name, mut service) = (Cow::Borrowed(""), Cow::Borrowed(""));
    let (mut bytes, mut of) = (&[][..], 0);
    while let Some(field) = reader.field()? {
        match field {
            (kind::STRING, 1) => name = reader.text()?,
            (kind::STRING, 2) => bytes = reader.bytes()?,
            (kind::I32, 3) => of = reader.number(4)?,
            (kind::STRUCT, 4) => service = endpoint(reader)?.service,
            (kind, _) => reader.skip(kind, 0)?,
        }
    }
    let component = match &*name {
        LOCAL_COMPONENT => String::from_utf8_lossy(bytes),
        _ => Cow::Borrowed(""),
    };
    Ok(Binary {
        name,
        value: value(of, bytes),
        service,
        component,
    })
}

/// A value of one of Zipkin's types; what is wrong with it is its text, as upstream.
fn value(of: i64, bytes: &[u8]) -> Value<'_> {
    // Without a sign, as upstream reads them.
    let integer = |length: usize| match bytes.get(..length) {
        Some(bytes) => Value::Int(
            bytes
                .iter()
                .fold(0, |number: i64, byte| number << 8 | i64::from(*byte)),
        ),
        None => Value::text("<not enough bytes representing the number>"),
    };
    match of {
        0 => Value::Bool(bytes == [1]),
        1 => Value::text(STANDARD.encode(bytes)),
        2 => integer(2),
        3 => integer(4),
        4 => integer(8),
        5 => match bytes.first_chunk::<8>() {
            Some(bytes) => Value::Double(f64::from_be_bytes(*bytes)),
            None => integer(8),
        },
        6 => Value::Text(String::from_utf8_lossy(bytes)),
        other => Value::text(format!(
            "<unknown zipkin v1 binary annotation type ({other})>"
        )),
    }
}
