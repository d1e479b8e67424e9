//! The factory.

use std::sync::Arc;

use headwater_core::{ComponentError, Extension, ExtensionFactory, Factory, Settings, Stability};

use crate::Config;
use crate::extension::FileStorage;

/// The factory of the `file_storage` extension.
#[must_use]
pub fn factory() -> Factory {
    Factory::extension(FileStorageFactory)
}

struct FileStorageFactory;

impl ExtensionFactory for FileStorageFactory {
    type Config = Config;
    const TYPE: &'static str = "file_storage";

    fn stability(&self) -> Stability {
        Stability::Beta
    }

    fn build(
        &self,
        settings: Settings,
        config: Config,
    ) -> Result<Arc<dyn Extension>, ComponentError> {
        Ok(Arc::new(FileStorage::new(settings.span, config)))
    }
}
