//! What Loki says about single streams and entries when it refuses a push.
//!
//! Source: Loki `pkg/validation/validate.go`, `pkg/ingester/stream.go`, `pkg/chunkenc`. A push is
//! answered with 400 if anything in it is wrong; the answer lists what, as `2 errors like: …; …`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use headwater_loki::label::{leading_label_set, parse_label_set};
use headwater_loki::time::parse_time;

/// The labels of a stream that Loki speaks of.
pub(crate) type LabelSet = BTreeMap<String, String>;

/// Which entries of a stream Loki does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// All.
    Everything,
    /// Those before this time. Unit: nanoseconds since 1970.
    Before(i64),
    /// Those from this time on.
    From(i64),
    /// Lines that are longer, in bytes.
    LongerThan(u64),
    /// Those with more structured metadata, in bytes.
    MetadataOver(u64),
    /// Those with more structured metadata, by number.
    MetadataMore(u64),
    /// Structured metadata of any kind.
    Metadata,
    /// As many; it has stored the others.
    Some(u64),
}

/// One thing that Loki does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// For the books: Loki's own word, `discarded_samples_total{reason}`.
    pub(crate) reason: &'static str,
    /// Which stream; `None` if Loki does not say.
    pub(crate) stream: Option<LabelSet>,
    pub(crate) what: What,
}

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// How a complaint is found: by words behind its stream.
const BEHIND: [(&str, &str); 9] = [
    (" has timestamp too old: ", "greater_than_max_sample_age"),
    (" has timestamp too new: ", "too_far_in_future"),
    (" label names; limit ", "max_label_names_per_series"),
    (" has label name too long: ", "label_name_too_long"),
    (" has label value too long: ", "label_value_too_long"),
    (" has duplicate label name: ", "duplicate_label_names"),
    (
        " includes structured metadata, but this feature is disallowed",
        "disallowed_structured_metadata",
    ),
    (
        " has structured metadata too large: ",
        "structured_metadata_too_large",
    ),
    (
        " has too many structured metadata labels: ",
        "structured_metadata_too_many",
    ),
];

/// Everything that an answer complains of.
pub(crate) fn complaints(text: &str) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut rest = text;
    // A stream is written `stream '{…}'`, `stream: {…}` or `labels '{…}'`.
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        let Some((labels, length)) = leading_label_set(from) else {
            if let Some(broken) = broken_labels(before, from) {
                found.push(broken);
            }
            rest = &from[1..];
            continue;
        };
        let labels = labels
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Cow::into_owned(value)))
            .collect();
        let behind = &from[length..];
        if let Some((reason, what)) = classify(before, behind) {
            found.push(Complaint {
                reason,
                stream: Some(labels),
                what,
            });
        }
        rest = behind;
    }
    if found.is_empty() && text.contains("ingestion blocked for user") {
        found.push(Complaint {
            reason: "blocked_ingestion",
            stream: None,
            what: What::Everything,
        });
    }
    found
}

/// `error parsing labels '{…' with error: …`, where the labels cannot be read here either.
fn broken_labels(before: &str, from: &str) -> Option<Complaint> {
    if !before.ends_with("error parsing labels '") {
        return None;
    }
    let text = from.split("' with error: ").next()?;
    Some(Complaint {
        reason: "invalid_labels",
        stream: Some(LabelSet::from([(String::new(), text.to_owned())])),
        what: What::Everything,
    })
}

/// What is wrong with a stream, by the words before and behind it.
fn classify(before: &str, behind: &str) -> Option<(&'static str, What)> {
    let behind = behind.strip_prefix('\'').unwrap_or(behind);
    // What belongs to the next complaint is not looked at.
    let behind = &behind[..behind.find("; ").map_or(behind.len(), |at| {
        // `has 20 label names; limit 15` has one of its own.
        if behind[..at].ends_with(" label names") {
            behind[at + 2..]
                .find("; ")
                .map_or(behind.len(), |more| at + 2 + more)
        } else {
            at
        }
    })];
    if before.ends_with("error parsing labels '") {
        return Some(("invalid_labels", What::Everything));
    }
    if let Some(ignored) = total_ignored(before) {
        let reason = if before.contains("entry too far behind") {
            "too_far_behind"
        } else if before.contains("rate limit exceeded") {
            return None;
        } else {
            "out_of_order"
        };
        return Some((reason, What::Some(ignored)));
    }
    if before.contains("max entry size '")
        && let Some((_, size)) = before.rsplit_once("max entry size '")
        && size.ends_with("bytes exceeded for stream '")
    {
        return number(size).map(|size| ("line_too_long", What::LongerThan(size)));
    }
    if before.contains("missing required labels '") && before.ends_with("for stream '") {
        return Some(("missing_enforced_labels", What::Everything));
    }
    for (words, reason) in BEHIND {
        let Some(at) = behind.find(words) else {
            continue;
        };
        let said = &behind[at + words.len()..];
        let limit = || {
            let (_, limit) = said.split_once("limit: '")?;
            number(limit)
        };
        let what = match reason {
            "greater_than_max_sample_age" => {
                let (_, oldest) = said.split_once("oldest acceptable timestamp is: ")?;
                // It is written in whole seconds.
                What::Before(parse_time(oldest)?.saturating_add(SECOND))
            }
            "too_far_in_future" => What::From(parse_time(said)?),
            "disallowed_structured_metadata" => What::Metadata,
            "structured_metadata_too_large" => What::MetadataOver(limit()?),
            "structured_metadata_too_many" => What::MetadataMore(limit()?),
            _ => What::Everything,
        };
        return Some((reason, what));
    }
    None
}

/// `total ignored: 2 out of 5 for stream: `
fn total_ignored(before: &str) -> Option<u64> {
    let (_, said) = before.rsplit_once("total ignored: ")?;
    said.ends_with(" for stream: ").then(|| number(said))?
}

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok()
}

