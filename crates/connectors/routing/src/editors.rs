//! What the deprecated editors do to what a row has taken.

use headwater_core::Batch;
use headwater_core::pdata::edit::{
    AttributeEditor, LogEditor, MetricEditor, PointEditor, ResourceEditor, Rewrite, SpanEditor,
    Verdict, edit,
};
use headwater_core::pdata::wire::WireError;
use headwater_ottl::{Editor, Target};

/// Changes a batch as the editor says.
///
/// # Errors
/// [`WireError`] if what has to be read is no message.
pub(crate) fn apply(editor: &Editor, batch: Batch) -> Result<Batch, WireError> {
    let target = match editor {
        Editor::Route => return Ok(batch),
        Editor::DeleteKey(target, _) | Editor::DeleteMatchingKeys(target, _) => *target,
    };
    let unchanged = batch.clone();
    let edited = edit(batch, &mut Deletion { editor, target })?;
    Ok(edited.unwrap_or(unchanged))
}

struct Deletion<'a> {
    editor: &'a Editor,
    target: Target,
}

impl Deletion<'_> {
    fn delete(&self, mut attributes: AttributeEditor<'_>) -> Verdict {
        match self.editor {
            Editor::Route => {}
            Editor::DeleteKey(_, key) => {
                attributes.remove(key);
            }
            Editor::DeleteMatchingKeys(_, regex) => {
                attributes.retain(|key, _| !regex.is_match(key.as_bytes()));
            }
        }
        Verdict::Keep
    }
}

impl Rewrite for Deletion<'_> {
    fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
        if self.target == Target::Resource {
            return self.delete(resource.attributes());
        }
        Verdict::Enter
    }

    fn metric(&mut self, _: &mut MetricEditor<'_>) -> Verdict {
        Verdict::Enter
    }

    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        self.delete(span.attributes())
    }

    fn log(&mut self, log: &mut LogEditor<'_>) -> Verdict {
        self.delete(log.attributes())
    }

    fn point(&mut self, point: &mut PointEditor<'_>) -> Verdict {
        self.delete(point.attributes())
    }
}
