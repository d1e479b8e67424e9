//! What a resource says about the lines of its records.

use headwater_core::pdata::view::{AnyValue, Attributes};
use headwater_loki::hints::{
    ATTRIBUTE_LABELS, ATTRIBUTE_METADATA, FORMAT, RESOURCE_LABELS, RESOURCE_METADATA, TENANT,
    is_hint, names,
};
use headwater_loki::label::label_name;
use headwater_loki::line::{Format, Scope, put_hex, put_tail};
use headwater_loki::push::put_metadata;

use super::labels::{Labels, Names, Options, RecordField, find_in, find_listed, level, text};
use super::record::Record;
use crate::config::MetadataField;

/// See the module.
pub(super) struct Resource<'a> {
    attributes: Attributes<'a>,
    /// Labels of every record, and the attributes that they were made of.
    labels: Labels,
    promoted: Vec<Box<[u8]>>,
    /// Record attributes that become labels.
    attribute_labels: Vec<Vec<u8>>,
    /// What it says about the format.
    format: Option<Format>,
    tenant: Option<String>,
    /// The name of the attribute that holds the tenant.
    tenant_hint: Option<Vec<u8>>,
    /// What becomes structured metadata besides what the configuration says.
    metadata_attributes: Names,
    /// Structured metadata of every record, made of attributes of the resource.
    metadata: Vec<u8>,
    metadata_names: Names,
}

/// What is to be done with records of one key.
pub(super) struct Decided {
    pub(super) tenant: Option<String>,
    pub(super) labels: Labels,
    pub(super) promoted: Vec<Box<[u8]>>,
    pub(super) format: Format,
}

/// What a part of a key is: it becomes a label called after the attribute, or as configured, or
/// nothing but the tenant.
const ATTRIBUTE: u8 = 0;
const CONFIGURED: u8 = 1;
const TENANT_NAME: u8 = 2;
/// The label comes of an attribute of the resource that the record has named.
const OF_RESOURCE: u8 = 3;

impl<'a> Resource<'a> {
    pub(super) fn new(attributes: Attributes<'a>, options: &Options, tenant: Option<&str>) -> Self {
        let mut this = Self {
            attributes,
            labels: Labels::default(),
            promoted: Vec::new(),
            attribute_labels: Vec::new(),
            format: None,
            tenant: tenant.map(str::to_owned),
            tenant_hint: None,
            metadata_attributes: Names::default(),
            metadata: Vec::new(),
            metadata_names: options.metadata_resource.clone(),
        };
        this.default_labels(options);
        for (attribute, label) in &options.resource_labels {
            if let Some(value) = find_in(&attributes, attribute.as_bytes()) {
                this.labels.set(label, &text(&value));
                this.promote(attribute.as_bytes());
            }
        }
        if let Some(value) = options
            .tenant_attribute
            .as_ref()
            .and_then(|name| attributes.get(name))
        {
            this.tenant = Some(text(&value));
        }
        if attributes
            .iter()
            .any(|attribute| attribute.key().as_bytes().starts_with(b"loki."))
        {
            this.hints();
        }
        this.write_metadata();
        this
    }

    fn promote(&mut self, attribute: &[u8]) {
        self.promoted.push(attribute.into());
    }

    fn default_labels(&mut self, options: &Options) {
        if options.exporter_label {
            self.labels.set("exporter", "OTLP");
            self.promote(b"exporter");
        }
        let get = |name: &str| self.attributes.get(name).map(|value| text(&value));
        let job = get("service.name").map(|name| match get("service.namespace") {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name,
        });
        let instance = get("service.instance.id");
        if let Some(job) = job.filter(|_| options.job_label) {
            self.labels.set("job", &job);
            self.promote(b"job");
        }
        if let Some(instance) = instance.filter(|_| options.instance_label) {
            self.labels.set("instance", &instance);
            self.promote(b"instance");
        }
    }

