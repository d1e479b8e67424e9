//! The JSON form, today's and the one of `/api/prom/push`.
//!
//! `{"streams":[{"stream":{"a":"b"},"values":[["<ns>","line",{"meta":"v"}]]}]}`, and
//! `{"streams":[{"labels":"{a=\"b\"}","entries":[{"ts":"<RFC 3339>","line":"…"}]}]}`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use super::read::{Entry, Streams};
use super::write::{put_entry, put_metadata, put_stream_head};
use crate::json::{put_number, put_text};
use crate::label::{parse_label_set, put_label_set};
use crate::time::parse_time;

/// Why a text is no push message.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct JsonError(#[from] serde_json::Error);

/// Makes a protobuf push message of a JSON one.
///
/// # Errors
/// [`JsonError`] if it is none; times must be whole nanoseconds, values strings.
pub fn from_json(json: &[u8]) -> Result<Vec<u8>, JsonError> {
    let mut out = Vec::with_capacity(json.len());
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    deserializer.deserialize_map(Push(&mut out))?;
    deserializer.end()?;
    Ok(out)
}

/// Makes a JSON push message of a protobuf one. What is not UTF-8 becomes U+FFFD, and a label set
/// that cannot be read becomes the label `labels`.
#[must_use]
pub fn to_json(streams: Streams<'_>) -> Vec<u8> {
    let mut out = b"{\"streams\":[".to_vec();
    for (index, stream) in streams.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"stream\":{");
        let text = stream.labels().to_lossy();
        let labels = parse_label_set(&text)
            .unwrap_or_else(|_| vec![("labels", Cow::Borrowed(text.as_ref()))]);
        put_pairs(
            &mut out,
            labels.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())),
        );
        out.extend_from_slice(b"},\"values\":[");
        for (index, entry) in stream.entries().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            put_value(&mut out, &entry);
        }
        out.extend_from_slice(b"]}");
    }
    out.extend_from_slice(b"]}");
    out
}

fn put_value(out: &mut Vec<u8>, entry: &Entry<'_>) {
    out.extend_from_slice(b"[\"");
    put_number(out, entry.time);
    out.extend_from_slice(b"\",");
    put_text(out, entry.line.as_bytes());
    let mut metadata = entry.metadata().peekable();
    if metadata.peek().is_some() {
        out.extend_from_slice(b",{");
        put_pairs(out, metadata.map(|(n, v)| (n.as_bytes(), v.as_bytes())));
        out.push(b'}');
    }
    out.push(b']');
}

fn put_pairs<'a>(out: &mut Vec<u8>, pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
    for (index, (name, value)) in pairs.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        put_text(out, name);
        out.push(b':');
        put_text(out, value);
    }
}

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

struct Push<'o>(&'o mut Vec<u8>);

impl<'de> Visitor<'de> for Push<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with streams")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Str(key)) = map.next_key()? {
            if key == "streams" {
                map.next_value_seed(List(StreamSeed(self.0)))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Gives every element of a list to the same seed; `null` is an empty list.
struct List<S>(S);

/// What is done with each element.
trait Element<'de> {
    fn element<D: Deserializer<'de>>(&mut self, value: D) -> Result<(), D::Error>;
}

struct One<'s, S>(&'s mut S);

impl<'de, S: Element<'de>> DeserializeSeed<'de> for One<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        self.0.element(value)
    }
}

impl<'de, S: Element<'de>> DeserializeSeed<'de> for List<S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de, S: Element<'de>> Visitor<'de> for List<S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(One(&mut self.0))?.is_some() {}
        Ok(())
    }
}

struct StreamSeed<'o>(&'o mut Vec<u8>);

impl<'de> Element<'de> for StreamSeed<'_> {
    fn element<D: Deserializer<'de>>(&mut self, value: D) -> Result<(), D::Error> {
        value.deserialize_map(StreamVisitor(self.0))
    }
}

struct StreamVisitor<'o>(&'o mut Vec<u8>);

impl<'de> Visitor<'de> for StreamVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stream: an object with stream and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut labels, mut entries) = (String::new(), Vec::new());
        while let Some(Str(key)) = map.next_key()? {
            match &*key {
                "stream" => {
                    let pairs: BTreeMap<Cow<'_, str>, String> = map.next_value()?;
                    labels.clear();
                    put_label_set(&mut labels, pairs);
                }
                "labels" => labels = map.next_value()?,
                "values" => map.next_value_seed(List(ValueSeed(&mut entries)))?,
                "entries" => map.next_value_seed(List(LegacySeed(&mut entries)))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        put_stream_head(self.0, &labels, entries.len());
        self.0.extend_from_slice(&entries);
        Ok(())
    }
}

/// `["<ns>", "line", {…}]`.
struct ValueSeed<'o>(&'o mut Vec<u8>);

impl<'de> Element<'de> for ValueSeed<'_> {
    fn element<D: Deserializer<'de>>(&mut self, value: D) -> Result<(), D::Error> {
        value.deserialize_seq(ValueVisitor(self.0))
    }
}

