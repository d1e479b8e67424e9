//! JSON to protobuf in one pass.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::lexer::Lexer;
use super::number::{parse_f64, parse_i32, parse_i64, parse_u32, parse_u64};
use super::{JsonError, JsonProblem};
use crate::pdata::schema::{EnumValues, FieldSpec, Kind, LEGACY_SCOPES, Message, Presence};
use crate::pdata::wire::{MAX_DEPTH, WireType, put_len_field, put_tag, put_varint, varint_len};

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// The longest length that fits the one byte kept free for it at first.
const SHORT: usize = 0x7f;

pub(super) fn decode(message: Message, json: &[u8]) -> Result<Vec<u8>, JsonError> {
    let mut decoder = Decoder {
        lexer: Lexer::new(json),
        out: Vec::with_capacity(json.len() / 2),
        field: None,
    };
    let result = decoder
        .object(message, 0)
        .and_then(|()| decoder.lexer.end());
    match result {
        Ok(()) => Ok(decoder.out),
        Err(problem) => Err(JsonError {
            offset: decoder.lexer.offset(),
            field: decoder.field,
            problem,
        }),
    }
}

struct Decoder<'a> {
    lexer: Lexer<'a>,
    out: Vec<u8>,
    /// The field being read, for errors.
    field: Option<&'static str>,
}

/// What one object has brought so far.
#[derive(Default)]
struct Seen {
    /// A bit for each field of the table.
    fields: u32,
    /// Where the current member of the oneof stands in the output.
    one_of: Range<usize>,
}

impl Decoder<'_> {
    /// Reads an object, or `null` for an empty one, and appends its fields.
    fn object(&mut self, message: Message, depth: usize) -> Result<(), JsonProblem> {
        if self.lexer.eat_null()? {
            return Ok(());
        }
        self.lexer.expect(b'{', "an object")?;
        if depth >= MAX_DEPTH {
            return Err(JsonProblem::TooDeep);
        }
        let fields = message.fields();
        let mut seen = Seen::default();
        let mut likely = 0;
        let mut first = true;
        while self.lexer.more(first, b'}')? {
            first = false;
            let name = self.lexer.string()?;
            self.lexer.expect(b':', "`:`")?;
            // Most writers keep to one order.
            let found = match fields.get(likely) {
                Some(field) if field.json.as_bytes() == &*name => Some((likely, field)),
                _ => message.field_named(&name),
            };
            let Some((index, field)) = found else {
                self.lexer.skip(depth + 1)?;
                continue;
            };
            likely = index + usize::from(!matches!(field.presence, Presence::OneOf));
            let outer = self.field.replace(field.json);
            self.field(field, index, &mut seen, depth)?;
            self.field = outer;
        }
        Ok(())
    }

    fn field(
        &mut self,
        field: &FieldSpec,
        index: usize,
        seen: &mut Seen,
        depth: usize,
    ) -> Result<(), JsonProblem> {
        if self.lexer.eat_null()? {
            return Ok(());
        }
        let number = if field.number == LEGACY_SCOPES {
            2
        } else {
            field.number
        };
        match field.presence {
            Presence::Repeated => self.list(number, field.kind, depth),
            Presence::OneOf => {
                let start = self.out.len();
                self.value(number, field.kind, depth, true)?;
                // The member that came before is void.
                let void = std::mem::take(&mut seen.one_of);
                let end = self.out.len() - void.len();
                seen.one_of = start - void.len()..end;
                self.out.drain(void);
                Ok(())
            }
            Presence::Implicit | Presence::Optional | Presence::Always => {
                // A zero value counts if it overrides one that came before.
                let again = seen.fields & 1 << index != 0;
                seen.fields |= 1 << index;
                let explicit = again || matches!(field.presence, Presence::Optional);
                self.value(number, field.kind, depth, explicit)
            }
        }
    }

    fn list(&mut self, number: u32, kind: Kind, depth: usize) -> Result<(), JsonProblem> {
        self.lexer.expect(b'[', "an array")?;
        let mut first = true;
        if kind.wire_type() == WireType::Len {
            while self.lexer.more(first, b']')? {
                first = false;
                self.value(number, kind, depth, true)?;
            }
            return Ok(());
        }
        let before = self.out.len();
        let packed = self.begin(number, SHORT);
        while self.lexer.more(first, b']')? {
            first = false;
            self.scalar(kind)?;
        }
        if first {
            self.out.truncate(before);
        } else {
            self.end(packed);
        }
        Ok(())
    }

    /// Appends one field. A zero value is left out unless it is `explicit`.
    fn value(
        &mut self,
        number: u32,
        kind: Kind,
        depth: usize,
        explicit: bool,
    ) -> Result<(), JsonProblem> {
        match kind {
            Kind::Message(message) => {
                let body = self.begin(number, likely_len(message));
                self.object(message, depth + 1)?;
                self.end(body);
            }
            Kind::String => {
                let text = self.lexer.string()?;
                if explicit || !text.is_empty() {
                    put_len_field(&mut self.out, number, &valid_utf8(text));
                }
            }
            Kind::Bytes => {
                let bytes = base64(&self.lexer.string()?)?;
                if explicit || !bytes.is_empty() {
                    put_len_field(&mut self.out, number, &bytes);
                }
            }
            Kind::Id(length) => {
                let text = self.lexer.string()?;
                let mut id = [0; 16];
                let id = &mut id[..usize::from(length)];
                if text.is_empty() {
                    if explicit {
                        put_len_field(&mut self.out, number, &[]);
                    }
                } else {
                    unhex(&text, id).ok_or(JsonProblem::Id(length))?;
                    put_len_field(&mut self.out, number, id);
                }
            }
            _ => {
                let before = self.out.len();
                put_tag(&mut self.out, number, kind.wire_type());
                let value = self.out.len();
                self.scalar(kind)?;
                if !explicit && self.out[value..].iter().all(|&byte| byte == 0) {
                    self.out.truncate(before);
                }
            }
        }
        Ok(())
    }

    /// Appends the value of a number, boolean or enum, without a tag.
    fn scalar(&mut self, kind: Kind) -> Result<(), JsonProblem> {
        if kind == Kind::Bool {
            self.out.push(u8::from(self.lexer.boolean()?));
            return Ok(());
        }
        let quoted = self.lexer.peek()? == b'"';
        let text = if quoted {
            self.lexer.string()?
        } else {
            Cow::Borrowed(self.lexer.number()?)
        };
        match kind {
            Kind::Enum(values) => {
                let value = if quoted {
                    enum_value(values, &text)?
                } else {
                    parse_i32(&text)?
                };
                put_varint(&mut self.out, i64::from(value) as u64);
            }
            Kind::Int32 => put_varint(&mut self.out, i64::from(parse_i32(&text)?) as u64),
            Kind::Int64 => put_varint(&mut self.out, parse_i64(&text)? as u64),
            Kind::Uint32 => put_varint(&mut self.out, u64::from(parse_u32(&text)?)),
            Kind::Uint64 => put_varint(&mut self.out, parse_u64(&text)?),
            Kind::Sint32 => {
                let value = parse_i32(&text)?;
                put_varint(&mut self.out, u64::from((value << 1 ^ value >> 31) as u32));
            }
            Kind::Fixed32 => self.out.extend_from_slice(&parse_u32(&text)?.to_le_bytes()),
            Kind::Fixed64 => self.out.extend_from_slice(&parse_u64(&text)?.to_le_bytes()),
            Kind::Sfixed64 => self.out.extend_from_slice(&parse_i64(&text)?.to_le_bytes()),
            Kind::Double => self.out.extend_from_slice(&parse_f64(&text)?.to_le_bytes()),
            Kind::Bool | Kind::Message(_) | Kind::String | Kind::Bytes | Kind::Id(_) => {}
        }
        Ok(())
    }

    /// Appends a tag and room for a length that is about `likely`.
    fn begin(&mut self, number: u32, likely: usize) -> Body {
        put_tag(&mut self.out, number, WireType::Len);
        let room = varint_len(likely as u64);
        self.out.resize(self.out.len() + room, 0);
        Body {
            start: self.out.len(),
            room,
        }
    }

    /// Writes the length of what has been appended since [`Decoder::begin`]; moves it if the
    /// length takes another number of bytes than expected.
    fn end(&mut self, body: Body) {
        let Body { start, room } = body;
        let length = self.out.len() - start;
        let needed = varint_len(length as u64);
        if needed != room {
            let end = self.out.len();
            let moved = start - room + needed;
            self.out.resize(end.max(moved + length), 0);
            self.out.copy_within(start..end, moved);
            self.out.truncate(moved + length);
        }
        let mut value = length;
        for byte in &mut self.out[start - room..start - room + needed] {
            *byte = value as u8 & 0x7f | 0x80;
            value >>= 7;
        }
        self.out[start - room + needed - 1] &= 0x7f;
    }
}

