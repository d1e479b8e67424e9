//! The walk through a request that shows a [`Rewrite`] what it wants to see.

use std::cell::Cell;

use bytes::Bytes;

use super::message::MessageEdit;
use super::number::{
    LOG_ATTRIBUTES, METRIC_METADATA, RESOURCE_ATTRIBUTES, SCOPE_ATTRIBUTES, SPAN_ATTRIBUTES,
};
use super::output::Output;
use super::record::{LogEditor, MetricEditor, PointEditor, SpanEditor, point_attributes};
use super::resource::{ResourceEditor, ScopeEditor};
use super::{Rewrite, Verdict};
use crate::pdata::count::{
    POINTS, RECORDS, RESOURCES, SCOPES, count_in_metric, count_in_resource, count_in_scope,
    is_metric_data,
};
use crate::pdata::payload::Payload;
use crate::pdata::schema::{LEGACY_SCOPES, Message as Kind};
use crate::pdata::wire::{Field, WireError, WireType, read_field};
use crate::{Batch, Signal};

/// Field of resource and scope entries that holds the resource, or the scope.
const HEADER: u32 = 1;

/// Edits a batch. `None` if everything in it was dropped.
///
/// # Errors
/// [`WireError`] if what had to be read is not a message; the batch is lost, as it would be if
/// the receiver had looked that deep.
pub fn edit(batch: Batch, by: &mut (impl Rewrite + ?Sized)) -> Result<Option<Batch>, WireError> {
    let (signal, items) = (batch.signal(), batch.items());
    match rewrite(signal, batch.payload(), by)? {
        None => Ok(Some(batch)),
        Some(rewritten) if rewritten.payload.is_empty() => Ok(None),
        Some(rewritten) => {
            let items = items.saturating_add_signed(rewritten.items);
            Ok(Some(batch.with_payload(rewritten.payload, items)))
        }
    }
}

/// What became of a payload.
#[derive(Debug)]
pub struct Rewritten {
    /// The edited requests.
    pub payload: Payload,
    /// By how many items there are more than before, or fewer.
    pub items: isize,
}

/// Edits the requests of one signal. `None` if nothing was changed.
///
/// # Errors
/// [`WireError`] if what had to be read is not a message.
pub fn rewrite(
    signal: Signal,
    payload: &Payload,
    by: &mut (impl Rewrite + ?Sized),
) -> Result<Option<Rewritten>, WireError> {
    // Out of its cell, so that a rewrite inside a rewrite finds scratch of its own.
    let mut scratch = SCRATCH.take().unwrap_or_default();
    let result = rewrite_all(signal, payload, by, &mut scratch);
    scratch.trim();
    SCRATCH.set(Some(scratch));
    result
}