    fn hints(&mut self) {
        let attributes = self.attributes;
        if let Some(list) = attributes.get(RESOURCE_LABELS) {
            names(&list, |name| {
                if let Some(value) = find_in(&attributes, name) {
                    let attribute = String::from_utf8_lossy(name);
                    self.labels.set_attribute(&attribute, &text(&value));
                    self.promoted.push(name.into());
                }
            });
        }
        if let Some(list) = attributes.get(ATTRIBUTE_LABELS) {
            names(&list, |name| self.attribute_labels.push(name.to_vec()));
        }
        if let Some(list) = attributes.get(ATTRIBUTE_METADATA) {
            names(&list, |name| self.metadata_attributes.add(name));
        }
        if let Some(list) = attributes.get(RESOURCE_METADATA) {
            names(&list, |name| self.metadata_names.add(name));
        }
        let format = attributes.get(FORMAT);
        self.format = format.and_then(|format| Format::named(&format.to_text()));
        if let Some(hint) = attributes.get(TENANT) {
            let name = hint.to_text().into_owned();
            if let Some(value) = attributes.get(&name) {
                let value = text(&value);
                let attribute = String::from_utf8_lossy(&name).into_owned();
                self.labels.set_attribute(&attribute, &value);
                self.promote(&name);
                self.tenant = Some(value);
            } else {
                self.tenant_hint = Some(name);
            }
        }
    }

    fn write_metadata(&mut self) {
        if self.metadata_names.is_empty() {
            return;
        }
        for attribute in self.attributes.iter() {
            let name = attribute.key().as_bytes();
            let label = self.promoted.iter().any(|label| &**label == name);
            if self.metadata_names.has(name) && !label && !is_hint(name) {
                put_named(&mut self.metadata, name, &attribute.value());
            }
        }
    }

    /// Writes what decides about labels, tenant and format of a record.
    pub(super) fn key(&self, record: &Record<'_>, options: &Options, key: &mut Vec<u8>) {
        key.clear();
        let format = self.format.or_else(|| {
            let hint = record
                .has_hints
                .then(|| record.attribute(FORMAT.as_bytes()))
                .flatten()?;
            Format::named(&hint.to_text())
        });
        key.push(format.unwrap_or(options.format) as u8);
        for (field, label) in &options.record_labels {
            record_field(record, *field, |value| {
                put_part(key, CONFIGURED, label.as_bytes(), b"", value);
            });
        }
        for (attribute, label) in &options.attribute_labels {
            if let Some(value) = find_listed(&record.attributes, attribute.as_bytes()) {
                let attribute = attribute.as_bytes();
                put_part(
                    key,
                    CONFIGURED,
                    label.as_bytes(),
                    attribute,
                    &value.to_text(),
                );
            }
        }
        for name in &self.attribute_labels {
            if let Some(value) = find_listed(&record.attributes, name) {
                put_part(key, ATTRIBUTE, name, b"", &value.to_text());
            }
        }
        if record.has_hints {
            self.record_hints(record, key);
        }
        if options.level_label && record.severity_number != 0 {
            match record.attribute(b"level") {
                Some(value) => put_part(key, ATTRIBUTE, b"level", b"", &value.to_text()),
                None => {
                    let level = level(record.severity_number).unwrap_or_default();
                    put_part(key, ATTRIBUTE, b"level", b"", level.as_bytes());
                }
            }
        }
        if let Some(hint) = &self.tenant_hint
            && let Some(value) = record.attribute(hint)
        {
            put_part(key, TENANT_NAME, b"", b"", &value.to_text());
        }
    }

