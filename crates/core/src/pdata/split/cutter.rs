//! Deals the content of segments out to parts.

use std::ops::Range;

use smallvec::SmallVec;

use super::fragment::{Fragment, Open};
use super::{Piece, slice};
use crate::Signal;
use crate::pdata::count::{
    POINTS, RECORDS, RESOURCES, SCOPES, count_in_metric, count_in_resource, count_in_scope,
    is_metric_data,
};
use crate::pdata::payload::{Payload, Segment};
use crate::pdata::schema::LEGACY_SCOPES;
use crate::pdata::wire::{Field, WireError, WireType, read_field};

/// What a part is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Items,
    Bytes,
}

/// How deep a message stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Request,
    Resource,
    Scope,
    Metric,
    /// `Gauge`, `Sum` and so on.
    MetricData,
    /// A span, log record or data point: never cut.
    Item,
}

impl Level {
    /// The level of the child messages that `field` of a message at this level holds.
    fn child(self, signal: Signal, field: &Field) -> Option<Self> {
        if field.wire_type != WireType::Len {
            return None;
        }
        match (self, field.number) {
            (Self::Request, RESOURCES) => Some(Self::Resource),
            (Self::Resource, SCOPES | LEGACY_SCOPES) => Some(Self::Scope),
            (Self::Scope, RECORDS) if signal == Signal::Metrics => Some(Self::Metric),
            (Self::Scope, RECORDS) | (Self::MetricData, POINTS) => Some(Self::Item),
            (Self::Metric, number) if is_metric_data(number) => Some(Self::MetricData),
            _ => None,
        }
    }

    fn items(self, signal: Signal, message: &[u8]) -> Result<usize, WireError> {
        match self {
            Self::Resource => count_in_resource(signal, message),
            Self::Scope => count_in_scope(signal, message),
            Self::Metric => count_in_metric(message),
            Self::Request | Self::MetricData | Self::Item => Ok(1),
        }
    }
}

/// One child message on its way into a part.
#[derive(Debug, Clone)]
struct Child {
    level: Level,
    number: u32,
    /// With tag and length.
    raw: Range<usize>,
    /// Without. Several for the data of a metric that comes in several fields.
    bodies: SmallVec<[Range<usize>; 1]>,
    items: usize,
}

#[derive(Debug)]
pub(super) struct Cutter {
    signal: Signal,
    limit: Limit,
    /// What a part should not exceed; raised once the budget is spent.
    max: usize,
    /// What a part must exceed to be called oversized.
    oversized: usize,
    /// What the current part can still take, in the unit of `limit`.
    room: usize,
    /// Only the first part has a limit; what follows is one part, in segments of up to `max`.
    first_only: bool,
    /// Repeated header bytes that may still be added.
    budget: usize,
    pieces: Vec<Piece>,
    current: Payload,
    current_items: usize,
    /// Whole top-level fields of the segment that go to the current part as one slice.
    run: Range<usize>,
    run_items: usize,
    /// The messages that lie across the boundary, outermost first.
    open: SmallVec<[Open; 4]>,
    open_items: usize,
}

impl Cutter {
    pub(super) fn new(signal: Signal, limit: Limit, max: usize, budget: usize) -> Self {
        Self {
            signal,
            limit,
            max,
            oversized: max,
            room: max,
            first_only: false,
            budget,
            pieces: Vec::new(),
            current: Payload::new(),
            current_items: 0,
            run: 0..0,
            run_items: 0,
            open: SmallVec::new(),
            open_items: 0,
        }
    }

    /// A cutter whose first part takes `first` items and whose second takes all others, in
    /// segments that suit later takes of `step` items.
    pub(super) fn taking(signal: Signal, first: usize, step: usize, budget: usize) -> Self {
        let grain = step.saturating_mul(8).max(1);
        Self {
            room: first,
            first_only: true,
            ..Self::new(signal, Limit::Items, grain, budget)
        }
    }

