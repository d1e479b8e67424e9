//! Type, signals, stability, and the one limiter per id.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use headwater_core::{
    BuiltProcessor, ComponentError, Consumer, Factory, ProcessorFactory, Settings, Signal,
    Stability,
};

use crate::config::MemoryLimiterConfig;
use crate::limiter::Limiter;
use crate::processor::MemoryLimiterProcessor;

/// Remembers the limiters it made: as upstream, the pipelines that name the same id share one.
#[derive(Default)]
struct MemoryLimiterFactory {
    limiters: Mutex<Vec<(MemoryLimiterConfig, Weak<Limiter>)>>,
}

/// The factory of the `memory_limiter` processor.
#[must_use]
pub fn factory() -> Factory {
    Factory::processor(MemoryLimiterFactory::default())
}

impl MemoryLimiterFactory {
    /// The limiter for these settings, and whether it was made just now. A graph that replaces
    /// another after a reload shares it, too, if nothing about it changed.
    fn limiter(
        &self,
        settings: &Settings,
        config: &MemoryLimiterConfig,
    ) -> Result<(Arc<Limiter>, bool), ComponentError> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        limiters.retain(|(_, limiter)| limiter.strong_count() > 0);
        let known = limiters
            .iter()
            .filter(|(known, _)| known == config)
            .filter_map(|(_, limiter)| limiter.upgrade())
            .find(|limiter| limiter.id == settings.id);
        if let Some(limiter) = known {
            return Ok((limiter, false));
        }
        let limiter = Limiter::try_new(settings.id.clone(), config, settings.budget.clone())?;
        let limiter = Arc::new(limiter);
        limiters.push((config.clone(), Arc::downgrade(&limiter)));
        Ok((limiter, true))
    }
}

impl ProcessorFactory for MemoryLimiterFactory {
    type Config = MemoryLimiterConfig;
    const TYPE: &'static str = "memory_limiter";

    fn stability(&self, _: Signal) -> Option<Stability> {
        Some(Stability::Beta)
    }

    fn build(
        &self,
        settings: Settings,
        config: MemoryLimiterConfig,
        _: Arc<dyn Consumer>,
    ) -> Result<BuiltProcessor, ComponentError> {
        let (limiter, first) = self.limiter(&settings, &config)?;
        let processor = MemoryLimiterProcessor::new(settings, limiter, first);
        Ok(BuiltProcessor::Inline(Arc::new(processor)))
    }
}
