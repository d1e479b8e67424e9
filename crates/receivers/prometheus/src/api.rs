//! The part of Prometheus's HTTP API that tells about targets.

use std::collections::BTreeMap;

use headwater_discovery::Health;
use headwater_prometheus::Labels;
use headwater_transport::http::{Handler, Request, Response};
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::targets::{JobTargets, TargetState, Targets};
use crate::time::rfc3339;

/// Answers `/api/v1/targets` and `/api/v1/scrape_pools`.
#[derive(Debug)]
pub(crate) struct Api {
    targets: Targets,
}

impl Api {
    pub(crate) const fn new(targets: Targets) -> Self {
        Self { targets }
    }

    fn answer(&self, head: &Parts) -> Response {
        let path = head.uri.path();
        if !matches!(path, "/api/v1/targets" | "/api/v1/scrape_pools") {
            return Response::text(StatusCode::NOT_FOUND, "404 page not found\n");
        }
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return Response::text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n");
        }
        let data = if path == "/api/v1/targets" {
            self.targets(head.uri.query().unwrap_or(""))
        } else {
            let pools = self.targets.jobs();
            let pools: Vec<&str> = pools.iter().map(|job| &*job.job).collect();
            json!({ "scrapePools": pools })
        };
        let body = json!({ "status": "success", "data": data }).to_string();
        Response::new(StatusCode::OK, "application/json", body)
    }

    fn targets(&self, query: &str) -> Value {
        let state = parameter(query, "state").unwrap_or_default().to_lowercase();
        let pool = parameter(query, "scrapePool").unwrap_or_default();
        let active = matches!(state.as_str(), "" | "any" | "active");
        let dropped = matches!(state.as_str(), "" | "any" | "dropped");
        let mut active_targets = Vec::new();
        let mut dropped_targets = Vec::new();
        let mut counts = BTreeMap::new();
        let mut discoveries = Vec::new();
        let jobs = self.targets.jobs();
        for job in jobs
            .iter()
            .filter(|job| pool.is_empty() || *job.job == pool)
        {
            discoveries.extend(
                job.discoveries
                    .iter()
                    .map(|health| show_health(job, health)),
            );
            if active {
                active_targets.extend(job.active.iter().map(|target| show(target)));
            }
            if dropped {
                dropped_targets.extend(job.dropped.iter().map(|labels| show_dropped(job, labels)));
                counts.insert(&*job.job, job.dropped_count);
            }
        }
        json!({
            "activeTargets": active_targets,
            "droppedTargets": dropped_targets,
            "droppedTargetCounts": counts,
            // Not Prometheus's: how old the last good list of a discovery is.
            "discoveries": discoveries,
        })
    }
}

impl Handler for Api {
    /// Everything is answered here: there is no body to read.
    fn check(&self, head: &Parts) -> Option<Response> {
        Some(self.answer(head))
    }

    async fn call(&self, _: Request) -> Response {
        Response::text(StatusCode::NOT_FOUND, "404 page not found\n")
    }
}

fn show(state: &TargetState) -> Value {
    let target = state.target();
    let status = state.status();
    let health = match status.up {
        None => "unknown",
        Some(true) => "up",
        Some(false) => "down",
    };
    json!({
        "discoveredLabels": labels(target.discovered.iter()),
        "labels": labels(target.public_labels()),
        "scrapePool": &*state.job,
        "scrapeUrl": target.url,
        "globalUrl": target.url,
        "lastError": status.error.unwrap_or_default(),
        "lastScrape": status.last.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), rfc3339),
        "lastScrapeDuration": status.duration.as_secs_f64(),
        "health": health,
        "scrapeInterval": target.interval.to_string(),
        "scrapeTimeout": target.timeout.to_string(),
    })
}

fn show_dropped(job: &JobTargets, dropped: &Labels) -> Value {
    json!({ "discoveredLabels": labels(dropped.iter()), "scrapePool": &*job.job })
}

fn show_health(job: &JobTargets, health: &Health) -> Value {
    let status = health.status();
    json!({
        "scrapePool": &*job.job,
        "name": status.name,
        "targets": status.targets,
        "ageSeconds": status.succeeded.map(|then| then.elapsed().as_secs()),
        "lastError": status.error.unwrap_or_default(),
    })
}

fn labels<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    let pairs = labels.map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// The value of a parameter of a query.
fn parameter(query: &str, name: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| unescape(value))
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        match (first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, beyond @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push((high << 4 | low) as u8);
                    rest = beyond;
                }
                _ => bytes.push(b'%'),
            },
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_unescaped() {
        let query = "state=any&scrapePool=a%2Fb+c%zz&x";
        assert_eq!(parameter(query, "scrapePool").as_deref(), Some("a/b c%zz"));
        assert_eq!(parameter(query, "x"), None);
    }
}
