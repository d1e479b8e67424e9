//! An event as a log record. Source: contrib `k8s_event_to_logdata.go`.

use headwater_core::pdata::owned::{
    InstrumentationScope, KeyValue, LogRecord, Resource, ResourceLogs, ScopeLogs,
};
use headwater_kubernetes::objects::Event;

use crate::time::{go_string, of_event};

/// The name of the scope.
const SCOPE: &str =
    "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/k8seventsreceiver";

/// The severity of a type of events: its number, if it is known.
fn severity(kind: &str) -> Option<i32> {
    let known = [
        ("normal", 9),
        ("warning", 13),
        ("error", 17),
        ("critical", 21),
    ];
    let found = known
        .iter()
        .find(|(name, _)| kind.eq_ignore_ascii_case(name));
    found.map(|(_, number)| *number)
}

/// A time as records have it; 0 without one.
pub(crate) fn unix_nano(time: Option<i64>) -> u64 {
    time.and_then(|time| u64::try_from(time).ok())
        .unwrap_or_default()
}

/// The record of an event, with its resource. Texts that are empty are there all the same. `version` is
/// that of the distribution.
pub(crate) fn record(event: Event, version: &str) -> ResourceLogs {
    let time = of_event(&event);
    let start = go_string(&event.metadata.creation_timestamp);
    let object = event.involved_object;
    let texts = |pairs: Vec<(&str, String)>| -> Vec<KeyValue> {
        let pairs = pairs.into_iter();
        pairs
            .map(|(key, value)| KeyValue::new(key, value))
            .collect()
    };
    let resource = texts(vec![
        ("k8s.node.name", event.source.host),
        ("k8s.object.kind", object.kind),
        ("k8s.object.name", object.name),
        ("k8s.object.uid", object.uid),
        ("k8s.object.fieldpath", object.field_path),
        ("k8s.object.api_version", object.api_version),
        ("k8s.object.resource_version", object.resource_version),
    ]);
    let mut attributes = texts(vec![
        ("k8s.event.reason", event.reason),
        ("k8s.event.action", event.action),
        ("k8s.event.start_time", start),
        ("k8s.event.name", event.metadata.name),
        ("k8s.event.uid", event.metadata.uid),
        ("k8s.namespace.name", object.namespace),
        ("k8s.event.reporting_controller", event.reporting_controller),
        ("k8s.event.reporting_instance", event.reporting_instance),
    ]);
    if event.count != 0 {
        attributes.push(KeyValue::new("k8s.event.count", i64::from(event.count)));
    }
    let severity = severity(&event.kind);
    let record = LogRecord {
        time_unix_nano: unix_nano(time),
        severity_number: severity.unwrap_or_default(),
        severity_text: severity.map(|_| event.kind.into()).unwrap_or_default(),
        body: event.message.into(),
        attributes,
        ..LogRecord::default()
    };
    let scope = InstrumentationScope {
        name: SCOPE.into(),
        version: version.into(),
        ..InstrumentationScope::default()
    };
    of_resource(resource, Some(scope), record)
}

/// A record with what stands around it.
pub(crate) fn of_resource(
    attributes: Vec<KeyValue>,
    scope: Option<InstrumentationScope>,
    record: LogRecord,
) -> ResourceLogs {
    ResourceLogs {
        resource: Some(Resource {
            attributes,
            ..Resource::default()
        }),
        scope_logs: vec![ScopeLogs {
            scope,
            log_records: vec![record],
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    }
}
