//! The factory.

use std::sync::Arc;

use headwater_core::{ComponentError, Extension, ExtensionFactory, Factory, Settings, Stability};

use crate::Config;
use crate::extension::OAuth2Client;

/// The factory of the `oauth2client` extension.
#[must_use]
pub fn factory() -> Factory {
    Factory::extension(OAuth2ClientFactory)
}

struct OAuth2ClientFactory;

impl ExtensionFactory for OAuth2ClientFactory {
    type Config = Config;
    const TYPE: &'static str = "oauth2client";
    const ALIASES: &'static [&'static str] = &["oauth2_client"];

    fn stability(&self) -> Stability {
        Stability::Beta
    }

    fn build(
        &self,
        settings: Settings,
        config: Config,
    ) -> Result<Arc<dyn Extension>, ComponentError> {
        Ok(Arc::new(OAuth2Client::new(settings.span, config)))
    }
}
