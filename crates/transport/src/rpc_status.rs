//! The protobuf form of google.rpc.Status: what OTLP/HTTP answers with and what gRPC carries in
//! `grpc-status-details-bin`.
//!
//! Source: google/rpc/status.proto, error_details.proto (RetryInfo), any.proto, duration.proto.

use std::time::Duration;

use headwater_core::rpc::Code;

use crate::Status;

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// Serializes `status`, its retry delay as a RetryInfo detail.
#[must_use]
pub fn encode(status: &Status) -> Vec<u8> {
    let mut out = Vec::with_capacity(status.message().len() + 80);
    number(&mut out, 1, u64::from(status.code().number()));
    if !status.message().is_empty() {
        bytes(&mut out, 2, status.message().as_bytes());
    }
    if let Some(delay) = status.retry_delay() {
        let mut duration = Vec::new();
        number(&mut duration, 1, delay.as_secs());
        number(&mut duration, 2, u64::from(delay.subsec_nanos()));
        let mut info = Vec::new();
        bytes(&mut info, 1, &duration);
        let mut any = Vec::new();
        bytes(&mut any, 1, RETRY_INFO.as_bytes());
        bytes(&mut any, 2, &info);
        bytes(&mut out, 3, &any);
    }
    out
}

/// Reads a serialized google.rpc.Status; unknown fields and details are skipped. `None` if it is
/// damaged.
#[must_use]
pub fn decode(data: &[u8]) -> Option<Status> {
    let (mut code, mut message, mut delay) = (Code::Ok, String::new(), None);
    for field in Fields(data) {
        match field? {
            (1, Value::Number(n)) => code = Code::from_number(n.cast_signed()),
            (2, Value::Bytes(text)) => message = String::from_utf8_lossy(text).into_owned(),
            (3, Value::Bytes(any)) => delay = retry_info(any)?.or(delay),
            _ => {}
        }
    }
    let status = Status::new(code, message);
    Some(match delay {
        Some(delay) => status.with_retry_delay(delay),
        None => status,
    })
}

/// The delay in an Any that holds a RetryInfo; the outer `None` says that it is damaged.
fn retry_info(any: &[u8]) -> Option<Option<Duration>> {
    let (mut is_retry_info, mut info) = (false, &[][..]);
    for field in Fields(any) {
        match field? {
            (1, Value::Bytes(url)) => is_retry_info = url == RETRY_INFO.as_bytes(),
            (2, Value::Bytes(value)) => info = value,
            _ => {}
        }
    }
    if !is_retry_info {
        return Some(None);
    }
    let (mut seconds, mut nanos) = (0, 0);
    for field in Fields(info) {
        let (1, Value::Bytes(duration)) = field? else {
            continue;
        };
        for field in Fields(duration) {
            match field? {
                (1, Value::Number(n)) => seconds = n.cast_signed(),
                (2, Value::Number(n)) => nanos = n.cast_signed(),
                _ => {}
            }
        }
    }
    // A negative wait is no wait.
    let delay = u64::try_from(seconds).ok().zip(u32::try_from(nanos).ok());
    Some(delay.map(|(seconds, nanos)| Duration::new(seconds, nanos.min(999_999_999))))
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    if value != 0 {
        varint(out, field << 3);
        varint(out, value);
    }
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a message; ends with `None` items once it is damaged.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Other)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Other)?,
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_survives_with_and_without_a_wait() {
        let plain = Status::new(Code::Internal, "späť");
        assert_eq!(decode(&encode(&plain)), Some(plain));
        let delay = Duration::new(3, 250_000_000);
        let waiting = Status::new(Code::ResourceExhausted, "").with_retry_delay(delay);
        assert_eq!(decode(&encode(&waiting)), Some(waiting));
    }

    #[test]
    fn bytes_are_those_of_the_protobuf_encoding() {
        let status = Status::new(Code::Unavailable, "no").with_retry_delay(Duration::from_secs(1));
        let mut expected = vec![0x08, 14, 0x12, 2, b'n', b'o', 0x1a, 48, 0x0a, 40];
        expected.extend_from_slice(RETRY_INFO.as_bytes());
        expected.extend_from_slice(&[0x12, 4, 0x0a, 2, 0x08, 1]);
        assert_eq!(encode(&status), expected);
    }

    #[test]
    fn damaged_data_is_none_and_foreign_details_are_skipped() {
        assert_eq!(decode(&[0x12, 5, b'a']), None);
        assert_eq!(decode(&[0x08]), None);
        let mut other = encode(&Status::new(Code::Aborted, "x"));
        bytes(&mut other, 3, &[0x0a, 1, b'u', 0x12, 1, 0xff]);
        assert_eq!(decode(&other), Some(Status::new(Code::Aborted, "x")));
    }
}