fn rewrite_all(
    signal: Signal,
    payload: &Payload,
    by: &mut (impl Rewrite + ?Sized),
    scratch: &mut Scratch,
) -> Result<Option<Rewritten>, WireError> {
    let mut changed = false;
    let mut rewritten = Rewritten {
        payload: Payload::new(),
        items: 0,
    };
    for mut segment in payload.clone().take_segments() {
        let input = segment.bytes.clone();
        if u32::try_from(input.len()).is_err() {
            return Err(WireError::TooLong);
        }
        let output = Output::new(&input);
        let mut walk = Walk {
            signal,
            input: &input,
            output,
            by,
            scratch,
            items: 0,
        };
        walk.request()?;
        let items = walk.items;
        if let Some(edited) = walk.output.finish() {
            changed = true;
            rewritten.items += items;
            segment.items = segment
                .items
                .and_then(|known| u32::try_from((known as usize).checked_add_signed(items)?).ok());
            segment.backing = edited.capacity();
            segment.bytes = edited.into();
        }
        rewritten.payload.push_segment(segment);
    }
    Ok(changed.then_some(rewritten))
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// The edits in hand, one per level.
#[derive(Default)]
struct Scratch {
    resource: MessageEdit,
    scope: MessageEdit,
    metric: MessageEdit,
    record: MessageEdit,
}

impl Scratch {
    fn trim(&mut self) {
        self.resource.trim();
        self.scope.trim();
        self.metric.trim();
        self.record.trim();
    }
}

struct Walk<'a, 'r, R: ?Sized> {
    signal: Signal,
    input: &'a Bytes,
    output: Output<'a>,
    by: &'r mut R,
    scratch: &'r mut Scratch,
    /// By how many items there are more so far, or fewer.
    items: isize,
}

/// How many of the messages inside another one were kept, and how many dropped.
#[derive(Default)]
struct Inside {
    kept: usize,
    dropped: usize,
}

impl Inside {
    fn count(&mut self, kept: bool) {
        if kept {
            self.kept += 1;
        } else {
            self.dropped += 1;
        }
    }
}

impl<R: Rewrite + ?Sized> Walk<'_, '_, R> {
    fn request(&mut self) -> Result<(), WireError> {
        let mut pos = 0;
        while let Some(field) = read_field(self.input, &mut pos)? {
            if field.number == RESOURCES && field.wire_type == WireType::Len {
                self.resource(field)?;
            }
        }
        Ok(())
    }

    fn resource(&mut self, entry: Field) -> Result<(), WireError> {
        let input = self.input;
        let edit = &mut self.scratch.resource;
        edit.reset();
        push_headers(edit, input, entry)?;
        let verdict = self.by.resource(&mut ResourceEditor { edit, input, entry });
        edit.commit(input, RESOURCE_ATTRIBUTES)?;
        if verdict == Verdict::Keep && !edit.is_changed() {
            return Ok(());
        }
        self.output.enter(entry);
        if verdict == Verdict::Drop {
            self.items -= count_in_resource(self.signal, entry.bytes(input))? as isize;
            return self.output.drop_level();
        }
        edit.write_new(entry.value, HEADER, &mut self.output)?;
        if verdict == Verdict::Keep {
            // The scopes, most of the bytes, are one run.
            for index in 0..edit.pieces().len() {
                edit.write_piece(edit.pieces()[index], &mut self.output)?;
            }
            self.output.leave();
            return Ok(());
        }
        let mut inside = Inside::default();
        let mut pos = entry.value;
        while let Some(field) = read_field(&input[..entry.end], &mut pos)? {
            if is_header(&field) {
                self.scratch.resource.write_piece(field, &mut self.output)?;
            } else if is_scope(&field) {
                inside.count(self.scope(field)?);
            }
        }
        self.leave(&inside).map(|_| ())
    }

    /// False if the scope was dropped.
    fn scope(&mut self, entry: Field) -> Result<bool, WireError> {
        let input = self.input;
        let edit = &mut self.scratch.scope;
        edit.reset();
        let mut verdict = Verdict::Enter;
        if self.by.wants_scopes() {
            push_headers(edit, input, entry)?;
            verdict = self.by.scope(&mut ScopeEditor { edit, input, entry });
            edit.commit(input, SCOPE_ATTRIBUTES)?;
            if verdict == Verdict::Keep && !edit.is_changed() {
                return Ok(true);
            }
        }
        self.output.enter(entry);
        if verdict == Verdict::Drop {
            self.items -= count_in_scope(self.signal, entry.bytes(input))? as isize;
            self.output.drop_level()?;
            return Ok(false);
        }
        edit.write_new(entry.value, HEADER, &mut self.output)?;
        if verdict == Verdict::Keep {
            for index in 0..edit.pieces().len() {
                edit.write_piece(edit.pieces()[index], &mut self.output)?;
            }
            self.output.leave();
            return Ok(true);
        }
        let mut inside = Inside::default();
        let mut pos = entry.value;
        while let Some(field) = read_field(&input[..entry.end], &mut pos)? {
            if field.number == RECORDS && field.wire_type == WireType::Len {
                inside.count(match self.signal {
                    Signal::Traces | Signal::Logs => self.record(field)?,
                    Signal::Metrics => self.metric(field)?,
                });
            } else if is_header(&field) {
                self.scratch.scope.write_piece(field, &mut self.output)?;
            }
        }
        self.leave(&inside)
    }

    /// False if the record was dropped.
    #[inline]
    fn record(&mut self, field: Field) -> Result<bool, WireError> {
        let input = self.input;
        let edit = &mut self.scratch.record;
        edit.reset();
        edit.push_piece(field);
        let verdict = if self.signal == Signal::Traces {
            let verdict = self.by.span(&mut SpanEditor { edit, input });
            edit.commit(input, SPAN_ATTRIBUTES)?;
            verdict
        } else {
            let verdict = self.by.log(&mut LogEditor { edit, input });
            edit.commit(input, LOG_ATTRIBUTES)?;
            verdict
        };
        self.write_record(field, verdict)
    }

    #[inline]
    fn write_record(&mut self, field: Field, verdict: Verdict) -> Result<bool, WireError> {
        if verdict == Verdict::Drop {
            self.items -= 1;
            self.output.cut(field.start, field.end)?;
            return Ok(false);
        }
        self.scratch.record.write_piece(field, &mut self.output)?;
        Ok(true)
    }

    /// False if the metric was dropped.
    fn metric(&mut self, field: Field) -> Result<bool, WireError> {
        let input = self.input;
        let edit = &mut self.scratch.metric;
        edit.reset();
        edit.push_piece(field);
        let verdict = self.by.metric(&mut MetricEditor { edit, input });
        edit.commit(input, METRIC_METADATA)?;
        if let Some(metric) = edit.replacement()
            && verdict != Verdict::Drop
        {
            let before = count_in_metric(field.bytes(input))?;
            self.items += count_in_metric(metric)? as isize - before as isize;
            edit.write_piece(field, &mut self.output)?;
            return Ok(true);
        }
        match verdict {
            Verdict::Drop => {
                self.items -= count_in_metric(field.bytes(input))? as isize;
                self.output.cut(field.start, field.end)?;
                return Ok(false);
            }
            Verdict::Keep => {
                edit.write_piece(field, &mut self.output)?;
                return Ok(true);
            }
            Verdict::Enter => {}
        }
        // Of the data fields, which are a oneof, only the last one's kind is alive, from the last
        // field of another kind on.
        let mut alive = 0;
        let mut begin = 0;
        let mut pos = field.value;
        while let Some(data) = read_field(&input[..field.end], &mut pos)? {
            if is_metric_data(data.number) && data.number != alive {
                alive = data.number;
                begin = data.start;
            }
        }
        self.output.enter(field);
        let mut inside = Inside::default();
        pos = field.value;
        while let Some(data) = read_field(&input[..field.end], &mut pos)? {
            if data.number == alive && data.start >= begin && data.wire_type == WireType::Len {
                self.scratch
                    .metric
                    .write_until(data.start, &mut self.output)?;
                self.output.enter(data);
                self.points(data, &mut inside)?;
                self.output.leave();
            }
        }
        self.scratch
            .metric
            .write_until(field.end, &mut self.output)?;
        self.leave(&inside)
    }

    /// Shows the points of one data field of a metric, which has been entered.
    fn points(&mut self, data: Field, inside: &mut Inside) -> Result<(), WireError> {
        let input = self.input;
        let kind = match data.number {
            9 => Kind::HistogramDataPoint,
            10 => Kind::ExponentialHistogramDataPoint,
            11 => Kind::SummaryDataPoint,
            _ => Kind::NumberDataPoint,
        };
        let mut pos = data.value;
        while let Some(field) = read_field(&input[..data.end], &mut pos)? {
            if field.number == POINTS && field.wire_type == WireType::Len {
                let edit = &mut self.scratch.record;
                edit.reset();
                edit.push_piece(field);
                let verdict = self.by.point(&mut PointEditor { edit, input, kind });
                edit.commit(input, point_attributes(kind))?;
                inside.count(self.write_record(field, verdict)?);
            }
        }
        Ok(())
    }

    /// Leaves a message, or drops it if all that was inside was dropped: then false.
    fn leave(&mut self, inside: &Inside) -> Result<bool, WireError> {
        if inside.dropped > 0 && inside.kept == 0 {
            self.output.drop_level()?;
            return Ok(false);
        }
        self.output.leave();
        Ok(true)
    }
}

#[inline]
fn is_header(field: &Field) -> bool {
    field.number == HEADER && field.wire_type == WireType::Len
}

#[inline]
fn is_scope(field: &Field) -> bool {
    matches!(field.number, SCOPES | LEGACY_SCOPES) && field.wire_type == WireType::Len
}

/// Finds the pieces of the resource or scope of an entry.
fn push_headers(edit: &mut MessageEdit, input: &[u8], entry: Field) -> Result<(), WireError> {
    let mut pos = entry.value;
    while let Some(field) = read_field(&input[..entry.end], &mut pos)? {
        if is_header(&field) {
            edit.push_piece(field);
        }
    }
    Ok(())
}
