//! Settings of an HTTP client. Source: Go `confighttp.ClientConfig`.

use std::time::Duration;

use headwater_core::Host;
use headwater_core::config::{Config, NameValues, Optional, Validation};

use super::address::check_middlewares;
use super::auth::optional_client;
use super::compression::{check_level, compressor};
use super::headers::{self, header_map};
use super::tls::http_connector;
use super::{
    AuthConfig, BuildError, CompressionParamsConfig, CompressionType, MiddlewareConfig,
    TlsClientConfig,
};
use crate::http::{Client, ClientOptions, Proxies};

/// An HTTP client.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct HttpClientConfig {
    /// The URL to send to; components add their paths. Its scheme decides about TLS.
    pub endpoint: String,
    /// The proxy of every request. Without it HTTP_PROXY, HTTPS_PROXY and NO_PROXY decide.
    pub proxy_url: String,
    /// TLS of `https` URLs.
    pub tls: TlsClientConfig,
    /// A size of Go's read buffer.
    #[config(ignored = "buffers follow the size of what arrives")]
    pub read_buffer_size: i64,
    /// A size of Go's write buffer.
    #[config(ignored = "buffers follow the size of what is sent")]
    pub write_buffer_size: i64,
    /// How long a request may take as a whole; 0 for as long as it likes.
    pub timeout: Duration,
    /// Headers of every request. `Host` replaces the URL's.
    pub headers: NameValues,
    /// Who signs requests.
    pub auth: Optional<AuthConfig>,
    /// Compression of requests.
    pub compression: CompressionType,
    /// How hard to compress.
    pub compression_params: CompressionParamsConfig,
    /// Idle connections to keep, to all hosts together; 0 for no limit.
    pub max_idle_conns: i64,
    /// Idle connections to keep per host; 0 for no limit besides `max_idle_conns`. (The Collector
    /// keeps 2 and opens the others anew for every request.)
    pub max_idle_conns_per_host: i64,
    /// Connections per host; requests beyond wait. 0 for no limit.
    pub max_conns_per_host: i64,
    /// How long an idle connection is kept; 0 for ever.
    pub idle_conn_timeout: Duration,
    /// Whether every request gets a connection of its own.
    pub disable_keep_alives: bool,
    /// Ping an HTTP/2 server that has been silent for this long; 0 for never.
    pub http2_read_idle_timeout: Duration,
    /// Close the connection if the ping is not answered within this; 0 for 15s.
    pub http2_ping_timeout: Duration,
    /// Whether cookies that the server sets are sent back.
    pub cookies: Optional<CookiesConfig>,
    /// Whether HTTP/2 is offered in the TLS handshake.
    pub force_attempt_http2: bool,
    /// Extensions that see every request.
    pub middlewares: Vec<MiddlewareConfig>,
}

/// `cookies`: a section that is on when it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct CookiesConfig {}

impl Default for HttpClientConfig {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            proxy_url: String::new(),
            tls: TlsClientConfig::default(),
            read_buffer_size: 0,
            write_buffer_size: 0,
            timeout: Duration::ZERO,
            headers: NameValues::new(),
            auth: Optional::None,
            compression: CompressionType::None,
            compression_params: CompressionParamsConfig::default(),
            max_idle_conns: 100,
            max_idle_conns_per_host: 0,
            max_conns_per_host: 0,
            idle_conn_timeout: Duration::from_secs(90),
            disable_keep_alives: false,
            http2_read_idle_timeout: Duration::ZERO,
            http2_ping_timeout: Duration::ZERO,
            cookies: Optional::None,
            force_attempt_http2: true,
            middlewares: Vec::new(),
        }
    }
}

/// Source: Go `http2.Transport.PingTimeout`.
const DEFAULT_PING_TIMEOUT: Duration = Duration::from_secs(15);

impl HttpClientConfig {
    /// A client of `endpoint` with the defaults.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            ..Self::default()
        }
    }

    fn check(&self, validation: &mut Validation<'_>) {
        // Whether an endpoint is required is for the component to say.
        if !self.endpoint.is_empty()
            && let Err(error) = crate::http::parse_url("endpoint", &self.endpoint)
        {
            validation.error("endpoint", error.to_string());
        }
        if let Err(error) = Proxies::new(&self.proxy_url) {
            validation.error("proxy_url", error.to_string());
        }
        headers::check("headers", &self.headers, validation);
        check_level(self.compression.http(), self.compression_params, validation);
        check_middlewares(&self.middlewares, validation);
    }

    /// A client; `user_agent` is used unless `headers` has one.
    ///
    /// # Errors
    /// [`BuildError`] if the proxy, a header or a certificate cannot be used, or the
    /// authenticator is missing.
    pub fn client(&self, host: &Host, user_agent: &str) -> Result<Client, BuildError> {
        let given = |duration: Duration| Some(duration).filter(|duration| !duration.is_zero());
        let count = |number: i64| usize::try_from(number).ok().filter(|number| *number > 0);
        Ok(Client::new(ClientOptions {
            connector: http_connector(&self.tls, &self.endpoint)?,
            proxies: Proxies::new(&self.proxy_url)?,
            timeout: given(self.timeout),
            headers: header_map("headers", &self.headers)?,
            user_agent: headers::value("user_agent", "user-agent", user_agent)?,
            compressor: compressor(self.compression.http(), self.compression_params)?,
            authenticator: optional_client(&self.auth, host)?,
            max_idle: count(self.max_idle_conns).unwrap_or(usize::MAX),
            max_idle_per_host: count(self.max_idle_conns_per_host).unwrap_or(usize::MAX),
            max_per_host: count(self.max_conns_per_host),
            idle_timeout: given(self.idle_conn_timeout),
            keep_alive: !self.disable_keep_alives,
            ping_after: given(self.http2_read_idle_timeout),
            ping_timeout: given(self.http2_ping_timeout).unwrap_or(DEFAULT_PING_TIMEOUT),
            cookies: self.cookies.is_some(),
            http2: self.force_attempt_http2,
            follow_redirects: true,
        }))
    }
}
