//! Settings of an HTTP server. Source: Go `confighttp.ServerConfig`.

use std::time::Duration;

use headwater_core::Host;
use headwater_core::config::{Config, NameValues, Optional, Validation};

use super::address::check_middlewares;
use super::headers::{self, header_map};
use super::tls::server_acceptor;
use super::{BuildError, HttpAuthConfig, MiddlewareConfig, ServerAddressConfig, TlsServerConfig};
use crate::http::{Cors, DEFAULT_MAX_BODY, Encodings, Handler, Server, ServerOptions};
use crate::listen::{Bound, ListenError};

/// An HTTP server.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct HttpServerConfig {
    /// Where it listens.
    #[config(squash)]
    pub address: ServerAddressConfig,
    /// TLS, then with HTTP/2 for clients that want it; plaintext without it.
    pub tls: Optional<TlsServerConfig>,
    /// What pages of other origins may do.
    pub cors: Optional<CorsConfig>,
    /// Who checks requests.
    pub auth: Optional<HttpAuthConfig>,
    /// The largest body in bytes, as sent and again when decompressed. 0 and less for 20 MiB.
    pub max_request_body_size: i64,
    /// Whether request headers travel with the telemetry, for processors and exporters that use
    /// them.
    pub include_metadata: bool,
    /// Headers of every answer.
    pub response_headers: NameValues,
    /// The values of `Content-Encoding` that are accepted; an empty list passes bodies on as
    /// they are.
    pub compression_algorithms: Vec<ContentEncoding>,
    /// How long a request may take to arrive; 0 for as long as it likes.
    pub read_timeout: Duration,
    /// How long the headers of a request may take to arrive; 0 for as long as they like.
    pub read_header_timeout: Duration,
    /// How long an answer may take, counted from the end of the request's headers; 0 for as
    /// long as it likes.
    pub write_timeout: Duration,
    /// How long a connection may wait for its next request; 0 for `read_timeout`.
    pub idle_timeout: Duration,
    /// Whether a connection may carry more than one request.
    pub keep_alives_enabled: bool,
    /// Extensions that see every request.
    pub middlewares: Vec<MiddlewareConfig>,
}

/// A value of `Content-Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Config)]
pub enum ContentEncoding {
    /// None at all: a plain body.
    #[config(rename = "")]
    Plain,
    /// RFC 1952.
    #[config(rename = "gzip")]
    Gzip,
    /// RFC 8878.
    #[config(rename = "zstd")]
    Zstd,
    /// RFC 1950.
    #[config(rename = "zlib")]
    Zlib,
    /// Snappy blocks; frames are recognised.
    #[config(rename = "snappy")]
    Snappy,
    /// RFC 1950.
    #[config(rename = "deflate")]
    Deflate,
    /// LZ4 frames.
    #[config(rename = "lz4")]
    Lz4,
    /// Snappy frames.
    #[config(rename = "x-snappy-framed")]
    SnappyFramed,
}

impl ContentEncoding {
    /// All of them: the default.
    pub const ALL: [Self; 8] = [
        Self::Plain,
        Self::Gzip,
        Self::Zstd,
        Self::Zlib,
        Self::Snappy,
        Self::Deflate,
        Self::Lz4,
        Self::SnappyFramed,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Zlib => "zlib",
            Self::Snappy => "snappy",
            Self::Deflate => "deflate",
            Self::Lz4 => "lz4",
            Self::SnappyFramed => "x-snappy-framed",
        }
    }
}

/// `cors`. Source: Go `confighttp.CORSConfig`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct CorsConfig {
    /// Origins that may send, `*` inside stands for anything: `https://*.example.com`. Nothing
    /// is allowed without one.
    pub allowed_origins: Vec<String>,
    /// Request headers that pages may set besides the simple ones.
    pub allowed_headers: Vec<String>,
    /// Answer headers that pages may read.
    pub exposed_headers: Vec<String>,
    /// Seconds for which a browser may remember the answer; 0 leaves it to the browser.
    pub max_age: u32,
}

