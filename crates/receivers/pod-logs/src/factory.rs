//! Type, signals, stability.

use std::sync::{Arc, Mutex};

use headwater_core::{
    ComponentError, Factory, Outputs, Receiver, ReceiverFactory, Settings, Signal, Stability,
};
use headwater_prometheus::relabel::Rules;
use headwater_prometheus::scrape_config::NameValidation;
use headwater_receiver_file_log::FileList;

use crate::config::PodLogsConfig;
use crate::discover::discoveries;
use crate::receiver::{Finding, PodLogsReceiver};
use crate::targets::Targets;

struct PodLogsFactory;

/// The factory of the `pod_logs` receiver.
#[must_use]
pub fn factory() -> Factory {
    Factory::receiver(PodLogsFactory)
}

impl ReceiverFactory for PodLogsFactory {
    type Config = PodLogsConfig;
    const TYPE: &'static str = "pod_logs";

    fn stability(&self, signal: Signal) -> Option<Stability> {
        (signal == Signal::Logs).then_some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: PodLogsConfig,
        outputs: Outputs,
    ) -> Result<Arc<dyn Receiver>, ComponentError> {
        let rules = Rules::new(&config.relabel_configs, NameValidation::Utf8)
            .map_err(|error| ComponentError::with_source("compile relabel_configs", error))?;
        let build = &settings.build_info;
        let user_agent = format!("{}/{}", build.command, build.version);
        let discoveries = discoveries(&config.discovery, &user_agent, &settings.span);
        let targets = Targets::new(
            rules,
            config.max_targets as usize,
            config.stream,
            &config.filename_label,
            discoveries.len(),
        );
        let list = FileList::new();
        let reader = headwater_receiver_file_log::receiver(
            settings.clone(),
            config.file_log(),
            outputs,
            list.clone(),
        );
        Ok(Arc::new(PodLogsReceiver {
            settings,
            reader,
            list,
            finding: Mutex::new(Some(Finding {
                discoveries,
                targets,
            })),
            tasks: Mutex::default(),
        }))
    }
}
