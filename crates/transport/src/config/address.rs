//! Where a server listens.

use std::time::Duration;

use headwater_core::ComponentId;
use headwater_core::config::{Config, Validation};

use crate::listen::{self, Bound, ListenError, Transport};

/// Where a server listens. Source: Go `confignet.AddrConfig`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct ServerAddressConfig {
    /// `host:port`, or the path of a socket with `transport: unix`. `0.0.0.0:4317` listens on
    /// all interfaces, `:4317` too, `localhost:4317` on the loopback interface only.
    pub endpoint: String,
    /// What kind of address `endpoint` is: tcp, tcp4, tcp6 or unix.
    pub transport: Transport,
    /// Has a meaning for clients only.
    #[config(ignored = "a server dials nobody")]
    pub dialer: DialerConfig,
}

/// How connections are opened. Source: Go `confignet.DialerConfig`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct DialerConfig {
    /// The longest time to connect; 0 for the system's own limit.
    pub timeout: Duration,
}

impl ServerAddressConfig {
    /// `endpoint` over TCP.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            ..Self::default()
        }
    }

    /// Binds the endpoint for as many workers; see [`listen::bind`].
    ///
    /// # Errors
    /// [`ListenError`], which says what to do.
    pub fn bind(&self, workers: usize) -> Result<Bound, ListenError> {
        listen::bind(self.transport, &self.endpoint, workers)
    }

    pub(super) fn check(&self, validation: &mut Validation<'_>) {
        if self.endpoint.is_empty() {
            validation
                .error("endpoint", "requires a non-empty \"endpoint\"")
                .help("write host:port, for example 0.0.0.0:4317");
        }
    }
}

/// One entry of `middlewares`. Source: Go `configmiddleware.Config`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Config)]
pub struct MiddlewareConfig {
    /// The extension.
    pub id: Option<ComponentId>,
}

/// Says that middlewares do nothing: no extension offers any here.
pub(super) fn check_middlewares(list: &[MiddlewareConfig], validation: &mut Validation<'_>) {
    if !list.is_empty() {
        validation.warning(
            "middlewares",
            "middlewares are not supported and have no effect",
        );
    }
}
