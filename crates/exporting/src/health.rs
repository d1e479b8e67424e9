//! The exporter's status, as its backend's answers show it.

use std::sync::atomic::{AtomicBool, Ordering};

use headwater_core::ConsumeError;
use headwater_core::rpc::Code;
use headwater_core::status::{Status, StatusReporter};

/// Reports changes only: a working exporter costs one read of a flag per request.
#[derive(Debug)]
pub struct Health {
    reporter: StatusReporter,
    failing: AtomicBool,
}

impl Health {
    /// Nothing has failed yet.
    #[must_use]
    pub const fn new(reporter: StatusReporter) -> Self {
        Self {
            reporter,
            failing: AtomicBool::new(false),
        }
    }

    /// A request has arrived.
    pub fn succeeded(&self) {
        if self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed) {
            self.reporter.report(Status::Ok);
        }
    }

    /// An attempt has failed; says something about the backend only if it was not the request's fault.
    pub fn failed(&self, error: &ConsumeError) {
        if is_the_backend(error) {
            self.degraded(|| error.chain());
        }
    }

    /// Something is wrong: attempts fail, or data is given up. Until the next success.
    pub fn degraded(&self, why: impl FnOnce() -> String) {
        if !self.failing.swap(true, Ordering::Relaxed) {
            self.reporter.report_error(Status::RecoverableError, why());
        }
    }
}

/// Whether an error says something about the backend, or the way to it, and not only about the
/// request.
fn is_the_backend(error: &ConsumeError) -> bool {
    !error.is_permanent()
        || matches!(
            error.code(),
            Some(
                Code::Unauthenticated
                    | Code::PermissionDenied
                    | Code::Unimplemented
                    | Code::NotFound
            )
        )
}
