//! Taking batches, and serving the page.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY};
use ::http::request::Parts;
use ::http::{Method, StatusCode};
use async_trait::async_trait;
use headwater_core::bytes::Bytes;
use headwater_core::{Batch, ComponentError, ConsumeError, Host, Settings, Ticket};
use headwater_exporting::{Pusher, Sent};
use headwater_prometheus::exposition::ResponseFormat;
use headwater_prometheus::translate::Options;
use headwater_transport::compression::{CompressionParams, Compressor, Encoding};
use headwater_transport::{Serving, Status, http, listen};

use crate::config::PrometheusConfig;
use crate::ingest::{Ingest, Refused};
use crate::page;
use crate::store::Store;

/// What the server and the pipeline share.
struct Shared {
    store: Mutex<Store>,
    openmetrics: bool,
    timestamps: bool,
    gzip: Option<Compressor>,
}

impl Shared {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module.
pub(crate) struct Page {
    config: PrometheusConfig,
    options: Options,
    shared: Arc<Shared>,
    id: String,
    span: tracing::Span,
    serving: Mutex<Option<Serving>>,
}

impl Page {
    pub(crate) fn new(config: PrometheusConfig, settings: &Settings) -> Self {
        let store = Store::new(
            config.max_series as usize,
            config.metric_expiration,
            Instant::now(),
        );
        Self {
            options: config.options(),
            shared: Arc::new(Shared {
                store: Mutex::new(store),
                openmetrics: config.enable_open_metrics,
                timestamps: config.send_timestamps,
                gzip: Compressor::try_new(Encoding::Gzip, CompressionParams::default()).ok(),
            }),
            config,
            id: settings.id.to_string(),
            span: settings.span.clone(),
            serving: Mutex::default(),
        }
    }

    fn serving(&self) -> MutexGuard<'_, Option<Serving>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, refused: &Refused) {
        for (reason, (points, example)) in &refused.0 {
            tracing::warn!(
                parent: &self.span,
                reason,
                dropped_data_points = points,
                error = example,
                "Failed to convert metrics. Showing the others."
            );
        }
    }
}

fn failed<E>(error: E) -> ComponentError
where
    E: std::error::Error + Send + Sync + 'static,
{
    ComponentError::with_source("start the server of the metrics page", error)
}

#[async_trait]
impl Pusher for Page {
    async fn push(&self, batch: &Batch, _: Option<Duration>) -> Result<Sent, ConsumeError> {
        let now = Instant::now();
        let refused = {
            let mut store = self.shared.store();
            store.expire_sometimes(now);
            let mut ingest = Ingest {
                options: &self.options,
                store: &mut store,
                now,
                refused: Refused::default(),
            };
            ingest.payload(batch.payload());
            ingest.refused
        };
        self.log(&refused);
        let dropped = refused
            .0
            .iter()
            .map(|(reason, (points, _))| (*reason, *points));
        Ok(Sent {
            dropped: dropped.collect(),
            ..Sent::complete()
        })
    }

    fn keeps_timeout(&self) -> bool {
        true
    }

    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let server = &self.config.server;
        let built = server
            .server(host, Metrics(Arc::clone(&self.shared)))
            .map_err(failed)?;
        let bound = server.bind(host.workers()).map_err(failed)?;
        let serving = Serving::start(host, bound, &built).map_err(failed)?;
        tracing::info!(
            parent: &self.span,
            endpoint = %serving.local_addr(),
            "Starting HTTP server"
        );
        let key = format!("exporters::{}::endpoint", self.id);
        if let Some(hint) = listen::container_hint(serving.local_addr(), &key) {
            tracing::warn!(parent: &self.span, "{hint}");
        }
        *self.serving() = Some(serving);
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let serving = self.serving().take();
        if let Some(serving) = serving {
            serving.shutdown(deadline).await;
        }
        Ok(())
    }
}

/// Serves `/metrics`.
struct Metrics(Arc<Shared>);

impl http::Handler for Metrics {
    fn check(&self, head: &Parts) -> Option<http::Response> {
        if head.uri.path() != "/metrics" {
            let text = "404 page not found\n";
            return Some(http::Response::text(StatusCode::NOT_FOUND, text));
        }
        if !matches!(head.method, Method::GET | Method::HEAD) {
            let text = "405 method not allowed, supported: [GET]\n";
            return Some(http::Response::text(StatusCode::METHOD_NOT_ALLOWED, text));
        }
        None
    }

    fn admit(&self, _: &Parts, _: usize) -> Result<Ticket, Status> {
        Ok(Ticket::default())
    }

    async fn call(&self, request: http::Request) -> http::Response {
        let header = |name| {
            let value = request.headers.get(name);
            value.and_then(|value| value.to_str().ok()).unwrap_or("")
        };
        let shared = &self.0;
        let format = ResponseFormat::negotiate(header(ACCEPT), shared.openmetrics);
        let body = {
            let mut store = shared.store();
            store.expire(Instant::now());
            page::write(&store, format, shared.timestamps)
        };
        let body = Bytes::from(body);
        let packed = shared
            .gzip
            .filter(|_| takes_gzip(header(ACCEPT_ENCODING)))
            .and_then(|gzip| gzip.compress_to_bytes(std::slice::from_ref(&body)).ok());
        let is_packed = packed.is_some();
        let response = http::Response::text(StatusCode::OK, packed.unwrap_or(body));
        let response = match HeaderValue::try_from(format.content_type()) {
            Ok(value) => response.with_header(CONTENT_TYPE, value),
            Err(_) => response,
        };
        let response = response.with_header(VARY, HeaderValue::from_static("Accept-Encoding"));
        if is_packed {
            response.with_header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
        } else {
            response
        }
    }
}

/// Whether an `Accept-Encoding` has gzip in it.
fn takes_gzip(accept: &str) -> bool {
    accept.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next() == Some("gzip") && words.all(|word| !matches!(word, "q=0" | "q=0.0"))
    })
}
