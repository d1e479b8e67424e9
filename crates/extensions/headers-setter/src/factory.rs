//! The factory.

use std::sync::Arc;

use headwater_core::{ComponentError, Extension, ExtensionFactory, Factory, Settings, Stability};

use crate::Config;
use crate::extension::HeadersSetter;

/// The factory of the `headers_setter` extension.
#[must_use]
pub fn factory() -> Factory {
    Factory::extension(HeadersSetterFactory)
}

struct HeadersSetterFactory;

impl ExtensionFactory for HeadersSetterFactory {
    type Config = Config;
    const TYPE: &'static str = "headers_setter";

    fn stability(&self) -> Stability {
        Stability::Beta
    }

    fn build(
        &self,
        settings: Settings,
        config: Config,
    ) -> Result<Arc<dyn Extension>, ComponentError> {
        Ok(Arc::new(HeadersSetter::new(settings.span, config)))
    }
}
