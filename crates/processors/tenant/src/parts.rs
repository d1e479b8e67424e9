//! A request taken apart by the tenants of its resources.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use headwater_core::pdata::wire::{WireError, read_field};
use headwater_core::pdata::{Payload, count_items};
use headwater_core::{Batch, Context, Signal};
use smallvec::SmallVec;

use crate::refusal::Refusal;
use crate::sources::Sources;

/// The field of a request that holds its resources.
const RESOURCES: u32 = 1;

/// What one tenant has of a request.
pub(crate) struct Part {
    pub(crate) name: Option<Arc<str>>,
    payload: Payload,
    items: usize,
}

/// Why a request cannot be taken apart.
pub(crate) enum PartsError {
    Refused(Refusal),
    Malformed(WireError),
}

impl From<WireError> for PartsError {
    fn from(error: WireError) -> Self {
        Self::Malformed(error)
    }
}

/// The parts of a batch, each the slices of the buffers in which it came. A single one is the
/// batch itself.
pub(crate) fn parts(sources: &Sources, batch: &Batch) -> Result<SmallVec<[Part; 1]>, PartsError> {
    let mut parts: SmallVec<[Part; 1]> = SmallVec::new();
    let mut known = HashMap::new();
    for segment in batch.payload().segments() {
        let mut split = Split {
            sources,
            context: batch.context(),
            signal: batch.signal(),
            segment,
            run: None,
            parts: &mut parts,
            known: &mut known,
        };
        split.walk()?;
    }
    Ok(parts)
}

struct Split<'a> {
    sources: &'a Sources,
    context: &'a Context,
    signal: Signal,
    segment: &'a Bytes,
    /// The part to which the bytes from here on belong.
    run: Option<(usize, usize)>,
    parts: &'a mut SmallVec<[Part; 1]>,
    /// Which part is whose, as soon as there are two.
    known: &'a mut HashMap<Option<Arc<str>>, usize>,
}

impl Split<'_> {
    fn walk(&mut self) -> Result<(), PartsError> {
        let mut at = 0;
        while let Some(field) = read_field(self.segment, &mut at)? {
            if field.number != RESOURCES {
                // Goes with what stands before it.
                continue;
            }
            let entry = field.bytes(self.segment);
            let name = self
                .sources
                .of_resource(self.context, entry)
                .map_err(PartsError::Refused)?;
            let part = self.part(name);
            match self.run {
                Some((current, _)) if current == part => {}
                _ => {
                    self.cut(field.start)?;
                    self.run = Some((part, field.start));
                }
            }
        }
        self.cut(self.segment.len())
    }

    fn part(&mut self, name: Option<Arc<str>>) -> usize {
        if let Some((current, _)) = self.run
            && self.parts[current].name == name
        {
            return current;
        }
        if let Some(part) = self.known.get(&name) {
            return *part;
        }
        let part = self.parts.len();
        self.known.insert(name.clone(), part);
        self.parts.push(Part {
            name,
            payload: Payload::new(),
            items: 0,
        });
        part
    }

    /// Gives the bytes up to `end` to the part that they belong to.
    fn cut(&mut self, end: usize) -> Result<(), PartsError> {
        let Some((part, start)) = self.run.take() else {
            return Ok(());
        };
        let bytes = self.segment.slice(start..end);
        let items = count_items(self.signal, &bytes)?;
        let part = &mut self.parts[part];
        part.items += items;
        part.payload
            .append(Payload::counted(bytes, items).with_backing(self.segment.len()));
        Ok(())
    }
}

impl Part {
    /// The part as a batch with the context and the ticket of the whole.
    pub(crate) fn into_batch(self, whole: &Batch) -> (Batch, Option<Arc<str>>) {
        let mut payload = self.payload;
        // What the others have goes its own way: a small part must not keep it in memory.
        payload.compact();
        let batch = Batch::new(whole.signal(), payload, self.items)
            .with_context(whole.context().clone())
            .with_ticket(whole.ticket().clone());
        (batch, self.name)
    }
}
