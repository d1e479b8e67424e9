//! Events of a watch: an object of JSON per line.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::{ApiError, StatusObject};
use crate::objects::{Kind, Resource};

/// An event.
#[derive(Debug)]
pub(super) struct Event<K> {
    /// Where a watch goes on after it; empty if it does not say.
    pub(super) version: String,
    pub(super) change: Change<K>,
}

/// What has happened.
#[derive(Debug)]
pub(super) enum Change<K> {
    /// There is an object, or a new version of it.
    Put(K),
    /// It is gone, or no longer selected.
    Remove(K),
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
pub(super) fn read<K: Resource>(line: &[u8]) -> Result<Event<K>, ApiError> {
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
    let version = parse::<Versioned>(object)?.metadata.resource_version;
    let change = match &*envelope.kind {
        "ADDED" | "MODIFIED" => Change::Put(named(object)?),
        "DELETED" => Change::Remove(named(object)?),
        // Newer servers may know other types; what they must not do is change an object by them.
        _ => Change::Bookmark,
    };
    Ok(Event { version, change })
}

fn named<K: Resource>(object: &[u8]) -> Result<K, ApiError> {
    let object: K = parse(object)?;
    if object.meta().name.is_empty() {
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

    #[test]
    fn events_are_changes_with_versions() {
        let object = r#"{"metadata":{"name":"a","resourceVersion":"7"}}"#;
        let event = |kind: &str| {
            let line = format!(r#"{{"type":"{kind}","object":{object}}}"#);
            read::<NamespaceMeta>(line.as_bytes()).unwrap()
        };
        assert!(matches!(event("ADDED").change, Change::Put(_)));
        assert!(matches!(event("MODIFIED").change, Change::Put(_)));
        assert!(matches!(event("DELETED").change, Change::Remove(_)));
        assert!(matches!(event("BOOKMARK").change, Change::Bookmark));
        assert_eq!(event("BOOKMARK").version, "7");
    }

    #[test]
    fn an_error_keeps_its_code() {
        let line = br#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}"#;
        let error = read::<NamespaceMeta>(line).unwrap_err();
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
            assert!(read::<NamespaceMeta>(line.as_bytes()).is_err(), "{line}");
        }
    }
}
