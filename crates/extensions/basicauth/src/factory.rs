//! The factory.

use std::sync::Arc;

use headwater_core::{ComponentError, Extension, ExtensionFactory, Factory, Settings, Stability};

use crate::Config;
use crate::extension::BasicAuth;

/// The factory of the `basicauth` extension.
#[must_use]
pub fn factory() -> Factory {
    Factory::extension(BasicAuthFactory)
}

struct BasicAuthFactory;

impl ExtensionFactory for BasicAuthFactory {
    type Config = Config;
    const TYPE: &'static str = "basicauth";
    const ALIASES: &'static [&'static str] = &["basic_auth"];

    fn stability(&self) -> Stability {
        Stability::Beta
    }

    fn build(
        &self,
        settings: Settings,
        config: Config,
    ) -> Result<Arc<dyn Extension>, ComponentError> {
        Ok(Arc::new(BasicAuth::new(settings.span, config)))
    }
}
