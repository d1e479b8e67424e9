//! The factory.

use std::sync::Arc;

use headwater_core::{ComponentError, Extension, ExtensionFactory, Factory, Settings, Stability};

use crate::Config;
use crate::extension::HealthCheck;

/// The factory of the `health_check` extension.
#[must_use]
pub fn factory() -> Factory {
    Factory::extension(HealthCheckFactory)
}

struct HealthCheckFactory;

impl ExtensionFactory for HealthCheckFactory {
    type Config = Config;
    const TYPE: &'static str = "health_check";

    fn stability(&self) -> Stability {
        Stability::Beta
    }

    fn build(
        &self,
        settings: Settings,
        config: Config,
    ) -> Result<Arc<dyn Extension>, ComponentError> {
        Ok(Arc::new(HealthCheck::new(settings.span, config)))
    }
}
