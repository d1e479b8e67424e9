//! The push API over HTTP.

use std::sync::Arc;

use headwater_core::Ticket;
use headwater_loki::push::from_json;
use headwater_loki::snappy::decompress;
use headwater_transport::{Status, http};
use http::{Rejection, Request, Response};
use http_types::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http_types::request::Parts;
use http_types::{HeaderMap, Method, StatusCode};

use crate::convert::{Converted, convert, convert_lines, now};
use crate::intake::{Intake, Refusal, with_tenant};

/// What is posted to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Push,
    Lines,
    Ready,
}

impl Path {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/loki/api/v1/push" | "/api/v1/push" | "/api/prom/push" => Some(Self::Push),
            "/loki/api/v1/raw" | "/api/v1/raw" => Some(Self::Lines),
            "/ready" => Some(Self::Ready),
            _ => None,
        }
    }
}

/// How a push is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let media = value.split(';').next().unwrap_or_default().trim();
        match media.to_ascii_lowercase().as_str() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }
}

pub(crate) struct Handler {
    intake: Arc<Intake>,
    include_metadata: bool,
    max_body: usize,
}

impl Handler {
    pub(crate) const fn new(intake: Arc<Intake>, include_metadata: bool, max_body: usize) -> Self {
        Self {
            intake,
            include_metadata,
            max_body,
        }
    }

    fn read(&self, request: &Request) -> Result<Converted, String> {
        let options = &self.intake.options;
        if Path::of(request.uri.path()) == Some(Path::Lines) {
            return Ok(convert_lines(&request.body, options, now()));
        }
        let converted = match Encoding::of(&request.headers) {
            Some(Encoding::Json) => {
                let message = from_json(&request.body).map_err(|error| error.to_string())?;
                convert(&message, options, now())
            }
            // Compressed with snappy, whether the client says so or not: what it says has been
            // undone already.
            _ if request.headers.contains_key(CONTENT_ENCODING) => {
                convert(&request.body, options, now())
            }
            _ => {
                let message = decompress(&request.body, self.max_body);
                convert(&message.map_err(|error| error.to_string())?, options, now())
            }
        };
        converted.map_err(|error| error.to_string())
    }
}

fn text(status: StatusCode, message: &str) -> Response {
    Response::text(status, format!("{message}\n"))
}

impl http::Handler for Handler {
    fn check(&self, head: &Parts) -> Option<Response> {
        let Some(path) = Path::of(head.uri.path()) else {
            return Some(text(StatusCode::NOT_FOUND, "404 page not found"));
        };
        if path == Path::Ready {
            return Some(text(StatusCode::OK, "ready"));
        }
        if head.method != Method::POST {
            let message = "405 method not allowed, supported: [POST]";
            return Some(text(StatusCode::METHOD_NOT_ALLOWED, message));
        }
        if path == Path::Push && Encoding::of(&head.headers).is_none() {
            let message = "415 unsupported media type, supported: \
                           [application/json, application/x-protobuf]";
            return Some(text(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        None
    }

    fn admit(&self, _: &Parts, bytes: usize) -> Result<Ticket, Status> {
        self.intake.admit(bytes)
    }

    async fn call(&self, request: Request) -> Response {
        let converted = match self.read(&request) {
            Ok(converted) => converted,
            Err(problem) => {
                let message = format!("couldn't parse push request: {problem}");
                return text(StatusCode::BAD_REQUEST, &message);
            }
        };
        let tenant = request
            .headers
            .get(&self.intake.tenant_header)
            .and_then(|value| value.to_str().ok());
        let context = with_tenant(&request.context, tenant, self.include_metadata);
        let taken = self.intake.take(converted, context, request.ticket).await;
        let (status, message, after) = match taken {
            Ok(()) => return Response::empty(StatusCode::NO_CONTENT),
            Err(Refusal::Wrong(text) | Refusal::Permanent(text)) => {
                return self::text(StatusCode::BAD_REQUEST, &text);
            }
            Err(Refusal::Full(text, after)) => (StatusCode::TOO_MANY_REQUESTS, text, after),
            Err(Refusal::Later(text, after)) => (StatusCode::SERVICE_UNAVAILABLE, text, after),
        };
        let seconds = HeaderValue::from(after.as_secs().max(1));
        text(status, &message).with_header(RETRY_AFTER, seconds)
    }

    fn reject(&self, _: &Parts, why: &Rejection) -> Response {
        // A body that is too large is 413 in Loki, and its clients then send less.
        let status = match why {
            Rejection::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            other => other.http_status(),
        };
        text(status, &why.message())
    }
}
