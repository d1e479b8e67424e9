//! Targets that a server lists.

use std::time::Duration;

use async_trait::async_trait;
use headwater_prometheus::scrape_config::HttpSdConfig;
use headwater_prometheus_http::{ClientError, HttpClient, Request, Url, parse_url};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::groups::groups_from_json;
use crate::refresh::{self, Answer, Source};
use crate::{Discovery, Health, Updates};

/// The longest list that is read: 64 MiB.
const LONGEST_LIST: u64 = 64 << 20;
const REFRESH_INTERVAL: HeaderName =
    HeaderName::from_static("x-prometheus-refresh-interval-seconds");
const META: &str = "__meta_url";

/// `http_sd_configs`: asks a server for the list every `refresh_interval`.
#[derive(Debug)]
pub struct HttpDiscovery {
    asker: Asker,
    interval: Duration,
    health: Health,
}

#[derive(Debug)]
struct Asker {
    client: HttpClient,
    url: Url,
    /// As it was written, for the label and as the source of the groups; without a password.
    shown: String,
    headers: HeaderMap,
    timeout: Duration,
}

impl HttpDiscovery {
    /// Nothing is asked before the discovery runs.
    ///
    /// # Errors
    /// [`ClientError`] if the URL, a header or the proxy cannot be used.
    pub fn new(config: &HttpSdConfig, user_agent: &str) -> Result<Self, ClientError> {
        let url = parse_url(&config.url)?;
        let shown = match url.authorization() {
            Some(_) => url.to_string(),
            None => config.url.to_string(),
        };
        let interval = config.refresh_interval.get();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Ok(value) = HeaderValue::try_from(interval.as_secs_f64().to_string()) {
            headers.insert(REFRESH_INTERVAL, value);
        }
        Ok(Self {
            health: Health::new(format!("http_sd {shown}")),
            asker: Asker {
                client: HttpClient::new(&config.http, user_agent)?,
                url,
                shown,
                headers,
                timeout: interval,
            },
            interval,
        })
    }
}

#[async_trait]
impl Discovery for HttpDiscovery {
    async fn run(self: Box<Self>, updates: Updates) {
        let Self {
            asker,
            interval,
            health,
        } = *self;
        refresh::run(asker, interval, &health, &updates).await;
    }

    fn health(&self) -> Option<Health> {
        Some(self.health.clone())
    }
}

impl Source for Asker {
    async fn ask(&mut self) -> Result<Answer, String> {
        let request = Request {
            url: &self.url,
            headers: &self.headers,
            compression: true,
            body_limit: LONGEST_LIST,
            timeout: self.timeout,
        };
        let answer = self.client.get(request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status != StatusCode::OK {
            return Err(format!("server returned HTTP status {}", answer.status));
        }
        let kind = answer.content_type().trim();
        if !is_json(kind) {
            return Err(format!("unsupported content type {kind:?}"));
        }
        let groups = groups_from_json(&answer.body, &self.shown, META);
        let groups = groups.map_err(|error| format!("{}: {error}", self.shown))?;
        Ok(Answer {
            groups,
            error: None,
        })
    }
}

/// `^(?i:application/json(;\s*charset=("utf-8"|utf-8))?)$`
fn is_json(kind: &str) -> bool {
    let (kind, parameter) = match kind.split_once(';') {
        Some((kind, parameter)) => (kind, Some(parameter.trim_start())),
        None => (kind, None),
    };
    kind.eq_ignore_ascii_case("application/json")
        && parameter.is_none_or(|parameter| {
            parameter.eq_ignore_ascii_case("charset=utf-8")
                || parameter.eq_ignore_ascii_case("charset=\"utf-8\"")
        })
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn only_json_in_utf8_is_a_list() {
        for kind in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
        ] {
            assert!(is_json(kind), "{kind}");
        }
        for kind in [
            "",
            "text/json",
            "application/json; charset=latin1",
            "application/jsonp",
        ] {
            assert!(!is_json(kind), "{kind}");
        }
    }
}
