//! Service discovery: who finds out which targets there are.
//!
//! A [`Discovery`] reports groups of targets whenever they change. The scrape receiver and the readers
//! of pod logs both relabel what it reports into what they read.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_prometheus::Labels;
use tokio::sync::mpsc;

/// Targets that were found together, for example the containers of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetGroup {
    /// Which group this is: unique within its discovery. A later group of the same source replaces
    /// this one; one without targets removes it.
    pub source: Arc<str>,
    /// The labels of each target, with `__address__`.
    pub targets: Vec<Labels>,
    /// Labels that every target of the group carries, unless it has its own of that name.
    pub labels: Labels,
}

/// Where a discovery sends the groups that have changed. It is bounded; sending waits while the reader
/// is busy.
pub type Updates = mpsc::Sender<Vec<TargetGroup>>;

/// A way to find targets.
#[async_trait]
pub trait Discovery: Send + std::fmt::Debug {
    /// Finds targets until the receiver of `updates` is gone or the future is dropped.
    ///
    /// The first update comes as soon as something is known. When its source fails, a discovery
    /// says so in the log, tries again, and sends nothing: the last good list stays.
    async fn run(self: Box<Self>, updates: Updates);
}
