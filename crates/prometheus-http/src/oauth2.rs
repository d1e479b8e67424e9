//! Tokens by client credentials. Source: RFC 6749, section 4.4; Go, `golang.org/x/oauth2`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headwater_core::Context;
use headwater_prometheus::percent::escape_query;
use headwater_prometheus::scrape_config::OAuth2;
use headwater_transport::http::{ClientRequest, Url};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::credentials::{secret, value};
use crate::tls::Transports;
use crate::{ClientError, FetchError, parse_url};

/// How long before its end a token is not used any more. Source: `golang.org/x/oauth2`.
const MARGIN: Duration = Duration::from_secs(10);
/// The longest answer of an authorization server that is read. Source: `golang.org/x/oauth2`.
const LONGEST_ANSWER: usize = 1 << 20;
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Fetches a token when there is none, keeps it while it lasts.
#[derive(Debug)]
pub(crate) struct Tokens {
    config: OAuth2,
    url: Url,
    transports: Transports,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Token>,
    /// How the server wants to know who asks, once that is known.
    style: Option<Style>,
}

#[derive(Debug)]
struct Token {
    header: HeaderValue,
    /// None for one that lasts for ever.
    until: Option<Instant>,
    /// The secret that it was fetched with: another one makes it worthless.
    secret: String,
}

/// Where client and secret stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Header,
    Form,
}

/// What an authorization server answers.
#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    expires_in: Option<serde_json::Value>,
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Tokens {
    pub(crate) fn new(config: &OAuth2) -> Result<Self, ClientError> {
        let agent = concat!("headwater/", env!("CARGO_PKG_VERSION"));
        Ok(Self {
            url: parse_url(&config.token_url)?,
            transports: Transports::new(&config.tls_config, &config.proxy, agent, (true, true))?,
            config: config.clone(),
            state: Mutex::default(),
        })
    }

    /// The `Authorization` of the next request. One request at a time fetches a token; the others wait
    /// for it.
    pub(crate) async fn header(&self) -> Result<HeaderValue, FetchError> {
        let secret = secret(
            "oauth2 client secret",
            &self.config.client_secret,
            &self.config.client_secret_file,
        )?;
        let mut state = self.state.lock().await;
        if let Some(token) = &state.token
            && token.secret == secret
            && token.until.is_none_or(|until| Instant::now() < until)
        {
            return Ok(token.header.clone());
        }
        let styles: &[Style] = match &state.style {
            Some(Style::Header) => &[Style::Header],
            Some(Style::Form) => &[Style::Form],
            None => &[Style::Header, Style::Form],
        };
        let mut failed = FetchError::Token("no answer".to_owned());
        for style in styles {
            match self.fetch(*style, &secret).await {
                Ok(token) => {
                    let header = token.header.clone();
                    state.style = Some(*style);
                    state.token = Some(token);
                    return Ok(header);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn fetch(&self, style: Style, secret: &str) -> Result<Token, FetchError> {
        let config = &self.config;
        let mut form = Form::default();
        form.add("grant_type", "client_credentials");
        if !config.scopes.is_empty() {
            let scopes: Vec<&str> = config.scopes.iter().map(|scope| scope.as_str()).collect();
            form.add("scope", &scopes.join(" "));
        }
        for (name, value) in config.endpoint_params.iter() {
            form.add(name, value);
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, FORM);
        match style {
            Style::Header => {
                let mut both = String::new();
                escape_query(&mut both, &config.client_id);
                both.push(':');
                escape_query(&mut both, secret);
                let both = STANDARD.encode(both);
                headers.insert(AUTHORIZATION, value("client", &format!("Basic {both}"))?);
            }
            Style::Form => {
                form.add("client_id", &config.client_id);
                if !secret.is_empty() {
                    form.add("client_secret", secret);
                }
            }
        }
        let client = self.transports.get(self.url.is_tls())?;
        let asked = Instant::now();
        let answer = client
            .send(
                ClientRequest {
                    method: Method::POST,
                    url: self.url.clone(),
                    headers,
                    body: Bytes::from(form.0).into(),
                    answer_limit: LONGEST_ANSWER,
                },
                &Context::default(),
            )
            .await
            .map_err(|status| FetchError::Token(status.message().to_owned()))?;
        token(answer.status, &answer.body, asked, secret)
    }
}

/// The token of an answer. Neither a token nor a secret gets into a message.
fn token(
    status: StatusCode,
    body: &[u8],
    asked: Instant,
    secret: &str,
) -> Result<Token, FetchError> {
    let granted: Option<Granted> = serde_json::from_slice(body).ok();
    if !status.is_success() {
        let reason = granted.map_or_else(String::new, |granted| {
            format!(": {} {}", granted.error, granted.error_description)
        });
        let reason = reason.trim_end().trim_end_matches(':');
        return Err(FetchError::Token(format!("{status}{reason}")));
    }
    let Some(granted) = granted else {
        return Err(FetchError::Token("the answer is no JSON object".to_owned()));
    };
    if granted.access_token.is_empty() {
        return Err(FetchError::Token(
            "server response missing access_token".to_owned(),
        ));
    }
    let kind = match granted.token_type.to_ascii_lowercase().as_str() {
        "" | "bearer" => "Bearer",
        "mac" => "MAC",
        "basic" => "Basic",
        _ => &granted.token_type,
    };
    let lasts = granted.expires_in.and_then(|lasts| match lasts {
        serde_json::Value::Number(number) => number.as_u64(),
        serde_json::Value::String(text) => text.parse().ok(),
        _ => None,
    });
    let until = lasts.filter(|seconds| *seconds > 0).and_then(|seconds| {
        let lasts = Duration::from_secs(seconds).saturating_sub(MARGIN);
        asked.checked_add(lasts)
    });
    Ok(Token {
        header: value("token", &format!("{kind} {}", granted.access_token))?,
        until,
        secret: secret.to_owned(),
    })
}

/// A body of `application/x-www-form-urlencoded`.
#[derive(Default)]
struct Form(String);

impl Form {
    fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        escape_query(&mut self.0, name);
        self.0.push('=');
        escape_query(&mut self.0, value);
    }
}
