//! The receiver: starts and stops what scrapes, what is asked for jobs and what tells about targets.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::{Component, ComponentError, Consumer, Host, Receiver, Settings, Task, Worker};
use headwater_prometheus::scrape_config::{Job, PrometheusConfig};
use headwater_transport::Serving;
use tokio::sync::mpsc;

use crate::allocator::Allocator;
use crate::api::Api;
use crate::clock::Clock;
use crate::config::PrometheusReceiverConfig;
use crate::discover::discoveries;
use crate::manager::{Manager, NewJob, Order};
use crate::output::Output;
use crate::scrape::Shared;
use crate::scratch::Pool;
use crate::setup::{Common, external_labels, seed};
use crate::targets::Targets;

pub(crate) struct PrometheusReceiver {
    settings: Settings,
    config: PrometheusReceiverConfig,
    consumer: Arc<dyn Consumer>,
    running: Mutex<Running>,
}

/// What has been started.
#[derive(Default)]
struct Running {
    orders: Option<mpsc::Sender<Order>>,
    manager: Option<Task>,
    allocator: Option<Task>,
    api: Option<Serving>,
}

impl PrometheusReceiver {
    pub(crate) fn new(
        settings: Settings,
        config: PrometheusReceiverConfig,
        consumer: Arc<dyn Consumer>,
    ) -> Self {
        Self {
            settings,
            config,
            consumer,
            running: Mutex::default(),
        }
    }

    fn user_agent(&self) -> String {
        let build = &self.settings.build_info;
        format!("{}/{}", build.command, build.version)
    }

    /// The jobs of the configuration, each with its discoveries.
    fn jobs(&self, config: &PrometheusConfig) -> Result<Vec<NewJob>, ComponentError> {
        let jobs = config.jobs().map_err(|error| {
            ComponentError::new(format!("could not get scrape configs: {error}"))
        })?;
        let user_agent = self.user_agent();
        let with_discoveries = |job: Job| {
            let discoveries = discoveries(&job, &user_agent, &self.settings.span);
            NewJob { job, discoveries }
        };
        Ok(jobs.into_iter().map(with_discoveries).collect())
    }

    fn start_manager(&self, host: &Host, targets: Targets) -> (mpsc::Sender<Order>, Task) {
        let external = external_labels(&self.config.config.global.external_labels, |name| {
            std::env::var(name).ok()
        });
        let common = Common {
            seed: seed(&external),
            external,
            trim_suffixes: self.config.trim_metric_suffixes,
            version: self.settings.build_info.version.as_str().into(),
        };
        let shared = Shared {
            output: Output::new(&self.settings, Arc::clone(&self.consumer)),
            clock: Clock::default(),
            pool: Pool::default(),
            initial_offset: self.config.initial_scrape_offset,
            span: self.settings.span.clone(),
        };
        let (orders, receiver) = mpsc::channel(4);
        let manager = Manager::new(
            host.clone(),
            Arc::new(shared),
            common,
            targets,
            self.user_agent(),
            receiver,
        );
        (orders, host.spawn(Worker::Current, manager.run()))
    }

    fn start_api(&self, host: &Host, targets: Targets) -> Result<Serving, ComponentError> {
        let failed = |what: &'static str| move |error| ComponentError::with_source(what, error);
        let server = &self.config.api_server.server_config;
        let handler = Api::new(targets);
        let built = server
            .server(host, handler)
            .map_err(|error| ComponentError::with_source("set up the API server", error))?;
        let bound = server
            .bind(host.workers())
            .map_err(failed("start the API server"))?;
        let serving =
            Serving::start(host, bound, &built).map_err(failed("start the API server"))?;
        tracing::info!(
            parent: &self.settings.span,
            endpoint = %serving.local_addr(),
            "Starting Prometheus API server"
        );
        Ok(serving)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Component for PrometheusReceiver {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let jobs = self.jobs(&self.config.config)?;
        let targets = Targets::default();
        if self.config.api_server.enabled {
            let serving = self.start_api(host, targets.clone())?;
            self.lock().api = Some(serving);
        }
        let allocator = match &self.config.target_allocator {
            Some(config) => Some(
                Allocator::new(config, host, &self.settings, &self.user_agent()).map_err(
                    |error| ComponentError::with_source("set up the target allocator", error),
                )?,
            ),
            None => None,
        };
        let (orders, manager) = self.start_manager(host, targets);
        {
            let mut running = self.lock();
            running.orders = Some(orders.clone());
            running.manager = Some(manager);
        }
        if orders.send(Order::Jobs(jobs)).await.is_err() {
            return Err(ComponentError::new("start the scrape manager"));
        }
        if let Some(allocator) = allocator {
            let local = self.config.config.clone();
            let task = allocator.run(local, self.user_agent(), orders);
            self.lock().allocator = Some(host.spawn(Worker::Current, task));
        }
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let Running {
            orders,
            manager,
            allocator,
            api,
        } = std::mem::take(&mut *self.lock());
        if let Some(allocator) = allocator {
            allocator.abort();
        }
        let stop = Order::Stop {
            scrape: self.config.scrape_on_shutdown,
        };
        if let (Some(orders), Some(manager)) = (orders, manager) {
            let ended = async {
                // A manager that is gone has nothing left to stop.
                drop(orders.send(stop).await);
                manager.join().await;
            };
            let late = tokio::time::timeout_at(deadline.into(), ended)
                .await
                .is_err();
            if late {
                tracing::warn!(parent: &self.settings.span, "Scrapes did not end in time");
            }
        }
        if let Some(api) = api {
            api.shutdown(deadline).await;
        }
        Ok(())
    }
}

impl Receiver for PrometheusReceiver {}
