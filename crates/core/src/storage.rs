//! What storage extensions offer: a place for each component where keys and values survive the
//! end of the process.
//!
//! Calls are made by whoever holds the client and may block as long as the disk takes; a caller on
//! a runtime's worker that cannot afford that (with `fsync`, a write takes milliseconds) moves them
//! to a thread of its own. A persistent queue fits on it as upstream's does: one client per
//! exporter and signal ([`Storage::client`] with the signal as its name), a batch that adds an item
//! and moves the write index at once, [`StorageError::Full`] as the answer to a client that sends,
//! and deletions, which succeed on a full disk as well, so that a queue can drain.
//!
//! Source: Go `xextension/storage`.

use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use crate::{BoxError, ComponentError, ComponentId, ComponentKind, Host};

/// Why something could not be stored or read.
#[derive(Debug, Error)]
pub enum StorageError {
    /// Another component of this process has the same client open: a reload, as a rule.
    #[error("{0} is still used by the component that is being replaced")]
    InUseHere(String),
    /// Another process has the same client open.
    #[error("{0} is used by another process")]
    InUseElsewhere(String),
    /// There is no room. Nothing of the batch was stored.
    #[error("the storage extension has run out of available space: {0}")]
    Full(String),
    /// Anything else.
    #[error("{message}")]
    Failed {
        /// What was being done, to what.
        message: String,
        /// The cause.
        #[source]
        source: BoxError,
    },
}

impl StorageError {
    /// The same as an error of a component's start. [`Self::InUseHere`] has a cause of the kind
    /// [`std::io::ErrorKind::ResourceBusy`], which tells a reload to stop the old component first.
    #[must_use]
    pub fn into_component_error(self, doing: &str) -> ComponentError {
        match self {
            Self::InUseHere(_) => {
                let busy = std::io::Error::new(std::io::ErrorKind::ResourceBusy, self);
                ComponentError::with_source(doing, busy)
            }
            error => ComponentError::with_source(doing, error),
        }
    }
}

/// One change of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// Stores the value under the key, in place of what was there.
    Set(&'a str, &'a [u8]),
    /// Deletes the key, if it is there.
    Delete(&'a str),
}

/// A storage extension.
pub trait Storage: Send + Sync {
    /// Opens the place of a component. `name` tells several places of one component apart; it is
    /// empty where there is one. The place is in use until the client is dropped.
    ///
    /// # Errors
    /// [`StorageError`]; `InUseHere` and `InUseElsewhere` where somebody has it open.
    fn client(
        &self,
        kind: ComponentKind,
        id: &ComponentId,
        name: &str,
    ) -> Result<Arc<dyn StorageClient>, StorageError>;
}

/// The place of one component. What a call has stored survives the end of the process from its
/// return on; whether it survives a power failure as well is a setting of the extension.
pub trait StorageClient: Send + Sync {
    /// The value of a key; `None` if there is none.
    ///
    /// # Errors
    /// [`StorageError`] if it cannot be read.
    fn get(&self, key: &str) -> Result<Option<Bytes>, StorageError>;

    /// Every key, in no order.
    ///
    /// # Errors
    /// [`StorageError`] if they cannot be read.
    fn keys(&self) -> Result<Vec<String>, StorageError>;

    /// Makes all the changes, in order, or none of them.
    ///
    /// # Errors
    /// [`StorageError`]; then nothing has changed. A batch that only deletes does not fail for want
    /// of room.
    fn batch(&self, changes: &[Change<'_>]) -> Result<(), StorageError>;

    /// Stores a value.
    ///
    /// # Errors
    /// As [`StorageClient::batch`].
    fn set(&self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        self.batch(&[Change::Set(key, value)])
    }

    /// Deletes a key; no error if there is none.
    ///
    /// # Errors
    /// As [`StorageClient::batch`].
    fn delete(&self, key: &str) -> Result<(), StorageError> {
        self.batch(&[Change::Delete(key)])
    }
}

/// The storage extension that a component's `storage` key names.
///
/// # Errors
/// [`ComponentError`] if there is no such extension or it stores nothing.
pub fn find(host: &Host, id: &ComponentId) -> Result<Arc<dyn Storage>, ComponentError> {
    let extension = host.extension(id).ok_or_else(|| {
        ComponentError::new(format!(
            "storage extension '{id}' not found: define it under `extensions` and list it in \
             `service::extensions`"
        ))
    })?;
    extension.storage().ok_or_else(|| {
        ComponentError::new(format!(
            "non-storage extension '{id}' found: `storage` needs one that stores, such as \
             `file_storage`"
        ))
    })
}
