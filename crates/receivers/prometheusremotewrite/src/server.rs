//! Requests and answers.

use std::sync::{Mutex, PoisonError};

use ::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use ::http::request::Parts;
use ::http::{HeaderMap, Method, StatusCode};
use headwater_core::pdata::Payload;
use headwater_core::rpc::Code;
use headwater_core::telemetry::ReceiverInstruments;
use headwater_core::{Batch, Budget, ErrorKind, Outputs, Settings, Signal, Ticket};
use headwater_prometheus::remote_write::{
    EXEMPLARS_WRITTEN, HISTOGRAMS_WRITTEN, Message, SAMPLES_WRITTEN,
};
use headwater_transport::http::{Rejection, Request, Response};
use headwater_transport::{DEFAULT_RETRY_DELAY, Status, http};

use crate::config::PrometheusRemoteWriteConfig;
use crate::convert::{self, convert};
use crate::known::Known;

/// What tells one sender from another: who it says it is, and the tenant it writes as.
const SENDER: [&str; 2] = ["authorization", "x-scope-orgid"];

/// Takes requests of remote write.
pub(crate) struct Handler {
    path: String,
    outputs: Outputs,
    instruments: ReceiverInstruments,
    budget: Budget,
    known: Mutex<Known>,
    /// Name and version of the scope of series that name none.
    scope: (String, String),
    span: tracing::Span,
}

impl Handler {
    pub(crate) fn new(
        settings: &Settings,
        config: &PrometheusRemoteWriteConfig,
        outputs: Outputs,
    ) -> Self {
        Self {
            path: config.path.clone(),
            outputs,
            instruments: ReceiverInstruments::new(settings, "http"),
            budget: settings.budget.clone(),
            known: Mutex::new(Known::new(config.cache_size as usize)),
            scope: (
                "headwater/prometheusremotewrite".to_owned(),
                settings.build_info.version.clone(),
            ),
            span: settings.span.clone(),
        }
    }

    /// Converts a request and hands it on. What was written, and the answer besides the counts.
    async fn take(&self, message: Message, request: Request) -> (convert::Counts, Response) {
        let nothing = convert::Counts::default;
        let converted = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let headers = &request.headers;
            known.enter(&SENDER.map(|name| {
                let value = headers.get(name);
                value.map_or(&[][..], HeaderValue::as_bytes)
            }));
            convert(
                message,
                &request.body,
                &mut known,
                (&self.scope.0, &self.scope.1),
            )
        };
        let converted = match converted {
            Ok(converted) => converted,
            Err(error) => return (nothing(), text(StatusCode::BAD_REQUEST, &error.to_string())),
        };
        self.instruments.failed(Signal::Metrics, converted.refused);
        if converted.items > 0
            && let Err(answer) = self.hand_on(&converted, request).await
        {
            return (nothing(), answer);
        }
        let answer = match &converted.problem {
            None => Response::empty(StatusCode::NO_CONTENT),
            Some(problem) => {
                tracing::warn!(
                    parent: &self.span,
                    refused_samples = converted.refused,
                    error = problem,
                    "Refused a part of a remote write request."
                );
                text(StatusCode::BAD_REQUEST, problem)
            }
        };
        (converted.written, answer)
    }

    async fn hand_on(
        &self,
        converted: &convert::Request,
        request: Request,
    ) -> Result<(), Response> {
        let Some(output) = self.outputs.get(Signal::Metrics) else {
            return Err(text(
                StatusCode::NOT_FOUND,
                "no pipeline takes metrics here",
            ));
        };
        let items = converted.items;
        let mut ticket = request.ticket;
        ticket.resize(converted.body.len());
        let batch = Batch::new(
            Signal::Metrics,
            Payload::counted(converted.body.clone(), items),
            items,
        )
        .with_context(request.context)
        .with_ticket(ticket);
        let mut outcome = Outcome {
            instruments: &self.instruments,
            unanswered: items,
        };
        let Err(error) = output.consume(batch).await else {
            outcome.unanswered = 0;
            self.instruments.accepted(Signal::Metrics, items);
            return Ok(());
        };
        let (status, after) = match error.kind() {
            ErrorKind::Permanent => (StatusCode::BAD_REQUEST, None),
            ErrorKind::Refused { after } => (StatusCode::TOO_MANY_REQUESTS, after),
            ErrorKind::Retryable { after } => (StatusCode::SERVICE_UNAVAILABLE, after),
        };
        let answer = text(status, &error.chain());
        Err(if status == StatusCode::BAD_REQUEST {
            answer
        } else {
            let seconds = after.unwrap_or(DEFAULT_RETRY_DELAY).as_secs().max(1);
            answer.with_header(RETRY_AFTER, HeaderValue::from(seconds))
        })
    }
}

