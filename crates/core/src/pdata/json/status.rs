//! `google.rpc.Status`: the body of OTLP/HTTP errors and the details of gRPC ones.

use std::time::Duration;

use super::encode::put_text;
use super::lexer::Lexer;
use super::number::{parse_i32, put_int};
use super::{JsonError, JsonProblem};
use crate::pdata::wire::{Fields, WireError, WireType, put_len_field, put_tag, put_varint};
use crate::rpc::Code;

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// What a server says about a failed request.
///
/// Source: googleapis `google/rpc/status.proto` and `error_details.proto`; of the details only
/// `RetryInfo` means something to OTLP, others are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcStatus {
    /// Why the request failed.
    pub code: Code,
    /// The same in words.
    pub message: String,
    /// How long the client should wait before it tries again (`RetryInfo.retry_delay`); an
    /// OTLP client retries some codes only if this is set.
    pub retry_delay: Option<Duration>,
}

impl RpcStatus {
    /// A status without a retry delay.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_delay: None,
        }
    }

    /// The same status with a retry delay.
    #[must_use]
    pub fn with_retry_delay(mut self, delay: Duration) -> Self {
        self.retry_delay = Some(delay);
        self
    }

    /// The serialized protobuf message.
    #[must_use]
    pub fn to_proto(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.message.len() + 80);
        put_nonzero(&mut out, 1, u64::from(self.code.number()));
        if !self.message.is_empty() {
            put_len_field(&mut out, 2, self.message.as_bytes());
        }
        if let Some(delay) = self.retry_delay {
            let mut duration = Vec::new();
            put_nonzero(&mut duration, 1, delay.as_secs());
            put_nonzero(&mut duration, 2, u64::from(delay.subsec_nanos()));
            let mut info = Vec::new();
            put_len_field(&mut info, 1, &duration);
            let mut any = Vec::new();
            put_len_field(&mut any, 1, RETRY_INFO.as_bytes());
            put_len_field(&mut any, 2, &info);
            put_len_field(&mut out, 3, &any);
        }
        out
    }

    /// Reads the serialized protobuf message; text that is not UTF-8 is repaired.
    ///
    /// # Errors
    /// [`WireError`] if the bytes are not a message.
    pub fn from_proto(bytes: &[u8]) -> Result<Self, WireError> {
        let mut status = Self::new(Code::Ok, "");
        for field in Fields::new(bytes) {
            let field = field?;
            let value = field.bytes(bytes);
            match (field.number, field.wire_type) {
                (1, WireType::Varint) => {
                    status.code = Code::from_number(i64::from(field.bits(bytes) as i32));
                }
                (2, WireType::Len) => {
                    status.message = String::from_utf8_lossy(value).into_owned();
                }
                (3, WireType::Len) => {
                    if let Some(delay) = retry_delay_of(value)? {
                        status.retry_delay = Some(delay);
                    }
                }
                _ => {}
            }
        }
        Ok(status)
    }

    /// The JSON form, one document.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.message.len() + 120);
        out.extend_from_slice(b"{\"code\":");
        put_int(&mut out, self.code.number());
        out.extend_from_slice(b",\"message\":");
        put_text(self.message.as_bytes(), &mut out);
        if let Some(delay) = self.retry_delay {
            out.extend_from_slice(b",\"details\":[{\"@type\":");
            put_text(RETRY_INFO.as_bytes(), &mut out);
            out.extend_from_slice(b",\"retryDelay\":\"");
            put_int(&mut out, delay.as_secs());
            let nanos = format!(".{:09}", delay.subsec_nanos());
            out.extend_from_slice(nanos.trim_end_matches('0').trim_end_matches('.').as_bytes());
            out.extend_from_slice(b"s\"}]");
        }
        out.push(b'}');
        out
    }

    /// Reads the JSON form. Unknown fields and details are skipped.
    ///
    /// # Errors
    /// [`JsonError`] if the document is not the JSON of a status.
    pub fn from_json(json: &[u8]) -> Result<Self, JsonError> {
        let mut lexer = Lexer::new(json);
        let mut status = Self::new(Code::Ok, "");
        match read_status(&mut lexer, &mut status).and_then(|()| lexer.end()) {
            Ok(()) => Ok(status),
            Err(problem) => Err(JsonError {
                offset: lexer.offset(),
                field: None,
                problem,
            }),
        }
    }
}

fn put_nonzero(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_tag(out, number, WireType::Varint);
        put_varint(out, value);
    }
}