    /// Deals out one segment that holds `items` items.
    pub(super) fn segment(&mut self, segment: &Segment, items: usize) -> Result<(), WireError> {
        let whole = 0..segment.bytes.len();
        if self.cost(&whole, items) <= self.room {
            self.push(segment, whole, items);
        } else {
            self.children(segment, Level::Request, &[whole])?;
        }
        self.flush_run(segment);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Vec<Piece> {
        self.end_piece();
        self.pieces
    }

    /// Deals out the children in `bodies`, which together are one message at `level`.
    fn children(
        &mut self,
        segment: &Segment,
        level: Level,
        bodies: &[Range<usize>],
    ) -> Result<(), WireError> {
        let source = segment.bytes.as_ref();
        for body in bodies {
            let message = &source[..body.end];
            let mut pos = body.start;
            while let Some(field) = read_field(message, &mut pos)? {
                let (child_level, items) = match level.child(self.signal, &field) {
                    Some(child) => (child, child.items(self.signal, field.bytes(source))?),
                    // No header repeats what is unknown at the top, so it is dealt out, too.
                    None if level == Level::Request => (Level::Item, 0),
                    None => continue,
                };
                let raw = field.start..field.end;
                let mut bodies = SmallVec::new();
                bodies.push(field.value..field.end);
                let child = Child {
                    level: child_level,
                    number: field.number,
                    raw,
                    bodies,
                    items,
                };
                self.place(segment, &child)?;
            }
        }
        Ok(())
    }

    /// Puts one child into the current part, into the next one, or into several.
    fn place(&mut self, segment: &Segment, child: &Child) -> Result<(), WireError> {
        if self.first_only && !self.pieces.is_empty() && self.open.is_empty() {
            self.room = self.max;
        }
        loop {
            if self.cost(&child.raw, child.items) <= self.room {
                self.push(segment, child.raw.clone(), child.items);
                return Ok(());
            }
            if self.has_room_to_cut(child) {
                return self.cut(segment, child);
            }
            if self.is_empty() {
                // One item that does not fit anywhere.
                self.push(segment, child.raw.clone(), child.items);
                return Ok(());
            }
            self.end_part(segment);
        }
    }

    /// Whether it is worth beginning `child` in what room the current part has left.
    fn has_room_to_cut(&self, child: &Child) -> bool {
        if child.items <= 1 || child.level == Level::Item {
            return false;
        }
        match self.limit {
            Limit::Items => self.room > 0,
            // Items vary in size; at the end of a part a smaller message rather waits for the
            // next one than be cut for the sake of a few bytes.
            Limit::Bytes => self.is_empty() || child.raw.len() > self.max - self.max / 8,
        }
    }

    /// Puts the children of `child` into several parts, each of which repeats its other fields.
    fn cut(&mut self, segment: &Segment, child: &Child) -> Result<(), WireError> {
        let source = segment.bytes.as_ref();
        let mut open = Open::new(child.number);
        let mut data: SmallVec<[Range<usize>; 1]> = SmallVec::new();
        let mut data_number = 0;
        for body in &child.bodies {
            let message = &source[..body.end];
            let mut pos = body.start;
            while let Some(field) = read_field(message, &mut pos)? {
                match child.level.child(self.signal, &field) {
                    None => open.push_header(field.start..field.end),
                    Some(Level::MetricData) => {
                        // Of several kinds the last one wins, of one kind all fields merge.
                        if data_number != field.number {
                            data.clear();
                            data_number = field.number;
                        }
                        data.push(field.value..field.end);
                    }
                    Some(_) => {}
                }
            }
        }
        self.open.push(open);
        if child.level == Level::Metric {
            let data = Child {
                level: Level::MetricData,
                number: data_number,
                raw: child.raw.clone(),
                bodies: data,
                items: child.items,
            };
            self.cut(segment, &data)?;
        } else {
            self.children(segment, child.level, &child.bodies)?;
        }
        self.close_innermost(segment);
        Ok(())
    }

    fn is_empty(&self) -> bool {
        let open_has_content = self.open.first().is_some_and(Open::is_started);
        self.current.is_empty() && self.run.is_empty() && !open_has_content
    }

    /// Adds a field of the source to the innermost open message, or to the run of whole fields.
    fn push(&mut self, segment: &Segment, raw: Range<usize>, items: usize) {
        self.room = self.room.saturating_sub(self.cost(&raw, items));
        if self.open.is_empty() {
            if self.run.end != raw.start {
                self.flush_run(segment);
                self.run = raw.start..raw.start;
            }
            self.run.end = raw.end;
            self.run_items += items;
            return;
        }
        self.flush_run(segment);
        let repeated: usize = self.open.iter_mut().map(Open::start).sum();
        if let Some(left) = self.budget.checked_sub(repeated) {
            self.budget = left;
        } else {
            self.room = usize::MAX;
            self.max = usize::MAX;
        }
        if let Some(innermost) = self.open.last_mut() {
            innermost.push_raw(raw);
        }
        self.open_items += items;
    }

    /// What adding this field to the innermost open message takes of the room.
    fn cost(&self, raw: &Range<usize>, items: usize) -> usize {
        match self.limit {
            Limit::Items => items,
            Limit::Bytes => raw.len() + self.open.iter().map(Open::start_cost).sum::<usize>(),
        }
    }

    fn flush_run(&mut self, segment: &Segment) {
        let run = std::mem::take(&mut self.run);
        let items = std::mem::take(&mut self.run_items);
        self.current_items += items;
        self.current
            .push_segment(slice(segment, run.start, run.end, items));
    }

    /// Ends the current part, all open messages included; they go on in the next one.
    fn end_part(&mut self, segment: &Segment) {
        self.flush_run(segment);
        let mut inner: Option<Fragment> = None;
        for open in self.open.iter_mut().rev() {
            if let Some(fragment) = inner {
                open.push_nested(fragment);
            }
            inner = open.close();
        }
        self.push_fragment(segment, inner);
        self.end_piece();
    }

    /// Closes a message that has been dealt out completely.
    fn close_innermost(&mut self, segment: &Segment) {
        let fragment = self.open.pop().and_then(|mut open| open.close());
        match (self.open.last_mut(), fragment) {
            (Some(parent), Some(fragment)) => parent.push_nested(fragment),
            (None, fragment) => self.push_fragment(segment, fragment),
            (Some(_), None) => {}
        }
    }

    fn push_fragment(&mut self, segment: &Segment, fragment: Option<Fragment>) {
        if let Some(fragment) = fragment {
            let items = std::mem::take(&mut self.open_items);
            let bytes = fragment.to_bytes(&segment.bytes);
            self.current_items += items;
            self.current.append(Payload::counted(bytes.into(), items));
        }
    }

    fn end_piece(&mut self) {
        self.room = self.max;
        if self.current.is_empty() {
            return;
        }
        let payload = std::mem::take(&mut self.current);
        let items = std::mem::take(&mut self.current_items);
        let size = if self.limit == Limit::Items {
            items
        } else {
            payload.len()
        };
        self.pieces.push(Piece {
            payload,
            items,
            oversized: size > self.oversized,
        });
    }
}
