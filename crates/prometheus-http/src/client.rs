//! The client.

use std::sync::Arc;

use bytes::Bytes;
use headwater_core::Context;
use headwater_prometheus::scrape_config::HttpClientConfig;
use headwater_transport::compression::{DecompressError, Encoding, decompress};
use headwater_transport::http::ClientRequest;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING};
use http::{HeaderValue, Method};

use crate::credentials::Credentials;
use crate::headers::Headers;
use crate::tls::Transports;
use crate::{Answer, ClientError, FetchError, LONGEST_BODY, Request};

/// Makes requests as the HTTP keys of a job say. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct HttpClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    credentials: Credentials,
    headers: Headers,
    transports: Transports,
}

impl HttpClient {
    /// A client without connections. Files are not read before the first request, so that one that is
    /// missing fails requests only as long as it is.
    ///
    /// # Errors
    /// [`ClientError`] if the proxy or a header cannot be used.
    pub fn new(config: &HttpClientConfig, user_agent: &str) -> Result<Self, ClientError> {
        let flags = (config.enable_http2, config.follow_redirects);
        Ok(Self(Arc::new(Inner {
            credentials: Credentials::new(config)?,
            headers: Headers::new(&config.http_headers)?,
            transports: Transports::new(&config.tls_config, &config.proxy, user_agent, flags)?,
        })))
    }

    /// Asks and reads the whole answer. Redirects are followed, up to ten, if the configuration says
    /// so; credentials are not sent to another host.
    ///
    /// # Errors
    /// [`FetchError`] if there is no answer, if its body is too long or damaged, or if the request
    /// cannot be signed. An answer of any status is no error.
    ///
    /// # Cancel safety
    /// Dropping the future ends the request and closes its connection.
    pub async fn get(&self, request: Request<'_>) -> Result<Answer, FetchError> {
        tokio::time::timeout(request.timeout, self.0.get(request))
            .await
            .unwrap_or_else(|_| {
                Err(FetchError::Timeout {
                    url: request.url.to_string(),
                    timeout: request.timeout,
                })
            })
    }
}

impl Inner {
    async fn get(&self, request: Request<'_>) -> Result<Answer, FetchError> {
        let mut headers = request.headers.clone();
        let encoding = if request.compression {
            "gzip"
        } else {
            "identity"
        };
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encoding));
        self.headers.add(&mut headers)?;
        if let Some(value) = self.credentials.header().await? {
            headers.insert(AUTHORIZATION, value);
        }
        let limit = match request.body_limit {
            0 => LONGEST_BODY,
            limit => limit,
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let client = self.transports.get(request.url.is_tls())?;
        let answer = client
            .send(
                ClientRequest {
                    method: Method::GET,
                    url: request.url.clone(),
                    headers,
                    body: headwater_transport::grpc::Message::default(),
                    answer_limit: limit,
                },
                &Context::default(),
            )
            .await
            .map_err(|status| FetchError::Transport(status.message().to_owned()))?;
        // As in Prometheus, a body that is exactly as long as the limit is too long.
        if answer.truncated || answer.body.len() >= limit {
            return Err(FetchError::BodyTooLong);
        }
        let received = answer.body.len();
        let body = match answer.headers.get(CONTENT_ENCODING) {
            Some(encoding) => decode(request, encoding, &answer.body, limit)?,
            None => answer.body,
        };
        Ok(Answer {
            status: answer.status,
            headers: answer.headers,
            body,
            received,
        })
    }
}

fn decode(
    request: Request<'_>,
    encoding: &HeaderValue,
    body: &Bytes,
    limit: usize,
) -> Result<Bytes, FetchError> {
    if encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
        return Ok(body.clone());
    }
    let failed = |reason: String| FetchError::Encoding {
        url: request.url.to_string(),
        reason,
    };
    if !encoding.as_bytes().eq_ignore_ascii_case(b"gzip") {
        return Err(failed(format!("unexpected Content-Encoding {encoding:?}")));
    }
    decompress(Encoding::Gzip, body, limit.saturating_sub(1)).map_err(|error| match error {
        DecompressError::TooLarge { .. } => FetchError::BodyTooLong,
        invalid @ DecompressError::Invalid { .. } => failed(invalid.to_string()),
    })
}