    fn record_hints(&self, record: &Record<'_>, key: &mut Vec<u8>) {
        if let Some(list) = record.attribute(RESOURCE_LABELS.as_bytes()) {
            names(&list, |name| {
                if let Some(value) = find_in(&self.attributes, name) {
                    put_part(key, OF_RESOURCE, name, b"", &value.to_text());
                }
            });
        }
        if let Some(list) = record.attribute(ATTRIBUTE_LABELS.as_bytes()) {
            names(&list, |name| {
                if let Some(value) = find_listed(&record.attributes, name) {
                    put_part(key, ATTRIBUTE, name, b"", &value.to_text());
                }
            });
        }
        // A hint of the resource comes before one of the record.
        if self.attributes.get(TENANT).is_none()
            && let Some(hint) = record.attribute(TENANT.as_bytes())
        {
            let name = hint.to_text();
            let own = record.attribute(&name);
            if let Some(value) = &own {
                put_part(key, ATTRIBUTE, &name, b"", &value.to_text());
            }
            if let Some(value) = self.attributes.get(&*name).or(own) {
                put_part(key, TENANT_NAME, b"", b"", &value.to_text());
            }
        }
    }

    /// What a key says.
    pub(super) fn decide(&self, key: &[u8], options: &Options) -> Decided {
        let mut decided = Decided {
            tenant: self.tenant.clone(),
            labels: self.labels.clone(),
            promoted: self.promoted.clone(),
            format: options.format,
        };
        let Some((format, mut rest)) = key.split_first() else {
            return decided;
        };
        for known in [Format::Json, Format::Logfmt, Format::Raw] {
            if known as u8 == *format {
                decided.format = known;
            }
        }
        while let Some((part, more)) = take_part(rest) {
            rest = more;
            let (name, value) = (
                String::from_utf8_lossy(part.name),
                String::from_utf8_lossy(part.value),
            );
            match part.kind {
                TENANT_NAME => decided.tenant = Some(value.into_owned()),
                CONFIGURED => {
                    decided.labels.set(&name, &value);
                    if !part.attribute.is_empty() {
                        decided.promoted.push(part.attribute.into());
                    }
                }
                _ => {
                    decided.labels.set_attribute(&name, &value);
                    decided.promoted.push(part.name.into());
                }
            }
        }
        for (name, value) in &options.external_labels {
            decided.labels.set_missing(name, value);
        }
        decided.tenant = decided.tenant.filter(|tenant| !tenant.is_empty());
        decided
    }

    /// Writes what all lines of the resource and a scope end with.
    pub(super) fn put_tail(
        &self,
        out: &mut Vec<u8>,
        format: Format,
        promoted: &[Box<[u8]>],
        scope: Scope<'_>,
    ) {
        let attributes = self.attributes.iter().filter(|attribute| {
            let name = attribute.key().as_bytes();
            !(is_hint(name)
                || promoted.iter().any(|label| &**label == name)
                || self.metadata_names.has(name))
        });
        put_tail(out, format, attributes, scope);
    }

    /// Whether a record attribute is structured metadata, and so no part of the line.
    pub(super) fn is_metadata(&self, record: &Record<'_>, name: &[u8], options: &Options) -> bool {
        let (configured, hinted) = (&options.metadata_attributes, &self.metadata_attributes);
        if configured.has(name) || hinted.has(name) {
            return true;
        }
        record.has_hints && own_metadata(record).has(name)
    }

    /// Writes the structured metadata of a record. `is_label` tells what is a label already.
    pub(super) fn put_metadata(
        &self,
        record: &Record<'_>,
        scope: Scope<'_>,
        options: &Options,
        out: &mut Vec<u8>,
    ) {
        for field in &options.metadata_fields {
            put_field(out, *field, record, scope);
        }
        out.extend_from_slice(&self.metadata);
        let own = if record.has_hints {
            own_metadata(record)
        } else {
            Names::default()
        };
        let (configured, hinted) = (&options.metadata_attributes, &self.metadata_attributes);
        if configured.is_empty() && hinted.is_empty() && own.is_empty() {
            return;
        }
        for attribute in &record.attributes {
            let name = attribute.key().as_bytes();
            let wanted = configured.has(name) || hinted.has(name) || own.has(name);
            if wanted && !is_hint(name) && !self.is_record_label(record, name, options) {
                put_named(out, name, &attribute.value());
            }
        }
    }