/// The delay in one serialized `Any`, if that is a `RetryInfo`.
fn retry_delay_of(any: &[u8]) -> Result<Option<Duration>, WireError> {
    let (mut is_retry_info, mut info) = (false, [].as_slice());
    for field in Fields::new(any) {
        let field = field?;
        match field.number {
            1 => is_retry_info = field.bytes(any) == RETRY_INFO.as_bytes(),
            2 => info = field.bytes(any),
            _ => {}
        }
    }
    if !is_retry_info {
        return Ok(None);
    }
    let (mut seconds, mut nanos) = (0_i64, 0_i32);
    for field in Fields::new(info) {
        let field = field?;
        if (field.number, field.wire_type) != (1, WireType::Len) {
            continue;
        }
        let duration = field.bytes(info);
        for field in Fields::new(duration) {
            let field = field?;
            match field.number {
                1 => seconds = field.bits(duration) as i64,
                2 => nanos = field.bits(duration) as i32,
                _ => {}
            }
        }
    }
    // A negative delay is no delay.
    let nanos = u32::try_from(nanos).unwrap_or(0).min(999_999_999);
    Ok(Some(
        u64::try_from(seconds).map_or(Duration::ZERO, |seconds| Duration::new(seconds, nanos)),
    ))
}

fn read_status(lexer: &mut Lexer<'_>, status: &mut RpcStatus) -> Result<(), JsonProblem> {
    lexer.expect(b'{', "an object")?;
    let mut first = true;
    while lexer.more(first, b'}')? {
        first = false;
        let name = lexer.string()?;
        lexer.expect(b':', "`:`")?;
        match &*name {
            b"code" if lexer.peek()? != b'"' => {
                status.code = Code::from_number(i64::from(parse_i32(lexer.number()?)?));
            }
            b"message" if !lexer.eat_null()? => {
                status.message = String::from_utf8_lossy(&lexer.string()?).into_owned();
            }
            b"details" if !lexer.eat_null()? => read_details(lexer, status)?,
            b"message" | b"details" => {}
            _ => lexer.skip(0)?,
        }
    }
    Ok(())
}

fn read_details(lexer: &mut Lexer<'_>, status: &mut RpcStatus) -> Result<(), JsonProblem> {
    lexer.expect(b'[', "an array")?;
    let mut first = true;
    while lexer.more(first, b']')? {
        first = false;
        lexer.expect(b'{', "an object")?;
        let (mut is_retry_info, mut delay) = (false, None);
        let mut first = true;
        while lexer.more(first, b'}')? {
            first = false;
            let name = lexer.string()?;
            lexer.expect(b':', "`:`")?;
            let is_text = lexer.peek()? == b'"';
            match &*name {
                b"@type" if is_text => is_retry_info = &*lexer.string()? == RETRY_INFO.as_bytes(),
                b"retryDelay" | b"retry_delay" if is_text => delay = seconds(&lexer.string()?),
                _ => lexer.skip(0)?,
            }
        }
        if is_retry_info {
            status.retry_delay = Some(delay.unwrap_or_default());
        }
    }
    Ok(())
}

/// A duration as protobuf JSON spells it: `1.5s`.
fn seconds(text: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('s')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let nanos = match fraction.len() {
        0 => 0,
        digits @ 1..=9 => fraction.parse::<u32>().ok()? * 10_u32.pow(9 - digits as u32),
        _ => return None,
    };
    Some(Duration::new(whole.parse().ok()?, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses() -> [RpcStatus; 4] {
        [
            RpcStatus::new(Code::Ok, ""),
            RpcStatus::new(Code::InvalidArgument, "bad \"thing\"\n"),
            RpcStatus::new(Code::ResourceExhausted, "full")
                .with_retry_delay(Duration::from_millis(1500)),
            RpcStatus::new(Code::Unavailable, "").with_retry_delay(Duration::ZERO),
        ]
    }

    #[test]
    fn protobuf_survives_a_round_trip() {
        for status in statuses() {
            assert_eq!(RpcStatus::from_proto(&status.to_proto()), Ok(status));
        }
    }

    #[test]
    fn json_survives_a_round_trip() {
        for status in statuses() {
            assert_eq!(RpcStatus::from_json(&status.to_json()), Ok(status));
        }
    }

    #[test]
    fn json_is_what_protobuf_libraries_write() {
        let [_, _, full, _] = statuses();
        let json = r#"{"code":8,"message":"full","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]}"#;
        assert_eq!(String::from_utf8(full.to_json()).unwrap(), json);
        let second = RpcStatus::new(Code::Ok, "").with_retry_delay(Duration::from_secs(10));
        assert!(second.to_json().windows(5).any(|w| w == b"\"10s\""));
    }

    #[test]
    fn other_details_and_fields_are_skipped() {
        let json = br#"{"error":[1],"details":[{"@type":"x","retryDelay":"3s"},{"value":{}}],
            "code":14,"message":null}"#;
        assert_eq!(
            RpcStatus::from_json(json),
            Ok(RpcStatus::new(Code::Unavailable, ""))
        );
        assert!(RpcStatus::from_json(b"busy").is_err());
    }

    #[test]
    fn a_negative_delay_is_no_delay() {
        let mut any = Vec::new();
        put_len_field(&mut any, 1, RETRY_INFO.as_bytes());
        let mut duration = Vec::new();
        put_tag(&mut duration, 1, WireType::Varint);
        put_varint(&mut duration, -5_i64 as u64);
        let mut info = Vec::new();
        put_len_field(&mut info, 1, &duration);
        put_len_field(&mut any, 2, &info);
        assert_eq!(retry_delay_of(&any), Ok(Some(Duration::ZERO)));
    }
}
