//! One batch to Loki.

mod delivery;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use headwater_core::telemetry::Attributes;
use headwater_core::{Batch, ComponentError, ConsumeError, Host, Settings};
use headwater_exporting::{Health, Pusher, Retrier, Sent};
use headwater_loki::snappy::Compressor;
use headwater_transport::config::{CompressionType, HttpClientConfig};
use headwater_transport::http::{Client, Url, parse_url};
use http::header::HeaderName;

use crate::config::{Encoding, LokiConfig};
use crate::encode::{Encoder, Options};
use crate::guard::Guard;
use crate::instruments::Instruments;

/// How many tenants of a batch are sent to at the same time.
const PARALLEL: usize = 8;

/// What pushes are written with.
#[derive(Default)]
struct Scratch {
    plain: Vec<u8>,
    compressor: Compressor,
}

/// What one batch at a time is encoded with.
struct Work {
    encoder: Encoder,
    guard: Guard,
}

/// See the module.
pub(crate) struct Loki {
    url: Url,
    config: HttpClientConfig,
    options: Options,
    encoding: Encoding,
    retrier: Retrier,
    retry_on_429: bool,
    /// Of a push, before it is compressed.
    most_bytes: usize,
    most_streams: usize,
    tenant_header: Option<HeaderName>,
    context_header: Option<String>,
    fixed_tenant: Option<String>,
    /// There is no queue, or senders wait for the result.
    senders_wait: bool,
    user_agent: String,
    span: tracing::Span,
    instruments: Instruments,
    /// It has been said that this Loki takes no structured metadata.
    said_plain: AtomicBool,
    scratch: Mutex<Scratch>,
    /// Held for as long as a batch is being sent: the next one waits, and so keeps the order.
    work: Vec<tokio::sync::Mutex<Work>>,
    /// From start to shutdown.
    client: Mutex<Option<Client>>,
}

/// What [`headwater_exporting::Exporting`] is given.
pub(crate) struct Handle(pub(crate) Arc<Loki>);

/// How the pushes of a tenant ended.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// How many entries were lost, by reason.
    lost: Vec<(&'static str, usize)>,
    /// What was said in the end about what was lost.
    error: Option<String>,
}

impl Loki {
    pub(crate) fn new(config: &LokiConfig, settings: &Settings) -> Result<Self, ComponentError> {
        let failed = |error| ComponentError::with_source("invalid endpoint", error);
        let client = config.client.clone();
        let queue = config.queue();
        let consumers = queue.as_ref().map_or(1, |queue| queue.num_consumers.max(1));
        let work = || Work {
            encoder: Encoder::default(),
            guard: Guard::new(&config.cardinality),
        };
        let batch_size = usize::try_from(config.batch_size).unwrap_or(usize::MAX);
        Ok(Self {
            url: parse_url("endpoint", &client.endpoint).map_err(failed)?,
            // The body is compressed here, in the one form that there is.
            config: HttpClientConfig {
                compression: CompressionType::None,
                ..client
            },
            options: config.options(),
            encoding: config.encoding,
            retrier: Retrier::new(config.retry(), config.max_retries, settings),
            retry_on_429: config.retry_on_http_429,
            most_bytes: match batch_size {
                0 => usize::MAX,
                size => size.saturating_mul(2),
            },
            most_streams: config.max_streams as usize,
            tenant_header: config.tenant_header.parse().ok(),
            context_header: config.context_header(),
            fixed_tenant: config.fixed_tenant(),
            senders_wait: queue.as_ref().is_none_or(|queue| queue.wait_for_result),
            user_agent: headwater_exporting::user_agent(&settings.build_info),
            span: settings.span.clone(),
            instruments: Instruments::new(settings),
            said_plain: AtomicBool::new(false),
            scratch: Mutex::default(),
            work: (0..consumers)
                .map(|_| tokio::sync::Mutex::new(work()))
                .collect(),
            client: Mutex::default(),
        })
    }

