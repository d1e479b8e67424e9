//! What goes where: the steps of the table on one batch.

use std::ops::Range;

use headwater_core::bytes::Bytes;
use headwater_core::pdata::view;
use headwater_core::pdata::wire::{Field, WireError, WireType, read_field};
use headwater_core::{Batch, Context, Signal};
use headwater_ottl::{Env, EvalError, Level, Point, Record, Resource, Scope};

use crate::config::RouteContext;
use crate::cut::{Leaf, Tree};
use crate::outputs::Output;
use crate::table::{Step, StepTest, Table};

/// Field of a request that holds its resource entries.
const RESOURCES: u32 = 1;

/// What was found out about a batch.
pub(crate) enum Decision {
    /// All of it goes to this slot, and to no other.
    Whole(usize),
    /// What goes to each slot.
    Split(Vec<Output>),
}

/// Why nothing was decided.
pub(crate) enum Failure {
    /// What had to be read is no message.
    Wire(WireError),
    /// A condition had no answer, and that refuses the batch.
    Eval(EvalError),
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

/// Decides for one batch.
pub(crate) struct Decider<'t, 'e> {
    pub(crate) table: &'t Table,
    pub(crate) signal: Signal,
    /// Called with every error; what it returns refuses the batch.
    pub(crate) on_error: &'e dyn Fn(EvalError) -> Option<EvalError>,
}

impl Decider<'_, '_> {
    pub(crate) fn decide(&self, batch: &Batch) -> Result<Decision, Failure> {
        let context = batch.context();
        // What is known before looking at the telemetry.
        let env = Env::of_request(context);
        let mut known = Vec::with_capacity(self.table.steps.len());
        for step in &self.table.steps {
            let row = match (&step.context, &step.test) {
                (RouteContext::Request, _) => Some(self.ask(step, &env)?),
                (_, StepTest::One(condition, row)) => {
                    condition.constant().map(|holds| holds.then_some(*row))
                }
                _ => None,
            };
            known.push(row);
        }
        if let Some(slot) = self.known_slot(&known) {
            return Ok(Decision::Whole(slot));
        }
        let mut outputs = vec![Output::default(); self.table.slots.len()];
        for segment in batch.payload().segments() {
            let mut walk = Walk {
                decider: self,
                context,
                known: &known,
                segment,
                outputs: &mut outputs,
            };
            walk.segment()?;
            for output in &mut outputs {
                output.end_segment(segment);
            }
        }
        let whole = outputs
            .iter()
            .position(|output| output.bytes() == batch.bytes());
        let others = outputs.iter().filter(|output| !output.is_empty()).count();
        Ok(match whole {
            Some(slot) if others == 1 && !self.table.slots[slot].copies => Decision::Whole(slot),
            _ => Decision::Split(outputs),
        })
    }

    /// The row that matches; an error that refuses nothing is no match.
    fn ask(&self, step: &Step, env: &Env<'_>) -> Result<Option<usize>, Failure> {
        match step.matches(env) {
            Ok(row) => Ok(row),
            Err(error) => match (self.on_error)(error) {
                None => Ok(None),
                Some(error) => Err(Failure::Eval(error)),
            },
        }
    }

    /// The slot of everything, if that is known without looking at the telemetry.
    fn known_slot(&self, known: &[Option<Option<usize>>]) -> Option<usize> {
        for row in known {
            match row {
                None => return None,
                Some(None) => {}
                Some(Some(row)) => {
                    let row = &self.table.rows[*row];
                    return (!row.copies).then_some(row.slot);
                }
            }
        }
        Some(self.table.rest())
    }
}

struct Walk<'w, 'd> {
    decider: &'w Decider<'d, 'd>,
    context: &'w Context,
    known: &'w [Option<Option<usize>>],
    segment: &'w Bytes,
    outputs: &'w mut [Output],
}

/// What no row has taken yet of a resource entry.
enum Left {
    All,
    /// Some of the leaves.
    Some(Vec<bool>),
}

impl<'w> Walk<'w, '_> {
    fn segment(&mut self) -> Result<(), Failure> {
        let segment: &'w [u8] = self.segment;
        let mut pos = 0;
        // What is no resource entry goes along with the entry before it; the first ones with the
        // first entry.
        let mut begin = 0;
        let mut pending: Option<Field> = None;
        while let Some(field) = read_field(segment, &mut pos)? {
            if field.number != RESOURCES || field.wire_type != WireType::Len {
                continue;
            }
            if let Some(entry) = pending.replace(field) {
                self.entry(segment, &entry, begin..field.start)?;
                begin = field.start;
            }
        }
        match pending {
            Some(entry) => self.entry(segment, &entry, begin..segment.len()),
            None => Ok(()),
        }
    }

