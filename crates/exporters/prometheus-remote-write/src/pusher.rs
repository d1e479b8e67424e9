//! One batch to the backend.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use headwater_core::config::format_duration;
use headwater_core::telemetry::Attributes;
use headwater_core::{Batch, ComponentError, ConsumeError, Context, Host, Settings};
use headwater_exporting::{Backoff, Health, Jitter, Pusher, RetryConfig, Sent};
use headwater_prometheus::remote_write::{Compressor, Message, VERSION_HEADER};
use headwater_prometheus::translate::{Counts, Outcome, Translator};
use headwater_transport::config::{CompressionType, HttpClientConfig};
use headwater_transport::grpc;
use headwater_transport::http::{Answer, Client, ClientRequest, POST_ANSWER, Url, parse_url};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use tokio::sync::watch;

use crate::answer::{Verdict, Written, quote, read};
use crate::config::PrometheusRemoteWriteConfig;
use crate::instruments::Instruments;
use crate::packet::Packet;

/// How often series that come no more are forgotten.
const SWEEP: Duration = Duration::from_secs(300);

/// How a request ended.
#[derive(Debug, Default)]
struct End {
    /// How many of its data points were lost, and why.
    lost: Option<(&'static str, usize)>,
    /// What the backend or the network said in the end.
    error: Option<String>,
}

/// What one batch at a time is translated with.
struct Work {
    translator: Translator,
    compressor: Compressor,
    swept: Instant,
}

/// See the module.
pub(crate) struct RemoteWrite {
    url: Url,
    config: HttpClientConfig,
    retry: RetryConfig,
    jitter: Jitter,
    parallelism: usize,
    /// There is no queue.
    senders_wait: bool,
    max_bytes: usize,
    tenant_header: Option<HeaderName>,
    user_agent: String,
    span: tracing::Span,
    instruments: Instruments,
    health: Arc<Health>,
    /// Held for as long as a batch is being sent: the next one waits, and so keeps the order.
    work: tokio::sync::Mutex<Work>,
    /// The backend has said that it does not take 2.0.
    only_v1: AtomicBool,
    /// A shutdown has begun: nothing is tried again.
    stopped: watch::Sender<bool>,
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
            retry: config.retry_on_failure.clone(),
            jitter: Jitter::default(),
            parallelism,
            senders_wait: !config.remote_write_queue.enabled,
            max_bytes: usize::try_from(config.max_batch_size_bytes).unwrap_or(usize::MAX),
            tenant_header: config.tenant_header.parse().ok(),
            user_agent,
            span: settings.span.clone(),
            health: Arc::new(Health::new(settings.status.clone())),
            work: tokio::sync::Mutex::new(Work {
                translator,
                compressor: Compressor::default(),
                swept: Instant::now(),
            }),
            only_v1: AtomicBool::new(false),
            stopped: watch::Sender::new(false),
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
        Arc::clone(&self.health)
    }

