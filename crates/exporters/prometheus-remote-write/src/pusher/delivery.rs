//! One request to the backend: sent again until it has arrived or there is no hope.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use headwater_core::Context;
use headwater_prometheus::remote_write::{Message, VERSION_HEADER};
use headwater_prometheus::translate::Counts;
use headwater_transport::grpc;
use headwater_transport::http::{Answer, Client, ClientRequest, POST_ANSWER};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};

use super::RemoteWrite;
use crate::answer::{Remedy, Verdict, Written, describe, quote, read};
use crate::instruments::Instruments;
use crate::packet::Packet;

/// How a request ended.
#[derive(Debug, Default)]
pub(super) struct End {
    /// How many of its data points were lost, and why.
    pub(super) lost: Option<(&'static str, usize)>,
    /// What the backend or the network said in the end.
    pub(super) error: Option<String>,
    /// How some of what was lost may arrive after all.
    pub(super) remedy: Option<Remedy>,
}

impl RemoteWrite {
    /// Sends a request until it has arrived or there is no hope.
    pub(super) async fn deliver(
        &self,
        client: &Client,
        mut packet: Packet,
        context: &Context,
    ) -> End {
        let mut tries = self.retrier.tries();
        loop {
            if packet.message == Message::V2
                && self.only_v1.load(Ordering::Relaxed)
                && let Some(older) = packet.as_v1()
            {
                packet = older;
            }
            let answered = self
                .attempt(client, &packet, context, tries.attempt())
                .await;
            let (after, error) = match answered {
                Ok(answer) => match read(packet.message, &answer, SystemTime::now()) {
                    Verdict::Arrived(written) => return self.arrived(&packet, written),
                    Verdict::GiveUp(reason, written, remedy) => {
                        self.log_failure(&answer, tries.attempt());
                        let end = self.given_up(&packet, reason, written, &answer);
                        return End { remedy, ..end };
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
                        self.log_failure(&answer, tries.attempt());
                        (after, describe(&answer))
                    }
                },
                Err(error) => (None, error),
            };
            if let Err(reason) = tries.again(after, &error).await {
                return End {
                    lost: Some((reason, packet.counts.items)),
                    error: Some(error),
                    remedy: None,
                };
            }
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
        for name in &self.kept_headers {
            for value in context.header(name.as_str()) {
                if let Ok(value) = HeaderValue::from_str(value) {
                    headers.append(name, value);
                }
            }
        }
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
            self.retrier.health().succeeded();
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
            self.retrier.health().degraded(|| error.to_owned());
            return End {
                lost: Some(("not_written", items)),
                error: Some(error.to_owned()),
                remedy: None,
            };
        }
        self.retrier.health().succeeded();
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
            remedy: None,
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
        self.retrier.health().degraded(|| error.clone());
        let lost = if written.is_silent() {
            items
        } else {
            self.count(written);
            missing(&packet.counts, written)
        };
        End {
            lost: (lost > 0).then_some((reason, lost)),
            error: Some(error),
            remedy: None,
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
