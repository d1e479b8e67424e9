//! What an authorization server answers.

use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;

use super::TokenError;

#[derive(Deserialize)]
struct Body {
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

/// A token.
pub(super) struct Granted {
    /// The value of `Authorization`.
    pub(super) header: String,
    /// None for one that lasts for ever.
    pub(super) lasts: Option<Duration>,
}

/// The token of an answer. Neither a token nor a secret gets into a message.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Granted, TokenError> {
    let body: Option<Body> = serde_json::from_slice(body).ok();
    if !status.is_success() {
        let reason = body.map_or_else(String::new, |body| {
            format!(": {} {}", body.error, body.error_description)
        });
        let reason = reason.trim_end().trim_end_matches(':');
        return Err(TokenError(format!("{status}{reason}")));
    }
    let Some(body) = body else {
        return Err(TokenError("the answer is no JSON object".to_owned()));
    };
    if body.access_token.is_empty() {
        return Err(TokenError(
            "server response missing access_token".to_owned(),
        ));
    }
    let kind = match body.token_type.to_ascii_lowercase().as_str() {
        "" | "bearer" => "Bearer",
        "mac" => "MAC",
        "basic" => "Basic",
        _ => &body.token_type,
    };
    let lasts = body.expires_in.and_then(|lasts| match lasts {
        serde_json::Value::Number(number) => number.as_u64(),
        serde_json::Value::String(text) => text.parse().ok(),
        _ => None,
    });
    Ok(Granted {
        header: format!("{kind} {}", body.access_token),
        lasts: lasts
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs),
    })
}
