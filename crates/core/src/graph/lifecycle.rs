//! Start from the far end, shutdown from the near end.

use std::collections::BTreeMap;
use std::time::Instant;

use tracing::Instrument;

use super::{Graph, Instance};
use crate::status::Status;
use crate::{ComponentError, ComponentKind, Host};

impl Graph {
    /// Starts every component: exporters first, receivers last.
    ///
    /// # Errors
    /// The first component that cannot start, named as upstream names it; the caller then calls
    /// [`Graph::shutdown`], which ends those that were started.
    pub async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        for instance in &self.instances {
            instance.start(host).await?;
        }
        Ok(())
    }

    /// Shuts every component that was started down: receivers first, so that nothing new comes
    /// in, then along the data's way to the exporters. Every component is shut down, whatever
    /// the others say; the errors are returned.
    ///
    /// Receivers get a quarter of the time until `deadline`, what comes between half of the rest:
    /// a client that never sends the end of its request must not use up the time that it takes to
    /// hand over what is held.
    pub async fn shutdown(&self, deadline: Instant) -> Vec<ComponentError> {
        let mut errors = Vec::new();
        let mut limits = BTreeMap::new();
        for instance in self.instances.iter().rev() {
            // The first of a kind decides for all of them.
            let limit = *limits
                .entry(shutdown_order(instance.kind))
                .or_insert_with(|| limit(instance.kind, deadline));
            errors.extend(instance.shutdown(limit).await.err());
        }
        errors
    }
}

/// What shares a limit: receivers, what is between, exporters.
const fn shutdown_order(kind: ComponentKind) -> u32 {
    match kind {
        ComponentKind::Receiver => 0,
        ComponentKind::Processor | ComponentKind::Connector => 1,
        ComponentKind::Exporter | ComponentKind::Extension => 2,
    }
}

/// Until when a component of this kind may take, if its turn begins now.
fn limit(kind: ComponentKind, deadline: Instant) -> Instant {
    let now = Instant::now();
    let left = deadline.saturating_duration_since(now);
    match shutdown_order(kind) {
        0 => now + left / 4,
        1 => now + left / 2,
        _ => deadline,
    }
}

impl Instance {
    fn name(&self) -> String {
        format!("\"{}\" {}", self.id, self.kind)
    }

    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        self.status.report(Status::Starting);
        match self
            .component
            .start(host)
            .instrument(self.span.clone())
            .await
        {
            Ok(()) => {
                if self.status.current() == Status::Starting {
                    self.status.report(Status::Ok);
                }
                Ok(())
            }
            Err(error) => {
                self.status
                    .report_error(Status::PermanentError, error.to_string());
                let message = format!("failed to start {}", self.name());
                Err(ComponentError::with_source(message, error))
            }
        }
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        if self.status.current() == Status::None {
            return Ok(());
        }
        self.status.report(Status::Stopping);
        let result = self
            .component
            .shutdown(deadline)
            .instrument(self.span.clone())
            .await;
        if let Err(error) = result {
            self.status
                .report_error(Status::PermanentError, error.to_string());
            let message = format!("failed to shut down {}", self.name());
            return Err(ComponentError::with_source(message, error));
        }
        self.status.report(Status::Stopped);
        Ok(())
    }
}

impl Graph {
    /// How many instances of `kind` the graph holds.
    #[must_use]
    pub fn count(&self, kind: ComponentKind) -> usize {
        self.instances
            .iter()
            .filter(|instance| instance.kind == kind)
            .count()
    }
}