impl Default for HttpServerConfig {
    fn default() -> Self {
        Self {
            address: ServerAddressConfig::default(),
            tls: Optional::None,
            cors: Optional::None,
            auth: Optional::None,
            max_request_body_size: DEFAULT_MAX_BODY as i64,
            include_metadata: false,
            response_headers: NameValues::new(),
            compression_algorithms: ContentEncoding::ALL.to_vec(),
            read_timeout: Duration::ZERO,
            read_header_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            keep_alives_enabled: true,
            middlewares: Vec::new(),
        }
    }
}

impl HttpServerConfig {
    /// A server on `endpoint` with the defaults.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            address: ServerAddressConfig::new(endpoint),
            ..Self::default()
        }
    }

    fn check(&self, validation: &mut Validation<'_>) {
        self.address.check(validation);
        headers::check("response_headers", &self.response_headers, validation);
        if let Some(cors) = self.cors.as_ref()
            && cors.allowed_origins.is_empty()
            && !cors.allowed_headers.is_empty()
        {
            validation.warning(
                "cors::allowed_headers",
                "has no effect without `allowed_origins`",
            );
        }
        check_middlewares(&self.middlewares, validation);
    }

    /// Binds the endpoint for as many workers.
    ///
    /// # Errors
    /// [`ListenError`], which says what to do.
    pub fn bind(&self, workers: usize) -> Result<Bound, ListenError> {
        self.address.bind(workers)
    }

    /// What a server is told of these settings, TLS and authentication aside.
    ///
    /// # Errors
    /// [`BuildError::Header`] for a response header that is not valid.
    pub fn options(&self) -> Result<ServerOptions, BuildError> {
        let given = |duration: Duration| Some(duration).filter(|duration| !duration.is_zero());
        let size = usize::try_from(self.max_request_body_size).unwrap_or(0);
        let names: Vec<_> = self
            .compression_algorithms
            .iter()
            .map(|e| e.name())
            .collect();
        Ok(ServerOptions {
            max_body: if size == 0 { DEFAULT_MAX_BODY } else { size },
            include_metadata: self.include_metadata,
            response_headers: header_map("response_headers", &self.response_headers)?,
            encodings: if names.is_empty() {
                Encodings::Untouched
            } else {
                Encodings::Of(names)
            },
            cors: self.cors.as_ref().and_then(Cors::new),
            read_timeout: given(self.read_timeout),
            read_header_timeout: given(self.read_header_timeout),
            write_timeout: given(self.write_timeout),
            idle_timeout: given(self.idle_timeout).or_else(|| given(self.read_timeout)),
            keep_alive: self.keep_alives_enabled,
            auth_params: self
                .auth
                .as_ref()
                .map_or_else(Vec::new, |auth| auth.request_params.clone()),
            ..ServerOptions::default()
        })
    }

    /// A server that answers with `handler`.
    ///
    /// # Errors
    /// [`BuildError`] if certificates or headers cannot be used or the authenticator is missing.
    pub fn server<H: Handler>(&self, host: &Host, handler: H) -> Result<Server<H>, BuildError> {
        self.server_with(host, handler, self.options()?)
    }

    /// As [`HttpServerConfig::server`], with options that were changed after
    /// [`HttpServerConfig::options`].
    ///
    /// # Errors
    /// As [`HttpServerConfig::server`].
    pub fn server_with<H: Handler>(
        &self,
        host: &Host,
        handler: H,
        options: ServerOptions,
    ) -> Result<Server<H>, BuildError> {
        let acceptor = server_acceptor(&self.tls, &[b"h2", b"http/1.1"])?;
        let authenticator = match self.auth.as_ref() {
            Some(auth) => auth.auth.server(host)?,
            None => None,
        };
        Ok(Server::build(handler, options, acceptor, authenticator))
    }
}
