//! A started extension in a folder of its own.

use std::path::Path;
use std::sync::Arc;

use headwater_config::testing::decode;
use headwater_core::storage::{Storage, StorageClient, StorageError};
use headwater_core::{ComponentKind, Extension};
use headwater_extension_file_storage::{Config, factory};

/// Builds and starts an extension whose folder is `folder`.
pub(crate) async fn start(folder: &Path, keys: &str) -> Arc<dyn Extension> {
    let yaml = format!("directory: '{}'\n{keys}", folder.display());
    let (config, _) = decode::<Config>(&yaml).unwrap_or_else(|errors| panic!("{errors}"));
    let settings = headwater_testkit::environment()
        .settings(ComponentKind::Extension, &"file_storage".parse().unwrap());
    let extension = factory().build_extension(settings, &config).unwrap();
    extension.start(&headwater_testkit::host()).await.unwrap();
    extension
}

pub(crate) fn try_client(
    storage: &dyn Storage,
    name: &str,
) -> Result<Arc<dyn StorageClient>, StorageError> {
    storage.client(
        ComponentKind::Receiver,
        &"file_log/a-b".parse().unwrap(),
        name,
    )
}

/// A client of a fresh extension.
pub(crate) async fn client(folder: &Path, keys: &str) -> Arc<dyn StorageClient> {
    let extension = start(folder, keys).await;
    try_client(&*extension.storage().unwrap(), "").unwrap()
}

/// The bytes of all segments.
pub(crate) fn stored(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    files
        .filter(|file| file.path().extension().is_some_and(|e| e == "store"))
        .map(|file| file.metadata().unwrap().len())
        .sum()
}
