//! The pushes of one tenant: sent again, split and corrected until everything has arrived that
//! Loki takes.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use bytes::Bytes;
use headwater_core::Context;
use headwater_loki::push::{streams, to_json};
use headwater_transport::grpc;
use headwater_transport::http::{Answer, Client, ClientRequest, POST_ANSWER};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};

use super::{End, Loki, Scratch};
use crate::answer::{Verdict, advice, describe, read};
use crate::complaint::{Complaint, What, is_stream};
use crate::config::Encoding;
use crate::encode::{Part, Tenant};

/// How many pushes more than there are parts may be spent on finding out what Loki does not take.
const MOST_QUESTIONS: usize = 64;

/// What becomes of a push.
enum Next {
    /// It is done with: everything has arrived or been booked.
    Done,
    /// Send what is left of it.
    Rest,
    /// Send its two halves.
    Halves(Part, Part),
}

/// Where the delivery of a tenant's pushes stands.
#[derive(Default)]
struct Progress {
    end: End,
    /// Without structured metadata.
    plain: bool,
    questions: usize,
}

impl Progress {
    fn lose(&mut self, reason: &'static str, entries: usize, error: &str) {
        if entries == 0 {
            return;
        }
        match self.end.lost.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, lost)) => *lost += entries,
            None => self.end.lost.push((reason, entries)),
        }
        self.end.error.get_or_insert_with(|| error.to_owned());
    }
}

impl Loki {
    /// Sends everything of a tenant, one push after the other.
    pub(super) async fn deliver(
        &self,
        client: &Client,
        tenant: &mut Tenant,
        context: &Context,
    ) -> End {
        let mut progress = Progress::default();
        let mut todo: VecDeque<Part> = tenant.parts(self.most_bytes, self.most_streams).into();
        while let Some(part) = todo.pop_front() {
            if tenant.live(&part) == 0 {
                continue;
            }
            let answer = self
                .send(client, tenant, &part, context, &mut progress)
                .await;
            let Some(answer) = answer else { continue };
            match self.settle(tenant, &part, &answer, &mut progress) {
                Next::Done => {}
                Next::Rest => todo.push_front(part),
                Next::Halves(front, back) => {
                    todo.push_front(back);
                    todo.push_front(front);
                }
            }
        }
        for (reason, lost) in &progress.end.lost {
            self.instruments.dropped.add(reason, tenant.name(), *lost);
        }
        progress.end
    }

    /// Sends a push until there is an answer that sending again does not change. `None`: it has
    /// arrived, or is lost.
    async fn send(
        &self,
        client: &Client,
        tenant: &Tenant,
        part: &Part,
        context: &Context,
        progress: &mut Progress,
    ) -> Option<Answer> {
        let body = self.body(tenant, part, progress.plain);
        let mut tries = self.retrier.tries();
        loop {
            let answered = self
                .attempt(client, tenant.name(), &body, context, tries.attempt())
                .await;
            let (after, limit, error) = match answered {
                Ok(answer) => match read(&answer, SystemTime::now(), self.retry_on_429) {
                    Verdict::Arrived => {
                        self.retrier.health().succeeded();
                        return None;
                    }
                    Verdict::Again(after, reason) => {
                        let limit = Some(reason).filter(|reason| reason.contains("limit"));
                        (after, limit, describe(&answer))
                    }
                    _ => return Some(answer),
                },
                Err(error) => (None, None, error),
            };
            if let Err(reason) = tries.again(after, &error).await {
                let reason = match reason {
                    "retry_exhausted" => limit.unwrap_or(reason),
                    reason => reason,
                };
                progress.lose(reason, tenant.live(part), &error);
                return None;
            }
        }
    }

    fn body(&self, tenant: &Tenant, part: &Part, plain: bool) -> Bytes {
        let mut scratch = self.scratch();
        let Scratch {
            plain: message,
            compressor,
        } = &mut *scratch;
        tenant.assemble(part, plain, message);
        match self.encoding {
            // Neither fails: it is a message, and shorter than 4 GiB.
            Encoding::Json => streams(message).map(to_json).unwrap_or_default().into(),
            Encoding::Protobuf => compressor.compress(message).unwrap_or_default().into(),
        }
    }

