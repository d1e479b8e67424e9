//! Lines: how a log record is written as one.
//!
//! Source: contrib `pkg/translator/loki`, which Alloy's `otelcol.exporter.loki` uses.

mod json;
mod logfmt;

use headwater_core::pdata::view::{AnyValue, KeyValue, Text};

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// An object with everything that the record and its resource say.
    #[default]
    Json,
    /// The same as `key=value` pairs.
    Logfmt,
    /// The body.
    Raw,
}

impl Format {
    /// The format called `name`.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"json" => Some(Self::Json),
            b"logfmt" => Some(Self::Logfmt),
            b"raw" => Some(Self::Raw),
            _ => None,
        }
    }
}

/// What a line says, besides attributes.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The body.
    pub body: AnyValue<'a>,
    /// The trace id; empty or all zero if there is none.
    pub trace_id: &'a [u8],
    /// The span id; empty or all zero if there is none.
    pub span_id: &'a [u8],
    /// The severity as text.
    pub severity: Text<'a>,
    /// The flags.
    pub flags: u32,
}

/// The scope of a record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Its name. Without it the version is not written either.
    pub name: Text<'a>,
    /// Its version.
    pub version: Text<'a>,
}

/// Under which names a line says what has no fixed name.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    /// The trace id; the formats' own name if empty: `traceid` in JSON, `traceID` in logfmt.
    pub trace_id: &'a str,
}

impl<'a> Keys<'a> {
    fn trace_id(&self, default: &'a str) -> &'a str {
        if self.trace_id.is_empty() {
            default
        } else {
            self.trace_id
        }
    }
}

/// Whether an id says something.
fn is_id(id: &[u8]) -> bool {
    id.iter().any(|byte| *byte != 0)
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends bytes in hexadecimal digits.
pub fn put_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(2 * bytes.len());
    for byte in bytes {
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
}

/// Appends what all lines of a resource and scope end with, for [`put_line`].
pub fn put_tail<'a>(
    out: &mut Vec<u8>,
    format: Format,
    resource: impl Iterator<Item = KeyValue<'a>>,
    scope: Scope<'_>,
) {
    match format {
        Format::Json => json::put_tail(out, resource, scope),
        Format::Logfmt => logfmt::put_tail(out, resource, scope),
        Format::Raw => {}
    }
}

/// Appends the line of `record` in `format`; `tail` is what [`put_tail`] has written.
pub fn put_line<'a>(
    out: &mut Vec<u8>,
    format: Format,
    keys: Keys<'_>,
    record: &Record<'a>,
    attributes: impl Iterator<Item = KeyValue<'a>>,
    tail: &[u8],
) {
    match format {
        Format::Json => json::put_line(out, keys, record, attributes, tail),
        Format::Logfmt => logfmt::put_line(out, keys, record, attributes, tail),
        Format::Raw => out.extend_from_slice(&record.body.to_text()),
    }
}

/// Expected lines are what Go's `encoding/json` and `go-logfmt` 0.6.1 wrote for the same values.
#[cfg(test)]
mod tests {
    use headwater_core::pdata::edit::{EncodeValue as _, EncodedValue};
    use headwater_core::pdata::view;
    use headwater_core::pdata::wire::put_len_field;

    use super::*;

