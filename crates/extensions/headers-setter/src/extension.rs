//! The extension, and what it does with a request.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use headwater_core::auth::{AuthError, ClientAuthenticator, ClientRequest};
use headwater_core::{Component, ComponentError, ComponentId, Extension, Host};
use http::HeaderName;

use crate::action::apply;
use crate::source::Value;
use crate::{Action, Config};

pub(crate) struct HeadersSetter {
    span: tracing::Span,
    config: Config,
    setter: OnceLock<Arc<Setter>>,
}

impl HeadersSetter {
    pub(crate) const fn new(span: tracing::Span, config: Config) -> Self {
        Self {
            span,
            config,
            setter: OnceLock::new(),
        }
    }
}

#[async_trait]
impl Component for HeadersSetter {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        let mut headers = Vec::with_capacity(self.config.headers.len());
        for header in &self.config.headers {
            let failed = |error| {
                let text = format!("set up the header {:?}", header.key);
                ComponentError::with_source(text, error)
            };
            let name = HeaderName::try_from(&*header.key)
                .map_err(|error| ComponentError::with_source("set up a header", error))?;
            let value = Value::new(header, &self.span).map_err(failed)?;
            headers.push((header.action, name, value));
        }
        let next = match &self.config.additional_auth {
            Some(id) => Some(self.next(id, host)?),
            None => None,
        };
        self.setter
            .get_or_init(|| Arc::new(Setter { headers, next }));
        Ok(())
    }
}

impl HeadersSetter {
    /// Extensions start in any order: the other one is asked when the first request is sent.
    fn next(&self, id: &ComponentId, host: &Host) -> Result<Next, ComponentError> {
        let extension = host.extension(id).ok_or_else(|| {
            ComponentError::new(format!(
                "failed to resolve additional_auth \"{id}\": authenticator not found: is it listed \
                 in service::extensions?"
            ))
        })?;
        Ok(Next {
            id: id.clone(),
            extension,
            authenticator: OnceLock::new(),
        })
    }
}

impl Extension for HeadersSetter {
    fn client_authenticator(&self) -> Option<Arc<dyn ClientAuthenticator>> {
        self.setter.get().map(|setter| Arc::clone(setter) as _)
    }
}

struct Setter {
    headers: Vec<(Action, HeaderName, Value)>,
    next: Option<Next>,
}

struct Next {
    id: ComponentId,
    extension: Arc<dyn Extension>,
    authenticator: OnceLock<Arc<dyn ClientAuthenticator>>,
}

impl Next {
    fn get(&self) -> Option<&Arc<dyn ClientAuthenticator>> {
        if self.authenticator.get().is_none()
            && let Some(authenticator) = self.extension.client_authenticator()
        {
            // The second caller lost the race for the same authenticator.
            let _already_set = self.authenticator.set(authenticator);
        }
        self.authenticator.get()
    }
}

#[async_trait]
impl ClientAuthenticator for Setter {
    async fn authorize(&self, request: &mut ClientRequest<'_>) -> Result<(), AuthError> {
        for (action, name, value) in &self.headers {
            apply(*action, name, request.headers, || value.of(request.context))?;
        }
        let Some(next) = &self.next else {
            return Ok(());
        };
        match next.get() {
            Some(authenticator) => authenticator.authorize(request).await,
            None => Err(AuthError::new(format!(
                "additional_auth \"{}\" is not a client authenticator",
                next.id
            ))),
        }
    }

    fn needs_body(&self) -> bool {
        let next = self.next.as_ref().and_then(Next::get);
        next.is_some_and(|next| next.needs_body())
    }
}
