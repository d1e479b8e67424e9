//! The compiled list of operators and the running of entries through it.

use std::time::{Duration, Instant};

use headwater_regexp::CaptureLocations;

use crate::expr::Expr;
use crate::operator::container::{Container, PodParts};
use crate::operator::recombine::{Pending, Recombine};
use crate::operator::{Failure, Transform};
use crate::{Encoder, Entry, Template};

/// The place behind the last operator.
pub(crate) const END: usize = usize::MAX;

/// Takes the entries that come out of a program.
pub trait Sink {
    /// Takes one entry.
    fn take(&mut self, entry: &Entry<'_>);
}

impl Sink for Encoder {
    fn take(&mut self, entry: &Entry<'_>) {
        self.push(entry);
    }
}

/// What happens to an entry that an operator cannot handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct OnError {
    /// It is dropped instead of sent on as it is.
    pub(crate) drop: bool,
    /// It is not logged.
    pub(crate) quiet: bool,
}

/// One operator and where its entries go.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) id: String,
    pub(crate) condition: Option<Expr>,
    pub(crate) on_error: OnError,
    pub(crate) outputs: Vec<usize>,
    pub(crate) action: Action,
}

/// What an operator does.
#[derive(Debug)]
pub(crate) enum Action {
    Noop,
    Transform(Box<dyn Transform>),
    Filter {
        expr: Expr,
        drop: u16,
    },
    Router {
        routes: Vec<Route>,
        default: Vec<usize>,
    },
    Recombine(Box<Recombine>),
    Container(Box<Container>),
}

/// Where the entries go that an expression fits.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) expr: Expr,
    pub(crate) outputs: Vec<usize>,
    pub(crate) attributes: Vec<(String, Template)>,
}

/// A compiled `operators:` list. Shared by everything that runs it; what an operator has to
/// remember is in a [`State`].
#[derive(Debug, Default)]
pub struct Program {
    pub(crate) steps: Vec<Step>,
    pub(crate) captures: Vec<headwater_regexp::Regex>,
    pub(crate) pending: usize,
}

/// Room that operators use again for each entry.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) captures: Vec<CaptureLocations>,
    pub(crate) pod: PodParts,
    random: u64,
}

impl Scratch {
    /// A number below 1000 for sampling.
    fn random(&mut self) -> u16 {
        // Xorshift: which entries a sample keeps has to be even, not secret.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % 1000) as u16
    }
}

/// What went wrong in an operator since it was last asked for.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The id of the operator.
    pub operator: String,
    /// How many entries it failed on.
    pub count: u64,
    /// What it said last.
    pub message: Failure,
    /// Whether the entries were dropped.
    pub dropped: bool,
    /// Whether nobody wants to read about it.
    pub quiet: bool,
}

/// What one reader's run of a program remembers: entries that wait for the rest of them, and
/// what went wrong.
#[derive(Debug)]
pub struct State {
    pub(crate) scratch: Scratch,
    pending: Vec<Pending>,
    faults: Vec<Option<Fault>>,
    /// Entries removed on purpose.
    pub filtered: u64,
    /// Entries dropped because an operator failed.
    pub dropped: u64,
}

impl Program {
    /// Whether entries leave as they come.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Fresh state.
    #[must_use]
    pub fn state(&self) -> State {
        let captures = self.captures.iter().map(|regex| regex.capture_locations());
        State {
            scratch: Scratch {
                captures: captures.collect(),
                pod: PodParts::default(),
                random: 0x9e37_79b9_7f4a_7c15,
            },
            pending: (0..self.pending).map(|_| Pending::default()).collect(),
            faults: (0..self.steps.len()).map(|_| None).collect(),
            filtered: 0,
            dropped: 0,
        }
    }

