//! Component status: the state machine that health endpoints read.
//!
//! Source: Go `componentstatus`; docs/component-status.md.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::{ComponentId, ComponentKind};

/// The state of one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Built, not started.
    None,
    /// `start` is running.
    Starting,
    /// Working.
    Ok,
    /// Failing in a way that may pass.
    RecoverableError,
    /// Failing until somebody changes something.
    PermanentError,
    /// The process cannot go on.
    FatalError,
    /// `shutdown` is running.
    Stopping,
    /// `shutdown` is done.
    Stopped,
}

impl Status {
    /// Upstream's name: `StatusOK`, `StatusRecoverableError`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "StatusNone",
            Self::Starting => "StatusStarting",
            Self::Ok => "StatusOK",
            Self::RecoverableError => "StatusRecoverableError",
            Self::PermanentError => "StatusPermanentError",
            Self::FatalError => "StatusFatalError",
            Self::Stopping => "StatusStopping",
            Self::Stopped => "StatusStopped",
        }
    }

    /// Whether a component in this state may report `next`.
    #[must_use]
    pub const fn allows(self, next: Self) -> bool {
        match self {
            Self::None => matches!(next, Self::Starting),
            Self::Starting | Self::Ok | Self::RecoverableError => {
                matches!(
                    next,
                    Self::Ok
                        | Self::RecoverableError
                        | Self::PermanentError
                        | Self::FatalError
                        | Self::Stopping
                )
            }
            Self::PermanentError => matches!(next, Self::Stopping),
            Self::Stopping => matches!(
                next,
                Self::RecoverableError | Self::PermanentError | Self::FatalError | Self::Stopped
            ),
            Self::FatalError | Self::Stopped => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which component instance a status belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instance {
    /// The component's kind.
    pub kind: ComponentKind,
    /// Its id as written.
    pub id: ComponentId,
    /// Where several instances share an id: the pipeline of a processor, the signal of an
    /// exporter, `traces_to_metrics` of a connector; else empty.
    pub part: String,
}

/// The last status of one instance.
#[derive(Debug, Clone)]
pub struct StatusEvent {
    /// The state.
    pub status: Status,
    /// What is wrong, for the error states.
    pub message: Option<String>,
    /// When it was reported.
    pub at: SystemTime,
}

type Watcher = Box<dyn Fn(&Instance, &StatusEvent) + Send + Sync>;

#[derive(Default)]
struct Board {
    states: BTreeMap<Instance, StatusEvent>,
    watchers: Vec<Watcher>,
}

/// The status of every component instance; shared by the service, health endpoints and reporters.
#[derive(Clone, Default)]
pub struct StatusBoard(Arc<Mutex<Board>>);

impl StatusBoard {
    /// The last status of every instance, in order of kind, id and part.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<Instance, StatusEvent> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .states
            .clone()
    }

    /// Calls `watcher` at every accepted report from now on, on the reporter's thread: it must
    /// not block and must not report itself.
    pub fn watch(&self, watcher: impl Fn(&Instance, &StatusEvent) + Send + Sync + 'static) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .watchers
            .push(Box::new(watcher));
    }

    /// A reporter for `instance`, whose status becomes [`Status::None`].
    #[must_use]
    pub fn reporter(&self, instance: Instance) -> StatusReporter {
        let event = StatusEvent {
            status: Status::None,
            message: None,
            at: SystemTime::now(),
        };
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        board.states.insert(instance.clone(), event);
        StatusReporter {
            board: self.clone(),
            instance: Arc::new(instance),
        }
    }
}

impl fmt::Debug for StatusBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StatusBoard")
            .field(&self.snapshot())
            .finish()
    }
}

/// How a component tells its status.
#[derive(Debug, Clone)]
pub struct StatusReporter {
    board: StatusBoard,
    instance: Arc<Instance>,
}

impl StatusReporter {
    /// Reports `status`; a step that the state machine does not know is ignored.
    pub fn report(&self, status: Status) {
        self.report_event(status, None);
    }

    /// Reports an error state with what is wrong.
    pub fn report_error(&self, status: Status, message: impl Into<String>) {
        self.report_event(status, Some(message.into()));
    }

    /// The last status.
    #[must_use]
    pub fn current(&self) -> Status {
        let board = self.board.0.lock().unwrap_or_else(PoisonError::into_inner);
        board
            .states
            .get(&*self.instance)
            .map_or(Status::None, |event| event.status)
    }

    fn report_event(&self, status: Status, message: Option<String>) {
        let event = StatusEvent {
            status,
            message,
            at: SystemTime::now(),
        };
        let mut board = self.board.0.lock().unwrap_or_else(PoisonError::into_inner);
        let current = board
            .states
            .get(&*self.instance)
            .map_or(Status::None, |e| e.status);
        if !current.allows(status) {
            return;
        }
        for watcher in &board.watchers {
            watcher(&self.instance, &event);
        }
        board.states.insert(Instance::clone(&self.instance), event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reporter(board: &StatusBoard) -> StatusReporter {
        board.reporter(Instance {
            kind: ComponentKind::Exporter,
            id: "otlp".parse().unwrap(),
            part: "traces".into(),
        })
    }

    #[test]
    fn a_permanent_error_can_only_be_stopped() {
        let reporter = reporter(&StatusBoard::default());
        for status in [
            Status::Starting,
            Status::Ok,
            Status::PermanentError,
            Status::Ok,
        ] {
            reporter.report(status);
        }
        assert_eq!(reporter.current(), Status::PermanentError);
        reporter.report(Status::Stopping);
        assert_eq!(reporter.current(), Status::Stopping);
    }

    #[test]
    fn watchers_see_accepted_reports_only() {
        let board = StatusBoard::default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        board.watch(move |_, event| sink.lock().unwrap().push(event.status));
        let reporter = reporter(&board);
        reporter.report(Status::Ok);
        reporter.report(Status::Starting);
        reporter.report_error(Status::RecoverableError, "backend is down");
        assert_eq!(
            *seen.lock().unwrap(),
            [Status::Starting, Status::RecoverableError]
        );
    }
}