/// Counts what was not accepted as refused, also when the client goes away in the middle.
struct Outcome<'a> {
    instruments: &'a ReceiverInstruments,
    unanswered: usize,
}

impl Drop for Outcome<'_> {
    fn drop(&mut self) {
        if self.unanswered > 0 {
            self.instruments.refused(Signal::Metrics, self.unanswered);
        }
    }
}

fn text(status: StatusCode, message: &str) -> Response {
    Response::text(status, format!("{message}\n"))
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    let value = headers.get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}

fn counted(answer: Response, written: &convert::Counts) -> Response {
    [
        (SAMPLES_WRITTEN, written.samples),
        (HISTOGRAMS_WRITTEN, written.histograms),
        (EXEMPLARS_WRITTEN, written.exemplars),
    ]
    .into_iter()
    .fold(answer, |answer, (name, count)| {
        answer.with_header(HeaderName::from_static(name), HeaderValue::from(count))
    })
}

impl http::Handler for Handler {
    fn check(&self, head: &Parts) -> Option<Response> {
        if head.uri.path() != self.path {
            return Some(text(StatusCode::NOT_FOUND, "404 page not found"));
        }
        if head.method != Method::POST {
            let message = "405 method not allowed, supported: [POST]";
            return Some(text(StatusCode::METHOD_NOT_ALLOWED, message));
        }
        let content_type = header(&head.headers, &CONTENT_TYPE);
        if Message::from_content_type(content_type).is_none() {
            let message = format!(
                "{content_type:?} is not a content type of remote write: want \
                 application/x-protobuf with proto=prometheus.WriteRequest or \
                 proto=io.prometheus.write.v2.Request"
            );
            return Some(text(StatusCode::UNSUPPORTED_MEDIA_TYPE, &message));
        }
        let encoding = header(&head.headers, &CONTENT_ENCODING);
        if encoding != "snappy" {
            let message = format!("{encoding:?} encoding is not supported: want snappy");
            return Some(text(StatusCode::UNSUPPORTED_MEDIA_TYPE, &message));
        }
        None
    }

    fn admit(&self, _: &Parts, bytes: usize) -> Result<Ticket, Status> {
        self.budget.try_charge(bytes).map_err(|full| {
            Status::new(Code::ResourceExhausted, full.to_string())
                .with_retry_delay(DEFAULT_RETRY_DELAY)
        })
    }

    async fn call(&self, request: Request) -> Response {
        let content_type = header(&request.headers, &CONTENT_TYPE);
        let Some(message) = Message::from_content_type(content_type) else {
            return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown content type");
        };
        let (written, answer) = self.take(message, request).await;
        match message {
            Message::V1 => answer,
            Message::V2 => counted(answer, &written),
        }
    }

    fn reject(&self, head: &Parts, why: &Rejection) -> Response {
        let answer = text(why.http_status(), &why.message());
        let answer = match http::status::retry_after(&why.status()) {
            Some(after) => answer.with_header(RETRY_AFTER, after),
            None => answer,
        };
        match Message::from_content_type(header(&head.headers, &CONTENT_TYPE)) {
            Some(Message::V2) => counted(answer, &convert::Counts::default()),
            _ => answer,
        }
    }
}