    fn entry(
        &mut self,
        segment: &'w [u8],
        field: &Field,
        range: Range<usize>,
    ) -> Result<(), Failure> {
        let table = self.decider.table;
        let entry = field.bytes(segment);
        let mut env = Env::of_request(self.context);
        if table.level >= Level::Resource {
            env.resource = Resource::of(entry);
        }
        let mut left = Left::All;
        let mut tree: Option<Tree<'w>> = None;
        for (step, known) in table.steps.iter().zip(self.known) {
            let found = match (known, step.context) {
                (Some(row), _) => *row,
                (None, RouteContext::Request | RouteContext::Resource) => {
                    self.decider.ask(step, &env)?
                }
                (None, _) => {
                    if tree.is_none() {
                        let made = Tree::new(self.decider.signal, segment, field, table.points)?;
                        tree = Some(made);
                    }
                    let Some(tree) = &tree else { continue };
                    if self.records(step, &env, tree, &mut left, range.clone())? {
                        return Ok(());
                    }
                    continue;
                }
            };
            if let Some(row) = found {
                let row = &table.rows[row];
                self.take(row.slot, &left, tree.as_ref(), range.clone());
                if !row.copies {
                    return Ok(());
                }
            }
        }
        self.take(table.rest(), &left, tree.as_ref(), range);
        Ok(())
    }

    /// Gives what is left of an entry to a slot.
    fn take(&mut self, slot: usize, left: &Left, tree: Option<&Tree<'_>>, range: Range<usize>) {
        match (left, tree) {
            (Left::Some(chosen), Some(tree)) => {
                self.outputs[slot].put(|out| tree.write(chosen, out));
            }
            _ => self.outputs[slot].take(range),
        }
    }

    /// Asks a step about every record that is left. True if nothing is left afterwards.
    fn records(
        &mut self,
        step: &Step,
        env: &Env<'w>,
        tree: &Tree<'w>,
        left: &mut Left,
        range: Range<usize>,
    ) -> Result<bool, Failure> {
        let table = self.decider.table;
        let segment: &'w [u8] = self.segment;
        let mut env = *env;
        let mut scope = usize::MAX;
        // The row of each leaf that matches.
        let mut rows: Vec<Option<usize>> = vec![None; tree.leaves.len()];
        for (index, leaf) in tree.leaves.iter().enumerate() {
            if matches!(left, Left::Some(chosen) if !chosen[index]) {
                continue;
            }
            if leaf.scope != scope && table.level >= Level::Scope {
                scope = leaf.scope;
                env.scope = Scope::of(&segment[tree.scopes[scope].clone()]);
            }
            let Some(record) = record(step.context, segment, leaf) else {
                continue;
            };
            env.record = record;
            rows[index] = self.decider.ask(step, &env)?;
        }
        let mut wanted: Vec<usize> = rows.iter().flatten().copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        for number in wanted {
            let row = &table.rows[number];
            let chosen: Vec<bool> = rows.iter().map(|row| *row == Some(number)).collect();
            if matches!(left, Left::All) && chosen.iter().all(|chosen| *chosen) {
                self.outputs[row.slot].take(range.clone());
                if !row.copies {
                    return Ok(true);
                }
                continue;
            }
            self.outputs[row.slot].put(|out| tree.write(&chosen, out));
            if row.copies {
                continue;
            }
            let mut remaining = match std::mem::replace(left, Left::All) {
                Left::All => vec![true; chosen.len()],
                Left::Some(remaining) => remaining,
            };
            for (remaining, chosen) in remaining.iter_mut().zip(&chosen) {
                *remaining &= !chosen;
            }
            let empty = !remaining.contains(&true);
            *left = Left::Some(remaining);
            if empty {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What a condition of this context is about.
fn record<'a>(context: RouteContext, segment: &'a [u8], leaf: &Leaf) -> Option<Record<'a>> {
    let message = &segment[leaf.message.clone()];
    Some(match (context, &leaf.point_of) {
        (RouteContext::Span, _) => Record::Span(view::Span::new(message)),
        (RouteContext::Log, _) => Record::Log(view::LogRecord::new(message)),
        (RouteContext::Metric, None) => Record::Metric(view::Metric::new(message)),
        (RouteContext::Metric, Some((metric, _))) => {
            Record::Metric(view::Metric::new(&segment[metric.clone()]))
        }
        (RouteContext::DataPoint, Some((metric, field))) => Record::Point(
            view::Metric::new(&segment[metric.clone()]),
            Point::of(*field, message),
        ),
        _ => return None,
    })
}
