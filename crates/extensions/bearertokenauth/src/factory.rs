//! The factory.

use std::sync::Arc;

use headwater_core::{ComponentError, Extension, ExtensionFactory, Factory, Settings, Stability};

use crate::Config;
use crate::extension::BearerTokenAuth;

/// The factory of the `bearertokenauth` extension.
#[must_use]
pub fn factory() -> Factory {
    Factory::extension(BearerTokenAuthFactory)
}

struct BearerTokenAuthFactory;

impl ExtensionFactory for BearerTokenAuthFactory {
    type Config = Config;
    const TYPE: &'static str = "bearertokenauth";
    const ALIASES: &'static [&'static str] = &["bearer_token_auth"];

    fn stability(&self) -> Stability {
        Stability::Beta
    }

    fn build(
        &self,
        settings: Settings,
        config: Config,
    ) -> Result<Arc<dyn Extension>, ComponentError> {
        Ok(Arc::new(BearerTokenAuth::new(settings.span, config)))
    }
}
