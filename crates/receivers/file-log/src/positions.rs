//! Where positions are kept: in a journal of our own, or in a storage extension.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_core::BoxError;
use headwater_core::storage::{Change, StorageClient, StorageError};

use crate::checkpoint::{Journal, Record, line, record};

/// What the keys of files begin with in a storage extension; the rest is the file's number.
const PREFIX: &str = "file.";

/// Where positions are kept.
pub(crate) enum Positions {
    Journal(Journal),
    Storage(Stored),
}

impl Positions {
    /// Where that is, for messages.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Journal(journal) => journal.path().display().to_string(),
            Self::Storage(stored) => stored.extension.clone(),
        }
    }

    /// Notes what has changed; a key without a record is forgotten. `all` gives what is known
    /// altogether, `known` files.
    pub(crate) fn append(
        &mut self,
        changed: &BTreeMap<u64, Option<Record>>,
        known: usize,
        all: impl Fn() -> BTreeMap<u64, Record>,
    ) -> Result<(), BoxError> {
        match self {
            Self::Journal(journal) => Ok(journal.append(changed, known, all)?),
            Self::Storage(stored) => Ok(stored.append(changed)?),
        }
    }

    /// Notes everything anew.
    pub(crate) fn rewrite(&mut self, all: BTreeMap<u64, Record>) -> Result<(), BoxError> {
        match self {
            Self::Journal(journal) => Ok(journal.rewrite(&all)?),
            Self::Storage(stored) => {
                let all = all.into_iter().map(|(key, record)| (key, Some(record)));
                Ok(stored.append(&all.collect())?)
            }
        }
    }
}

/// Positions in a storage extension: a key for each file.
pub(crate) struct Stored {
    client: Arc<dyn StorageClient>,
    /// The extension's id, for messages.
    extension: String,
}

impl Stored {
    /// Reads what is stored.
    pub(crate) fn open(
        client: Arc<dyn StorageClient>,
        extension: String,
    ) -> Result<(Self, BTreeMap<u64, Record>), StorageError> {
        let mut records = BTreeMap::new();
        for key in client.keys()? {
            if !key.starts_with(PREFIX) {
                continue;
            }
            let value = client.get(&key)?.unwrap_or_default();
            let text = std::str::from_utf8(&value).ok();
            if let Some((key, Some(record))) = text.and_then(record) {
                records.insert(key, record);
            }
        }
        Ok((Self { client, extension }, records))
    }

    fn append(&self, changed: &BTreeMap<u64, Option<Record>>) -> Result<(), StorageError> {
        let texts: Vec<(String, Option<String>)> = changed
            .iter()
            .map(|(key, record)| {
                let name = format!("{PREFIX}{key}");
                (name, record.as_ref().map(|record| line(*key, record)))
            })
            .collect();
        let changes: Vec<_> = texts
            .iter()
            .map(|(name, text)| match text {
                Some(text) => Change::Set(name, text.as_bytes()),
                None => Change::Delete(name),
            })
            .collect();
        self.client.batch(&changes)
    }
}