/// A length-delimited field that has been begun.
#[derive(Clone, Copy)]
struct Body {
    start: usize,
    room: usize,
}

/// A guess that spares most messages from being moved.
const fn likely_len(message: Message) -> usize {
    match message {
        Message::ResourceSpans
        | Message::ResourceMetrics
        | Message::ResourceLogs
        | Message::ScopeSpans
        | Message::ScopeMetrics
        | Message::ScopeLogs => 1 << 14,
        Message::Span | Message::Metric | Message::LogRecord | Message::Resource => SHORT + 1,
        Message::Gauge | Message::Sum | Message::Histogram => SHORT + 1,
        Message::ExponentialHistogram | Message::Summary => SHORT + 1,
        _ => SHORT,
    }
}

fn valid_utf8(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if std::str::from_utf8(&text).is_ok() {
        return text;
    }
    Cow::Owned(String::from_utf8_lossy(&text).into_owned().into_bytes())
}

fn enum_value(values: EnumValues, name: &[u8]) -> Result<i32, JsonProblem> {
    let value = values.iter().find(|(known, _)| known.as_bytes() == name);
    value.map(|(_, value)| *value).ok_or(JsonProblem::Enum)
}

/// Either alphabet, padded or not, as the protobuf JSON mapping asks for.
fn base64(text: &[u8]) -> Result<Vec<u8>, JsonProblem> {
    let url = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let engine = if url { BASE64_URL } else { BASE64 };
    engine.decode(text).map_err(|_| JsonProblem::Base64)
}

fn unhex(text: &[u8], id: &mut [u8]) -> Option<()> {
    if text.len() != id.len() * 2 {
        return None;
    }
    let (pairs, _) = text.as_chunks::<2>();
    for ([high, low], byte) in pairs.iter().zip(id) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
    }
    Some(())
}
