//! The extension: the file is read when it starts.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use headwater_core::auth::{ClientAuthenticator, ServerAuthenticator};
use headwater_core::{Component, ComponentError, Extension, Host};

use crate::Config;
use crate::authenticator::Authenticator;

pub(crate) struct BearerTokenAuth {
    span: tracing::Span,
    config: Config,
    authenticator: OnceLock<Arc<Authenticator>>,
}

impl BearerTokenAuth {
    pub(crate) const fn new(span: tracing::Span, config: Config) -> Self {
        Self {
            span,
            config,
            authenticator: OnceLock::new(),
        }
    }
}

#[async_trait]
impl Component for BearerTokenAuth {
    async fn start(&self, _: &Host) -> Result<(), ComponentError> {
        let made = Authenticator::new(&self.config, &self.span)
            .map_err(|error| ComponentError::with_source("read the tokens", error))?;
        self.authenticator.get_or_init(|| Arc::new(made));
        Ok(())
    }
}

impl Extension for BearerTokenAuth {
    fn server_authenticator(&self) -> Option<Arc<dyn ServerAuthenticator>> {
        self.authenticator.get().map(|made| Arc::clone(made) as _)
    }

    fn client_authenticator(&self) -> Option<Arc<dyn ClientAuthenticator>> {
        self.authenticator.get().map(|made| Arc::clone(made) as _)
    }
}
