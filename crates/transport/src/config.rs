//! The settings that components share: squash these structs into a component's own.
//!
//! Keys, defaults and checks are the Collector's (configgrpc, confighttp, configtls,
//! configcompression, configauth, confignet). A component with other defaults sets them in its
//! own `Default`.

mod address;
mod auth;
mod compression;
mod error;
mod grpc_client;
mod grpc_server;
mod headers;
mod http_client;
mod http_server;
mod tls;

pub use address::{DialerConfig, MiddlewareConfig, ServerAddressConfig};
pub use auth::{AuthConfig, HttpAuthConfig};
pub use compression::{CompressionParamsConfig, CompressionType};
pub use error::BuildError;
pub use grpc_client::{GrpcClientConfig, KeepaliveClientConfig};
pub use grpc_server::{
    EnforcementPolicyConfig, GrpcServerConfig, KeepaliveServerConfig, ServerParametersConfig,
};
pub use http_client::{CookiesConfig, HttpClientConfig};
pub use http_server::{ContentEncoding, CorsConfig, HttpServerConfig};
pub(crate) use tls::server_acceptor;
pub use tls::{TlsClientConfig, TlsConfig, TlsServerConfig, TlsVersion, TpmConfig};