    async fn attempt(
        &self,
        client: &Client,
        tenant: Option<&str>,
        body: &Bytes,
        context: &Context,
        attempt: u32,
    ) -> Result<Answer, String> {
        let mut headers = HeaderMap::with_capacity(4);
        match self.encoding {
            Encoding::Protobuf => {
                let content_type = HeaderValue::from_static("application/x-protobuf");
                headers.insert(CONTENT_TYPE, content_type);
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("snappy"));
            }
            Encoding::Json => {
                let content_type = HeaderValue::from_static("application/json");
                headers.insert(CONTENT_TYPE, content_type);
            }
        }
        if attempt > 0 {
            headers.insert("retry-attempt", HeaderValue::from(attempt));
        }
        if let (Some(name), Some(tenant)) = (&self.tenant_header, tenant) {
            let value = HeaderValue::from_str(tenant)
                .map_err(|_| format!("tenant {tenant:?} cannot be sent in a header"))?;
            headers.insert(name, value);
        }
        let request = ClientRequest {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: grpc::Message::from(body.clone()),
            answer_limit: POST_ANSWER,
        };
        self.instruments.pushes.add(1);
        self.instruments.push_bytes.add(body.len() as u64);
        let answer = client.send(request, context).await;
        answer.map_err(|status| status.message().to_owned())
    }

    /// Does what an answer asks for.
    fn settle(
        &self,
        tenant: &mut Tenant,
        part: &Part,
        answer: &Answer,
        progress: &mut Progress,
    ) -> Next {
        let error = describe(answer);
        let live = tenant.live(part);
        match read(answer, SystemTime::now(), self.retry_on_429) {
            Verdict::Arrived | Verdict::Again(..) => Next::Done,
            Verdict::Smaller => {
                let (front, back) = tenant.halves(part);
                if back.is_empty() || live <= 1 {
                    progress.lose("http_413", live, &error);
                    return Next::Done;
                }
                Next::Halves(front, back)
            }
            Verdict::GiveUp(reason) => {
                tracing::error!(
                    parent: &self.span,
                    status_code = answer.status.as_u16(),
                    tenant = tenant.name(),
                    error,
                    help = advice(answer.status),
                    "Loki does not take a push."
                );
                self.retrier.health().degraded(|| error.clone());
                progress.lose(reason, live, &error);
                Next::Done
            }
            Verdict::Wrong(complaints) => self.correct(tenant, part, &complaints, answer, progress),
        }
    }

    /// Takes out what Loki complains of.
    fn correct(
        &self,
        tenant: &mut Tenant,
        part: &Part,
        complaints: &[Complaint],
        answer: &Answer,
        progress: &mut Progress,
    ) -> Next {
        let error = describe(answer);
        let mut understood = false;
        for complaint in complaints {
            if complaint.what == What::Metadata && !progress.plain {
                progress.plain = true;
                understood = true;
                self.say_plain();
                continue;
            }
            let lost = remove(tenant, part, complaint);
            if lost.removed > 0 {
                understood = true;
                progress.lose(complaint.reason, lost.refused, &error);
                tracing::warn!(
                    parent: &self.span,
                    tenant = tenant.name(),
                    stream = complaint.stream.as_ref().map(|s| format!("{s:?}")),
                    reason = complaint.reason,
                    dropped_items = lost.refused,
                    "Loki refuses entries. Sending the others again without them."
                );
            }
        }
        if understood {
            return Next::Rest;
        }
        // It does not say what it means: the push is halved until that is clear.
        let live = tenant.live(part);
        let halves = if part.len() > 1 {
            Tenant::halves_by_stream(part)
        } else {
            tenant.halves(part)
        };
        if live > 1 && !halves.1.is_empty() && progress.questions < MOST_QUESTIONS {
            progress.questions += 1;
            return Next::Halves(halves.0, halves.1);
        }
        let reason = if answer.status.as_u16() == 422 {
            "http_422"
        } else {
            "http_400"
        };
        progress.lose(reason, live, &error);
        Next::Done
    }

    fn say_plain(&self) {
        if !self.said_plain.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                parent: &self.span,
                help = "write `structured_metadata: {fields: []}`, or `allow_structured_metadata: \
                        true` into Loki's `limits_config`",
                "Loki does not take structured metadata. Sending lines again without it."
            );
        }
    }
}

/// What a complaint has cost.
struct Lost {
    /// Entries that are not sent again.
    removed: usize,
    /// Those of them that Loki has not stored.
    refused: usize,
}

fn remove(tenant: &mut Tenant, part: &Part, complaint: &Complaint) -> Lost {
    let stream = complaint.stream.clone();
    let of = |labels: &str| {
        stream
            .as_ref()
            .is_none_or(|theirs| is_stream(theirs, labels))
    };
    let removed = match complaint.what {
        What::Everything | What::Some(_) | What::Metadata => tenant.remove(part, of, |_| true),
        What::Before(time) => tenant.remove(part, of, |entry| entry.time < time),
        What::From(time) => tenant.remove(part, of, |entry| entry.time >= time),
        // This and the next two are limits of the tenant, not of a stream.
        What::LongerThan(bytes) => {
            tenant.remove(part, |_| true, |entry| u64::from(entry.line) > bytes)
        }
        What::MetadataOver(bytes) => tenant.remove(
            part,
            |_| true,
            |entry| u64::from(entry.metadata_text) > bytes,
        ),
        What::MetadataMore(most) => tenant.remove(
            part,
            |_| true,
            |entry| u64::from(entry.metadata_count) > most,
        ),
    };
    let refused = match complaint.what {
        What::Some(ignored) => removed.min(usize::try_from(ignored).unwrap_or(usize::MAX)),
        _ => removed,
    };
    Lost { removed, refused }
}
