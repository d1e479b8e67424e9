//! The receiver: a thread that reads, a task that delivers.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use headwater_core::telemetry::ReceiverInstruments;
use headwater_core::{
    Component, ComponentError, Host, Outputs, Receiver, Settings, Signal, Task, Worker,
};
use tokio::sync::{mpsc, oneshot};

use crate::checkpoint::{CheckpointError, Journal, Record};
use crate::config::FilelogConfig;
use crate::delivery::{Delivery, Shared};
use crate::listed::FileList;
use crate::positions::{Positions, Stored};
use crate::reader::{Reader, ReaderSettings};
use crate::watch::Waker;

/// What of the time to shut down is left for the last positions to be written.
const RESERVE: Duration = Duration::from_millis(200);

struct Running {
    shared: Arc<Shared>,
    delivery: Task,
    reader_ended: oneshot::Receiver<()>,
}

/// A reader that ends by a mistake of ours must not leave a process that looks healthy.
struct EndWatch(Host);

impl Drop for EndWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0
                .fail("the reader of the file_log receiver has ended unexpectedly");
        }
    }
}

pub(crate) struct FilelogReceiver {
    settings: Settings,
    config: FilelogConfig,
    outputs: Outputs,
    files: FileList,
    running: Mutex<Option<Running>>,
}

impl FilelogReceiver {
    pub(crate) fn new(
        settings: Settings,
        config: FilelogConfig,
        outputs: Outputs,
        files: FileList,
    ) -> Self {
        Self {
            settings,
            config,
            outputs,
            files,
            running: Mutex::default(),
        }
    }

    /// Where positions are kept, if they are to be and can be, and those of an earlier run.
    fn positions(
        &self,
        host: &Host,
    ) -> Result<(Option<Positions>, BTreeMap<u64, Record>), ComponentError> {
        if let Some(id) = &self.config.storage {
            let storage = headwater_core::storage::find(host, id)?;
            let Settings { kind, id: own, .. } = &self.settings;
            let stored = storage
                .client(*kind, own, "")
                .and_then(|client| Stored::open(client, id.to_string()));
            let doing = format!("open the positions in the storage extension '{id}'");
            let (stored, records) = stored.map_err(|error| error.into_component_error(&doing))?;
            return Ok((Some(Positions::Storage(stored)), records));
        }
        let checkpoints = &self.config.checkpoints;
        if !checkpoints.enabled {
            return Ok((None, BTreeMap::new()));
        }
        let id = self.settings.id.to_string();
        match Journal::open(&checkpoints.directory, &id, checkpoints.fsync) {
            Ok((journal, records)) => Ok((Some(Positions::Journal(journal)), records)),
            Err(error @ CheckpointError::InUseHere(_)) => {
                // A reload that is told so stops the old receiver before it starts this one.
                let busy = std::io::Error::new(std::io::ErrorKind::ResourceBusy, error);
                Err(ComponentError::with_source("open the positions", busy))
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(
                    parent: &self.settings.span,
                    error = %error,
                    cause = cause.unwrap_or_default(),
                    hint = "set checkpoints::directory to a folder that can be written to",
                    "Positions are kept in memory only: a restart begins as start_at says"
                );
                Ok((None, BTreeMap::new()))
            }
        }
    }
}

#[async_trait]
impl Component for FilelogReceiver {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let Some(output) = self.outputs.get(Signal::Logs) else {
            return Ok(());
        };
        let waker = Waker::new()
            .map_err(|error| ComponentError::with_source("make the reader's waker", error))?;
        let (positions, records) = self.positions(host)?;
        self.files.attach(waker.clone());
        let shared = Arc::new(Shared::new(waker));
        let (parcels, receiver) = mpsc::channel(1);
        let delivery = Delivery {
            output: Arc::clone(output),
            retry: self.config.retry_on_failure.clone(),
            instruments: ReceiverInstruments::new(&self.settings, ""),
            account: self.settings.account.clone(),
            shared: Arc::clone(&shared),
            span: self.settings.span.clone(),
        };
        let reader = Reader::new(ReaderSettings {
            config: self.config.clone(),
            settings: self.settings.clone(),
            budget: host.budget().clone(),
            shared: Arc::clone(&shared),
            parcels,
            positions,
            records,
            list: self.files.clone(),
        });
        let (ended, reader_ended) = oneshot::channel();
        let watch = EndWatch(host.clone());
        std::thread::Builder::new()
            .name("file_log".to_owned())
            .spawn(move || {
                let _watch = watch;
                reader.run();
                // Nobody waits any more if the time to shut down is over.
                ended.send(()).ok();
            })
            .map_err(|error| ComponentError::with_source("start the reader", error))?;
        let running = Running {
            shared,
            delivery: host.spawn(Worker::Current, delivery.run(receiver)),
            reader_ended,
        };
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(running) = running else {
            return Ok(());
        };
        running.shared.stop.store(true, Ordering::Release);
        running.shared.waker.wake();
        let mut ended = running.reader_ended;
        let early = deadline.checked_sub(RESERVE).unwrap_or(deadline);
        if tokio::time::timeout_at(early.into(), &mut ended)
            .await
            .is_ok()
        {
            running.delivery.join().await;
            return Ok(());
        }
        // What is in hand was not taken: it is read again after the restart.
        running.delivery.abort();
        running.delivery.join().await;
        let late = tokio::time::timeout_at((deadline + RESERVE).into(), ended);
        match late.await {
            Ok(_) => Ok(()),
            Err(_) => Err(ComponentError::new("the reader did not end in time")),
        }
    }
}

impl Receiver for FilelogReceiver {}
