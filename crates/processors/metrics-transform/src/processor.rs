//! What happens to a batch.

use headwater_core::bytes::Bytes;
use headwater_core::pdata::owned::{KeyValue, Resource};
use headwater_core::pdata::schema::LEGACY_SCOPES;
use headwater_core::pdata::view;
use headwater_core::pdata::wire::{
    Field, WireError, WireType, put_len_field, put_tag, put_varint, read_field,
};
use headwater_core::pdata::{Payload, count_items};
use headwater_core::{Batch, Component, ConsumeError, Processor, Signal};

use crate::compile::Transform;
use crate::config::Action;
use crate::transform::Slot;

/// Changes metrics.
#[derive(Debug)]
pub(crate) struct MetricsTransformProcessor {
    pub(crate) transforms: Vec<Transform>,
    pub(crate) span: tracing::Span,
}

impl Component for MetricsTransformProcessor {}

impl Processor for MetricsTransformProcessor {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        match self.payload(&batch) {
            Ok(None) => Ok(Some(batch)),
            Ok(Some((payload, _))) if payload.is_empty() => Ok(None),
            Ok(Some((payload, items))) => Ok(Some(batch.with_payload(payload, items))),
            Err(error) => {
                Err(ConsumeError::permanent("cannot transform the metrics").with_source(error))
            }
        }
    }
}

impl MetricsTransformProcessor {
    /// The batch afterwards; `None` if no metric in it is included.
    fn payload(&self, batch: &Batch) -> Result<Option<(Payload, usize)>, WireError> {
        let mut changed = false;
        let mut payload = Payload::new();
        let mut items = 0;
        for segment in batch.payload().segments() {
            match self.request(segment)? {
                None => {
                    items += count_items(Signal::Metrics, segment)?;
                    payload.push(segment.clone());
                }
                Some(bytes) => {
                    changed = true;
                    items += count_items(Signal::Metrics, &bytes)?;
                    payload.append(bytes.into());
                }
            }
        }
        Ok(changed.then_some((payload, items)))
    }

    /// The request afterwards; `None` if no metric in it is included.
    fn request(&self, input: &Bytes) -> Result<Option<Vec<u8>>, WireError> {
        let mut out: Option<Vec<u8>> = None;
        let mut grouped = Vec::new();
        let mut copied = 0;
        let mut pos = 0;
        while let Some(entry) = read_field(input, &mut pos)? {
            if entry.number != 1 || entry.wire_type != WireType::Len {
                continue;
            }
            if let Some(content) = self.entry(input, &entry, &mut grouped)? {
                let out = out.get_or_insert_with(|| Vec::with_capacity(input.len()));
                out.extend_from_slice(&input[copied..entry.start]);
                copied = entry.end;
                if !content.is_empty() {
                    put_len_field(out, 1, &content);
                }
            }
        }
        if let Some(out) = &mut out {
            out.extend_from_slice(&input[copied..]);
            grouped
                .iter()
                .for_each(|entry: &Vec<u8>| put_len_field(out, 1, entry));
        }
        Ok(out)
    }

