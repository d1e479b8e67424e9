//! The rows, compiled: those that compare the same place with texts become one lookup.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use headwater_core::{ComponentError, ConnectorOutputs, Consumer, PipelineId, Signal};
use headwater_ottl::{Condition, Editor, Env, Equality, EvalError, Level};

use crate::config::{Action, RouteContext, RoutingConfig};

/// What is tried, in order, and where what matches goes.
pub(crate) struct Table {
    pub(crate) steps: Vec<Step>,
    pub(crate) rows: Vec<Row>,
    /// Where telemetry can go; the last one is that of what no row takes.
    pub(crate) slots: Vec<Slot>,
    /// Whether the data points of metrics are asked one by one.
    pub(crate) points: bool,
    /// How deep the conditions look.
    pub(crate) level: Level,
}

/// Rows of one context that are decided together.
pub(crate) struct Step {
    pub(crate) context: RouteContext,
    pub(crate) test: StepTest,
}

pub(crate) enum StepTest {
    /// One row.
    One(Condition, usize),
    /// Several that compare the same place with texts, and move what matches.
    Lookup(Equality, HashMap<Box<[u8]>, usize>),
}

pub(crate) struct Row {
    pub(crate) slot: usize,
    pub(crate) copies: bool,
}

/// A destination.
pub(crate) struct Slot {
    /// None for what no row takes, without default pipelines.
    pub(crate) to: Vec<Arc<dyn Consumer>>,
    pub(crate) editor: Editor,
    /// Whether what goes here also goes elsewhere.
    pub(crate) copies: bool,
}

impl Step {
    /// The row that matches.
    pub(crate) fn matches(&self, env: &Env<'_>) -> Result<Option<usize>, EvalError> {
        match &self.test {
            StepTest::One(condition, row) => Ok(condition.eval(env)?.then_some(*row)),
            StepTest::Lookup(place, rows) => place.find(env, |text| rows.get(text).copied()),
        }
    }
}

impl Table {
    /// # Errors
    /// A pipeline that is not one of the connector's outputs.
    pub(crate) fn new(
        config: &RoutingConfig,
        signal: Signal,
        outputs: &ConnectorOutputs,
    ) -> Result<Self, ComponentError> {
        let mut builder = Builder {
            outputs,
            slots: Vec::new(),
            shared: BTreeMap::new(),
        };
        let mut table = Self {
            steps: Vec::new(),
            rows: Vec::new(),
            slots: Vec::new(),
            points: false,
            level: Level::Request,
        };
        for (index, route) in config.table.iter().enumerate() {
            let to = builder.pipelines(&route.pipelines, &format!("table[{index}]"))?;
            let again = config.table[..index]
                .iter()
                .any(|before| before.same_as(route));
            if again || !exists(route.context, signal) {
                continue;
            }
            let statement = route.compile().map_err(|errors| {
                let message = errors.first().map(ToString::to_string).unwrap_or_default();
                ComponentError::new(format!("invalid condition of table[{index}]: {message}"))
            })?;
            let copies = route.action == Action::Copy;
            let slot = builder.slot(&route.pipelines, to, statement.editor, copies);
            table.points |= route.context == RouteContext::DataPoint;
            table.level = table.level.max(statement.condition.level());
            table.push(route.context, statement.condition, Row { slot, copies });
        }
        let rest = builder.pipelines(&config.default_pipelines, "default_pipelines")?;
        table.slots = builder.slots;
        table.slots.push(Slot {
            to: rest,
            editor: Editor::Route,
            copies: false,
        });
        Ok(table)
    }

    /// Appends a row, to the step before it if both are one lookup.
    fn push(&mut self, context: RouteContext, condition: Condition, row: Row) {
        let index = self.rows.len();
        let moves = !row.copies;
        self.rows.push(row);
        let equality = condition.equality().filter(|_| moves);
        if let (Some(equality), Some(last)) = (&equality, self.steps.last_mut())
            && last.context == context
            && let StepTest::Lookup(place, rows) = &mut last.test
            && place.same_place(equality)
        {
            rows.entry(equality.text().into()).or_insert(index);
            return;
        }
        let test = match equality {
            Some(equality) => {
                let rows = HashMap::from([(equality.text().into(), index)]);
                StepTest::Lookup(equality, rows)
            }
            None => StepTest::One(condition, index),
        };
        self.steps.push(Step { context, test });
    }

    /// The slot of what no row takes.
    pub(crate) fn rest(&self) -> usize {
        self.slots.len() - 1
    }
}

/// Whether telemetry of the signal has what the context is about; the row never matches if not.
const fn exists(context: RouteContext, signal: Signal) -> bool {
    match context {
        RouteContext::Request | RouteContext::Resource => true,
        RouteContext::Span => matches!(signal, Signal::Traces),
        RouteContext::Metric | RouteContext::DataPoint => matches!(signal, Signal::Metrics),
        RouteContext::Log => matches!(signal, Signal::Logs),
    }
}

struct Builder<'a> {
    outputs: &'a ConnectorOutputs,
    slots: Vec<Slot>,
    /// The slots that several rows share: by pipelines, and whether they copy.
    shared: BTreeMap<(Vec<PipelineId>, bool), usize>,
}

impl Builder<'_> {
    fn pipelines(
        &self,
        ids: &[PipelineId],
        place: &str,
    ) -> Result<Vec<Arc<dyn Consumer>>, ComponentError> {
        let known = &self.outputs.pipelines;
        let mut consumers = Vec::with_capacity(ids.len());
        for (index, id) in ids.iter().enumerate() {
            if ids[..index].contains(id) {
                continue;
            }
            let Some(consumer) = known.get(id) else {
                let ids: Vec<_> = known.keys().map(ToString::to_string).collect();
                return Err(ComponentError::new(format!(
                    "pipeline not found: {place} names {id}, which does not have this connector \
                     as a receiver; those that have: {}",
                    ids.join(", ")
                )));
            };
            consumers.push(Arc::clone(consumer));
        }
        Ok(consumers)
    }

    fn slot(
        &mut self,
        ids: &[PipelineId],
        to: Vec<Arc<dyn Consumer>>,
        editor: Editor,
        copies: bool,
    ) -> usize {
        let shared = matches!(editor, Editor::Route);
        let mut key: Vec<_> = ids.to_vec();
        key.sort();
        if shared && let Some(slot) = self.shared.get(&(key.clone(), copies)) {
            return *slot;
        }
        let slot = self.slots.len();
        self.slots.push(Slot { to, editor, copies });
        if shared {
            self.shared.insert((key, copies), slot);
        }
        slot
    }
}
