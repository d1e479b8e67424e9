//! Puts the records of a batch into groups.

use std::collections::HashMap;

use headwater_core::Signal;
use headwater_core::pdata::edit::EncodeValue as _;
use headwater_core::pdata::schema::LEGACY_SCOPES;
use headwater_core::pdata::view;
use headwater_core::pdata::wire::{
    Field, WireError, WireType, put_len_field, put_varint, read_field,
};

use crate::output::Group;
use crate::record::{Extracted, key_of};

/// The groups of a batch.
#[derive(Debug)]
pub(crate) struct Grouping<'k> {
    keys: &'k [String],
    signal: Signal,
    pub(crate) groups: Vec<Group>,
    /// Groups by their resource.
    by_resource: HashMap<Box<[u8]>, usize>,
    /// Groups by what was extracted, of the resource in hand.
    by_extracted: HashMap<Box<[u8]>, usize>,
    extracted: Extracted,
    /// Records that had attributes to move, and that had none.
    pub(crate) grouped: u64,
    pub(crate) not_grouped: u64,
    changed: bool,
    /// Scopes and metrics that came in.
    scopes: usize,
    metrics: usize,
}

/// A resource entry in hand.
struct Entry<'a> {
    input: &'a [u8],
    field: Field,
}

impl<'k> Grouping<'k> {
    pub(crate) fn new(keys: &'k [String], signal: Signal) -> Self {
        Self {
            keys,
            signal,
            groups: Vec::new(),
            by_resource: HashMap::new(),
            by_extracted: HashMap::new(),
            extracted: Extracted::default(),
            grouped: 0,
            not_grouped: 0,
            changed: false,
            scopes: 0,
            metrics: 0,
        }
    }

    /// Whether what comes out differs from what came in, order aside.
    pub(crate) fn is_changed(&self) -> bool {
        let (scopes, metrics) = self.groups.iter().fold((0, 0), |(scopes, metrics), group| {
            let (more_scopes, more_metrics) = group.counts();
            (scopes + more_scopes, metrics + more_metrics)
        });
        self.changed || scopes != self.scopes || metrics != self.metrics
    }

