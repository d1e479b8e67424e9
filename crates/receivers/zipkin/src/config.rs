//! What the user writes.

use std::time::Duration;

use headwater_core::config::{Config, Optional, Validation};
use headwater_transport::config::HttpServerConfig;

/// Configuration of the `zipkin` receiver. Source: Go `zipkinreceiver.Config`.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
pub struct ZipkinConfig {
    /// The keys of every HTTP server. Default endpoint: localhost:9411.
    #[config(squash)]
    pub server: HttpServerConfig,
    /// Whether tags that read as numbers or as `true` and `false` become such attributes.
    pub parse_string_tags: bool,
    /// The same keys below `protocols.http`, as newer configurations have them. They count instead
    /// of those above.
    pub protocols: Protocols,
}

/// The protocols.
#[derive(Debug, Clone, Config)]
pub struct Protocols {
    /// HTTP. Default endpoint: localhost:9411.
    pub http: Optional<HttpServerConfig>,
}

fn server() -> HttpServerConfig {
    HttpServerConfig {
        // As upstream: the receiver has no timeouts of its own.
        read_header_timeout: Duration::ZERO,
        write_timeout: Duration::ZERO,
        idle_timeout: Duration::ZERO,
        ..HttpServerConfig::new("localhost:9411")
    }
}

impl Default for ZipkinConfig {
    fn default() -> Self {
        Self {
            server: server(),
            parse_string_tags: false,
            protocols: Protocols::default(),
        }
    }
}

impl Default for Protocols {
    fn default() -> Self {
        Self {
            http: Optional::Default(server()),
        }
    }
}

impl ZipkinConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.protocols.http.is_some() && validation.is_set("endpoint") {
            validation
                .warning("endpoint", "has no effect beside `protocols.http`")
                .help("write it as `protocols::http::endpoint`, or remove `protocols`");
        }
    }

    /// The server that counts, and the path of its endpoint's key.
    pub(crate) fn server(&self) -> (&HttpServerConfig, &'static str) {
        match self.protocols.http.as_ref() {
            Some(server) => (server, "protocols::http::endpoint"),
            None => (&self.server, "endpoint"),
        }
    }
}
