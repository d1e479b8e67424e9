//! What happens to a batch.

use headwater_attributes::{Actions, Bound};
use headwater_core::pdata::edit::{ResourceEditor, Rewrite, Verdict, edit};
use headwater_core::{Batch, Component, ConsumeError, Processor};

/// Changes attributes of resources.
#[derive(Debug)]
pub(crate) struct ResourceProcessor {
    actions: Actions,
}

impl ResourceProcessor {
    pub(crate) const fn new(actions: Actions) -> Self {
        Self { actions }
    }
}

impl Component for ResourceProcessor {}

impl Processor for ResourceProcessor {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        let context = batch.context().clone();
        let actions = self.actions.bind(&context);
        edit(batch, &mut Resources { actions }).map_err(|error| {
            ConsumeError::permanent("cannot change resource attributes").with_source(error)
        })
    }
}

struct Resources<'a> {
    actions: Bound<'a>,
}

impl Rewrite for Resources<'_> {
    fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
        self.actions.apply(&mut resource.attributes());
        Verdict::Keep
    }
}