/// Whether Loki speaks of the stream with the label set `ours`. It adds labels of its own.
pub(crate) fn is_stream(theirs: &LabelSet, ours: &str) -> bool {
    if let Some(text) = theirs.get("") {
        return text == ours;
    }
    let Ok(ours) = parse_label_set(ours) else {
        return false;
    };
    let all = ours
        .iter()
        .all(|(name, value)| theirs.get(*name).is_some_and(|v| v == value.as_ref()));
    let added = |name: &String| name == "service_name" || name.starts_with("__");
    let more = theirs
        .keys()
        .filter(|name| !ours.iter().any(|(known, _)| known == name));
    all && more.into_iter().all(added)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> (&'static str, What) {
        let found = complaints(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(is_stream(
            found[0].stream.as_ref().unwrap(),
            r#"{a="it's; {x}", b="c"}"#
        ));
        (found[0].reason, found[0].what)
    }

    const STREAM: &str = r#"{a="it's; {x}", b="c", service_name="unknown_service"}"#;

    #[test]
    fn every_complaint_of_loki_is_understood() {
        for (text, reason, what) in [
            (
                format!(
                    "entry for stream '{STREAM}' has timestamp too old: 1970-01-01T00:00:00Z, oldest acceptable timestamp is: 1970-01-01T00:00:05Z"
                ),
                "greater_than_max_sample_age",
                What::Before(6 * SECOND),
            ),
            (
                format!("entry for stream '{STREAM}' has timestamp too new: 1970-01-01T00:00:02Z"),
                "too_far_in_future",
                What::From(2 * SECOND),
            ),
            (
                format!("entry for stream '{STREAM}' has 20 label names; limit 15"),
                "max_label_names_per_series",
                What::Everything,
            ),
            (
                format!("stream '{STREAM}' has label value too long: 'xxx'"),
                "label_value_too_long",
                What::Everything,
            ),
            (
                format!(
                    "stream '{STREAM}' includes structured metadata, but this feature is disallowed. Please see"
                ),
                "disallowed_structured_metadata",
                What::Metadata,
            ),
            (
                format!(
                    "stream '{STREAM}' has structured metadata too large: '70000' bytes, limit: '65536' bytes. Please"
                ),
                "structured_metadata_too_large",
                What::MetadataOver(65536),
            ),
            (
                format!(
                    "stream '{STREAM}' has too many structured metadata labels: '200', limit: '128'. Please"
                ),
                "structured_metadata_too_many",
                What::MetadataMore(128),
            ),
            (
                format!(
                    "max entry size '262144' bytes exceeded for stream '{STREAM}' while adding an entry with length '300000' bytes"
                ),
                "line_too_long",
                What::LongerThan(262_144),
            ),
            (
                format!(
                    "missing required labels 'x' for user 'fake' for stream '{STREAM}' (policy: '')"
                ),
                "missing_enforced_labels",
                What::Everything,
            ),
            (
                format!("error parsing labels '{STREAM}' with error: x"),
                "invalid_labels",
                What::Everything,
            ),
            (
                format!(
                    "entry with timestamp 2023-01-01 00:00:00 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: 2023-01-01T00:00:00Z, oldest acceptable timestamp is: 2023-01-02T00:00:00Z',\nuser 'fake', total ignored: 3 out of 10 for stream: {STREAM}"
                ),
                "too_far_behind",
                What::Some(3),
            ),
            (
                format!(
                    "entry with timestamp 2023-01-01 00:00:00 +0000 UTC ignored, reason: 'entry out of order',\nuser 'fake', total ignored: 1 out of 2 for stream: {STREAM}"
                ),
                "out_of_order",
                What::Some(1),
            ),
        ] {
            assert_eq!(one(&text), (reason, what), "{text}");
        }
    }

    #[test]
    fn several_complaints_are_told_apart() {
        let text = "2 errors like: entry for stream '{a=\"1\"}' has timestamp too new: \
                    2030-01-01T00:00:00Z; 1 errors like: entry for stream '{a=\"2\"}' has 20 label \
                    names; limit 15; 1 errors like: stream '{a=\"3\"}' has label name too long: 'x'";
        let found = complaints(text);
        let said: Vec<_> = found
            .iter()
            .map(|c| (c.stream.as_ref().unwrap()["a"].as_str(), c.reason))
            .collect();
        assert_eq!(
            said,
            [
                ("1", "too_far_in_future"),
                ("2", "max_label_names_per_series"),
                ("3", "label_name_too_long")
            ]
        );
    }

    #[test]
    fn labels_that_nobody_can_read_are_found_as_they_were_written() {
        let found = complaints("error parsing labels '{a=' with error: 1:4: parse error");
        assert!(is_stream(found[0].stream.as_ref().unwrap(), "{a="));
        assert!(!is_stream(found[0].stream.as_ref().unwrap(), "{a=\"b\"}"));
    }

    #[test]
    fn other_streams_are_other_streams() {
        let theirs = LabelSet::from([("a".into(), "1".into()), ("b".into(), "2".into())]);
        assert!(is_stream(&theirs, r#"{a="1", b="2"}"#));
        assert!(!is_stream(&theirs, r#"{a="1"}"#));
        assert!(!is_stream(&theirs, r#"{a="1", b="3"}"#));
        assert!(!is_stream(&theirs, r#"{a="1", b="2", c="3"}"#));
    }

    #[test]
    fn other_texts_say_nothing() {
        for text in [
            "",
            "no org id",
            "couldn't parse push request: {",
            "Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for \
             stream '{a=\"b\"}' totaling 1B, consider",
        ] {
            assert_eq!(complaints(text), [], "{text}");
        }
    }
}
