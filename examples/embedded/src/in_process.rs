//! A receiver whose telemetry comes from the program around it.

use std::sync::{Arc, Mutex, PoisonError};

use headwater_core::config::Config;
use headwater_core::{
    Batch, Component, ComponentError, ConsumeError, Factory, Outputs, Receiver, ReceiverFactory,
    Settings, Signal, Stability,
};

/// The program's end of the receiver `in_process`. Cheap to clone; all clones are one end.
#[derive(Debug, Clone, Default)]
pub struct InProcess(Arc<Mutex<Outputs>>);

impl InProcess {
    /// The factory to put into the registry; the pipeline that names `in_process` then gets what
    /// [`InProcess::send`] is given.
    #[must_use]
    pub fn factory(&self) -> Factory {
        Factory::receiver(InProcessFactory(self.clone()))
    }

    /// Hands `batch` to the pipelines of its signal.
    ///
    /// # Errors
    /// What the pipeline says, or that there is none for the signal.
    pub async fn send(&self, batch: Batch) -> Result<(), ConsumeError> {
        let output = {
            let outputs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            outputs.get(batch.signal()).cloned()
        };
        match output {
            Some(output) => output.consume(batch).await,
            None => Err(ConsumeError::permanent(format!(
                "no {} pipeline names the receiver in_process",
                batch.signal()
            ))),
        }
    }
}

#[derive(Debug, Clone, Default, Config)]
struct NoKeys {}

struct InProcessFactory(InProcess);

impl ReceiverFactory for InProcessFactory {
    type Config = NoKeys;
    const TYPE: &'static str = "in_process";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Development)
    }

    fn build(
        &self,
        _: Settings,
        _: NoKeys,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        // A configuration is built once to check it and once to run it: the last one counts.
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = outputs;
        Ok(Arc::new(InProcessReceiver))
    }
}

struct InProcessReceiver;

impl Component for InProcessReceiver {}
impl Receiver for InProcessReceiver {}
