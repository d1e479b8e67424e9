//! `auth`.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_core::auth::{AuthError, ClientAuthenticator, ClientRequest, ServerAuthenticator};
use headwater_core::config::{Config, Optional};
use headwater_core::{ComponentId, Host};

use super::BuildError;

/// Which extension authenticates. Source: Go `configauth.Config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct AuthConfig {
    /// The id of an extension that is listed in `service::extensions`.
    pub authenticator: Option<ComponentId>,
}

/// `auth` of an HTTP server. Source: Go `confighttp.AuthConfig`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct HttpAuthConfig {
    /// The extension.
    #[config(squash)]
    pub auth: AuthConfig,
    /// Query parameters that the authenticator sees as headers; they win over headers.
    pub request_params: Vec<String>,
}

impl AuthConfig {
    /// The server authenticator of the extension.
    ///
    /// # Errors
    /// [`BuildError::Authenticator`] if there is no such extension or it is none.
    pub fn server(&self, host: &Host) -> Result<Option<Arc<dyn ServerAuthenticator>>, BuildError> {
        let Some(id) = &self.authenticator else {
            return Ok(None);
        };
        let extension = host.extension(id).ok_or_else(|| not_found(id))?;
        let authenticator = extension.server_authenticator();
        authenticator
            .map(Some)
            .ok_or_else(|| BuildError::Authenticator {
                id: id.clone(),
                reason: "requested extension is not a server authenticator",
            })
    }

    /// The client authenticator of the extension.
    ///
    /// # Errors
    /// [`BuildError::Authenticator`] if there is no such extension or it is none.
    pub fn client(&self, host: &Host) -> Result<Option<Arc<dyn ClientAuthenticator>>, BuildError> {
        let Some(id) = &self.authenticator else {
            return Ok(None);
        };
        let extension = host.extension(id).ok_or_else(|| not_found(id))?;
        let inner = extension
            .client_authenticator()
            .ok_or_else(|| BuildError::Authenticator {
                id: id.clone(),
                reason: "requested extension is not a client authenticator",
            })?;
        let id = id.clone();
        Ok(Some(Arc::new(Named { id, inner })))
    }
}

/// Says in errors which extension it is.
struct Named {
    id: ComponentId,
    inner: Arc<dyn ClientAuthenticator>,
}

#[async_trait]
impl ClientAuthenticator for Named {
    async fn authorize(&self, request: &mut ClientRequest<'_>) -> Result<(), AuthError> {
        self.inner.authorize(request).await.map_err(|error| {
            AuthError::new(format!(
                "extension \"{}\" has no credentials for the request: {}",
                self.id, error.message
            ))
        })
    }

    fn needs_body(&self) -> bool {
        self.inner.needs_body()
    }
}

fn not_found(id: &ComponentId) -> BuildError {
    BuildError::Authenticator {
        id: id.clone(),
        reason: "authenticator not found: is it listed in service::extensions?",
    }
}

/// The client authenticator of an optional section.
pub(super) fn optional_client(
    auth: &Optional<AuthConfig>,
    host: &Host,
) -> Result<Option<Arc<dyn ClientAuthenticator>>, BuildError> {
    auth.as_ref().map_or(Ok(None), |auth| auth.client(host))
}
