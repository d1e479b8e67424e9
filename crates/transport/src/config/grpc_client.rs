//! Settings of a gRPC client. Source: Go `configgrpc.ClientConfig`.

use std::time::Duration;

use headwater_core::Host;
use headwater_core::config::{Config, NameValues, Optional, Validation};

use super::address::check_middlewares;
use super::auth::optional_client;
use super::compression::{check_level, compressor};
use super::error::BuildError;
use super::headers::{self, header_map};
use super::tls::client_connector;
use super::{
    AuthConfig, CompressionParamsConfig, CompressionType, MiddlewareConfig, TlsClientConfig,
};
use crate::grpc::{Balancer, Client, ClientKeepAlive, ClientOptions, ClientTarget};
use crate::http::Proxies;

/// A gRPC client.
#[derive(Debug, Clone, Default, Config)]
#[config(validate = Self::check)]
pub struct GrpcClientConfig {
    /// `host:port`, `http(s)://host:port`, `dns:///host:port` or `unix:///path`. Required.
    pub endpoint: String,
    /// Compression of requests: gzip, snappy, zstd or none.
    pub compression: CompressionType,
    /// How hard to compress. Not in the Collector, which has this for HTTP only.
    pub compression_params: CompressionParamsConfig,
    /// TLS, which is on unless `insecure: true`.
    pub tls: TlsClientConfig,
    /// Pings.
    pub keepalive: Optional<KeepaliveClientConfig>,
    /// A size of Go's read buffer.
    #[config(ignored = "buffers follow the size of what arrives")]
    pub read_buffer_size: i64,
    /// A size of Go's write buffer.
    #[config(ignored = "buffers follow the size of what is sent")]
    pub write_buffer_size: i64,
    /// Whether requests wait for a connection instead of failing while there is none.
    pub wait_for_ready: bool,
    /// Headers of every request.
    pub headers: NameValues,
    /// How the addresses of a name are used: round_robin or pick_first.
    pub balancer_name: Balancer,
    /// Replaces the host in the `:authority` header.
    pub authority: String,
    /// Replaces the default `user-agent`.
    pub user_agent: String,
    /// Who signs requests.
    pub auth: Optional<AuthConfig>,
    /// Extensions that see every request.
    pub middlewares: Vec<MiddlewareConfig>,
}

/// `keepalive` of a gRPC client.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub struct KeepaliveClientConfig {
    /// Ping a server that has been silent for this long; at least 10s.
    pub time: Duration,
    /// Reconnect if the ping is not answered within this.
    pub timeout: Duration,
    /// Ping while no request is open, too.
    pub permit_without_stream: bool,
}

impl Default for KeepaliveClientConfig {
    fn default() -> Self {
        let ten = Duration::from_secs(10);
        Self {
            time: ten,
            timeout: ten,
            permit_without_stream: false,
        }
    }
}

impl GrpcClientConfig {
    /// A plaintext client of `endpoint`, otherwise with the defaults.
    #[must_use]
    pub fn insecure(endpoint: impl Into<String>) -> Self {
        let tls = TlsClientConfig {
            insecure: true,
            ..TlsClientConfig::default()
        };
        Self {
            endpoint: endpoint.into(),
            tls,
            ..Self::default()
        }
    }

    fn check(&self, validation: &mut Validation<'_>) {
        // Whether an endpoint is required is for the component to say.
        if !self.endpoint.is_empty()
            && let Err(error) = self.endpoint.parse::<ClientTarget>()
        {
            validation.error("endpoint", error.to_string());
        }
        match self.compression.grpc() {
            Some(encoding) => check_level(encoding, self.compression_params, validation),
            None => {
                validation
                    .error("compression", "this compression does not exist in gRPC")
                    .help("write gzip, snappy, zstd or none");
            }
        }
        headers::check("headers", &self.headers, validation);
        check_middlewares(&self.middlewares, validation);
    }

    /// A client; `user_agent` is used unless the settings have their own.
    ///
    /// # Errors
    /// [`BuildError`] if the endpoint, a header or a certificate cannot be used, or the
    /// authenticator is missing.
    pub fn client(&self, host: &Host, user_agent: &str) -> Result<Client, BuildError> {
        let target: ClientTarget = self.endpoint.parse()?;
        let encoding = self.compression.grpc().ok_or(BuildError::GrpcCompression)?;
        let user_agent = if self.user_agent.is_empty() {
            user_agent
        } else {
            self.user_agent.as_str()
        };
        let connector = client_connector(&self.tls, target.force_tls)?;
        let mut options = ClientOptions::plaintext(target);
        options.connector = connector.with_proxies(Proxies::new("")?);
        options.balancer = self.balancer_name;
        options.compressor = compressor(encoding, self.compression_params)?;
        options.headers = header_map("headers", &self.headers)?;
        options.user_agent = headers::value("user_agent", "user-agent", user_agent)?;
        options.authority = Some(self.authority.clone()).filter(|text| !text.is_empty());
        options.wait_for_ready = self.wait_for_ready;
        options.authenticator = optional_client(&self.auth, host)?;
        options.keepalive = self.keepalive.as_ref().map(|keepalive| ClientKeepAlive {
            time: keepalive.time,
            timeout: keepalive.timeout,
            permit_without_stream: keepalive.permit_without_stream,
        });
        Ok(Client::new(options))
    }
}