    /// Takes in one request.
    ///
    /// # Errors
    /// [`WireError`] if it is no message.
    pub(crate) fn request(&mut self, input: &[u8]) -> Result<(), WireError> {
        let mut pos = 0;
        while let Some(field) = read_field(input, &mut pos)? {
            if field.number == 1 && field.wire_type == WireType::Len {
                self.by_extracted.clear();
                self.entry(&Entry { input, field })?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry<'_>) -> Result<(), WireError> {
        let groups = self.groups.len();
        let mut pos = entry.field.value;
        while let Some(scope) = read_field(&entry.input[..entry.field.end], &mut pos)? {
            if is_scope(&scope) {
                self.scope(entry, &scope)?;
            }
        }
        // Joined with another, taken apart, or without records.
        self.changed |= self.groups.len() != groups + 1;
        Ok(())
    }

    fn scope(&mut self, entry: &Entry<'_>, scope: &Field) -> Result<(), WireError> {
        let input = entry.input;
        let header = headers(input, scope, |field| field.number == 2)?;
        self.scopes += 1;
        let mut pos = scope.value;
        while let Some(record) = read_field(&input[..scope.end], &mut pos)? {
            if record.number != 2 || record.wire_type != WireType::Len {
                continue;
            }
            match self.signal {
                Signal::Traces => self.record(entry, &header, &record, 9)?,
                Signal::Logs => self.record(entry, &header, &record, 6)?,
                Signal::Metrics => self.metric(entry, &header, &record)?,
            }
        }
        Ok(())
    }

    fn record(
        &mut self,
        entry: &Entry<'_>,
        scope: &[u8],
        record: &Field,
        attributes: u32,
    ) -> Result<(), WireError> {
        self.extracted
            .find(self.keys, entry.input, record, attributes)?;
        let group = self.group(entry)?;
        let out = &mut self.groups[group].scope(scope).records;
        if self.extracted.is_empty() {
            out.extend_from_slice(record.raw(entry.input));
        } else {
            self.extracted.put_rest(2, entry.input, record, out);
        }
        Ok(())
    }

    fn metric(&mut self, entry: &Entry<'_>, scope: &[u8], metric: &Field) -> Result<(), WireError> {
        let input = entry.input;
        let is_data = |field: &Field| matches!(field.number, 5 | 7 | 9 | 10 | 11);
        let header = headers(input, metric, is_data)?;
        self.metrics += 1;
        // Of the data fields, which are a oneof, the last one's kind is alive.
        let mut kind = 0;
        let mut pos = metric.value;
        while let Some(data) = read_field(&input[..metric.end], &mut pos)? {
            if is_data(&data) && data.wire_type == WireType::Len {
                kind = data.number;
            }
        }
        pos = metric.value;
        while let Some(data) = read_field(&input[..metric.end], &mut pos)? {
            if data.number != kind || data.wire_type != WireType::Len {
                continue;
            }
            let data_header = headers(input, &data, |field| field.number == 1)?;
            let mut at = data.value;
            while let Some(point) = read_field(&input[..data.end], &mut at)? {
                if point.number != 1 || point.wire_type != WireType::Len {
                    continue;
                }
                let attributes = match kind {
                    9 => 9,
                    10 => 1,
                    _ => 7,
                };
                self.extracted.find(self.keys, input, &point, attributes)?;
                let group = self.group(entry)?;
                let scope = self.groups[group].scope(scope);
                let out = scope.points(&header, kind, &data_header);
                if self.extracted.is_empty() {
                    out.extend_from_slice(point.raw(input));
                } else {
                    self.extracted.put_rest(1, input, &point, out);
                }
            }
        }
        Ok(())
    }

    /// The group of a record from which the attributes in hand were extracted.
    fn group(&mut self, entry: &Entry<'_>) -> Result<usize, WireError> {
        if self.extracted.is_empty() {
            self.not_grouped += 1;
        } else {
            self.grouped += 1;
            self.changed = true;
        }
        if let Some(group) = self.by_extracted.get(&*self.extracted.identity) {
            return Ok(*group);
        }
        let header = self.header(entry)?;
        let key = identity(&header);
        let next = self.groups.len();
        let group = *self.by_resource.entry(key.into()).or_insert(next);
        if group == next {
            self.groups.push(Group::new(header));
        }
        let extracted = self.extracted.identity.as_slice().into();
        self.by_extracted.insert(extracted, group);
        Ok(group)
    }

    /// The fields of the entry besides its scopes, with the attributes in hand in the resource.
    fn header(&self, entry: &Entry<'_>) -> Result<Vec<u8>, WireError> {
        let Entry { input, field } = entry;
        if self.extracted.is_empty() {
            return headers(input, field, is_scope);
        }
        let moved: Vec<&[u8]> = self.extracted.attributes(input).collect();
        let mut written = vec![false; moved.len()];
        let mut resource = Vec::new();
        let mut others = Vec::new();
        let mut pos = field.value;
        while let Some(part) = read_field(&input[..field.end], &mut pos)? {
            if part.number != 1 || part.wire_type != WireType::Len {
                if !is_scope(&part) {
                    others.extend_from_slice(part.raw(input));
                }
                continue;
            }
            let mut at = part.value;
            while let Some(inner) = read_field(&input[..part.end], &mut at)? {
                let replaced = if inner.number == 1 && inner.wire_type == WireType::Len {
                    position(&moved, key_of(inner.bytes(input))?)?
                } else {
                    None
                };
                match replaced {
                    None => resource.extend_from_slice(inner.raw(input)),
                    // In the place of the resource's own value.
                    Some(index) if !written[index] => {
                        written[index] = true;
                        put_len_field(&mut resource, 1, moved[index]);
                    }
                    Some(_) => {}
                }
            }
        }
        for (attribute, written) in moved.iter().zip(written) {
            if !written {
                put_len_field(&mut resource, 1, attribute);
            }
        }
        let mut header = Vec::with_capacity(resource.len() + others.len() + 6);
        put_len_field(&mut header, 1, &resource);
        header.extend_from_slice(&others);
        Ok(header)
    }
}

/// Which of the encoded attributes is called `name`.
fn position(attributes: &[&[u8]], name: &[u8]) -> Result<Option<usize>, WireError> {
    for (index, attribute) in attributes.iter().enumerate() {
        if key_of(attribute)? == name {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// What tells resources apart: attributes in any order, and the schema.
fn identity(header: &[u8]) -> Vec<u8> {
    let entry = view::ResourceSpans::new(header);
    let mut attributes: Vec<Vec<u8>> = entry
        .resource()
        .attributes()
        .iter()
        .map(|attribute| {
            let mut out = Vec::new();
            put_len_field(&mut out, 1, attribute.key().as_bytes());
            attribute.value().encode_value(&mut out);
            out
        })
        .collect();
    attributes.sort_unstable();
    let mut out = Vec::with_capacity(header.len() + 16);
    for attribute in &attributes {
        put_varint(&mut out, attribute.len() as u64);
        out.extend_from_slice(attribute);
    }
    out.push(0);
    out.extend_from_slice(entry.schema_url().as_bytes());
    out
}

fn is_scope(field: &Field) -> bool {
    matches!(field.number, 2 | LEGACY_SCOPES) && field.wire_type == WireType::Len
}

/// The fields of the message in `field` besides those for which `content` holds.
fn headers(
    input: &[u8],
    field: &Field,
    content: impl Fn(&Field) -> bool,
) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::new();
    let mut pos = field.value;
    while let Some(part) = read_field(&input[..field.end], &mut pos)? {
        if !content(&part) {
            out.extend_from_slice(part.raw(input));
        }
    }
    Ok(out)
}