    /// A resource entry afterwards, empty if nothing is left; `None` if none of its metrics is
    /// included.
    fn entry(
        &self,
        input: &Bytes,
        entry: &Field,
        grouped: &mut Vec<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, WireError> {
        let mut out: Option<Vec<u8>> = None;
        let mut copied = entry.value;
        let mut scopes = 0;
        let mut pos = entry.value;
        while let Some(scope) = read_field(&input[..entry.end], &mut pos)? {
            if !is_scope(&scope) {
                continue;
            }
            let Some(content) = self.scope(input, entry, &scope, grouped)? else {
                scopes += 1;
                continue;
            };
            let out = out.get_or_insert_default();
            out.extend_from_slice(&input[copied..scope.start]);
            copied = scope.end;
            if let Some(content) = content {
                scopes += 1;
                put_len_field(out, scope.number, &content);
            }
        }
        if let Some(out) = &mut out {
            out.extend_from_slice(&input[copied..entry.end]);
            if scopes == 0 {
                out.clear();
            }
        }
        Ok(out)
    }

    /// A scope entry afterwards: `None` if none of its metrics is included, none inside if none is
    /// left.
    #[expect(clippy::option_option, reason = "unchanged, and gone")]
    fn scope(
        &self,
        input: &Bytes,
        entry: &Field,
        scope: &Field,
        grouped: &mut Vec<Vec<u8>>,
    ) -> Result<Option<Option<Vec<u8>>>, WireError> {
        let mut slots = Vec::new();
        let mut header = Vec::new();
        let mut included = false;
        let mut pos = scope.value;
        while let Some(part) = read_field(&input[..scope.end], &mut pos)? {
            if part.number == 2 && part.wire_type == WireType::Len {
                let name = view::Metric::new(part.bytes(input)).name().as_bytes();
                let names = |transform: &Transform| transform.filter.names(name);
                included |= self.transforms.iter().any(names);
                slots.push(Slot::Raw(input.slice(part.value..part.end)));
            } else {
                header.extend_from_slice(part.raw(input));
            }
        }
        if !included {
            return Ok(None);
        }
        let warn = |reason: String| tracing::warn!(parent: &self.span, "{reason}");
        for transform in &self.transforms {
            let mut moved = Vec::new();
            transform.execute(&mut slots, &mut moved, &warn)?;
            if transform.action == Action::Group && !moved.is_empty() {
                grouped.push(grouped_entry(input, entry, &header, transform, &moved)?);
            }
        }
        if slots.is_empty() {
            return Ok(Some(None));
        }
        put_metrics(&slots, &mut header);
        Ok(Some(Some(header)))
    }
}

/// Appends metrics to the fields of a scope entry.
fn put_metrics(metrics: &[Slot], out: &mut Vec<u8>) {
    let mut encoded = Vec::new();
    for metric in metrics {
        encoded.clear();
        metric.put(&mut encoded);
        put_tag(out, 2, WireType::Len);
        put_varint(out, encoded.len() as u64);
        out.extend_from_slice(&encoded);
    }
}

/// The resource entry of grouped metrics: that of where they were, with more attributes.
fn grouped_entry(
    input: &Bytes,
    entry: &Field,
    scope: &[u8],
    transform: &Transform,
    metrics: &[Slot],
) -> Result<Vec<u8>, WireError> {
    let mut resource = Resource::default();
    let mut others = Vec::new();
    let mut pos = entry.value;
    while let Some(part) = read_field(&input[..entry.end], &mut pos)? {
        if part.number == 1 && part.wire_type == WireType::Len {
            let piece = Resource::decode(&input.slice(part.value..part.end))?;
            resource.attributes.extend(piece.attributes);
            resource.dropped_attributes_count = piece.dropped_attributes_count;
            resource.entity_refs.extend(piece.entity_refs);
        } else if !is_scope(&part) {
            others.extend_from_slice(part.raw(input));
        }
    }
    for (key, value) in &transform.group_labels {
        let known = resource
            .attributes
            .iter_mut()
            .find(|attribute| attribute.key.as_bytes() == key.as_bytes());
        match known {
            Some(attribute) => attribute.value = value.as_str().into(),
            None => resource
                .attributes
                .push(KeyValue::new(key.as_str(), value.as_str())),
        }
    }
    let mut out = Vec::new();
    put_len_field(&mut out, 1, &resource.encode());
    let mut scope = scope.to_vec();
    put_metrics(metrics, &mut scope);
    put_len_field(&mut out, 2, &scope);
    out.extend_from_slice(&others);
    Ok(out)
}

fn is_scope(field: &Field) -> bool {
    matches!(field.number, 2 | LEGACY_SCOPES) && field.wire_type == WireType::Len
}
