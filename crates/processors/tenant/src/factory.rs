//! Type, signals, stability, and the tenants of each id.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::config::TenantConfig;
use crate::processor::TenantProcessor;
use crate::splitter::Splitter;
use crate::tenants::Tenants;

/// Remembers the tenants: the pipelines that name the same id share one set, so that limits hold
/// for all signals together. A graph that replaces another after a reload shares it, too, if
/// nothing about it changed.
#[derive(Default)]
struct TenantFactory {
    known: Mutex<Vec<(TenantConfig, Weak<Tenants>)>>,
}

/// The factory of the `tenant` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(TenantFactory::default())
}

impl TenantFactory {
    fn tenants(&self, settings: &Settings, config: &TenantConfig) -> Arc<Tenants> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, tenants)| tenants.strong_count() > 0);
        let shared = known
            .iter()
            .filter(|(of, _)| of == config)
            .filter_map(|(_, tenants)| tenants.upgrade())
            .find(|tenants| tenants.is_of(&settings.id));
        shared.unwrap_or_else(|| {
            let tenants = Arc::new(Tenants::new(settings, config));
            known.push((config.clone(), Arc::downgrade(&tenants)));
            tenants
        })
    }
}

impl ProcessorFactory for TenantFactory {
    type Config = TenantConfig;
    const TYPE: &'static str = "tenant";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: TenantConfig,
        next: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        let tenants = self.tenants(&settings, &config);
        let account = settings.account.clone();
        let processor = TenantProcessor::new(settings, &config, tenants);
        // Only what may leave as several batches needs to call the next consumer itself.
        Ok(if processor.sources().look_at_resources() {
            let drops = config.mixed_over_limit == crate::MixedOverLimit::Drop;
            BuiltProcessor::Buffering(Arc::new(Splitter::new(processor, account, drops, next)))
        } else {
            BuiltProcessor::Inline(Arc::new(processor))
        })
    }
}
