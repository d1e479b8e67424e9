//! Spans grouped by service and scope, as OTLP has them.

use std::collections::HashMap;

use headwater_core::pdata::wire::{WireType, put_len_field, put_tag, put_varint, varint_len};

use crate::span::Span;

/// A request of OTLP.
#[derive(Debug)]
pub(crate) struct Translated {
    pub(crate) bytes: Vec<u8>,
    pub(crate) spans: usize,
}

/// Services and their scopes, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    services: Vec<Service>,
    by_name: HashMap<String, usize>,
    spans: usize,
}

#[derive(Debug)]
struct Service {
    name: String,
    /// The fields of the resource.
    resource: Vec<u8>,
    scopes: Vec<Scope>,
    by_name: HashMap<String, usize>,
}

#[derive(Debug)]
struct Scope {
    name: String,
    /// The fields of the scope.
    header: Vec<u8>,
    /// The spans, each as field 2.
    spans: Vec<u8>,
}

/// A scope of a service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    service: usize,
    scope: usize,
}

impl Groups {
    /// The place of a scope of a service. `resource` and `header` write the fields of those that
    /// are new.
    pub(crate) fn place(
        &mut self,
        service: &str,
        scope: &str,
        resource: impl FnOnce(&mut Vec<u8>),
        header: impl FnOnce(&mut Vec<u8>),
    ) -> Place {
        let place = match self.by_name.get(service) {
            Some(known) => *known,
            None => {
                let mut fields = Vec::new();
                resource(&mut fields);
                self.services.push(Service {
                    name: service.to_owned(),
                    resource: fields,
                    scopes: Vec::new(),
                    by_name: HashMap::new(),
                });
                self.by_name
                    .insert(service.to_owned(), self.services.len() - 1);
                self.services.len() - 1
            }
        };
        let service = &mut self.services[place];
        let scope = match service.by_name.get(scope) {
            Some(known) => *known,
            None => {
                let mut fields = Vec::new();
                header(&mut fields);
                service.scopes.push(Scope {
                    name: scope.to_owned(),
                    header: fields,
                    spans: Vec::new(),
                });
                service
                    .by_name
                    .insert(scope.to_owned(), service.scopes.len() - 1);
                service.scopes.len() - 1
            }
        };
        Place {
            service: place,
            scope,
        }
    }

    /// Writes a span there. `buffer` is used again from span to span.
    pub(crate) fn add(&mut self, place: Place, span: &Span<'_>, buffer: &mut Vec<u8>) {
        buffer.clear();
        span.put(buffer);
        let scope = &mut self.services[place.service].scopes[place.scope];
        put_len_field(&mut scope.spans, 2, buffer);
        self.spans += 1;
    }

    /// In the order of the names, as Zipkin v2 is translated.
    pub(crate) fn sort(&mut self) {
        self.services.sort_by(|a, b| a.name.cmp(&b.name));
        for service in &mut self.services {
            service.scopes.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }

    pub(crate) fn finish(self) -> Translated {
        let mut bytes = Vec::new();
        for service in &self.services {
            let length = service.length();
            bytes.reserve(length + 16);
            put_head(&mut bytes, 1, length);
            put_len_field(&mut bytes, 1, &service.resource);
            for scope in &service.scopes {
                put_head(&mut bytes, 2, scope.length());
                put_len_field(&mut bytes, 1, &scope.header);
                bytes.extend_from_slice(&scope.spans);
            }
        }
        Translated {
            bytes,
            spans: self.spans,
        }
    }
}

impl Service {
    fn length(&self) -> usize {
        let scopes = self.scopes.iter().map(|scope| framed(scope.length()));
        framed(self.resource.len()) + scopes.sum::<usize>()
    }
}

impl Scope {
    fn length(&self) -> usize {
        framed(self.header.len()) + self.spans.len()
    }
}

/// The length of a field of this length with its tag, whose number is below 16.
const fn framed(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}

fn put_head(out: &mut Vec<u8>, number: u32, length: usize) {
    put_tag(out, number, WireType::Len);
    put_varint(out, length as u64);
}
