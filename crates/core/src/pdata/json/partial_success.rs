//! What a server says about a request that it accepted, in part perhaps.

use super::{JsonError, message_from_json, message_to_json};
use crate::Signal;
use crate::pdata::schema::Message;
use crate::pdata::wire::{Fields, WireError, WireType, put_len_field, put_tag, put_varint};

/// The content of an export response: `partial_success`.
///
/// Default: everything was accepted. Source: OTLP specification, "Partial Success".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartialSuccess {
    /// Spans, data points or log records that the server did not take; the client must not send
    /// them again.
    pub rejected: i64,
    /// Why, or a warning if nothing was rejected.
    pub message: String,
}

impl PartialSuccess {
    /// Whether the server took everything and has nothing to say.
    #[must_use]
    pub fn is_full_success(&self) -> bool {
        self.rejected == 0 && self.message.is_empty()
    }

    /// The serialized export response, the same for all signals; no bytes for a full success.
    #[must_use]
    pub fn to_proto(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.is_full_success() {
            return out;
        }
        let mut inner = Vec::with_capacity(self.message.len() + 16);
        if self.rejected != 0 {
            put_tag(&mut inner, 1, WireType::Varint);
            put_varint(&mut inner, self.rejected as u64);
        }
        if !self.message.is_empty() {
            put_len_field(&mut inner, 2, self.message.as_bytes());
        }
        put_len_field(&mut out, 1, &inner);
        out
    }

    /// Reads a serialized export response; text that is not UTF-8 is repaired.
    ///
    /// # Errors
    /// [`WireError`] if the bytes are not a message.
    pub fn from_proto(response: &[u8]) -> Result<Self, WireError> {
        let mut found = Self::default();
        for field in Fields::new(response) {
            let field = field?;
            if (field.number, field.wire_type) != (1, WireType::Len) {
                continue;
            }
            let inner = field.bytes(response);
            for field in Fields::new(inner) {
                let field = field?;
                match (field.number, field.wire_type) {
                    (1, WireType::Varint) => found.rejected = field.bits(inner) as i64,
                    (2, WireType::Len) => {
                        found.message = String::from_utf8_lossy(field.bytes(inner)).into_owned();
                    }
                    _ => {}
                }
            }
        }
        Ok(found)
    }

    /// The JSON of the export response of `signal`; `{"partialSuccess":{}}` for a full success,
    /// as the Collector writes it.
    #[must_use]
    pub fn to_json(&self, signal: Signal) -> Vec<u8> {
        let mut out = Vec::new();
        let written = message_to_json(Message::response(signal), &self.to_proto(), &mut out);
        debug_assert!(written.is_ok(), "a message we wrote can be read");
        out
    }

    /// Reads the JSON of an export response of `signal`.
    ///
    /// # Errors
    /// [`JsonError`] if the document is not the JSON of an export response.
    pub fn from_json(signal: Signal, json: &[u8]) -> Result<Self, JsonError> {
        let response = message_from_json(Message::response(signal), json)?;
        Ok(Self::from_proto(&response).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_survive_a_round_trip() {
        for (rejected, message) in [(0, ""), (7, "quota"), (0, "deprecated"), (i64::MAX, "")] {
            let partial = PartialSuccess {
                rejected,
                message: message.into(),
            };
            assert_eq!(
                PartialSuccess::from_proto(&partial.to_proto()),
                Ok(partial.clone())
            );
            for signal in Signal::ALL {
                let json = partial.to_json(signal);
                assert_eq!(
                    PartialSuccess::from_json(signal, &json),
                    Ok(partial.clone())
                );
            }
        }
    }

    #[test]
    fn a_full_success_is_no_bytes_or_an_empty_object() {
        let full = PartialSuccess::default();
        assert!(full.to_proto().is_empty());
        assert_eq!(full.to_json(Signal::Logs), b"{\"partialSuccess\":{}}");
    }

    #[test]
    fn each_signal_has_its_own_name_for_what_was_rejected() {
        let partial = PartialSuccess {
            rejected: 3,
            message: "no".into(),
        };
        for (signal, name) in [
            (Signal::Traces, "rejectedSpans"),
            (Signal::Metrics, "rejectedDataPoints"),
            (Signal::Logs, "rejectedLogRecords"),
        ] {
            let json = String::from_utf8(partial.to_json(signal)).unwrap();
            assert_eq!(
                json,
                format!(r#"{{"partialSuccess":{{"{name}":"3","errorMessage":"no"}}}}"#)
            );
        }
    }
}
