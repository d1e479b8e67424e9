//! One batch to the backend.

mod delivery;
mod pieces;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use headwater_core::telemetry::Attributes;
use headwater_core::{Batch, ComponentError, ConsumeError, Host, Settings};
use headwater_exporting::{Health, Pusher, Retrier, Sent};
use headwater_prometheus::remote_write::{Compressor, Message};
use headwater_prometheus::translate::{Counts, Outcome, Slice, Translator};
use headwater_transport::config::{CompressionType, HttpClientConfig};
use headwater_transport::http::{Client, Url, parse_url};
use http::header::HeaderName;

use self::pieces::{Divider, Tally};
use crate::config::PrometheusRemoteWriteConfig;
use crate::instruments::Instruments;
use crate::packet::Packet;

/// How often series that come no more are forgotten.
const SWEEP: Duration = Duration::from_secs(300);

/// What one batch at a time is translated with.
struct Work {
    translator: Translator,
    compressor: Compressor,
    swept: Instant,
}

impl Work {
    /// A request with some of what was translated last; `None` if there is nothing in it.
    fn pack(&mut self, slice: &Slice) -> Option<Packet> {
        let message = self.translator.message();
        let mut packet = None;
        self.translator.slice(slice, |request| {
            packet = Packet::new(message, &request, &mut self.compressor);
        });
        packet
    }
}

/// See the module.
pub(crate) struct RemoteWrite {
    url: Url,
    config: HttpClientConfig,
    retrier: Retrier,
    parallelism: usize,
    /// There is no queue.
    senders_wait: bool,
    max_bytes: usize,
    tenant_header: Option<HeaderName>,
    /// Those of clients' requests that go out with what came with them.
    kept_headers: Vec<HeaderName>,
    user_agent: String,
    span: tracing::Span,
    instruments: Instruments,
    /// Held for as long as a batch is being sent: the next one waits, and so keeps the order.
    work: tokio::sync::Mutex<Work>,
    /// The backend has said that it does not take 2.0.
    only_v1: AtomicBool,
    /// From start to shutdown.
    client: Mutex<Option<Client>>,
}

/// What [`headwater_exporting::Exporting`] is given.
pub(crate) struct Handle(pub(crate) Arc<RemoteWrite>);

impl RemoteWrite {
    pub(crate) fn new(
        config: &PrometheusRemoteWriteConfig,
        settings: &Settings,
    ) -> Result<Self, ComponentError> {
        let failed = |error| ComponentError::with_source("invalid endpoint", error);
        let client = config.http_client().clone();
        let url = parse_url("endpoint", &client.endpoint).map_err(failed)?;
        let parallelism = config.parallelism();
        let translator = Translator::new(config.options(), config.message());
        let build_info = &settings.build_info;
        let description = build_info.description.to_lowercase().replace(' ', "-");
        let fits = |letter: char| letter.is_ascii_graphic();
        let user_agent = format!("{description}/{}", build_info.version)
            .chars()
            .map(|letter| if fits(letter) { letter } else { '_' })
            .collect();
        tracing::info!(
            parent: &settings.span,
            ProtoMsg = config.message().name(),
            "starting prometheus remote write exporter"
        );
        Ok(Self {
            instruments: Instruments::new(settings, &client.endpoint, parallelism),
            // The body is compressed here, in the one form that there is.
            config: HttpClientConfig {
                compression: CompressionType::None,
                ..client
            },
            url,
            retrier: Retrier::new(config.retry_on_failure.clone(), 0, settings),
            parallelism,
            senders_wait: !config.remote_write_queue.enabled,
            max_bytes: usize::try_from(config.max_batch_size_bytes).unwrap_or(usize::MAX),
            tenant_header: config.tenant_header.parse().ok(),
            kept_headers: config
                .include_metadata_keys
                .iter()
                .filter_map(|name| name.parse().ok())
                .collect(),
            user_agent,
            span: settings.span.clone(),
            work: tokio::sync::Mutex::new(Work {
                translator,
                compressor: Compressor::default(),
                swept: Instant::now(),
            }),
            only_v1: AtomicBool::new(false),
            client: Mutex::default(),
        })
    }

    /// Where it sends, for the metrics.
    pub(crate) fn destination(&self) -> Attributes {
        let path = self.url.uri().path();
        headwater_exporting::destination(self.url.host(), Some(self.url.port()), path)
    }

    /// Where it says whether requests arrive.
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

    /// Translates, and says what could not be.
    fn translate(&self, work: &mut Work, batch: &Batch) -> (Vec<Packet>, Outcome) {
        if work.swept.elapsed() >= SWEEP {
            work.translator.sweep();
            work.swept = Instant::now();
        }
        if self.only_v1.load(Ordering::Relaxed) {
            work.translator.set_message(Message::V1);
        }
        let outcome = work.translator.translate(batch.payload());
        self.instruments
            .translated_time_series
            .add(outcome.series as u64);
        if !outcome.refused.is_empty() {
            self.instruments.failed_translations.add(1);
        }
        for refused in &outcome.refused {
            tracing::error!(
                parent: &self.span,
                reason = refused.reason,
                dropped_data_points = refused.points,
                error = refused.example,
                "Failed to translate metrics. Exporting the others."
            );
        }
        let message = work.translator.message();
        let Work {
            translator,
            compressor,
            ..
        } = work;
        let mut packets = Vec::new();
        translator.requests(self.max_bytes, |request| {
            packets.extend(Packet::new(message, &request, compressor));
        });
        (packets, outcome)
    }

    /// Sends a batch that was merged of requests with so many segments each, or of none.
    async fn push(&self, batch: &Batch, segments: &[usize]) -> Result<Sent, ConsumeError> {
        let client = self.client().clone();
        let Some(client) = client else {
            return Err(ConsumeError::retryable("the exporter is not running", None));
        };
        let mut work = self.work.lock().await;
        let (packets, outcome) = self.translate(&mut work, batch);
        let mut total = Counts::default();
        for packet in &packets {
            total.add(&packet.counts);
        }
        let (client, context) = (&client, batch.context());
        let ends: Vec<_> = futures_util::stream::iter(packets)
            .map(|packet| async {
                let series = packet.series.clone();
                (series, self.deliver(client, packet, context).await)
            })
            .buffer_unordered(self.parallelism)
            .collect()
            .await;
        let mut divider = Divider::new(segments);
        let mut tally = Tally::default();
        for (series, end) in ends {
            let segments = 0..batch.payload().segments().len();
            let refused = (Slice { series, segments }, end);
            self.send_pieces(
                &mut work,
                &mut divider,
                refused,
                (client, context),
                &mut tally,
            )
            .await;
        }
        drop(work);

        let mut dropped: Vec<(&'static str, usize)> = outcome
            .refused
            .iter()
            .map(|refused| (refused.reason, refused.points))
            .collect();
        dropped.push(("duplicate_timestamp", total.duplicates));
        // What is neither in a request nor refused has no value at all.
        let known = total.items + dropped.iter().map(|(_, items)| items).sum::<usize>();
        dropped.push(("not_translated", batch.items().saturating_sub(known)));
        let lost = tally.items();
        dropped.extend(tally.lost);
        dropped.retain(|(_, items)| *items > 0);
        if let Some(error) = tally.error {
            if self.senders_wait && lost == batch.items() {
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
        self.0.push(batch, &[]).await
    }

    async fn push_merged(
        &self,
        batch: &Batch,
        segments: &[usize],
        _: Option<Duration>,
    ) -> Result<Sent, ConsumeError> {
        self.0.push(batch, segments).await
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
