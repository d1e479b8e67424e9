//! The receiver: discoveries that run, and the receiver that reads what they find.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use headwater_core::{Component, ComponentError, Host, Receiver, Settings, Task, Worker};
use headwater_discovery::{Discovery, TargetGroup};
use headwater_receiver_file_log::FileList;
use tokio::sync::mpsc;

use crate::targets::Targets;

/// Changes that follow each other faster are taken over together.
const SETTLE: Duration = Duration::from_millis(200);

/// How many updates of discoveries may wait.
const MOST_UPDATES: usize = 16;

type Update = (usize, Vec<TargetGroup>);

/// What finds targets, until the receiver starts.
pub(crate) struct Finding {
    pub(crate) discoveries: Vec<Box<dyn Discovery>>,
    pub(crate) targets: Targets,
}

pub(crate) struct PodLogsReceiver {
    pub(crate) settings: Settings,
    /// Reads the files.
    pub(crate) reader: Arc<dyn Receiver>,
    pub(crate) list: FileList,
    pub(crate) finding: Mutex<Option<Finding>>,
    pub(crate) tasks: Mutex<Vec<Task>>,
}

/// Keeps the list in line with what discoveries find.
async fn follow(
    mut targets: Targets,
    list: FileList,
    mut updates: mpsc::Receiver<Update>,
    span: tracing::Span,
) {
    let mut due: Option<tokio::time::Instant> = None;
    loop {
        let update = match due {
            None => updates.recv().await.map(Some),
            Some(due) => match tokio::time::timeout_at(due, updates.recv()).await {
                Ok(update) => update.map(Some),
                Err(_) => Some(None),
            },
        };
        match update {
            // Every discovery has ended; what they found stays.
            None => {
                if let Some(files) = targets.changed() {
                    list.set(files);
                }
                return;
            }
            Some(Some((discovery, groups))) => {
                targets.take(discovery, groups);
                due.get_or_insert_with(|| tokio::time::Instant::now() + SETTLE);
            }
            Some(None) => {
                due = None;
                if let Some(files) = span.in_scope(|| targets.changed()) {
                    tracing::info!(parent: &span, targets = targets.len(), "Targets have changed");
                    list.set(files);
                }
            }
        }
    }
}

/// Runs a discovery and says which one its updates are of.
async fn run(discovery: Box<dyn Discovery>, index: usize, to: mpsc::Sender<Update>) {
    let (sender, mut receiver) = mpsc::channel(1);
    let forward = async move {
        while let Some(groups) = receiver.recv().await {
            if to.send((index, groups)).await.is_err() {
                return;
            }
        }
    };
    // A discovery of fixed targets ends when it has reported them.
    let ((), ()) = tokio::join!(discovery.run(sender), forward);
}

#[async_trait]
impl Component for PodLogsReceiver {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        self.reader.start(host).await?;
        let finding = self
            .finding
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(Finding {
            discoveries,
            targets,
        }) = finding
        else {
            return Ok(());
        };
        let (sender, updates) = mpsc::channel(MOST_UPDATES);
        let mut tasks = Vec::with_capacity(discoveries.len() + 1);
        for (index, discovery) in discoveries.into_iter().enumerate() {
            let task = run(discovery, index, sender.clone());
            tasks.push(host.spawn(Worker::Current, task));
        }
        drop(sender);
        let span = self.settings.span.clone();
        let follow = follow(targets, self.list.clone(), updates, span);
        tasks.push(host.spawn(Worker::Current, follow));
        *self.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            task.abort();
            task.join().await;
        }
        self.reader.shutdown(deadline).await
    }
}

impl Receiver for PodLogsReceiver {}