    /// The trace id of the example.
    const TRACE: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    fn record(body: &EncodedValue) -> Record<'_> {
        Record {
            body: body.view(),
            trace_id: &[],
            span_id: &[0; 8],
            severity: Text::default(),
            flags: 0,
        }
    }

    fn scope(name: &str) -> Scope<'_> {
        Scope {
            name: name.into(),
            version: "1.0".into(),
        }
    }

    /// The encoding of a resource with these attributes.
    fn attributes(pairs: &[(&str, EncodedValue)]) -> Vec<u8> {
        let mut resource = Vec::new();
        for (key, value) in pairs {
            let (mut entry, mut encoded) = (Vec::new(), Vec::new());
            value.view().encode_value(&mut encoded);
            put_len_field(&mut entry, 1, key.as_bytes());
            put_len_field(&mut entry, 2, &encoded);
            put_len_field(&mut resource, 1, &entry);
        }
        resource
    }

    fn line(
        format: Format,
        key: &str,
        record: &Record<'_>,
        attributes: &[u8],
        (resource, name): (&[u8], &str),
    ) -> String {
        let (mut out, mut tail) = (Vec::new(), Vec::new());
        let all = |bytes| view::Resource::new(bytes).attributes().iter();
        let keys = Keys { trace_id: key };
        put_tail(&mut tail, format, all(resource), scope(name));
        put_line(&mut out, format, keys, record, all(attributes), &tail);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_is_what_the_translator_writes() {
        let body = EncodedValue::new("a <b> & \"c\" \u{2028} ä\n\u{1}");
        let example = Record {
            trace_id: &TRACE,
            span_id: &TRACE[..8],
            severity: Text::from("WARN"),
            flags: 1,
            ..record(&body)
        };
        let list = EncodedValue::array([&EncodedValue::new(&true), &EncodedValue::new("s")]);
        let map = EncodedValue::map([("y", &EncodedValue::default()), ("x", &list)]);
        let attributes = attributes(&[
            ("z", EncodedValue::new(&1.5)),
            ("a", EncodedValue::new(&-3_i64)),
            ("m", map),
            ("by", EncodedValue::new(b"\x01\xff".as_slice())),
            ("big", EncodedValue::new(&1e21)),
            ("small", EncodedValue::new(&1.5e-7)),
        ]);
        let resource = self::attributes(&[("service.name", EncodedValue::new("api"))]);
        let expected = r#"{"body":"a \u003cb\u003e \u0026 \"c\" \u2028 ä\n\u0001","traceid":"0102030405060708090a0b0c0d0e0f10","spanid":"0102030405060708","severity":"WARN","flags":1,"attributes":{"a":-3,"big":1e+21,"by":"Af8=","m":{"x":[true,"s"],"y":null},"small":1.5e-7,"z":1.5},"resources":{"service.name":"api"},"instrumentation_scope":{"name":"lib","version":"1.0"}}"#;
        let written = line(Format::Json, "", &example, &attributes, (&resource, "lib"));
        assert_eq!(written, expected);
        let written = line(
            Format::Json,
            "traceID",
            &example,
            &attributes,
            (&resource, "lib"),
        );
        assert_eq!(written, expected.replace("\"traceid\"", "\"traceID\""));
    }

    #[test]
    fn what_is_empty_is_not_in_a_line() {
        let empty = EncodedValue::default();
        for (format, expected) in [
            (Format::Json, "{}"),
            (Format::Logfmt, ""),
            (Format::Raw, ""),
        ] {
            assert_eq!(line(format, "", &record(&empty), &[], (&[], "")), expected);
        }
        let body = EncodedValue::new("");
        let written = line(Format::Json, "", &record(&body), &[], (&[], ""));
        assert_eq!(written, r#"{"body":""}"#);
    }

    #[test]
    fn logfmt_is_what_the_translator_writes() {
        let attributes = attributes(&[
            ("d", EncodedValue::new(&1e6)),
            ("e", EncodedValue::new(&1e-5)),
            ("n", EncodedValue::new("null")),
            ("sp ace=\"", EncodedValue::new("x")),
            ("b", EncodedValue::new(b"by te".as_slice())),
            ("del", EncodedValue::new("\u{7f}")),
        ]);
        let rest = "traceID=01 flags=1 attribute_d=1e+06 attribute_e=1e-05 attribute_n=\"null\" \
                    attribute_space=x attribute_b=\"by te\" attribute_del=\"\\u007f\"";
        for (body, expected) in [
            ("hello world", "hello= world="),
            ("level=info msg=\"x y\" n=1", "level=info msg=\"x y\" n=1"),
            ("a=b=c", "msg=\"a=b=c\""),
            ("say \"x\"", r#"msg="say \"x\"""#),
            ("k=\"a\\\"b\\n\" e= q", r#"k="a\"b\n" e= q="#),
            ("=x", "msg=\"=x\""),
            ("null a=null", "null= a=null"),
            ("tab\there=1", "tab= here=1"),
            ("first=1\nsecond=2", "first=1"),
            ("ä=ö", "ä=ö"),
            ("", ""),
            ("x=\"open", r#"msg="x=\"open""#),
            ("a=\"\"", "a="),
            ("p=\"\\u00e4\\/\"", "p=ä/"),
            ("{\"json\":1}", r#"msg="{\"json\":1}""#),
        ] {
            let value = EncodedValue::new(body);
            let example = Record {
                trace_id: &[1],
                flags: 1,
                ..record(&value)
            };
            let written = line(Format::Logfmt, "", &example, &attributes, (&[], ""));
            assert_eq!(written, format!("{expected} {rest}").trim_start(), "{body}");
        }
        for (body, expected) in [
            (&b"a\xff=1"[..], "msg=\"a\\ufffd=1\""),
            (b"b=\xff", "b=\"\\ufffd\""),
        ] {
            let value = EncodedValue::new(&Text::new(body));
            assert_eq!(
                line(Format::Logfmt, "", &record(&value), &[], (&[], "")),
                expected
            );
        }
    }

    #[test]
    fn maps_and_lists_are_flattened_in_logfmt_and_the_record_wins() {
        let list = EncodedValue::array([&EncodedValue::new(&true), &EncodedValue::new("s t")]);
        let inner = EncodedValue::map([("x", &list), ("y", &EncodedValue::default())]);
        let body = EncodedValue::map([("severity", &EncodedValue::new("low")), ("m", &inner)]);
        let example = Record {
            severity: Text::from("WARN"),
            ..record(&body)
        };
        let resource = attributes(&[("k", list)]);
        assert_eq!(
            line(Format::Logfmt, "", &example, &[], (&resource, "lib")),
            "severity=WARN m_x_0=true m_x_1=\"s t\" resource_k_0=true resource_k_1=\"s t\" \
             instrumentation_scope_name=lib instrumentation_scope_version=1.0"
        );
        let body = EncodedValue::array([&EncodedValue::new(&1_i64)]);
        assert_eq!(
            line(Format::Logfmt, "", &record(&body), &[], (&[], "")),
            "body_0=1"
        );
        let body = EncodedValue::new(&1.5);
        assert_eq!(
            line(Format::Logfmt, "", &record(&body), &[], (&[], "")),
            "msg=1.5"
        );
        assert_eq!(line(Format::Raw, "", &record(&body), &[], (&[], "")), "1.5");
    }
}