    /// From now on nothing is tried again.
    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
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
            // Fails only for 4 GiB, which no batch is.
            if let Ok(body) = compressor.compress(request.body) {
                packets.push(Packet {
                    message,
                    body: body.into(),
                    counts: request.counts,
                });
            }
        });
        (packets, outcome)
    }

    /// Sends a request until it has arrived or there is no hope.
    async fn deliver(&self, client: &Client, mut packet: Packet, context: &Context) -> End {
        let began = tokio::time::Instant::now();
        let mut backoff = Backoff::new(&self.retry, &self.jitter);
        let mut attempt = 0_u32;
        loop {
            if packet.message == Message::V2
                && self.only_v1.load(Ordering::Relaxed)
                && let Some(older) = packet.as_v1()
            {
                packet = older;
            }
            let answered = self.attempt(client, &packet, context, attempt).await;
            let (after, error) = match answered {
                Ok(answer) => match read(packet.message, &answer, SystemTime::now()) {
                    Verdict::Arrived(written) => return self.arrived(&packet, written),
                    Verdict::GiveUp(reason, written) => {
                        self.log_failure(&answer, attempt);
                        return self.given_up(&packet, reason, written, &answer);
                    }
                    Verdict::OtherMessage => {
                        self.fall_back(&answer);
                        let Some(older) = packet.as_v1() else {
                            return self.given_up(&packet, "http_415", Written::default(), &answer);
                        };
                        packet = older;
                        continue;
                    }
                    Verdict::Again(after) => {
                        self.log_failure(&answer, attempt);
                        (after, describe(&answer))
                    }
                },
                Err(error) => (None, error),
            };
            self.health.degraded(|| error.clone());
            let lost = |reason| End {
                lost: Some((reason, packet.counts.items)),
                error: Some(error.clone()),
            };
            if !self.retry.enabled {
                return lost("retry_disabled");
            }
            attempt += 1;
            let wait = backoff.next().max(after.unwrap_or_default());
            let limit = self.retry.max_elapsed_time;
            if !limit.is_zero() && began.elapsed().saturating_add(wait) > limit {
                return lost("retry_exhausted");
            }
            if !self.pause(wait, &error).await {
                return lost("shutdown");
            }
        }
    }

    /// Waits before the next attempt. `false`: a shutdown has begun, there will be none.
    async fn pause(&self, wait: Duration, error: &str) -> bool {
        let mut stopped = self.stopped.subscribe();
        if *stopped.borrow_and_update() {
            return false;
        }
        tracing::info!(
            parent: &self.span,
            error,
            interval = %format_duration(wait),
            "Exporting failed. Will retry the request after interval."
        );
        tokio::select! {
            biased;
            _ = stopped.changed() => false,
            () = tokio::time::sleep(wait) => true,
        }
    }

    async fn attempt(
        &self,
        client: &Client,
        packet: &Packet,
        context: &Context,
        attempt: u32,
    ) -> Result<Answer, String> {
        let mut headers = HeaderMap::with_capacity(5);
        let message = packet.message;
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(message.content_type()),
        );
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("snappy"));
        headers.insert(
            HeaderName::from_static(VERSION_HEADER),
            HeaderValue::from_static(message.version()),
        );
        if attempt > 0 {
            headers.insert("retry-attempt", HeaderValue::from(attempt));
        }
        if let Some((name, value)) = self.tenant(context) {
            headers.insert(name, value);
        }
        let request = ClientRequest {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: grpc::Message::from(packet.body.clone()),
            answer_limit: POST_ANSWER,
        };
        let answer = client.send(request, context).await;
        self.instruments.sent_batches.add(1);
        answer.map_err(|status| status.message().to_owned())
    }

    /// The tenant that the batch belongs to.
    fn tenant(&self, context: &Context) -> Option<(HeaderName, HeaderValue)> {
        let name = self.tenant_header.as_ref()?;
        let first = || context.header(name.as_str()).first().map(|value| &**value);
        let tenant = context.tenant().or_else(first)?;
        Some((name.clone(), HeaderValue::from_str(tenant).ok()?))
    }

    fn arrived(&self, packet: &Packet, written: Written) -> End {
        let items = packet.counts.items;
        if packet.message == Message::V1 {
            self.health.succeeded();
            return End::default();
        }
        self.count(written);
        if written.is_silent() && packet.counts.series > 0 {
            tracing::error!(
                parent: &self.span,
                dropped_data_points = items,
                help = "write `protobuf_message: prometheus.WriteRequest`",
                "The backend does not say what it has written: it does not know remote write 2.0, \
                 and the data is lost."
            );
            let error = "the answer has no X-Prometheus-Remote-Write headers";
            self.health.degraded(|| error.to_owned());
            return End {
                lost: Some(("not_written", items)),
                error: Some(error.to_owned()),
            };
        }
        self.health.succeeded();
        let lost = missing(&packet.counts, written);
        if lost > 0 {
            tracing::warn!(
                parent: &self.span,
                dropped_data_points = lost,
                "The backend has written only a part."
            );
        }
        End {
            lost: (lost > 0).then_some(("not_written", lost)),
            error: None,
        }
    }

    fn given_up(
        &self,
        packet: &Packet,
        reason: &'static str,
        written: Written,
        answer: &Answer,
    ) -> End {
        let items = packet.counts.items;
        let error = describe(answer);
        self.health.degraded(|| error.clone());
        let lost = if written.is_silent() {
            items
        } else {
            self.count(written);
            missing(&packet.counts, written)
        };
        End {
            lost: (lost > 0).then_some((reason, lost)),
            error: Some(error),
        }
    }

    fn count(&self, written: Written) {
        let Instruments {
            written_samples,
            written_histograms,
            written_exemplars,
            ..
        } = &self.instruments;
        written_samples.add(written.samples.unwrap_or_default());
        written_histograms.add(written.histograms.unwrap_or_default());
        written_exemplars.add(written.exemplars.unwrap_or_default());
    }

    fn fall_back(&self, answer: &Answer) {
        if !self.only_v1.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                parent: &self.span,
                error = quote(answer),
                "The backend does not take remote write 2.0. Sending 1.0 from now on."
            );
        }
    }

    fn log_failure(&self, answer: &Answer, attempt: u32) {
        tracing::error!(
            parent: &self.span,
            status_code = answer.status.as_u16(),
            endpoint = %self.url,
            retry_attempt = attempt + 1,
            error = quote(answer),
            "failed to send WriteRequest to remote endpoint"
        );
    }

    async fn push(&self, batch: &Batch) -> Result<Sent, ConsumeError> {
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
        let ends: Vec<End> = futures_util::stream::iter(packets)
            .map(|packet| self.deliver(client, packet, context))
            .buffer_unordered(self.parallelism)
            .collect()
            .await;
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
        let mut error = None;
        for end in &ends {
            dropped.extend(end.lost);
            error = error.or_else(|| end.error.clone().filter(|_| end.lost.is_some()));
        }
        dropped.retain(|(_, items)| *items > 0);
        if let Some(error) = error {
            let lost: usize = ends.iter().filter_map(|end| end.lost).map(|(_, n)| n).sum();
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

/// Data points that the backend says it has not written.
fn missing(counts: &Counts, written: Written) -> usize {
    let sent = counts.samples + counts.histograms;
    let samples = written.samples.unwrap_or_default();
    let histograms = written.histograms.unwrap_or_default();
    let got = usize::try_from(samples.saturating_add(histograms)).unwrap_or(usize::MAX);
    if got >= sent {
        return 0;
    }
    // A point may be several samples, and nobody says which ones are missing.
    (counts.items * (sent - got)).div_ceil(sent)
}

fn describe(answer: &Answer) -> String {
    let text = quote(answer);
    let status = answer.status.as_u16();
    if text.is_empty() {
        format!("remote write returned HTTP status {status}")
    } else {
        format!("remote write returned HTTP status {status}: {text}")
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
