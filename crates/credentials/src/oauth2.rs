//! Tokens of an authorization server. Source: RFC 6749, section 4.4; RFC 7523, section 2.1; Go,
//! `golang.org/x/oauth2`.

mod answer;
mod form;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headwater_core::Context;
use headwater_core::percent::escape_query;
use headwater_transport::http::{Client, ClientRequest, Url};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio::time::Instant;

use crate::jwt::Assertion;
use form::Form;

/// The longest answer of an authorization server that is read. Source: `golang.org/x/oauth2`.
const LONGEST_ANSWER: usize = 1 << 20;
/// After a failure, how long a token that still lasts is used before the next attempt.
const PAUSE: Duration = Duration::from_secs(10);

/// Why there is no token. Neither a token nor a secret gets into the message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct TokenError(pub String);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// Where tokens are granted.
    pub url: Url,
    /// What a token is to allow.
    pub scopes: Vec<String>,
    /// More fields of the form, in this order.
    pub params: Vec<(String, String)>,
    /// How long before its end a token is renewed.
    pub margin: Duration,
    /// Whether a token is used for at least half of its life, whatever the margin: one that lasts
    /// no longer than the margin would otherwise be fetched for every request.
    pub at_least_half: bool,
}

/// How the client says who it is.
#[derive(Debug, Clone, Copy)]
pub enum Proof<'a> {
    /// With a name and a secret: the grant type `client_credentials`.
    Secret {
        /// The client's name.
        client: &'a str,
        /// Its secret.
        secret: &'a str,
    },
    /// With an assertion that it signs: the grant type `jwt-bearer`.
    Assertion {
        /// What it says.
        assertion: &'a Assertion,
        /// The private key.
        pem: &'a str,
    },
}

impl Proof<'_> {
    /// What a token depends on: another secret makes it worthless. A hash, so that secrets do not
    /// stay in memory.
    fn fingerprint(&self) -> [u8; 32] {
        let (who, secret) = match self {
            Self::Secret { client, secret } => (*client, *secret),
            Self::Assertion { assertion, pem } => (&*assertion.subject, *pem),
        };
        let mut hash = Sha256::new();
        hash.update(who);
        hash.update([0]);
        hash.update(secret);
        hash.finalize().into()
    }
}

/// Fetches a token when there is none, keeps it while it lasts.
#[derive(Debug)]
pub struct Tokens {
    settings: TokenSettings,
    state: Mutex<State>,
    /// Held by the one that fetches.
    fetching: tokio::sync::Mutex<Option<Style>>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Arc<Token>>,
    /// When the last attempt failed, and why.
    failed: Option<(Instant, TokenError)>,
}

#[derive(Debug)]
struct Token {
    header: HeaderValue,
    /// When to fetch the next one; none for one that lasts for ever.
    renew: Option<Instant>,
    /// When it is worth nothing any more.
    end: Option<Instant>,
    fingerprint: [u8; 32],
}

/// Where client and secret stand, once that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Header,
    Form,
}

/// What the current token is good for.
enum Usable {
    Fresh(HeaderValue),
    /// It lasts, but should be renewed.
    Old(HeaderValue),
    No,
}

