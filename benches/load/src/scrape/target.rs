//! Targets: one server that plays as many of them as asked for.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::error::LoadError;

use super::exposition;
use super::server::Server;

/// The targets; gone when dropped.
#[derive(Debug)]
pub(crate) struct Targets {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    series: usize,
    started: Instant,
    scrapes: AtomicU64,
    /// When each target was scraped. Unit: nanoseconds since `started`.
    times: Vec<Mutex<Vec<u64>>>,
}

impl Targets {
    /// Starts them on a thread of their own.
    ///
    /// # Errors
    /// No port, no thread.
    pub(crate) fn start(targets: usize, series: usize) -> Result<Self, LoadError> {
        let shared = Arc::new(Shared {
            series,
            started: Instant::now(),
            scrapes: AtomicU64::new(0),
            times: (0..targets).map(|_| Mutex::default()).collect(),
        });
        let serving = Arc::clone(&shared);
        let server = Server::start("targets", move |request| {
            std::future::ready(answer(&request, &serving))
        })?;
        Ok(Self { server, shared })
    }

    /// Where all of them are: `?target=t7:80` chooses.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Scrapes that were answered.
    pub(crate) fn scrapes(&self) -> u64 {
        self.shared.scrapes.load(Ordering::Acquire)
    }

    /// Starts the measurement of lateness anew.
    pub(crate) fn forget_times(&self) {
        for times in &self.shared.times {
            times.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// How late scrapes are: the median, the 99th percentile and the worst. Each target's schedule
    /// is the one that none of its scrapes is early for. Unit: milliseconds.
    pub(crate) fn lateness(&self, interval: Duration) -> [f64; 3] {
        let mut late: Vec<u64> = Vec::new();
        for times in &self.shared.times {
            let times = times.lock().unwrap_or_else(PoisonError::into_inner);
            late.extend(lateness(&times, interval.as_nanos() as u64));
        }
        late.sort_unstable();
        let at = |share: f64| {
            let index = ((late.len() as f64 * share) as usize).min(late.len().saturating_sub(1));
            late.get(index).map_or(0.0, |&nanos| nanos as f64 / 1e6)
        };
        [at(0.5), at(0.99), at(1.0)]
    }
}

fn lateness(times: &[u64], interval: u64) -> Vec<u64> {
    let offsets = || {
        times
            .iter()
            .zip(0_u64..)
            .map(|(&time, n)| time.cast_signed() - (n * interval).cast_signed())
    };
    let schedule = offsets().min().unwrap_or(0);
    offsets()
        .map(|offset| (offset - schedule).cast_unsigned())
        .collect()
}

fn answer(request: &Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    let arrived = shared.started.elapsed().as_nanos() as u64;
    let target = target(request.uri().query().unwrap_or_default());
    let Some((target, times)) = target.and_then(|n| Some((n, shared.times.get(n)?))) else {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let tick = {
        let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
        times.push(arrived);
        shared.started.elapsed().as_secs()
    };
    let body = exposition::body(target, shared.series, tick);
    shared.scrapes.fetch_add(1, Ordering::Release);
    let mut response = Response::new(Full::from(body));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    response
}

/// The number in `target=t7:80`, or `target=t7%3A80`.
fn target(query: &str) -> Option<usize> {
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("target=t"))?;
    let digits = value.find(|c: char| !c.is_ascii_digit());
    value[..digits.unwrap_or(value.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_that_of_the_most_punctual_scrape() {
        assert_eq!(lateness(&[105, 200, 307], 100), [5, 0, 7]);
        assert!(lateness(&[], 100).is_empty());
    }

    #[test]
    fn the_query_names_the_target() {
        assert_eq!(target("target=t12%3A80"), Some(12));
        assert_eq!(target("a=b&target=t0:80"), Some(0));
        assert_eq!(target("target=x"), None);
    }
}
