//! What happens to a batch.

use headwater_attributes::{Actions, Bound, Selected, Selection};
use headwater_core::pdata::edit::{
    LogEditor, MetricEditor, PointEditor, ResourceEditor, Rewrite, ScopeEditor, SpanEditor,
    Verdict, edit,
};
use headwater_core::{Batch, Component, ConsumeError, Processor};

/// Changes attributes of records.
#[derive(Debug)]
pub(crate) struct AttributesProcessor {
    actions: Actions,
    selection: Selection,
}

impl AttributesProcessor {
    pub(crate) const fn new(actions: Actions, selection: Selection) -> Self {
        Self { actions, selection }
    }
}

impl Component for AttributesProcessor {}

impl Processor for AttributesProcessor {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        let context = batch.context().clone();
        let mut records = Records {
            actions: self.actions.bind(&context),
            selected: self.selection.start(),
        };
        edit(batch, &mut records)
            .map_err(|error| ConsumeError::permanent("cannot change attributes").with_source(error))
    }
}

struct Records<'a> {
    actions: Bound<'a>,
    selected: Selected<'a>,
}

const fn enter_if(selected: bool) -> Verdict {
    if selected {
        Verdict::Enter
    } else {
        Verdict::Keep
    }
}

impl Rewrite for Records<'_> {
    fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
        enter_if(self.selected.resource(resource))
    }

    fn wants_scopes(&self) -> bool {
        self.selected.wants_scopes()
    }

    fn scope(&mut self, scope: &mut ScopeEditor<'_>) -> Verdict {
        enter_if(self.selected.scope(scope))
    }

    fn metric(&mut self, metric: &mut MetricEditor<'_>) -> Verdict {
        enter_if(self.selected.metric(metric))
    }

    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        if self.selected.span(span) {
            self.actions.apply(&mut span.attributes());
        }
        Verdict::Keep
    }

    fn log(&mut self, log: &mut LogEditor<'_>) -> Verdict {
        if self.selected.log(log) {
            self.actions.apply(&mut log.attributes());
        }
        Verdict::Keep
    }

    fn point(&mut self, point: &mut PointEditor<'_>) -> Verdict {
        self.actions.apply(&mut point.attributes());
        Verdict::Keep
    }
}
