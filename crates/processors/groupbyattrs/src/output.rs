//! The groups on their way out: resources, scopes, metrics, and the records in them.

use std::collections::HashMap;

use headwater_core::pdata::wire::{WireType, put_tag, put_varint, varint_len};

/// A resource with what belongs to it.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// The fields of the entry besides its scopes.
    header: Vec<u8>,
    scopes: Vec<Scope>,
    by_header: HashMap<Box<[u8]>, usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Scope {
    header: Box<[u8]>,
    /// Complete fields: spans, log records.
    pub(crate) records: Vec<u8>,
    metrics: Vec<Metric>,
    by_header: HashMap<Box<[u8]>, usize>,
}

#[derive(Debug)]
struct Metric {
    /// The fields of the metric besides its data.
    header: Box<[u8]>,
    /// The field of the data.
    kind: u32,
    /// The fields of the data besides its points.
    data: Box<[u8]>,
    points: Vec<u8>,
}

impl Group {
    /// A resource without records, of the fields of its entry.
    pub(crate) fn new(header: Vec<u8>) -> Self {
        Self {
            header,
            ..Self::default()
        }
    }

    /// The scope whose fields besides its records are `header`.
    pub(crate) fn scope(&mut self, header: &[u8]) -> &mut Scope {
        let index = match self.by_header.get(header) {
            Some(index) => *index,
            None => {
                self.by_header.insert(header.into(), self.scopes.len());
                self.scopes.push(Scope {
                    header: header.into(),
                    ..Scope::default()
                });
                self.scopes.len() - 1
            }
        };
        &mut self.scopes[index]
    }

    /// How many scopes and metrics there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let metrics = self.scopes.iter().map(|scope| scope.metrics.len());
        (self.scopes.len(), metrics.sum())
    }

    /// Appends the entry.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let scopes = self.scopes.iter().map(|scope| field_len(scope.len()));
        let length = self.header.len() + scopes.sum::<usize>();
        put_message(out, 1, length);
        out.extend_from_slice(&self.header);
        for scope in &self.scopes {
            scope.put(out);
        }
    }
}

impl Scope {
    /// Where the points of a metric go.
    pub(crate) fn points(&mut self, header: &[u8], kind: u32, data: &[u8]) -> &mut Vec<u8> {
        let mut key = Vec::with_capacity(header.len() + data.len() + 12);
        put_varint(&mut key, u64::from(kind));
        put_varint(&mut key, header.len() as u64);
        key.extend_from_slice(header);
        key.extend_from_slice(data);
        let index = match self.by_header.get(&*key) {
            Some(index) => *index,
            None => {
                self.by_header.insert(key.into(), self.metrics.len());
                self.metrics.push(Metric {
                    header: header.into(),
                    kind,
                    data: data.into(),
                    points: Vec::new(),
                });
                self.metrics.len() - 1
            }
        };
        &mut self.metrics[index].points
    }

    fn len(&self) -> usize {
        let metrics = self.metrics.iter().map(|metric| field_len(metric.len()));
        self.header.len() + self.records.len() + metrics.sum::<usize>()
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_message(out, 2, self.len());
        out.extend_from_slice(&self.header);
        out.extend_from_slice(&self.records);
        for metric in &self.metrics {
            put_message(out, 2, metric.len());
            out.extend_from_slice(&metric.header);
            put_message(out, metric.kind, metric.data.len() + metric.points.len());
            out.extend_from_slice(&metric.data);
            out.extend_from_slice(&metric.points);
        }
    }
}

impl Metric {
    fn len(&self) -> usize {
        self.header.len() + field_len(self.data.len() + self.points.len())
    }
}

/// How long a field of one byte's tag becomes.
const fn field_len(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}

fn put_message(out: &mut Vec<u8>, number: u32, length: usize) {
    put_tag(out, number, WireType::Len);
    put_varint(out, length as u64);
}
