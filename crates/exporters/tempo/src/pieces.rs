//! Requests taken apart: by tenant, by size, by trace, without what Tempo does not take.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use headwater_core::Signal;
use headwater_core::pdata::edit::{Rewrite, SpanEditor, Verdict, rewrite};
use headwater_core::pdata::view::{ResourceSpans, Span, TracesData};
use headwater_core::pdata::wire::{Fields, WireType, put_len_field};
use headwater_core::pdata::{Payload, split_bytes};

/// A request, or a part of one.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) payload: Payload,
    pub(crate) items: usize,
}

/// The parts of a request by the tenant that the resource attribute `attribute` names. Those without
/// belong to `None`, if there are any.
pub(crate) fn by_tenant(piece: Piece, attribute: &str) -> BTreeMap<Option<String>, Piece> {
    let mut parts: BTreeMap<Option<String>, (Vec<u8>, usize)> = BTreeMap::new();
    for segment in piece.payload.segments() {
        for field in Fields::new(segment) {
            let Ok(field) = field else { break };
            if field.number != 1 || field.wire_type != WireType::Len {
                continue;
            }
            let bytes = field.bytes(segment);
            let resource = ResourceSpans::new(bytes);
            let tenant = resource.resource().attributes().get(attribute);
            let tenant = tenant
                .map(|value| String::from_utf8_lossy(&value.to_text()).into_owned())
                .filter(|tenant| !tenant.is_empty());
            let spans = resource.scope_spans().map(|scope| scope.spans().count());
            let (out, items) = parts.entry(tenant).or_default();
            put_len_field(out, 1, bytes);
            *items += spans.sum::<usize>();
        }
    }
    if parts.len() == 1
        && let Some((tenant, _)) = parts.pop_first()
    {
        // As it came.
        return BTreeMap::from([(tenant, piece)]);
    }
    parts
        .into_iter()
        .map(|(tenant, (bytes, items))| {
            let payload = Payload::counted(Bytes::from(bytes), items);
            (tenant, Piece { payload, items })
        })
        .collect()
}

/// A request in pieces of at most `bytes`, cut between traces if `group` says so. A span that is
/// larger is a piece of its own.
pub(crate) fn by_size(piece: Piece, bytes: usize, group: bool) -> Vec<Piece> {
    if piece.payload.len() <= bytes {
        return vec![piece];
    }
    if !group {
        return cut(piece, bytes);
    }
    by_trace(&piece, bytes)
        .into_iter()
        .flat_map(|piece| cut(piece, bytes))
        .collect()
}

fn cut(piece: Piece, bytes: usize) -> Vec<Piece> {
    // Fails only for wrong framing, which the receiver has looked for.
    match split_bytes(Signal::Traces, piece.payload.clone(), bytes) {
        Ok(pieces) if !pieces.is_empty() => pieces
            .into_iter()
            .map(|piece| Piece {
                payload: piece.payload,
                items: piece.items,
            })
            .collect(),
        _ => vec![piece],
    }
}

/// Whole traces, as many as fit, piece by piece.
fn by_trace(piece: &Piece, bytes: usize) -> Vec<Piece> {
    // In the order in which traces begin.
    let mut bins: HashMap<Vec<u8>, usize> = HashMap::new();
    let (mut order, mut sizes) = (Vec::new(), HashMap::<Vec<u8>, usize>::new());
    for segment in piece.payload.segments() {
        for resource in TracesData::new(segment).resource_spans() {
            for scope in resource.scope_spans() {
                for span in scope.spans().encodings() {
                    let trace = Span::new(span).trace_id().to_vec();
                    let size = sizes.entry(trace.clone()).or_insert_with(|| {
                        order.push(trace);
                        0
                    });
                    *size += span.len() + 8;
                }
            }
        }
    }
    // What resources and scopes need is not known before: a part of the room is theirs.
    let spans: usize = sizes.values().sum();
    let headers = piece.payload.len().saturating_sub(spans);
    let room = bytes.saturating_sub(headers.min(bytes / 4)).max(1);
    let (mut bin, mut used) = (0, 0);
    for trace in order {
        let size = sizes.get(&trace).copied().unwrap_or_default();
        if used > 0 && used + size > room {
            bin += 1;
            used = 0;
        }
        used += size;
        bins.insert(trace, bin);
    }
    (0..=bin)
        .filter_map(|wanted| keep(piece, |span| bins.get(span.trace_id()) == Some(&wanted)))
        .collect()
}

struct Keep<F>(F);

impl<F: Fn(&Span<'_>) -> bool> Rewrite for Keep<F> {
    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        let message = span.message();
        if (self.0)(&Span::new(&message)) {
            Verdict::Keep
        } else {
            Verdict::Drop
        }
    }
}

/// The spans for which `wanted` says so; `None` if there are none.
pub(crate) fn keep(piece: &Piece, wanted: impl Fn(&Span<'_>) -> bool) -> Option<Piece> {
    // As above: what cannot be read is sent as it is, and refused.
    match rewrite(Signal::Traces, &piece.payload, &mut Keep(wanted)) {
        Ok(Some(rewritten)) => {
            let items = piece.items.saturating_add_signed(rewritten.items);
            (items > 0).then_some(Piece {
                payload: rewritten.payload,
                items,
            })
        }
        _ => Some(piece.clone()),
    }
}

/// Whether Tempo takes the ids of a span.
pub(crate) fn has_ids(span: &Span<'_>) -> bool {
    let (trace, own) = (span.trace_id(), span.span_id());
    let is_set = |id: &[u8]| id.iter().any(|byte| *byte != 0);
    trace.len() == 16 && is_set(trace) && own.len() == 8 && is_set(own)
}
