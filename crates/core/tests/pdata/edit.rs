//! Edits on the wire say the same as edits on decoded structs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use headwater_core::pdata::Payload;
use headwater_core::pdata::edit::{
    AttributeEditor, EncodedValue, LogEditor, MetricEditor, PointEditor, Put, ResourceEditor,
    Rewrite, Rewritten, ScopeEditor, SpanEditor, Verdict, rewrite,
};
use headwater_core::pdata::schema::{Kind, Message, Presence};
use headwater_core::pdata::validate::{Level, validate};
use headwater_core::pdata::view::AnyValue as View;
use headwater_core::pdata::wire::Fields;
use headwater_core::{Signal, pdata::count_items};
use headwater_testkit::otlp::{
    AnyValue, Data, InstrumentationScope, KeyValue, LogRecord, Metric, Request, Resource, Span,
    Value,
};
use proptest::prelude::*;

use crate::requests;

/// Keys as the generator makes them, so that some exist.
const KEYS: [&str; 5] = ["", "a", "key", "new", "other"];

/// One change to attributes.
#[derive(Debug, Clone)]
enum Change {
    Put(Put, &'static str, i64),
    PutText(Put, &'static str, String),
    PutFrom(Put, &'static str, &'static str),
    Remove(&'static str),
    Rename(&'static str, &'static str),
    KeepLonger(usize),
    Ones(&'static str),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let key = || prop::sample::select(KEYS.to_vec());
    let put = || prop::sample::select(vec![Put::Insert, Put::Update, Put::Upsert]);
    let change = prop_oneof![
        (put(), key(), any::<i64>()).prop_map(|(put, key, value)| Change::Put(put, key, value)),
        (put(), key(), 0_usize..200)
            .prop_map(|(put, key, length)| { Change::PutText(put, key, "x".repeat(length)) }),
        (put(), key(), key()).prop_map(|(put, key, from)| Change::PutFrom(put, key, from)),
        key().prop_map(Change::Remove),
        (key(), key()).prop_map(|(from, to)| Change::Rename(from, to)),
        (0_usize..3).prop_map(Change::KeepLonger),
        key().prop_map(Change::Ones),
    ];
    prop::collection::vec(change, 0..5)
}

impl Change {
    fn edit(&self, attributes: &mut AttributeEditor<'_>) {
        match self {
            Self::Put(put, key, value) => attributes.put(*put, key, *value),
            Self::PutText(put, key, text) => attributes.put(*put, key, text.as_str()),
            Self::PutFrom(put, key, from) => {
                attributes.put_from(*put, key, from);
            }
            Self::Remove(key) => {
                attributes.remove(key);
            }
            Self::Rename(key, to) => {
                attributes.rename(key, to);
            }
            Self::KeepLonger(length) => attributes.retain(|key, _| key.as_bytes().len() >= *length),
            Self::Ones(name) => attributes.replace_each(|key, value| {
                (key == *name && !matches!(value, View::Int(1))).then_some(1_i64)
            }),
        }
    }

    fn model(&self, attributes: &mut Vec<KeyValue>) {
        let find =
            |attributes: &[KeyValue], key: &str| attributes.iter().position(|a| a.key == key);
        match self {
            Self::Put(how, key, value) => {
                Self::put_value(*how, key, some(Value::IntValue(*value)), attributes);
            }
            Self::PutText(how, key, text) => {
                Self::put_value(
                    *how,
                    key,
                    some(Value::StringValue(text.clone())),
                    attributes,
                );
            }
            Self::PutFrom(how, key, from) => {
                if let Some(from) = find(attributes, from)
                    && find(attributes, key) != Some(from)
                {
                    let value = Some(attributes[from].value.clone().unwrap_or_default());
                    Self::put_value(*how, key, value, attributes);
                }
            }
            Self::Remove(key) => {
                if let Some(at) = find(attributes, key) {
                    attributes.remove(at);
                }
            }
            Self::Rename(key, to) if key != to => {
                if let Some(mut at) = find(attributes, key) {
                    if let Some(old) = find(attributes, to) {
                        attributes.remove(old);
                        at -= usize::from(old < at);
                    }
                    let attribute = &mut attributes[at];
                    attribute.key = (*to).to_owned();
                    attribute.value.get_or_insert_default();
                }
            }
            Self::Rename(..) => {}
            Self::KeepLonger(length) => attributes.retain(|a| a.key.len() >= *length),
            Self::Ones(name) => {
                for attribute in attributes.iter_mut().filter(|a| a.key == *name) {
                    attribute.value = some(Value::IntValue(1));
                }
            }
        }
    }

    fn put_value(how: Put, key: &str, value: Option<AnyValue>, attributes: &mut Vec<KeyValue>) {
        match (attributes.iter().position(|a| a.key == key), how) {
            (Some(at), Put::Update | Put::Upsert) => attributes[at].value = value,
            (None, Put::Insert | Put::Upsert) => {
                attributes.push(KeyValue {
                    key: key.to_owned(),
                    value,
                    key_strindex: 0,
                });
            }
            _ => {}
        }
    }
}

fn some(value: Value) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

/// What to do at each level, on the wire and on structs.
#[derive(Debug, Clone)]
struct Plan {
    resource: Vec<Change>,
    resources_only: bool,
    scope: Option<Vec<Change>>,
    metric: Vec<Change>,
    record: Vec<Change>,
    names: Option<&'static str>,
    /// Drop what still has an attribute of this name.
    drop: Option<&'static str>,
}

fn plans() -> impl Strategy<Value = Plan> {
    let names = prop::sample::select(vec![None, Some(""), Some("renamed"), Some("a")]);
    let drop = prop::sample::select(vec![None, Some("a"), Some("key"), Some("")]);
    let scope = prop::option::of(changes());
    (
        changes(),
        any::<bool>(),
        scope,
        changes(),
        changes(),
        names,
        drop,
    )
        .prop_map(
            |(resource, resources_only, scope, metric, record, names, drop)| Plan {
                resource,
                resources_only,
                scope,
                metric,
                record,
                names,
                drop,
            },
        )
}

impl Plan {
    fn edit(
        &self,
        changes: &[Change],
        mut attributes: AttributeEditor<'_>,
        go_on: Verdict,
    ) -> Verdict {
        changes
            .iter()
            .for_each(|change| change.edit(&mut attributes));
        match self.drop {
            Some(key) if attributes.contains(key) => Verdict::Drop,
            _ => go_on,
        }
    }

    /// False to drop.
    fn model(&self, changes: &[Change], attributes: &mut Vec<KeyValue>) -> bool {
        changes.iter().for_each(|change| change.model(attributes));
        self.drop
            .is_none_or(|key| attributes.iter().all(|attribute| attribute.key != key))
    }
}

impl Rewrite for &Plan {
    fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
        let go_on = if self.resources_only {
            Verdict::Keep
        } else {
            Verdict::Enter
        };
        self.edit(&self.resource, resource.attributes(), go_on)
    }

    fn wants_scopes(&self) -> bool {
        self.scope.is_some()
    }

    fn scope(&mut self, scope: &mut ScopeEditor<'_>) -> Verdict {
        if let Some(name) = self.names {
            scope.set_name(name);
            scope.set_version("");
        }
        let changes = self.scope.as_deref().unwrap_or_default();
        self.edit(changes, scope.attributes(), Verdict::Enter)
    }

    fn metric(&mut self, metric: &mut MetricEditor<'_>) -> Verdict {
        if let Some(name) = self.names {
            metric.set_name(name);
            assert_eq!(metric.name(), name);
            metric.set_unit("");
        }
        self.edit(&self.metric, metric.attributes(), Verdict::Enter)
    }

    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        if let Some(name) = self.names {
            span.set_name(name);
        }
        self.edit(&self.record, span.attributes(), Verdict::Keep)
    }

    fn log(&mut self, log: &mut LogEditor<'_>) -> Verdict {
        if let Some(name) = self.names {
            log.set_severity_text(name);
            log.set_severity_number(17);
            log.set_body(name);
            assert_eq!(log.severity_number(), 17);
        }
        self.edit(&self.record, log.attributes(), Verdict::Keep)
    }

    fn point(&mut self, point: &mut PointEditor<'_>) -> Verdict {
        self.edit(&self.record, point.attributes(), Verdict::Keep)
    }
}

// === the same on structs ===

/// What all levels that hold a list have in common: a list that was emptied goes.
fn retain<T>(list: &mut Vec<T>, keep: impl FnMut(&mut T) -> bool) -> bool {
    let before = list.len();
    list.retain_mut(keep);
    before == 0 || !list.is_empty()
}

impl Plan {
    fn resource(&self, resource: &mut Option<Resource>) -> bool {
        let was_there = resource.is_some();
        let inner = resource.get_or_insert_default();
        let kept = self.model(&self.resource, &mut inner.attributes);
        if !was_there && inner.attributes.is_empty() {
            *resource = None;
        }
        kept
    }

    fn scope(&self, scope: &mut Option<InstrumentationScope>) -> bool {
        let Some(changes) = &self.scope else {
            return true;
        };
        let was_there = scope.is_some();
        let inner = scope.get_or_insert_default();
        if let Some(name) = self.names {
            name.clone_into(&mut inner.name);
            inner.version.clear();
        }
        let kept = self.model(changes, &mut inner.attributes);
        if !was_there && *inner == InstrumentationScope::default() {
            *scope = None;
        }
        kept
    }

    fn span(&self, span: &mut Span) -> bool {
        if let Some(name) = self.names {
            name.clone_into(&mut span.name);
        }
        self.model(&self.record, &mut span.attributes)
    }

    fn log(&self, log: &mut LogRecord) -> bool {
        if let Some(name) = self.names {
            name.clone_into(&mut log.severity_text);
            log.severity_number = 17;
            log.body = some(Value::StringValue(name.to_owned()));
        }
        self.model(&self.record, &mut log.attributes)
    }

    fn metric(&self, metric: &mut Metric) -> bool {
        if let Some(name) = self.names {
            name.clone_into(&mut metric.name);
            metric.unit.clear();
        }
        if !self.model(&self.metric, &mut metric.metadata) {
            return false;
        }
        macro_rules! points {
            ($data:ident) => {
                retain(&mut $data.data_points, |point| {
                    self.model(&self.record, &mut point.attributes)
                })
            };
        }
        match &mut metric.data {
            None => true,
            Some(Data::Gauge(data)) => points!(data),
            Some(Data::Sum(data)) => points!(data),
            Some(Data::Histogram(data)) => points!(data),
            Some(Data::ExponentialHistogram(data)) => points!(data),
            Some(Data::Summary(data)) => points!(data),
        }
    }

    fn request(&self, request: &mut Request) -> bool {
        macro_rules! entries {
            ($entries:expr, $scopes:ident, $legacy:ident, $records:ident, $record:ident) => {
                retain($entries, |entry| {
                    if !self.resource(&mut entry.resource) {
                        return false;
                    }
                    if self.resources_only {
                        return true;
                    }
                    let before = entry.$scopes.len() + entry.$legacy.len();
                    for list in [&mut entry.$scopes, &mut entry.$legacy] {
                        list.retain_mut(|scope| {
                            self.scope(&mut scope.scope)
                                && retain(&mut scope.$records, |record| self.$record(record))
                        });
                    }
                    before == 0 || entry.$scopes.len() + entry.$legacy.len() > 0
                })
            };
        }
        match request {
            Request::Traces(data) => entries!(
                &mut data.resource_spans,
                scope_spans,
                instrumentation_library_spans,
                spans,
                span
            ),
            Request::Logs(data) => entries!(
                &mut data.resource_logs,
                scope_logs,
                instrumentation_library_logs,
                log_records,
                log
            ),
            Request::Metrics(data) => entries!(
                &mut data.resource_metrics,
                scope_metrics,
                instrumentation_library_metrics,
                metrics,
                metric
            ),
        }
    }
}

fn run(signal: Signal, request: &[u8], mut by: impl Rewrite) -> Option<Rewritten> {
    rewrite(signal, &Payload::from(request.to_vec()), &mut by).expect("the request is valid")
}

/// Every field that nobody knows, at any depth, sorted. Those in the member of a oneof that
/// another member has replaced do not count.
pub(crate) fn unknown(message: Message, bytes: &[u8], found: &mut Vec<Vec<u8>>) {
    let fields: Vec<_> = Fields::new(bytes)
        .map(|field| field.expect("it is valid"))
        .collect();
    let is_member = |number| {
        let spec = message.field(number).map(|(_, spec)| spec.presence);
        spec == Some(Presence::OneOf)
    };
    let members: Vec<_> = fields
        .iter()
        .filter(|field| is_member(field.number))
        .collect();
    let replaced = members
        .windows(2)
        .rev()
        .find(|pair| pair[0].number != pair[1].number);
    let replaced = replaced.map_or(0, |pair| pair[0].end);
    for field in &fields {
        match message.field(field.number).map(|(_, spec)| spec) {
            None => found.push(field.raw(bytes).to_vec()),
            Some(spec) if spec.presence == Presence::OneOf && field.end <= replaced => {}
            Some(spec) => {
                if let Kind::Message(inner) = spec.kind {
                    unknown(inner, field.bytes(bytes), found);
                }
            }
        }
    }
    found.sort_unstable();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn decode_after_edit_is_edit_after_decode((signal, request) in requests(), plan in plans()) {
        let mut expected = Request::decode(signal, &request).unwrap();
        plan.request(&mut expected);
        let items = count_items(signal, &request).unwrap();
        let edited = match run(signal, &request, &plan) {
            Some(edited) => {
                let bytes = edited.payload.into_contiguous();
                prop_assert_eq!(validate(signal, &bytes, Level::Strict), Ok(items.saturating_add_signed(edited.items)));
                bytes
            }
            None => request.into(),
        };
        let edited = Request::decode(signal, &edited).unwrap();
        prop_assert_eq!(edited.encode(), expected.encode(), "{:#?}\n{:#?}", edited, expected);
    }

    #[test]
    fn unknown_fields_survive((signal, request) in requests()) {
        struct AddEverywhere;
        impl Rewrite for AddEverywhere {
            fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
                resource.attributes().upsert("added here", true);
                Verdict::Enter
            }
            fn wants_scopes(&self) -> bool {
                true
            }
            fn scope(&mut self, scope: &mut ScopeEditor<'_>) -> Verdict {
                scope.attributes().upsert("added here", 2.5);
                Verdict::Enter
            }
            fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
                span.attributes().upsert("added here", "text");
                Verdict::Keep
            }
            fn log(&mut self, log: &mut LogEditor<'_>) -> Verdict {
                log.attributes().upsert("added here", b"bytes".as_slice());
                Verdict::Keep
            }
            fn point(&mut self, point: &mut PointEditor<'_>) -> Verdict {
                let list = [EncodedValue::new(&1_i64), EncodedValue::new("two")];
                point.attributes().upsert("added here", EncodedValue::array(&list));
                Verdict::Keep
            }
        }
        let edited = run(signal, &request, AddEverywhere);
        let edited = edited.map_or_else(|| request.clone().into(), |e| e.payload.into_contiguous());
        let (mut before, mut after) = (Vec::new(), Vec::new());
        unknown(Message::request(signal), &request, &mut before);
        unknown(Message::request(signal), &edited, &mut after);
        prop_assert_eq!(before, after);
    }

    #[test]
    fn any_bytes_are_edited_or_refused(
        signal in crate::signals(), bytes: Vec<u8>, plan in plans(),
    ) {
        let payload = Payload::from(bytes);
        if let Ok(Some(edited)) = rewrite(signal, &payload, &mut &plan) {
            prop_assert!(count_items(signal, &edited.payload.into_contiguous()).is_ok());
        }
    }
}
