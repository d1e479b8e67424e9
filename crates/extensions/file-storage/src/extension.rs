//! The extension: makes the folder, opens clients.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use headwater_core::bytes::Bytes;
use headwater_core::storage::{Change, Storage, StorageClient, StorageError};
use headwater_core::{Component, ComponentError, ComponentId, ComponentKind, Extension, Host};

use crate::Config;
use crate::log::{Log, Options};

pub(crate) struct FileStorage {
    span: tracing::Span,
    config: Config,
}

impl FileStorage {
    pub(crate) const fn new(span: tracing::Span, config: Config) -> Self {
        Self { span, config }
    }
}

#[async_trait]
impl Component for FileStorage {
    async fn start(&self, _: &Host) -> Result<(), ComponentError> {
        let directory = &self.config.directory;
        if !self.config.create_directory || directory.is_dir() {
            return Ok(());
        }
        let mode = self.config.permissions().map_err(ComponentError::new)?;
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(mode);
        builder.create(directory).map_err(|error| {
            let message = format!("make the storage directory {}", directory.display());
            ComponentError::with_source(message, error)
        })
    }
}

impl Extension for FileStorage {
    fn storage(&self) -> Option<Arc<dyn Storage>> {
        Some(Arc::new(Folder {
            span: self.span.clone(),
            config: self.config.clone(),
        }))
    }
}

struct Folder {
    span: tracing::Span,
    config: Config,
}

impl Storage for Folder {
    fn client(
        &self,
        kind: ComponentKind,
        id: &ComponentId,
        name: &str,
    ) -> Result<Arc<dyn StorageClient>, StorageError> {
        let _entered = self.span.enter();
        let mut log = Log::open(
            &self.config.directory,
            &file_name(kind, id, name),
            Options {
                timeout: self.config.timeout,
                fsync: self.config.fsync,
                keep_damaged: self.config.recreate,
            },
        )?;
        if self.config.compaction.on_start {
            log.compact()?;
        }
        Ok(Arc::new(Client(Mutex::new(log))))
    }
}

/// As upstream: kind, type, name of the component and of the place; what is not safe in a file's
/// name is written as a tilde and its number.
fn file_name(kind: ComponentKind, id: &ComponentId, name: &str) -> String {
    let component = id.to_string();
    let (r#type, instance) = component.split_once('/').unwrap_or((&component, ""));
    let mut raw = format!("{kind}_{type}_{instance}");
    if !name.is_empty() {
        raw.push('_');
        raw.push_str(name);
    }
    let mut safe = String::with_capacity(raw.len());
    for c in raw.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
            safe.push(c);
        } else {
            safe.push_str(&format!("~{:04X}", u32::from(c)));
        }
    }
    if safe.len() > 200 {
        // A file's name may have 255 bytes.
        let sum = crc32fast::hash(safe.as_bytes());
        safe.truncate(180);
        safe.push_str(&format!("~{sum:08X}"));
    }
    safe
}

struct Client(Mutex<Log>);

impl Client {
    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageClient for Client {
    fn get(&self, key: &str) -> Result<Option<Bytes>, StorageError> {
        self.log().get(key)
    }

    fn keys(&self) -> Result<Vec<String>, StorageError> {
        Ok(self.log().keys())
    }

    fn batch(&self, changes: &[Change<'_>]) -> Result<(), StorageError> {
        self.log().batch(changes)
    }
}