impl Tokens {
    /// No token yet.
    #[must_use]
    pub fn new(settings: TokenSettings) -> Self {
        Self {
            settings,
            state: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// Where tokens are granted.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.settings.url
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `Authorization` of the next request. One request at a time fetches a token. The others
    /// wait for it only if there is none that lasts; if none can be had, one that lasts is used
    /// until its end.
    ///
    /// # Errors
    /// [`TokenError`], or that of `client`, which gives the HTTP client when a token is fetched.
    ///
    /// # Cancel safety
    /// Dropping the future ends the fetch; the next request begins another.
    pub async fn header<E: From<TokenError>>(
        &self,
        proof: Proof<'_>,
        client: impl FnOnce() -> Result<Client, E>,
    ) -> Result<HeaderValue, E> {
        let asked = Instant::now();
        let fingerprint = proof.fingerprint();
        let old = match self.usable(&fingerprint) {
            Usable::Fresh(header) => return Ok(header),
            Usable::Old(header) => Some(header),
            Usable::No => None,
        };
        let mut style = match (old, self.fetching.try_lock()) {
            (_, Ok(style)) => style,
            (Some(old), Err(_)) => return Ok(old),
            (None, Err(_)) => self.fetching.lock().await,
        };
        // Somebody else may have fetched one, or failed to, in the meantime.
        let old = match self.usable(&fingerprint) {
            Usable::Fresh(header) => return Ok(header),
            Usable::Old(header) => Some(header),
            Usable::No => None,
        };
        if let Some((when, error)) = &self.state().failed {
            if let Some(old) = &old
                && when.elapsed() < PAUSE
            {
                return Ok(old.clone());
            }
            if *when > asked {
                return Err(error.clone().into());
            }
        }
        match self.fetch(&mut style, proof, &client()?).await {
            Ok(token) => {
                let header = token.header.clone();
                *self.state() = State {
                    token: Some(Arc::new(token)),
                    failed: None,
                };
                Ok(header)
            }
            Err(error) => {
                self.state().failed = Some((Instant::now(), error.clone()));
                let Some(old) = old else {
                    return Err(error.into());
                };
                tracing::warn!(%error, "No new token, the old one is used until its end");
                Ok(old)
            }
        }
    }

    fn usable(&self, fingerprint: &[u8; 32]) -> Usable {
        let state = self.state();
        let Some(token) = &state.token else {
            return Usable::No;
        };
        let now = Instant::now();
        let is_past = |end: Option<Instant>| end.is_some_and(|end| end <= now);
        if token.fingerprint != *fingerprint || is_past(token.end) {
            Usable::No
        } else if is_past(token.renew) {
            Usable::Old(token.header.clone())
        } else {
            Usable::Fresh(token.header.clone())
        }
    }

    /// How the server wants to know who asks is tried out, and remembered.
    async fn fetch(
        &self,
        known: &mut Option<Style>,
        proof: Proof<'_>,
        client: &Client,
    ) -> Result<Token, TokenError> {
        let styles: &[Style] = match (proof, *known) {
            (Proof::Assertion { .. }, _) | (_, Some(Style::Form)) => &[Style::Form],
            (_, Some(Style::Header)) => &[Style::Header],
            (_, None) => &[Style::Header, Style::Form],
        };
        let mut failed = TokenError("no answer".to_owned());
        for style in styles {
            match self.ask(*style, proof, client).await {
                Ok(token) => {
                    *known = Some(*style);
                    return Ok(token);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn ask(
        &self,
        style: Style,
        proof: Proof<'_>,
        client: &Client,
    ) -> Result<Token, TokenError> {
        let settings = &self.settings;
        let mut form = Form::default();
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        form.add(
            "grant_type",
            match proof {
                Proof::Secret { .. } => "client_credentials",
                Proof::Assertion { .. } => JWT_BEARER,
            },
        );
        if !settings.scopes.is_empty() {
            form.add("scope", &settings.scopes.join(" "));
        }
        for (name, value) in &settings.params {
            form.add(name, value);
        }
        match (proof, style) {
            (Proof::Secret { client, secret }, Style::Header) => {
                let mut both = String::new();
                escape_query(&mut both, client);
                both.push(':');
                escape_query(&mut both, secret);
                let text = format!("Basic {}", STANDARD.encode(both));
                headers.insert(AUTHORIZATION, value("client", &text)?);
            }
            (Proof::Secret { client, secret }, Style::Form) => {
                form.add("client_id", client);
                if !secret.is_empty() {
                    form.add("client_secret", secret);
                }
            }
            (Proof::Assertion { assertion, pem }, _) => {
                let signed = assertion.sign(pem);
                let signed = signed.map_err(|error| TokenError(error.to_string()))?;
                form.add("assertion", &signed);
            }
        }
        let asked = Instant::now();
        let answer = client
            .send(
                ClientRequest {
                    method: Method::POST,
                    url: settings.url.clone(),
                    headers,
                    body: Bytes::from(form.text()).into(),
                    answer_limit: LONGEST_ANSWER,
                },
                &Context::default(),
            )
            .await
            .map_err(|status| TokenError(status.message().to_owned()))?;
        let granted = answer::read(answer.status, &answer.body)?;
        let margin = match granted.lasts {
            Some(lasts) if settings.at_least_half => settings.margin.min(lasts / 2),
            _ => settings.margin,
        };
        let at = |lasts: Duration| asked.checked_add(lasts);
        Ok(Token {
            header: value("token", &granted.header)?,
            renew: granted
                .lasts
                .and_then(|lasts| at(lasts.saturating_sub(margin))),
            end: granted.lasts.and_then(at),
            fingerprint: proof.fingerprint(),
        })
    }
}

/// The grant type of signed assertions. Source: RFC 7523, section 2.1.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// A header that is not shown where requests are printed.
fn value(what: &str, text: &str) -> Result<HeaderValue, TokenError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        TokenError(format!(
            "the {what} cannot be sent in a header: it has characters that HTTP does not allow"
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}
