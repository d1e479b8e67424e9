//! Streaming rewrite: edits on the bytes, without decoding what nobody edits.
//!
//! A [`Rewrite`] is shown each resource, scope, metric and record of a request through an editor
//! and says how to go on: look inside, leave the rest as it is, or drop it. What it changes is
//! written into one new buffer together with the runs of bytes between the changes; on the way
//! the lengths of the messages around a change are corrected. Nothing is allocated per record,
//! and where nothing was changed the request comes back as the buffer that it was.

mod attributes;
mod encode;
mod entry;
mod message;
mod number;
mod output;
mod record;
mod resource;
mod splice;
mod walk;

pub use attributes::{AttributeEditor, Put};
pub use encode::{EncodeValue, EncodedValue, put_nested};
pub use record::{LogEditor, MetricEditor, PointEditor, SpanEditor};
pub use resource::{ResourceEditor, ScopeEditor};
pub use walk::{Rewritten, edit, rewrite};

/// How to go on after an editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on to what is inside; the same as `Keep` for what has nothing inside.
    Enter,
    /// Keep everything inside as it is.
    Keep,
    /// Remove it with everything inside.
    Drop,
}

/// What a component does to telemetry. Made for one batch, so it may keep what it has found out
/// about the resource while it sees the records.
///
/// A resource, scope or metric is shown before what is inside it. One whose records were all
/// dropped is dropped, too; one that never had any stays.
pub trait Rewrite {
    /// Edits a resource.
    fn resource(&mut self, resource: &mut ResourceEditor<'_>) -> Verdict {
        let _ = resource;
        Verdict::Enter
    }

    /// Whether [`Rewrite::scope`] wants to be called. Finding the scope takes a look at every
    /// record's length, so those who do not need it say no.
    fn wants_scopes(&self) -> bool {
        false
    }

    /// Edits an instrumentation scope.
    fn scope(&mut self, scope: &mut ScopeEditor<'_>) -> Verdict {
        let _ = scope;
        Verdict::Enter
    }

    /// Edits a metric; inside are its data points.
    fn metric(&mut self, metric: &mut MetricEditor<'_>) -> Verdict {
        let _ = metric;
        Verdict::Enter
    }

    /// Edits a span.
    fn span(&mut self, span: &mut SpanEditor<'_>) -> Verdict {
        let _ = span;
        Verdict::Keep
    }

    /// Edits a log record.
    fn log(&mut self, log: &mut LogEditor<'_>) -> Verdict {
        let _ = log;
        Verdict::Keep
    }

    /// Edits a data point of any kind.
    fn point(&mut self, point: &mut PointEditor<'_>) -> Verdict {
        let _ = point;
        Verdict::Keep
    }
}
