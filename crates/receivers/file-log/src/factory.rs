//! Type, signals, stability.

use std::sync::Arc;

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};

use crate::config::FilelogConfig;
use crate::listed::FileList;
use crate::receiver::FilelogReceiver;

struct FilelogFactory;

/// The factory of the `file_log` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(FilelogFactory)
}

/// A receiver that also reads the files of a list, for a component that finds files by itself.
///
/// `config.include` may be empty. Positions are kept under the id in `settings`.
#[must_use]
pub fn receiver(
    settings: Settings,
    config: FilelogConfig,
    outputs: Outputs,
    files: FileList,
) -> Arc<dyn Receiver> {
    Arc::new(FilelogReceiver::new(settings, config, outputs, files))
}

impl ReceiverFactory for FilelogFactory {
    type Config = FilelogConfig;
    const TYPE: &'static str = "file_log";
    const ALIASES: &'static [&'static str] = &["filelog"];

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Logs).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: FilelogConfig,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        Ok(receiver(settings, config, outputs, FileList::new()))
    }
}
