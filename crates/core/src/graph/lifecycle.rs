//! Start from the far end, shutdown from the near end.

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
    pub async fn shutdown(&self, deadline: Instant) -> Vec<ComponentError> {
        let mut errors = Vec::new();
        for instance in self.instances.iter().rev() {
            errors.extend(instance.shutdown(deadline).await.err());
        }
        errors
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