    /// Where it sends, for the metrics.
    pub(crate) fn destination(&self) -> Attributes {
        let path = self.url.uri().path();
        headwater_exporting::destination(self.url.host(), Some(self.url.port()), path)
    }

    /// The exporter's status.
    pub(crate) fn health(&self) -> Arc<Health> {
        Arc::clone(self.retrier.health())
    }

    /// From now on nothing is tried again.
    pub(crate) fn stop(&self) {
        self.retrier.stop();
    }

    fn client(&self) -> MutexGuard<'_, Option<Client>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scratch(&self) -> MutexGuard<'_, Scratch> {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenant of records that name none.
    fn tenant<'a>(&'a self, batch: &'a Batch) -> Option<&'a str> {
        let context = batch.context();
        let sent = || {
            let values = context.header(self.context_header.as_ref()?);
            values.first().map(|value| &**value)
        };
        context
            .tenant()
            .or_else(sent)
            .or(self.fixed_tenant.as_deref())
            .filter(|tenant| !tenant.is_empty())
    }

    /// Something to encode with that nobody uses.
    async fn work(&self) -> tokio::sync::MutexGuard<'_, Work> {
        for work in &self.work {
            if let Ok(free) = work.try_lock() {
                return free;
            }
        }
        // As many as there are consumers: only senders without a queue can be more.
        self.work[0].lock().await
    }

    async fn push(&self, batch: &Batch) -> Result<Sent, ConsumeError> {
        let client = self.client().clone();
        let Some(client) = client else {
            return Err(ConsumeError::retryable("the exporter is not running", None));
        };
        let mut work = self.work().await;
        let Work { encoder, guard } = &mut *work;
        encoder.encode(batch.payload(), &self.options, self.tenant(batch));
        let mut warnings = Vec::new();
        for tenant in encoder.tenants() {
            for labels in tenant.label_sets() {
                guard.see(tenant.name(), labels, &mut warnings);
            }
        }
        for warning in &warnings {
            guard.log(&self.span, warning);
        }
        let encoded: usize = encoder.tenants().iter().map(|tenant| tenant.items()).sum();
        let (client, context) = (&client, batch.context());
        let deliveries: Vec<_> = encoder
            .tenants()
            .iter_mut()
            .map(|tenant| self.deliver(client, tenant, context))
            .collect();
        let ends: Vec<End> = futures_util::stream::iter(deliveries)
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        drop(work);

        let mut dropped = vec![("not_translated", batch.items().saturating_sub(encoded))];
        let mut error = None;
        for end in ends {
            dropped.extend(end.lost);
            error = error.or(end.error);
        }
        dropped.retain(|(_, items)| *items > 0);
        if let Some(error) = error {
            let lost: usize = dropped.iter().map(|(_, items)| items).sum();
            if self.senders_wait && lost >= batch.items() {
                // Nothing of it has arrived, and the sender can still be told.
                return Err(ConsumeError::permanent(error));
            }
            tracing::error!(
                parent: &self.span,
                error,
                dropped_items = lost,
                "Exporting failed. Dropping data."
            );
        }
        Ok(Sent {
            dropped,
            ..Sent::complete()
        })
    }
}

#[async_trait]
impl Pusher for Handle {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let this = &self.0;
        let client = this
            .config
            .client(host, &this.user_agent)
            .map_err(|error| {
                ComponentError::with_source("failed to create the HTTP client", error)
            })?;
        *this.client() = Some(client);
        Ok(())
    }

    async fn push(&self, batch: &Batch, _: Option<Duration>) -> Result<Sent, ConsumeError> {
        self.0.push(batch).await
    }

    fn keeps_timeout(&self) -> bool {
        true
    }

    fn stop(&self) {
        self.0.stop();
    }

    async fn shutdown(&self, _: Instant) -> Result<(), ComponentError> {
        self.0.client().take();
        Ok(())
    }
}
