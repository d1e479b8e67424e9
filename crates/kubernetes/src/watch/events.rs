//! Events of a watch: an object of JSON per line.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::{ApiError, StatusObject};
use crate::objects::Kind;
use crate::watch::Sink;

/// An event.
#[derive(Debug)]
pub(super) struct Event<I> {
    /// Where a watch goes on after it; empty if it does not say.
    pub(super) version: String,
    pub(super) change: Change<I>,
}

/// What has happened.
#[derive(Debug)]
pub(super) enum Change<I> {
    /// There is an object that was not there.
    Add(I),
    /// There is a new version of an object.
    Modify(I),
    /// It is gone, or no longer selected.
    Remove(I),
    /// Nothing, but the version is newer.
    Bookmark,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Versioned {
    metadata: Version,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(default)]
    resource_version: String,
}

/// The form in which events are asked for.
pub(super) const fn accept(kind: &Kind) -> &'static str {
    if kind.metadata_only {
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
    } else {
        "application/json"
    }
}

/// Reads an event. One that says that the watch is over is an error.
pub(super) fn read<S: Sink>(line: &[u8]) -> Result<Event<S::Item>, ApiError> {
    let envelope: Envelope<'_> = parse(line)?;
    let object = envelope.object.get().as_bytes();
    if envelope.kind == "ERROR" {
        let status: StatusObject = parse(object)?;
        let message = if status.message.is_empty() {
            status.reason
        } else {
            status.message
        };
        return Err(ApiError::Status {
            code: status.code,
            message,
        });
    }
    let version = match parse::<Versioned>(object) {
        Ok(versioned) => versioned.metadata.resource_version,
        Err(error) if S::STRICT => return Err(error),
        Err(_) => String::new(),
    };
    let change = match &*envelope.kind {
        "ADDED" => Change::Add(named::<S>(object)?),
        "MODIFIED" => Change::Modify(named::<S>(object)?),
        "DELETED" => Change::Remove(named::<S>(object)?),
        // Newer servers may know other types; what they must not do is change an object by them.
        _ => Change::Bookmark,
    };
    Ok(Event { version, change })
}

fn named<S: Sink>(object: &[u8]) -> Result<S::Item, ApiError> {
    let object: S::Item = parse(object)?;
    if !S::has_name(&object) {
        return Err(ApiError::Garbage("an object without a name".to_owned()));
    }
    Ok(object)
}

fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(text)
        .map_err(|error| ApiError::Garbage(format!("an event is no event: {error}")))
}

#[cfg(test)]
mod tests {
    use super::{Change, read};
    use crate::objects::NamespaceMeta;
    use crate::watch::stored::Stored;

    type Namespaces = Stored<NamespaceMeta>;

    #[test]
    fn events_are_changes_with_versions() {
        let object = r#"{"metadata":{"name":"a","resourceVersion":"7"}}"#;
        let event = |kind: &str| {
            let line = format!(r#"{{"type":"{kind}","object":{object}}}"#);
            read::<Namespaces>(line.as_bytes()).unwrap()
        };
        assert!(matches!(event("ADDED").change, Change::Add(_)));
        assert!(matches!(event("MODIFIED").change, Change::Modify(_)));
        assert!(matches!(event("DELETED").change, Change::Remove(_)));
        assert!(matches!(event("BOOKMARK").change, Change::Bookmark));
        assert_eq!(event("BOOKMARK").version, "7");
    }

    #[test]
    fn an_error_keeps_its_code() {
        let line = br#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}"#;
        let error = read::<Namespaces>(line).unwrap_err();
        assert!(error.is_gone());
        assert!(error.to_string().contains("too old"), "{error}");
    }

    #[test]
    fn garbage_is_an_error() {
        for line in [
            "",
            "<html>",
            "{}",
            r#"{"type":"ADDED"}"#,
            r#"{"type":"ADDED","object":7}"#,
            r#"{"type":"ADDED","object":{"metadata":{}}}"#,
            r#"{"type":"ADDED","object":{"metadata":{"name":3}}}"#,
        ] {
            assert!(read::<Namespaces>(line.as_bytes()).is_err(), "{line}");
        }
    }
}
