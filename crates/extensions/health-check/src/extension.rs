//! The extension: a server with one answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use headwater_core::config::Optional;
use headwater_core::{Component, ComponentError, Extension, Host};
use headwater_transport::Serving;
use headwater_transport::http::{Handler, Request, Response};
use http::StatusCode;
use http::request::Parts;

use crate::state::State;
use crate::{Config, ResponseBodyConfig};

pub(crate) struct HealthCheck {
    config: Config,
    span: tracing::Span,
    state: Arc<State>,
    serving: Mutex<Option<Serving>>,
}

impl HealthCheck {
    pub(crate) fn new(span: tracing::Span, config: Config) -> Self {
        Self {
            config,
            span,
            state: Arc::default(),
            serving: Mutex::new(None),
        }
    }

    fn change(&self, ready: bool) {
        let status = if ready { "ready" } else { "unavailable" };
        self.state.set_ready(ready);
        tracing::info!(parent: &self.span, status, "Health Check state change");
    }
}

#[async_trait]
impl Component for HealthCheck {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let mut server = self.config.server.clone();
        // As upstream, whose handler stands outside of these.
        server.auth = Optional::None;
        server.cors = Optional::None;
        let handler = Answer {
            state: Arc::clone(&self.state),
            path: self.config.path.clone(),
            body: self.config.response_body.clone(),
        };
        let failed = |error| ComponentError::with_source("failed to bind to address", error);
        let bound = server.bind(host.workers()).map_err(failed)?;
        let server = server
            .server(host, handler)
            .map_err(|error| ComponentError::with_source("failed to set the server up", error))?;
        let serving = Serving::start(host, bound, &server).map_err(failed)?;
        tracing::info!(
            parent: &self.span,
            endpoint = %serving.local_addr(),
            path = self.config.path,
            "Starting health_check extension"
        );
        *self.serving.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
        Ok(())
    }

    async fn shutdown(&self, deadline: Instant) -> Result<(), ComponentError> {
        let serving = self
            .serving
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(serving) = serving {
            serving.shutdown(deadline).await;
        }
        Ok(())
    }
}

impl Extension for HealthCheck {
    fn ready(&self) {
        self.change(true);
    }

    fn not_ready(&self) {
        self.change(false);
    }
}

/// Answers every method, as upstream does.
struct Answer {
    state: Arc<State>,
    path: String,
    body: Option<ResponseBodyConfig>,
}

impl Handler for Answer {
    /// Everything is answered here, before a body is read.
    fn check(&self, head: &Parts) -> Option<Response> {
        Some(self.answer(head.uri.path()))
    }

    async fn call(&self, request: Request) -> Response {
        self.answer(request.uri.path())
    }
}

impl Answer {
    fn answer(&self, path: &str) -> Response {
        // A path that ends with a slash stands for everything below it, as in Go.
        let known = path == self.path || (self.path.ends_with('/') && path.starts_with(&self.path));
        if !known {
            return Response::text(StatusCode::NOT_FOUND, "404 page not found\n");
        }
        let ready = self.state.is_ready();
        let status = if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        match &self.body {
            Some(body) => {
                let text = if ready {
                    &body.healthy
                } else {
                    &body.unhealthy
                };
                Response::text(status, text.clone())
            }
            None => Response::new(status, "application/json", self.state.json()),
        }
    }
}
