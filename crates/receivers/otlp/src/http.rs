//! OTLP/HTTP: a path per signal, protobuf or JSON.

mod media;
mod respond;

use std::sync::Arc;

use headwater_core::pdata::json;
use headwater_core::rpc::Code;
use headwater_core::{Signal, Ticket};
use headwater_transport::{Status, http};
use http_types::{Method, StatusCode, request::Parts};

use crate::config::HttpConfig;
use crate::export::Export;
use media::Encoding;

/// Serves the paths of the signals that have a pipeline.
pub(crate) struct Handler {
    export: Arc<Export>,
    paths: Vec<(String, Signal)>,
}

impl Handler {
    pub(crate) fn new(export: Arc<Export>, config: &HttpConfig) -> Self {
        let paths = Signal::ALL
            .into_iter()
            .filter(|signal| export.has(*signal))
            .map(|signal| (config.path(signal), signal))
            .collect();
        Self { export, paths }
    }

    fn signal(&self, path: &str) -> Option<Signal> {
        self.paths
            .iter()
            .find(|(known, _)| known == path)
            .map(|(_, signal)| *signal)
    }

    async fn export(
        &self,
        signal: Signal,
        encoding: Encoding,
        request: http::Request,
    ) -> Result<(), Status> {
        let body = match encoding {
            Encoding::Protobuf => request.body,
            Encoding::Json => json::from_json(signal, &request.body).map_err(|error| {
                let message = format!("request is not valid OTLP/JSON: {error}");
                Status::new(Code::InvalidArgument, message)
            })?,
        };
        self.export
            .export(signal, body, request.context, request.ticket)
            .await
    }
}

impl http::Handler for Handler {
    fn check(&self, head: &Parts) -> Option<http::Response> {
        if self.signal(head.uri.path()).is_none() {
            return Some(respond::text(StatusCode::NOT_FOUND, "404 page not found"));
        }
        if head.method != Method::POST {
            let text = "405 method not allowed, supported: [POST]";
            return Some(respond::text(StatusCode::METHOD_NOT_ALLOWED, text));
        }
        if Encoding::of(&head.headers).is_none() {
            let text = "415 unsupported media type, supported: \
                        [application/json, application/x-protobuf]";
            return Some(respond::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
        }
        None
    }

    fn admit(&self, _: &Parts, bytes: usize) -> Result<Ticket, Status> {
        self.export.admit(bytes)
    }

    async fn call(&self, request: http::Request) -> http::Response {
        let (Some(signal), Some(encoding)) = (
            self.signal(request.uri.path()),
            Encoding::of(&request.headers),
        ) else {
            return respond::text(StatusCode::NOT_FOUND, "404 page not found");
        };
        match self.export(signal, encoding, request).await {
            Ok(()) => respond::success(encoding),
            Err(status) => respond::error(encoding, &status),
        }
    }

    fn reject(&self, head: &Parts, why: &http::Rejection) -> http::Response {
        respond::rejection(Encoding::of(&head.headers), why)
    }
}
