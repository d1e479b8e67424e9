//! Checks requests.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use headwater_core::Identity;
use headwater_core::auth::{AuthError, ServerAuthenticator};
use headwater_credentials::{FileError, Watched, parse_basic};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::HtpasswdConfig;
use crate::gate::Gate;
use crate::users::Users;

/// What a client is told to show. Source: RFC 7617.
const CHALLENGE: &str = "Basic realm=\"headwater\", charset=\"UTF-8\"";
/// When to come back if too many checks are waiting.
const COME_BACK: Duration = Duration::from_secs(1);

/// The longest password that is hashed slowly, in bytes: some hashes take time by its square.
const LONGEST: usize = 1024;

pub(crate) struct Server {
    users: Source,
    gate: Gate,
}

enum Source {
    Inline(Arc<Users>),
    /// The file's lines and then the inline ones.
    File(Watched<Users>),
}

impl Server {
    pub(crate) fn new(config: &HtpasswdConfig, span: &tracing::Span) -> Result<Self, FileError> {
        let cache = config.cache_size as usize;
        let inline = config.inline.clone();
        let read = {
            let span = span.clone();
            move |file: &str| {
                let mut users = Users::new(cache);
                users.read(file, "file", &span);
                users.read(inline.expose(), "inline", &span);
                users
            }
        };
        let users = if config.file.is_empty() {
            Source::Inline(Arc::new(read("")))
        } else {
            let parse = move |text: &str| Ok(read(text));
            Source::File(Watched::open("htpasswd lines", &config.file, span, parse)?)
        };
        Ok(Self {
            users,
            gate: Gate::new(config.max_waiting_checks as usize),
        })
    }

    /// Whether the password is the user's.
    async fn is_right(&self, user: String, password: String) -> Result<bool, AuthError> {
        let users = match &self.users {
            Source::Inline(users) => Arc::clone(users),
            Source::File(users) => users.get(),
        };
        let Some(hash) = users.hash(&user) else {
            return Ok(false);
        };
        if !hash.is_slow() {
            return Ok(hash.is_of(password.as_bytes()));
        }
        if password.len() > LONGEST {
            return Ok(false);
        }
        let key = users.known.key(&user, &password);
        if let Some(outcome) = users.known.get(&key) {
            return Ok(outcome);
        }
        let Some(turn) = self.gate.enter().await else {
            let text = "too many credentials are being checked: try again";
            return Err(AuthError::busy(text, COME_BACK));
        };
        // Those of another connection may have been checked meanwhile.
        if let Some(outcome) = users.known.get(&key) {
            return Ok(outcome);
        }
        let (known, hash) = (Arc::clone(&users), hash.clone());
        let check = tokio::task::spawn_blocking(move || {
            let outcome = hash.is_of(password.as_bytes());
            known.known.put(key, outcome);
            drop(turn);
            outcome
        });
        check
            .await
            .map_err(|_| AuthError::busy("the check was cut off: try again", COME_BACK))
    }
}

#[async_trait]
impl ServerAuthenticator for Server {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError> {
        let refused = |error: &str| AuthError::new(error).with_challenge(CHALLENGE);
        let Some(header) = headers
            .get(AUTHORIZATION)
            .filter(|header| !header.is_empty())
        else {
            return Err(refused("no basic auth provided"));
        };
        let (user, password, raw) =
            parse_basic(header.as_bytes()).map_err(|error| refused(&error.to_string()))?;
        if !self.is_right(user.clone(), password).await? {
            return Err(refused("invalid credentials"));
        }
        Ok(Identity {
            attributes: vec![("username".into(), user.into()), ("raw".into(), raw.into())],
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::Poll;

    use headwater_credentials::basic;

    use super::*;

    #[tokio::test]
    async fn clients_that_go_away_do_not_free_the_turns_of_what_is_still_computed() {
        let hash = "$2b$10$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy";
        let config = HtpasswdConfig {
            inline: format!("ali:{hash}").into(),
            ..HtpasswdConfig::default()
        };
        let server = Server::new(&config, &tracing::Span::none()).unwrap();
        let turns = server.gate.free();
        for number in 0..turns {
            let mut headers = HeaderMap::new();
            let value = basic("ali", &number.to_string());
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            let mut check = std::pin::pin!(server.authenticate(&headers));
            let polled = std::future::poll_fn(|context| Poll::Ready(check.as_mut().poll(context)));
            assert!(polled.await.is_pending());
        }
        assert_eq!(server.gate.free(), 0);
    }
}
