//! The extension: a server or a client, made when it starts.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use headwater_core::auth::{ClientAuthenticator, ServerAuthenticator};
use headwater_core::{Component, ComponentError, Extension, Host};

use crate::Config;
use crate::client::Client;
use crate::server::Server;

pub(crate) struct BasicAuth {
    span: tracing::Span,
    config: Config,
    server: OnceLock<Arc<Server>>,
    client: OnceLock<Arc<Client>>,
}

impl BasicAuth {
    pub(crate) const fn new(span: tracing::Span, config: Config) -> Self {
        Self {
            span,
            config,
            server: OnceLock::new(),
            client: OnceLock::new(),
        }
    }
}

#[async_trait]
impl Component for BasicAuth {
    async fn start(&self, _: &Host) -> Result<(), ComponentError> {
        if let Some(htpasswd) = self.config.htpasswd.as_ref() {
            let server = Server::new(htpasswd, &self.span)
                .map_err(|error| ComponentError::with_source("read the htpasswd lines", error))?;
            self.server.get_or_init(|| Arc::new(server));
        }
        if let Some(client) = self.config.client_auth.as_ref() {
            let client = Client::new(client, &self.span)
                .map_err(|error| ComponentError::with_source("read the credentials", error))?;
            self.client.get_or_init(|| Arc::new(client));
        }
        Ok(())
    }
}

impl Extension for BasicAuth {
    fn server_authenticator(&self) -> Option<Arc<dyn ServerAuthenticator>> {
        self.server.get().map(|server| Arc::clone(server) as _)
    }

    fn client_authenticator(&self) -> Option<Arc<dyn ClientAuthenticator>> {
        self.client.get().map(|client| Arc::clone(client) as _)
    }
}
