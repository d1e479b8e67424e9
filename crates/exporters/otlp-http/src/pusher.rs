//! One request to the backend.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use headwater_core::pdata::json::to_json;
use headwater_core::telemetry::Attributes;
use headwater_core::{Batch, ComponentError, ConsumeError, Host, Settings, Signal};
use headwater_exporting::{Pusher, Sent};
use headwater_transport::config::HttpClientConfig;
use headwater_transport::grpc::Message;
use headwater_transport::http::{Client, Url};
use http::HeaderValue;

use crate::answer;
use crate::config::{Encoding, OtlpHttpConfig};

/// Posts requests of one signal to one URL.
pub(crate) struct HttpPusher {
    url: Url,
    config: HttpClientConfig,
    encoding: Encoding,
    user_agent: String,
    span: tracing::Span,
    /// From start to shutdown.
    client: Mutex<Option<Client>>,
}

impl HttpPusher {
    pub(crate) fn new(
        signal: Signal,
        config: OtlpHttpConfig,
        settings: &Settings,
    ) -> Result<Self, ComponentError> {
        let url = config.url(signal)?;
        // Whether there must be TLS is for the URL in use to say.
        let endpoint = url.to_string();
        Ok(Self {
            config: HttpClientConfig {
                endpoint,
                ..config.client
            },
            url,
            encoding: config.encoding,
            user_agent: headwater_exporting::user_agent(&settings.build_info),
            span: settings.span.clone(),
            client: Mutex::default(),
        })
    }

    /// Where it sends, for the metrics.
    pub(crate) fn destination(&self) -> Attributes {
        let path = self.url.uri().path();
        headwater_exporting::destination(self.url.host(), Some(self.url.port()), path)
    }

    fn client(&self) -> MutexGuard<'_, Option<Client>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn body(&self, batch: &Batch) -> Result<Message, ConsumeError> {
        match self.encoding {
            Encoding::Proto => Ok(batch.payload().segments().cloned().collect()),
            Encoding::Json => {
                // JSON is about twice as long.
                let mut json = Vec::with_capacity(2 * batch.bytes());
                to_json(batch.signal(), batch.payload(), &mut json).map_err(|error| {
                    ConsumeError::permanent("cannot write the request as JSON").with_source(error)
                })?;
                Ok(Message::from(headwater_core::bytes::Bytes::from(json)))
            }
        }
    }
}

#[async_trait]
impl Pusher for HttpPusher {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let client = self
            .config
            .client(host, &self.user_agent)
            .map_err(|error| {
                ComponentError::with_source("failed to create the HTTP client", error)
            })?;
        *self.client() = Some(client);
        Ok(())
    }

    async fn push(&self, batch: &Batch, _: Option<Duration>) -> Result<Sent, ConsumeError> {
        let client = self.client().clone();
        let Some(client) = client else {
            return Err(ConsumeError::retryable("the exporter is not running", None));
        };
        let body = self.body(batch)?;
        tracing::debug!(parent: &self.span, url = %self.url, "Preparing to make HTTP request");
        let content_type = HeaderValue::from_static(self.encoding.content_type());
        match client
            .post(&self.url, content_type, body, batch.context())
            .await
        {
            Ok(answer) => answer::read(batch.signal(), &self.url, &answer, SystemTime::now()),
            // Whatever it was, there was no answer: the next attempt may get one.
            Err(status) => {
                let text = format!("failed to make an HTTP request: {}", status.message());
                Err(ConsumeError::retryable(text, status.retry_delay()).with_code(status.code()))
            }
        }
    }

    async fn shutdown(&self, _: Instant) -> Result<(), ComponentError> {
        self.client().take();
        Ok(())
    }
}
