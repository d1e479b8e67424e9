//! From batches to batches: what an inline and a holding processor share.

use headwater_core::pdata::Payload;
use headwater_core::{Batch, Budget, Context, Signal};

use crate::entry::Entry;
use crate::pipeline::{Flush, Pipeline, Run, Tally};
use crate::travel::{Writer, each};

/// What came out of a call.
#[derive(Debug)]
pub(crate) struct Output {
    /// Records by what they came with.
    pub(crate) batches: Vec<(Context, Vec<u8>, usize)>,
    /// Where the other items went.
    pub(crate) tally: Tally,
    /// How long the caller has to wait.
    pub(crate) delay: std::time::Duration,
}

impl Output {
    /// How many records there are.
    pub(crate) fn items(&self) -> usize {
        self.batches.iter().map(|(_, _, items)| items).sum()
    }
}

/// Writers by what the entries came with: entries of one tenant go together.
#[derive(Default)]
struct Writers(Vec<(Context, Writer)>);

impl Writers {
    fn push(&mut self, entry: &Entry<'_>, context: &Context) {
        let same = |other: &Context| other.tenant() == context.tenant();
        match self.0.iter_mut().find(|(known, _)| same(known)) {
            Some((_, writer)) => writer.push(entry),
            None => {
                let mut writer = Writer::default();
                writer.push(entry);
                self.0.push((context.clone(), writer));
            }
        }
    }

    fn finish(self, run: &Run) -> Output {
        let batches = self.0.into_iter().map(|(context, writer)| {
            let (bytes, items) = writer.finish();
            (context, bytes, items)
        });
        Output {
            batches: batches.collect(),
            tally: run.tally,
            delay: run.delay,
        }
    }
}

/// Runs a payload through the stages.
pub(crate) fn process(
    pipeline: &Pipeline,
    payload: &Payload,
    context: &Context,
    budget: &Budget,
) -> Output {
    let mut run = Run::new(context.clone(), budget.clone());
    let mut writers = Writers::default();
    let now = run.clock();
    for segment in payload.segments() {
        let mut entry = Entry::default();
        each(segment, now, &mut entry, |entry| {
            pipeline.run(0, entry, &mut run, &mut |entry, run| {
                writers.push(entry, &run.context);
            });
        });
    }
    writers.finish(&run)
}

/// Gives on what stages hold.
pub(crate) fn flush(pipeline: &Pipeline, what: Flush, budget: &Budget) -> Output {
    let mut run = Run::new(Context::default(), budget.clone());
    let mut writers = Writers::default();
    pipeline.flush(what, &mut run, &mut |entry, run| {
        writers.push(entry, &run.context);
    });
    writers.finish(&run)
}

/// The batch of some records, its bytes charged.
pub(crate) fn batch(context: Context, bytes: Vec<u8>, items: usize, budget: &Budget) -> Batch {
    let ticket = budget.charge(bytes.len());
    let payload = Payload::counted(bytes.into(), items);
    Batch::new(Signal::Logs, payload, items)
        .with_context(context)
        .with_ticket(ticket)
}
