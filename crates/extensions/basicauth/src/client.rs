//! Adds credentials to requests.

use async_trait::async_trait;
use headwater_core::auth::{AuthError, ClientAuthenticator, ClientRequest};
use headwater_credentials::{FileError, Secret, basic};
use http::HeaderValue;
use http::header::AUTHORIZATION;

use crate::ClientAuthConfig;

#[derive(Debug)]
pub(crate) struct Client {
    username: Secret,
    password: Secret,
}

impl Client {
    pub(crate) fn new(config: &ClientAuthConfig, span: &tracing::Span) -> Result<Self, FileError> {
        let (name, password) = (&config.username, config.password.expose());
        Ok(Self {
            username: Secret::open("user name", name, &config.username_file, span)?,
            password: Secret::open("password", password, &config.password_file, span)?,
        })
    }
}

#[async_trait]
impl ClientAuthenticator for Client {
    async fn authorize(&self, request: &mut ClientRequest<'_>) -> Result<(), AuthError> {
        let (name, password) = (self.username.get(), self.password.get());
        if name.contains(':') {
            return Err(AuthError::new(
                "invalid authorization format: a user name cannot contain a colon",
            ));
        }
        let value = HeaderValue::try_from(basic(&name, &password))
            .map_err(|_| AuthError::new("user and password cannot be sent in a header"))?;
        request.headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}