    fn is_record_label(&self, record: &Record<'_>, name: &[u8], options: &Options) -> bool {
        let configured = |(attribute, _): &(String, String)| attribute.as_bytes() == name;
        if options.attribute_labels.iter().any(configured)
            || self.attribute_labels.iter().any(|label| label == name)
            || options.level_label && name == b"level" && record.severity_number != 0
        {
            return true;
        }
        let mut found = false;
        if record.has_hints
            && let Some(list) = record.attribute(ATTRIBUTE_LABELS.as_bytes())
        {
            names(&list, |label| found |= label == name);
        }
        found
    }
}

/// What a record says about its attributes itself.
fn own_metadata(record: &Record<'_>) -> Names {
    let mut own = Names::default();
    if let Some(list) = record.attribute(ATTRIBUTE_METADATA.as_bytes()) {
        names(&list, |name| own.add(name));
    }
    own
}

/// Writes structured metadata called after an attribute.
fn put_named(out: &mut Vec<u8>, name: &[u8], value: &AnyValue<'_>) {
    let name = String::from_utf8_lossy(name);
    put_metadata(out, label_name(&name).as_bytes(), &value.to_text());
}

fn put_field(out: &mut Vec<u8>, field: MetadataField, record: &Record<'_>, scope: Scope<'_>) {
    let mut digits = Vec::new();
    let number = |number: u64| number.to_string().into_bytes();
    let value: &[u8] = match field {
        MetadataField::TraceId | MetadataField::SpanId => {
            let id = if field == MetadataField::TraceId {
                record.trace_id
            } else {
                record.span_id
            };
            if id.iter().all(|byte| *byte == 0) {
                return;
            }
            put_hex(&mut digits, id);
            &digits
        }
        MetadataField::SeverityText => record.severity_text.as_bytes(),
        MetadataField::SeverityNumber if record.severity_number != 0 => {
            digits = record.severity_number.to_string().into_bytes();
            &digits
        }
        MetadataField::Flags if record.flags != 0 => {
            digits = number(record.flags.into());
            &digits
        }
        MetadataField::ObservedTimestamp if record.observed != 0 => {
            digits = number(record.observed);
            &digits
        }
        MetadataField::SeverityNumber | MetadataField::Flags | MetadataField::ObservedTimestamp => {
            return;
        }
        MetadataField::ScopeName => scope.name.as_bytes(),
        MetadataField::ScopeVersion => scope.version.as_bytes(),
        MetadataField::EventName => record.event_name.as_bytes(),
    };
    if !value.is_empty() {
        put_metadata(out, field.name().as_bytes(), value);
    }
}

/// Gives the value of a field that becomes a label, if there is one.
fn record_field(record: &Record<'_>, field: RecordField, mut give: impl FnMut(&[u8])) {
    let mut digits = Vec::new();
    match field {
        RecordField::TraceId => put_hex(&mut digits, record.trace_id),
        RecordField::SpanId => put_hex(&mut digits, record.span_id),
        RecordField::Severity => digits.extend_from_slice(record.severity_text.as_bytes()),
        RecordField::SeverityNumber => {
            digits.extend_from_slice(record.severity_number.to_string().as_bytes());
        }
    }
    if !digits.is_empty() {
        give(&digits);
    }
}

struct Part<'k> {
    kind: u8,
    name: &'k [u8],
    attribute: &'k [u8],
    value: &'k [u8],
}

fn put_part(key: &mut Vec<u8>, kind: u8, name: &[u8], attribute: &[u8], value: &[u8]) {
    key.push(kind);
    for text in [name, attribute, value] {
        key.extend_from_slice(&(text.len() as u32).to_le_bytes());
        key.extend_from_slice(text);
    }
}

fn take_part(key: &[u8]) -> Option<(Part<'_>, &[u8])> {
    let (kind, rest) = key.split_first()?;
    let (name, rest) = take_text(rest)?;
    let (attribute, rest) = take_text(rest)?;
    let (value, rest) = take_text(rest)?;
    let part = Part {
        kind: *kind,
        name,
        attribute,
        value,
    };
    Some((part, rest))
}

fn take_text(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = key.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}
