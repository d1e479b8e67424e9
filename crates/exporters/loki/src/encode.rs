//! From OTLP to push messages.

mod labels;
mod placed;
mod record;
mod resource;
mod tenant;

#[cfg(feature = "bench")]
pub mod bench;

use std::collections::HashMap;
use std::sync::Arc;

use headwater_core::pdata::Payload;
use headwater_core::pdata::view::{LogsData, ResourceLogs, ScopeLogs};
use headwater_loki::hints::{STREAM, TENANT_LABEL, is_hint, is_stream};
use headwater_loki::label::put_label_set;
use headwater_loki::line::{Keys, Scope, put_line};
use headwater_loki::push::put_metadata;

pub(crate) use labels::{Names, Options, RecordField};
use placed::{Memo, Placed};
pub(crate) use record::Record;
use resource::Resource;
pub(crate) use tenant::{Part, Tenant};

/// What a stream without any label gets, as Loki itself would call it.
const UNKNOWN: (&str, &str) = ("service_name", "unknown_service");

/// How many buffers of tenants are kept for the next batch.
const KEPT: usize = 16;

/// Writes batches into the buffers of their tenants.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    tenants: Vec<Tenant>,
    by_name: HashMap<Option<Arc<str>>, usize>,
    spare: Vec<Tenant>,
    memo: Memo,
    key: Vec<u8>,
    line: Vec<u8>,
    metadata: Vec<u8>,
}

impl Encoder {
    /// Forgets the batch before and writes this one. `tenant` is whom records belong to that do not
    /// say it themselves.
    pub(crate) fn encode(&mut self, payload: &Payload, options: &Options, tenant: Option<&str>) {
        self.by_name.clear();
        for mut used in self.tenants.drain(..) {
            if self.spare.len() < KEPT {
                used.clear();
                self.spare.push(used);
            }
        }
        for segment in payload.segments() {
            for entry in LogsData::new(segment).resource_logs() {
                let attributes = entry.resource().attributes();
                let stream = attributes
                    .get(STREAM)
                    .is_some_and(|value| is_stream(&value));
                if stream {
                    self.stream(&entry, options, tenant);
                } else {
                    let resource = Resource::new(attributes, options, tenant);
                    for scope in entry.scope_logs() {
                        self.scope(&resource, &scope, options);
                    }
                }
            }
        }
    }

    /// What was written, by tenant.
    pub(crate) fn tenants(&mut self) -> &mut [Tenant] {
        &mut self.tenants
    }

    fn tenant(&mut self, name: Option<&str>) -> usize {
        // Most batches have one tenant.
        if let Some(first) = self.tenants.first()
            && first.name() == name
        {
            return 0;
        }
        let name: Option<Arc<str>> = name.map(Into::into);
        if let Some(at) = self.by_name.get(&name) {
            return *at;
        }
        let mut tenant = self.spare.pop().unwrap_or_default();
        tenant.rename(name.clone());
        self.tenants.push(tenant);
        let at = self.tenants.len() - 1;
        self.by_name.insert(name, at);
        at
    }

    /// A resource that is a stream.
    fn stream(&mut self, entry: &ResourceLogs<'_>, options: &Options, tenant: Option<&str>) {
        let attributes = entry.resource().attributes();
        let mut labels = labels::Labels::default();
        let mut own = None;
        for attribute in attributes.iter() {
            let name = attribute.key();
            if name == TENANT_LABEL {
                own = Some(labels::text(&attribute.value()));
            } else if !is_hint(name.as_bytes()) {
                labels.set(&name.to_lossy(), &labels::text(&attribute.value()));
            }
        }
        for (name, value) in &options.external_labels {
            labels.set_missing(name, value);
        }
        let tenant = own.as_deref().filter(|own| !own.is_empty()).or(tenant);
        let (tenant, stream) = self.place(tenant, labels);
        let Self {
            tenants, metadata, ..
        } = self;
        for scope in entry.scope_logs() {
            for bytes in scope.log_records().encodings() {
                let record = Record::read(bytes);
                metadata.clear();
                for attribute in &record.attributes {
                    let value = attribute.value().to_text();
                    put_metadata(metadata, attribute.key().as_bytes(), &value);
                }
                let body = record.body.to_text();
                tenants[tenant].push(stream, record.when(), &body, metadata);
            }
        }
    }

    fn place(&mut self, tenant: Option<&str>, mut labels: labels::Labels) -> (usize, u32) {
        if labels.is_empty() {
            labels.set(UNKNOWN.0, UNKNOWN.1);
        }
        let mut text = String::with_capacity(128);
        put_label_set(&mut text, labels.sorted());
        let at = self.tenant(tenant);
        let stream = self.tenants[at].stream(&text);
        (at, stream)
    }

    fn scope(&mut self, resource: &Resource<'_>, logs: &ScopeLogs<'_>, options: &Options) {
        let scope = logs.scope();
        let line_scope = Scope {
            name: scope.name(),
            version: scope.version(),
        };
        self.memo.clear();
        for bytes in logs.log_records().encodings() {
            let record = Record::read(bytes);
            let mut key = std::mem::take(&mut self.key);
            resource.key(&record, options, &mut key);
            let placed = match self.memo.find(&key) {
                Some(placed) => placed,
                None => {
                    let decided = resource.decide(&key, options);
                    let (tenant, stream) = self.place(decided.tenant.as_deref(), decided.labels);
                    let placed = Placed::new(tenant, stream, decided.format);
                    let tail = |out: &mut Vec<u8>| {
                        resource.put_tail(out, decided.format, &decided.promoted, line_scope);
                    };
                    self.memo.insert(&key, placed, &decided.promoted, tail)
                }
            };
            self.key = key;
            self.metadata.clear();
            resource.put_metadata(&record, line_scope, options, &mut self.metadata);
            let keys = Keys {
                trace_id: &options.trace_id_key,
            };
            let promoted = self.memo.promoted(placed);
            let attributes = record.attributes.iter().copied().filter(|attribute| {
                let name = attribute.key().as_bytes();
                !(is_hint(name)
                    || promoted.iter().any(|label| &**label == name)
                    || resource.is_metadata(&record, name, options))
            });
            let line_record = record.line();
            self.line.clear();
            put_line(
                &mut self.line,
                placed.format,
                keys,
                &line_record,
                attributes,
                self.memo.tail(placed),
            );
            let tenant = &mut self.tenants[placed.tenant];
            tenant.push(placed.stream, record.when(), &self.line, &self.metadata);
        }
    }
}
