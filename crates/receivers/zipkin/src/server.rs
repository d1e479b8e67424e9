//! Requests and answers.

use headwater_core::bytes::Bytes;
use headwater_core::pdata::Payload;
use headwater_core::telemetry::{Counter, Instrument, InstrumentKind, Level, ReceiverInstruments};
use headwater_core::{Batch, Budget, ErrorKind, Outputs, Settings, Signal, Ticket};
use headwater_transport::http::{Request, Response};
use headwater_transport::{DEFAULT_RETRY_DELAY, Status, http};
use http_types::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use http_types::request::Parts;
use http_types::{StatusCode, Uri};

use crate::error::ZipkinError;
use crate::groups::Translated;
use crate::{v1, v2};

/// Requests that were answered 400 because they cannot be read.
const MALFORMED: Instrument = Instrument {
    name: "otelcol_receiver_zipkin_malformed_requests",
    description: "Number of requests that could not be read or translated.",
    unit: "{request}",
    kind: InstrumentKind::Counter,
    level: Level::Basic,
};

/// How spans are written in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    V1Thrift,
    V1Json,
    V2Json,
    V2Protobuf,
}

impl Format {
    const ALL: [Self; 4] = [Self::V1Thrift, Self::V1Json, Self::V2Json, Self::V2Protobuf];

    /// As upstream: every path is taken, and what is not v1 is v2.
    fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if uri.path().contains("api/v1/spans") {
            match content_type {
                Some(b"application/x-thrift") => Self::V1Thrift,
                _ => Self::V1Json,
            }
        } else {
            match content_type {
                Some(b"application/x-protobuf") => Self::V2Protobuf,
                _ => Self::V2Json,
            }
        }
    }

    /// The value of the label `transport`.
    const fn name(self) -> &'static str {
        match self {
            Self::V1Thrift => "http_v1_thrift",
            Self::V1Json => "http_v1_json",
            Self::V2Json => "http_v2_json",
            Self::V2Protobuf => "http_v2_proto",
        }
    }
}

/// Takes requests with spans.
pub(crate) struct Handler {
    outputs: Outputs,
    parse_string_tags: bool,
    instruments: [(ReceiverInstruments, Counter); 4],
    budget: Budget,
}

impl Handler {
    pub(crate) fn new(settings: &Settings, parse_string_tags: bool, outputs: &Outputs) -> Self {
        let instruments = Format::ALL.map(|format| {
            let attributes = vec![
                ("receiver", settings.id.to_string()),
                ("transport", format.name().to_owned()),
            ];
            let malformed = settings.telemetry.counter(MALFORMED, attributes);
            (ReceiverInstruments::new(settings, format.name()), malformed)
        });
        Self {
            outputs: outputs.clone(),
            parse_string_tags,
            instruments,
            budget: settings.budget.clone(),
        }
    }

    fn translate(&self, format: Format, body: &[u8]) -> Result<Translated, ZipkinError> {
        let parse = self.parse_string_tags;
        match format {
            Format::V1Thrift => v1::from_thrift(body),
            Format::V1Json => v1::from_json(body, parse),
            Format::V2Json => v2::from_json(body, parse),
            Format::V2Protobuf => v2::from_protobuf(body, parse),
        }
    }

    async fn take(&self, request: Request) -> Response {
        let format = Format::of(&request.uri, &request.headers);
        let (instruments, malformed) = &self.instruments[format as usize];
        let translated = match self.translate(format, &request.body) {
            Ok(translated) => translated,
            Err(error) => {
                malformed.add(1);
                tracing::debug!(%error, "a request cannot be translated");
                return Response::text(StatusCode::BAD_REQUEST, format!("{error}\n"))
                    .with_header(NO_SNIFF.0, NO_SNIFF.1);
            }
        };
        let items = translated.spans;
        let (Some(output), true) = (self.outputs.get(Signal::Traces), items > 0) else {
            return Response::empty(StatusCode::ACCEPTED);
        };
        let mut ticket = request.ticket;
        ticket.resize(translated.bytes.len());
        let bytes = Bytes::from(translated.bytes);
        let batch = Batch::new(Signal::Traces, Payload::counted(bytes, items), items)
            .with_context(request.context)
            .with_ticket(ticket);
        let mut outcome = Outcome {
            instruments,
            unanswered: items,
        };
        let Err(mut error) = output.consume(batch).await else {
            outcome.unanswered = 0;
            instruments.accepted(Signal::Traces, items);
            return Response::empty(StatusCode::ACCEPTED);
        };
        let rest = error
            .take_undelivered()
            .map_or(items, |rest| rest.items().min(items));
        outcome.unanswered = rest;
        instruments.accepted(Signal::Traces, items - rest);
        tracing::debug!(error = %error.chain(), "the pipeline did not take the spans");
        match error.kind() {
            ErrorKind::Permanent => words(StatusCode::BAD_REQUEST, "\"Bad Request\""),
            ErrorKind::Retryable { .. } => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                words(status, "\"Internal Server Error\"")
            }
            ErrorKind::Refused { after } => {
                let seconds = after.unwrap_or(DEFAULT_RETRY_DELAY).as_secs().max(1);
                words(StatusCode::TOO_MANY_REQUESTS, "\"Too Many Requests\"")
                    .with_header(RETRY_AFTER, HeaderValue::from(seconds))
            }
        }
    }
}

/// As Go's `http.Error` has it.
const NO_SNIFF: (HeaderName, HeaderValue) = (
    http_types::header::X_CONTENT_TYPE_OPTIONS,
    HeaderValue::from_static("nosniff"),
);

fn words(status: StatusCode, text: &'static str) -> Response {
    Response::text(status, text)
}

/// Counts what was not accepted as refused, also when the client goes away in the middle.
struct Outcome<'a> {
    instruments: &'a ReceiverInstruments,
    unanswered: usize,
}

impl Drop for Outcome<'_> {
    fn drop(&mut self) {
        if self.unanswered > 0 {
            self.instruments.refused(Signal::Traces, self.unanswered);
        }
    }
}

impl http::Handler for Handler {
    fn admit(&self, _: &Parts, bytes: usize) -> Result<Ticket, Status> {
        self.budget.try_charge(bytes).map_err(Status::from)
    }

    async fn call(&self, request: Request) -> Response {
        self.take(request).await
    }
}
