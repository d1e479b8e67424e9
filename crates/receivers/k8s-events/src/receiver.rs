//! The receiver: a task for each namespace that listens and hands on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::storage::StorageClient;
use headwater_core::telemetry::{Instrument, InstrumentKind, Level, ReceiverInstruments};
use headwater_core::{
    Component, ComponentError, Host, Outputs, Receiver, Settings, Signal, Task, Worker,
};
use headwater_kubernetes::{
    ClusterConfig, ClusterError, FollowEvents, KubeconfigFile, Pace, follow_events,
};
use headwater_logs::Handover;
use headwater_transport::Stopper;
use tokio::sync::mpsc;

use crate::config::{AuthType, K8sEventsConfig};
use crate::delivery::retry;
use crate::intake::{Health, Intake};
use crate::line::Lines;
use crate::news::{News, Since};
use crate::position::Position;

/// How many events may wait between the API server and the pipeline. An event has at most 1.5 MiB, and
/// mostly 1 KiB.
const WAITING: usize = 32;

/// Source: contrib `otelcol.k8s.events.modified.filtered`.
const TOO_SOON: Instrument = Instrument {
    name: "otelcol_k8s_events_modified_filtered",
    description: "Number of MODIFIED watch events filtered out by dedup_interval.",
    unit: "{events}",
    kind: InstrumentKind::Counter,
    level: Level::Basic,
};

pub(crate) struct K8sEventsReceiver {
    settings: Settings,
    config: K8sEventsConfig,
    outputs: Outputs,
    running: Mutex<Option<(Stopper, Vec<Task>)>>,
}

impl K8sEventsReceiver {
    pub(crate) fn new(settings: Settings, config: K8sEventsConfig, outputs: Outputs) -> Self {
        Self {
            settings,
            config,
            outputs,
            running: Mutex::default(),
        }
    }

    /// The cluster, if there is a way to speak to it.
    fn cluster(&self) -> Result<ClusterConfig, ComponentError> {
        let failed = |error: ClusterError| match error {
            ClusterError::NotInCluster => ComponentError::new(
                "find the Kubernetes API server: KUBERNETES_SERVICE_HOST and \
                 KUBERNETES_SERVICE_PORT are not set, as they are in a pod; outside of a cluster \
                 write `auth_type: kubeConfig`",
            ),
            error => ComponentError::with_source("find the Kubernetes API server", error),
        };
        let cluster = match self.config.auth_type {
            AuthType::ServiceAccount => ClusterConfig::InCluster,
            AuthType::KubeConfig => ClusterConfig::Kubeconfig(KubeconfigFile {
                path: self.config.kubeconfig_file.as_str().into(),
                context: self.config.context.clone(),
            }),
            AuthType::None => ClusterConfig::anonymous().map_err(failed)?,
            AuthType::Tls => {
                return Err(ComponentError::new("`auth_type: tls` is not supported"));
            }
        };
        cluster.check().map_err(failed)?;
        Ok(cluster)
    }

    /// Each namespace once; `None` for all of them.
    fn namespaces(&self) -> Vec<Option<String>> {
        let mut namespaces = self.config.namespaces.clone();
        namespaces.sort();
        namespaces.dedup();
        if namespaces.is_empty() {
            vec![None]
        } else {
            namespaces.into_iter().map(Some).collect()
        }
    }

    fn storage(&self, host: &Host) -> Result<Option<Arc<dyn StorageClient>>, ComponentError> {
        let Some(id) = &self.config.storage else {
            return Ok(None);
        };
        let storage = headwater_core::storage::find(host, id)?;
        let client = storage.client(self.settings.kind, &self.settings.id, "");
        let doing = format!("open the positions in the storage extension '{id}'");
        client
            .map(Some)
            .map_err(|error| error.into_component_error(&doing))
    }

    fn lines(&self) -> Option<Lines> {
        let stream = self.config.stream.as_ref()?;
        let instance = if stream.instance.is_empty() {
            self.settings.id.to_string()
        } else {
            stream.instance.clone()
        };
        Some(Lines {
            job: stream.job.clone(),
            instance,
            format: stream.format,
        })
    }
}

#[async_trait]
impl Component for K8sEventsReceiver {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let Some(output) = self.outputs.get(Signal::Logs) else {
            return Ok(());
        };
        let cluster = self.cluster()?;
        let storage = self.storage(host)?;
        let started = headwater_logs::now();
        let health = Health::new(self.settings.status.clone());
        let labels = vec![("receiver", self.settings.id.to_string())];
        let too_soon = self.settings.telemetry.counter(TOO_SOON, labels);
        let handover = Handover {
            output: Arc::clone(output),
            retry: retry(),
            instruments: ReceiverInstruments::new(&self.settings, "http"),
            account: self.settings.account.clone(),
            budget: host.budget().clone(),
            span: self.settings.span.clone(),
            waits: "The pipeline refuses events: they wait until it takes them",
            drops: "The pipeline refuses events for good: they are dropped",
        };
        // Everything that can fail comes before the first task.
        let mut readers = Vec::new();
        for namespace in self.namespaces() {
            let (position, from) = match &storage {
                None => (None, None),
                Some(client) => {
                    let opened = Position::open(Arc::clone(client), namespace.as_deref())?;
                    (Some(opened.0), opened.1)
                }
            };
            let known = from.as_ref().and_then(|version| version.parse().ok());
            let since = known.map_or(Since::Time(started), Since::Version);
            let intake = Intake {
                news: News::new(since, self.config.dedup_interval),
                lines: self.lines(),
                position,
                handover: handover.clone(),
                health: health.clone(),
                too_soon: too_soon.clone(),
                version: self.settings.build_info.version.clone(),
                failing: false,
                unreadable: 0,
            };
            let follow = FollowEvents {
                cluster: cluster.clone(),
                namespace,
                from: from.filter(|_| known.is_some()),
                pace: Pace::default(),
            };
            readers.push((follow, intake));
        }
        tracing::info!(
            parent: &self.settings.span,
            namespaces = self.config.namespaces.join(", "),
            "Starting to watch events"
        );
        let stopper = Stopper::default();
        let mut tasks = Vec::with_capacity(readers.len());
        for (follow, intake) in readers {
            let (to, heard) = mpsc::channel(WAITING);
            let run = intake.run(heard, stopper.stop());
            tasks.push(host.spawn(Worker::Current, async move {
                // The first ends when nobody listens any more.
                tokio::join!(follow_events(follow, to), run);
            }));
        }
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some((stopper, tasks));
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some((stopper, tasks)) = running {
            stopper.stop_by(deadline);
            for task in tasks {
                task.join().await;
            }
        }
        Ok(())
    }
}

impl Receiver for K8sEventsReceiver {}
