//! What an answer means. Source: Loki, "HTTP API", and `pkg/distributor`.

use std::time::{Duration, SystemTime};

use headwater_transport::http::Answer;
use headwater_transport::http::status::{drop_reason, parse_retry_after};
use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::complaint::{Complaint, complaints};

/// How much of an answer gets into the log, in characters.
const QUOTED: usize = 1024;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything has been stored.
    Arrived,
    /// Send it again, not before this time; the reason if that ends.
    Again(Option<Duration>, &'static str),
    /// Send it in two pieces.
    Smaller,
    /// Some of it is wrong; maybe what.
    Wrong(Vec<Complaint>),
    /// It is no use; the reason.
    GiveUp(&'static str),
}

/// Reads the answer that came at `now`.
pub(crate) fn read(answer: &Answer, now: SystemTime, retry_on_429: bool) -> Verdict {
    let status = answer.status;
    let after = || parse_retry_after(answer.headers.get(RETRY_AFTER)?, now);
    match status.as_u16() {
        // What Loki answers, by choice, to those whose data it throws away.
        260 => Verdict::GiveUp("blocked_ingestion"),
        _ if status.is_success() => Verdict::Arrived,
        413 => Verdict::Smaller,
        429 if retry_on_429 => Verdict::Again(after(), limit(answer)),
        429 => Verdict::GiveUp(limit(answer)),
        // Its parts take messages of a few megabytes from each other.
        500.. if contains(answer, "received message larger than max") => Verdict::Smaller,
        408 | 500.. => Verdict::Again(after(), drop_reason(status)),
        400 | 422 => Verdict::Wrong(complaints(&String::from_utf8_lossy(&answer.body))),
        _ => Verdict::GiveUp(drop_reason(status)),
    }
}

fn contains(answer: &Answer, words: &str) -> bool {
    String::from_utf8_lossy(&answer.body).contains(words)
}

/// Which limit was reached, in Loki's own words.
fn limit(answer: &Answer) -> &'static str {
    let said = String::from_utf8_lossy(&answer.body).to_ascii_lowercase();
    if said.contains("per stream rate limit") {
        "per_stream_rate_limit"
    } else if said.contains("maximum active stream limit") {
        "stream_limit"
    } else if said.contains("ingestion rate limit") {
        "rate_limited"
    } else {
        "http_429"
    }
}

/// What helps against an answer that is not about the data.
pub(crate) fn advice(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        401 => {
            "Loki wants a tenant or credentials: write `tenant_id`, or `auth` with an \
             authenticator such as basicauth"
        }
        403 => "the credentials are not allowed to push for this tenant",
        404 => {
            "the path is not that of pushes: write `endpoint: http://host:3100/loki/api/v1/push`"
        }
        405 => "the server does not take pushes here: write `endpoint` with `/loki/api/v1/push`",
        _ => return None,
    })
}

/// What Loki said, with its status.
pub(crate) fn describe(answer: &Answer) -> String {
    let (status, text) = (answer.status.as_u16(), answer.quote(QUOTED));
    if text.is_empty() {
        format!("Loki answered with HTTP status {status}")
    } else {
        format!("Loki answered with HTTP status {status}: {text}")
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
            truncated: false,
        }
    }

    #[test]
    fn each_status_means_what_loki_means_by_it() {
        let again = |reason| Verdict::Again(None, reason);
        for (status, body, verdict) in [
            (204, "", Verdict::Arrived),
            (200, "", Verdict::Arrived),
            (260, "", Verdict::GiveUp("blocked_ingestion")),
            (400, "no idea", Verdict::Wrong(Vec::new())),
            (401, "no org id", Verdict::GiveUp("http_401")),
            (404, "", Verdict::GiveUp("http_404")),
            (413, "", Verdict::Smaller),
            (
                429,
                "Ingestion rate limit exceeded for user x",
                again("rate_limited"),
            ),
            (
                429,
                "Maximum active stream limit exceeded",
                again("stream_limit"),
            ),
            (
                429,
                "Per stream rate limit exceeded",
                again("per_stream_rate_limit"),
            ),
            (
                500,
                "rpc error: grpc: received message larger than max (5 vs. 4)",
                Verdict::Smaller,
            ),
            (500, "", again("http_5xx")),
            (503, "", again("http_5xx")),
            (302, "", Verdict::GiveUp("http_3xx")),
        ] {
            assert_eq!(
                read(&answer(status, body), SystemTime::now(), true),
                verdict,
                "{status} {body}"
            );
        }
        let dropped = read(&answer(429, ""), SystemTime::now(), false);
        assert_eq!(dropped, Verdict::GiveUp("http_429"));
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept() {
        let mut asked = answer(429, "");
        asked.headers.insert(RETRY_AFTER, 7.into());
        let after = Some(Duration::from_secs(7));
        let verdict = read(&asked, SystemTime::now(), true);
        assert_eq!(verdict, Verdict::Again(after, "http_429"));
    }
}