    /// Runs an entry through the operators. What comes out goes to `sink`, now or, where an
    /// operator waits for more, with a later entry or [`Program::flush_due`].
    pub fn run<'a>(&'a self, entry: &mut Entry<'a>, state: &mut State, sink: &mut dyn Sink) {
        let first = if self.steps.is_empty() { END } else { 0 };
        self.run_from(first, entry, state, sink);
    }

    fn run_from<'a>(
        &'a self,
        mut at: usize,
        entry: &mut Entry<'a>,
        state: &mut State,
        sink: &mut dyn Sink,
    ) {
        while at != END {
            let step = &self.steps[at];
            let Some(outputs) = self.apply(at, step, entry, state, sink) else {
                return;
            };
            match outputs {
                [one] => at = *one,
                [] => {
                    state.filtered += 1;
                    return;
                }
                [others @ .., last] => {
                    for output in others {
                        self.run_from(*output, &mut entry.clone(), state, sink);
                    }
                    at = *last;
                }
            }
        }
        sink.take(entry);
    }

    /// Does one step; where the entry goes next, if it goes on.
    fn apply<'a>(
        &'a self,
        at: usize,
        step: &'a Step,
        entry: &mut Entry<'a>,
        state: &mut State,
        sink: &mut dyn Sink,
    ) -> Option<&'a [usize]> {
        if let Some(condition) = &step.condition {
            match condition.is_true(entry) {
                Ok(true) => {}
                Ok(false) => return Some(&step.outputs),
                Err(failure) => return state.failed(at, step, failure),
            }
        }
        let result = match &step.action {
            Action::Noop => Ok(()),
            Action::Transform(transform) => transform.apply(entry, &mut state.scratch),
            Action::Filter { expr, drop } => match expr.is_true(entry) {
                Ok(matched) if !matched => Ok(()),
                Ok(_) if *drop < 1000 && state.scratch.random() >= *drop => Ok(()),
                // As upstream: an expression that fails drops the entry.
                Ok(_) | Err(_) => {
                    state.filtered += 1;
                    return None;
                }
            },
            Action::Router { routes, default } => return route(routes, default, entry),
            Action::Recombine(recombine) => {
                return self.recombine(at, step, recombine, entry, state, sink);
            }
            Action::Container(container) => match container.parse(entry, &mut state.scratch) {
                Ok(false) => Ok(()),
                Ok(true) => {
                    return self.recombine(at, step, &container.recombine, entry, state, sink);
                }
                Err(failure) => Err(failure),
            },
        };
        match result {
            Ok(()) => Some(&step.outputs),
            Err(failure) => state.failed(at, step, failure),
        }
    }

    fn recombine<'a>(
        &'a self,
        at: usize,
        step: &'a Step,
        recombine: &'a Recombine,
        entry: &mut Entry<'a>,
        state: &mut State,
        sink: &mut dyn Sink,
    ) -> Option<&'a [usize]> {
        let pending = &mut state.pending[recombine.slot];
        match recombine.take(entry, pending) {
            Ok(outcome) => {
                for mut done in outcome.before {
                    self.forward(step, &mut done, state, sink);
                }
                outcome.pass.then_some(&step.outputs)
            }
            Err(failure) => state.failed(at, step, failure),
        }
    }

    /// Sends an entry on from behind a step.
    fn forward<'a>(
        &'a self,
        step: &'a Step,
        entry: &mut Entry<'a>,
        state: &mut State,
        sink: &mut dyn Sink,
    ) {
        if step.outputs.is_empty() {
            state.filtered += 1;
        }
        for output in &step.outputs {
            self.run_from(*output, &mut entry.clone(), state, sink);
        }
    }

    /// Sends on the entries that have waited long enough for the rest of them.
    pub fn flush_due(&self, now: Instant, state: &mut State, sink: &mut dyn Sink) {
        self.flush(Some(now), state, sink);
    }

    /// Sends on everything that waits.
    pub fn flush_all(&self, state: &mut State, sink: &mut dyn Sink) {
        self.flush(None, state, sink);
    }

    fn flush(&self, due: Option<Instant>, state: &mut State, sink: &mut dyn Sink) {
        for step in &self.steps {
            let recombine = match &step.action {
                Action::Recombine(recombine) => recombine,
                Action::Container(container) => &container.recombine,
                _ => continue,
            };
            let done = recombine.flush(&mut state.pending[recombine.slot], due);
            for mut entry in done {
                self.forward(step, &mut entry, state, sink);
            }
        }
    }
}

fn route<'a>(
    routes: &'a [Route],
    default: &'a [usize],
    entry: &mut Entry<'a>,
) -> Option<&'a [usize]> {
    for route in routes {
        // As upstream: a route whose expression fails is passed over.
        if route.expr.is_true(entry) != Ok(true) {
            continue;
        }
        for (key, value) in &route.attributes {
            match value.constant() {
                Some(text) => entry.attributes.insert(key.as_str(), text),
                None => {
                    if let Ok(text) = value.render(entry) {
                        entry.attributes.insert(key.as_str(), text);
                    }
                }
            }
        }
        return Some(&route.outputs);
    }
    Some(default)
}

impl State {
    fn failed<'a>(&mut self, at: usize, step: &'a Step, failure: Failure) -> Option<&'a [usize]> {
        let fault = self.faults[at].get_or_insert_with(|| Fault {
            operator: step.id.clone(),
            count: 0,
            message: Failure::new(""),
            dropped: step.on_error.drop,
            quiet: step.on_error.quiet,
        });
        fault.count += 1;
        fault.message = failure;
        if step.on_error.drop {
            self.dropped += 1;
            return None;
        }
        Some(&step.outputs)
    }

    /// What went wrong since this was last asked, one fault for each operator.
    pub fn take_faults(&mut self) -> impl Iterator<Item = Fault> {
        self.faults.iter_mut().filter_map(Option::take)
    }

    /// The smallest offset of an entry of `source` that waits here. What lies behind it has to be
    /// read again after a restart.
    #[must_use]
    pub fn oldest(&self, source: u32) -> Option<u64> {
        let waiting = self
            .pending
            .iter()
            .filter_map(|pending| pending.oldest(source));
        waiting.min()
    }

    /// How many entries wait for the rest of them.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pending.iter().map(Pending::entries).sum()
    }

    /// The bytes of the entries that wait.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.pending.iter().map(Pending::bytes).sum()
    }

    /// When [`Program::flush_due`] will have something to do.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.pending.iter().filter_map(Pending::due).min()
    }
}

/// The longest that anything may wait for the rest of it.
pub(crate) const LONGEST: Duration = Duration::from_secs(365 * 86_400);
