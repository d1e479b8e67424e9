//! What a sender is told that is refused.

use headwater_core::ConsumeError;
use headwater_core::rpc::Code;

use crate::limits::Over;
use crate::metrics::Unassigned;

/// Telemetry that belongs to nobody who is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) why: Unassigned,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(why: Unassigned, message: impl Into<String>) -> Self {
        Self {
            why,
            message: message.into(),
        }
    }

    pub(crate) fn into_error(self) -> ConsumeError {
        let code = match self.why {
            Unassigned::Missing | Unassigned::Invalid => Code::InvalidArgument,
            Unassigned::NotAllowed => Code::PermissionDenied,
        };
        ConsumeError::permanent(self.message).with_code(code)
    }
}

/// A tenant that is over a limit.
pub(crate) fn over(name: &str, over: Over) -> ConsumeError {
    let message = format!(
        "tenant {name:?} is over its limit `{}`: try again in {:.3} s",
        over.limit.key(),
        over.wait.as_secs_f64()
    );
    ConsumeError::refused(message, Some(over.wait))
}
