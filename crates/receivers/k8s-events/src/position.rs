//! Where reading was, for the next start.

use std::sync::Arc;

use headwater_core::ComponentError;
use headwater_core::storage::{StorageClient, StorageError};

/// The version up to which the events of a namespace were handed on, in a storage extension.
pub(crate) struct Position {
    client: Arc<dyn StorageClient>,
    key: String,
    /// What is not stored yet.
    unsaved: Option<String>,
}

impl Position {
    /// The position of a namespace (`None`: of all) and what was stored there.
    pub(crate) fn open(
        client: Arc<dyn StorageClient>,
        namespace: Option<&str>,
    ) -> Result<(Self, Option<String>), ComponentError> {
        let key = format!("events/{}", namespace.unwrap_or_default());
        let stored = client.get(&key).map_err(|error| {
            error.into_component_error(&format!("read the position {key:?} from the storage"))
        })?;
        let stored = stored.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let position = Self {
            client,
            key,
            unsaved: None,
        };
        Ok((position, stored.filter(|version| !version.is_empty())))
    }

    /// Everything up to `version` has been handed on.
    pub(crate) fn reached(&mut self, version: String) {
        self.unsaved = Some(version);
    }

    /// Stores it, on a thread that may wait for a disk.
    ///
    /// # Errors
    /// [`StorageError`]; then it is stored the next time.
    pub(crate) async fn save(&mut self) -> Result<(), StorageError> {
        let Some(version) = self.unsaved.clone() else {
            return Ok(());
        };
        let (client, key) = (Arc::clone(&self.client), self.key.clone());
        let bytes = version.clone().into_bytes();
        let stored = tokio::task::spawn_blocking(move || client.set(&key, &bytes)).await;
        // A thread that panicked has said so.
        stored.unwrap_or(Ok(()))?;
        if self.unsaved.as_ref() == Some(&version) {
            self.unsaved = None;
        }
        Ok(())
    }
}
