//! Settings of a gRPC server. Source: Go `configgrpc.ServerConfig`.

use std::time::Duration;

use headwater_core::Host;
use headwater_core::config::{Config, Optional, Validation};

use super::address::check_middlewares;
use super::tls::server_acceptor;
use super::{AuthConfig, BuildError, MiddlewareConfig, ServerAddressConfig, TlsServerConfig};
use crate::grpc::{DEFAULT_MAX_MESSAGE, Server, ServerOptions, UnaryHandler};
use crate::listen::{Bound, ListenError};

/// A gRPC server.
#[derive(Debug, Clone, Default, Config)]
#[config(validate = Self::check)]
pub struct GrpcServerConfig {
    /// Where it listens.
    #[config(squash)]
    pub address: ServerAddressConfig,
    /// TLS; plaintext without it.
    pub tls: Optional<TlsServerConfig>,
    /// The largest message in MiB, on the wire and decompressed. 0 for gRPC's 4 MiB.
    pub max_recv_msg_size_mib: i64,
    /// Requests that one connection may have open; 0 for no limit.
    pub max_concurrent_streams: u32,
    /// A size of Go's read buffer.
    #[config(ignored = "buffers follow the size of what arrives")]
    pub read_buffer_size: i64,
    /// A size of Go's write buffer.
    #[config(ignored = "buffers follow the size of what is sent")]
    pub write_buffer_size: i64,
    /// Pings, and limits on the life of connections.
    pub keepalive: Optional<KeepaliveServerConfig>,
    /// Who checks requests.
    pub auth: Optional<AuthConfig>,
    /// Whether request headers travel with the telemetry, for processors and exporters that use
    /// them.
    pub include_metadata: bool,
    /// Extensions that see every request.
    pub middlewares: Vec<MiddlewareConfig>,
}

/// `keepalive` of a gRPC server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct KeepaliveServerConfig {
    /// Pings, and limits on the life of connections.
    pub server_parameters: Optional<ServerParametersConfig>,
    /// What clients may do.
    pub enforcement_policy: Optional<EnforcementPolicyConfig>,
}

/// `keepalive::server_parameters`. 0 means the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct ServerParametersConfig {
    /// Close a connection that had no requests for this long. Default: never.
    pub max_connection_idle: Duration,
    /// Ask a client to reconnect after this, so that load spreads over new replicas; a tenth is
    /// added or taken at random. Default: never.
    pub max_connection_age: Duration,
    /// How long requests may go on after that. Default: for ever.
    pub max_connection_age_grace: Duration,
    /// Ping a client that has been silent for this long. Default: 2h.
    pub time: Duration,
    /// Close the connection if the ping is not answered within this. Default: 20s.
    pub timeout: Duration,
}

/// `keepalive::enforcement_policy`: a client that breaks it is told "too_many_pings" and its
/// connection is closed, as grpc-go does. Pings that follow an answer are always allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct EnforcementPolicyConfig {
    /// The shortest time between two pings of a client. 0 for 5m.
    pub min_time: Duration,
    /// Whether clients may ping while no request is open; otherwise only every 2h.
    pub permit_without_stream: bool,
}

const MIB: i64 = 1 << 20;
/// The length field of the protocol has 32 bits.
const MOST_MIB: i64 = 4095;

impl GrpcServerConfig {
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
        if !(0..=MOST_MIB).contains(&self.max_recv_msg_size_mib) {
            let message = format!("must be between 0 and {MOST_MIB}");
            validation.error("max_recv_msg_size_mib", message);
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

    /// What a server is told of these settings.
    #[must_use]
    pub fn options(&self) -> ServerOptions {
        let parameters = self
            .keepalive
            .as_ref()
            .and_then(|k| k.server_parameters.as_ref());
        let parameters = parameters.cloned().unwrap_or_default();
        let policy = self
            .keepalive
            .as_ref()
            .and_then(|k| k.enforcement_policy.as_ref());
        let policy = policy.cloned().unwrap_or_default();
        let given = |duration: Duration| Some(duration).filter(|duration| !duration.is_zero());
        let defaults = ServerOptions::default();
        let max_message = match self.max_recv_msg_size_mib {
            size @ 1..=MOST_MIB => usize::try_from(size * MIB).unwrap_or(DEFAULT_MAX_MESSAGE),
            _ => DEFAULT_MAX_MESSAGE,
        };
        ServerOptions {
            max_message,
            max_concurrent_streams: self.max_concurrent_streams,
            include_metadata: self.include_metadata,
            max_connection_idle: given(parameters.max_connection_idle),
            max_connection_age: given(parameters.max_connection_age),
            max_connection_age_grace: given(parameters.max_connection_age_grace),
            keepalive_time: given(parameters.time).unwrap_or(defaults.keepalive_time),
            keepalive_timeout: given(parameters.timeout).unwrap_or(defaults.keepalive_timeout),
            ping_min_time: given(policy.min_time).unwrap_or(defaults.ping_min_time),
            ping_without_stream: policy.permit_without_stream,
            ..defaults
        }
    }

    /// A server of `methods` (full paths; the handler gets their indexes).
    ///
    /// # Errors
    /// [`BuildError`] if certificates cannot be used or the authenticator is missing.
    pub fn server<H: UnaryHandler>(
        &self,
        host: &Host,
        methods: Vec<&'static str>,
        handler: H,
    ) -> Result<Server<H>, BuildError> {
        self.server_with(host, methods, handler, self.options())
    }

    /// As [`GrpcServerConfig::server`], with options that were changed after
    /// [`GrpcServerConfig::options`].
    ///
    /// # Errors
    /// As [`GrpcServerConfig::server`].
    pub fn server_with<H: UnaryHandler>(
        &self,
        host: &Host,
        methods: Vec<&'static str>,
        handler: H,
        options: ServerOptions,
    ) -> Result<Server<H>, BuildError> {
        let acceptor = server_acceptor(&self.tls, &[b"h2"])?;
        let authenticator = match self.auth.as_ref() {
            Some(auth) => auth.server(host)?,
            None => None,
        };
        Ok(Server::build(
            methods,
            handler,
            options,
            acceptor,
            authenticator,
        ))
    }
}