struct ValueVisitor<'o>(&'o mut Vec<u8>);

impl<'de> Visitor<'de> for ValueVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry: a list of time, line and structured metadata")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some(Str(time)) = list.next_element()? else {
            return Err(Error::invalid_length(0, &self));
        };
        let time = time
            .parse()
            .map_err(|_| Error::custom(format_args!("{time:?} is no time in whole nanoseconds")))?;
        let Some(Str(line)) = list.next_element()? else {
            return Err(Error::invalid_length(1, &self));
        };
        let mut metadata = Vec::new();
        let pairs: Option<Option<BTreeMap<Cow<'_, str>, String>>> = list.next_element()?;
        for (name, value) in pairs.flatten().into_iter().flatten() {
            put_metadata(&mut metadata, name.as_bytes(), value.as_bytes());
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        put_entry(self.0, time, line.as_bytes(), &metadata);
        Ok(())
    }
}

/// `{"ts": "<RFC 3339>", "line": "…"}`.
struct LegacySeed<'o>(&'o mut Vec<u8>);

#[derive(Deserialize)]
struct Legacy<'a> {
    #[serde(borrow, alias = "timestamp")]
    ts: Cow<'a, str>,
    #[serde(borrow)]
    line: Cow<'a, str>,
}

impl<'de> Element<'de> for LegacySeed<'_> {
    fn element<D: Deserializer<'de>>(&mut self, value: D) -> Result<(), D::Error> {
        let entry = Legacy::deserialize(value)?;
        let time = parse_time(&entry.ts)
            .ok_or_else(|| Error::custom(format_args!("{:?} is no RFC 3339 time", entry.ts)))?;
        put_entry(self.0, time, entry.line.as_bytes(), &[]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::streams;
    use super::*;

    fn both_ways(json: &str) -> String {
        let message = from_json(json.as_bytes()).unwrap();
        String::from_utf8(to_json(streams(&message).unwrap())).unwrap()
    }

    #[test]
    fn todays_form_comes_out_as_it_went_in() {
        let json = r#"{"streams":[{"stream":{"a":"b\"","c":"d"},"values":[["1700000000000000001","x\ny"],["-1","z",{"m":"v"}]]},{"stream":{"a":"c"},"values":[]}]}"#;
        assert_eq!(both_ways(json), json);
    }

    #[test]
    fn times_at_both_ends_come_out_as_they_went_in() {
        for time in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX] {
            let json = format!(r#"{{"streams":[{{"stream":{{}},"values":[["{time}","x"]]}}]}}"#);
            assert_eq!(both_ways(&json), json);
        }
    }

    #[test]
    fn the_order_of_keys_does_not_matter_and_unknown_ones_are_skipped() {
        let json = r#"{"x":1,"streams":[{"values":[["1","l",null]],"y":{},"stream":{"b":"2","a":"1"}},{"stream":{},"values":null}]}"#;
        let expected = r#"{"streams":[{"stream":{"a":"1","b":"2"},"values":[["1","l"]]},{"stream":{},"values":[]}]}"#;
        assert_eq!(both_ways(json), expected);
    }

    #[test]
    fn the_form_of_the_old_path_is_read() {
        let json = r#"{"streams":[{"labels":"{a=\"b\"}","entries":[{"ts":"1970-01-01T00:00:01.5Z","line":"x"}]}]}"#;
        let expected = r#"{"streams":[{"stream":{"a":"b"},"values":[["1500000000","x"]]}]}"#;
        assert_eq!(both_ways(json), expected);
    }

    #[test]
    fn what_is_no_push_message_is_refused() {
        for (json, why) in [
            ("", "EOF"),
            ("[]", "an object with streams"),
            (r#"{"streams":{}}"#, "a list"),
            (r#"{"streams":[1]}"#, "a stream"),
            (
                r#"{"streams":[{"values":[["x","l"]]}]}"#,
                "whole nanoseconds",
            ),
            (r#"{"streams":[{"values":[[1,"l"]]}]}"#, "string"),
            (r#"{"streams":[{"values":[["1"]]}]}"#, "invalid length 1"),
            (r#"{"streams":[{"values":[["1",2]]}]}"#, "string"),
            (r#"{"streams":[{"stream":{"a":1}}]}"#, "string"),
            (
                r#"{"streams":[{"entries":[{"ts":"1","line":""}]}]}"#,
                "RFC 3339",
            ),
            (r#"{"streams":[]} x"#, "trailing"),
        ] {
            let error = from_json(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{json}: {error}");
        }
    }

    #[test]
    fn wrong_framing_is_refused_and_unknown_fields_are_not() {
        assert!(streams(&[0x0a, 5, 1]).is_err());
        assert!(streams(&[0x18, 1, 0x12, 1, b'x']).unwrap().next().is_none());
        // Entries as a varint, a line as a number.
        assert!(streams(&[0x0a, 2, 0x10, 1]).is_err());
        assert!(streams(&[0x0a, 4, 0x12, 2, 0x10, 1]).is_err());
    }
}
