//! What Tempo means by a refusal. Source: Tempo `modules/distributor`, `modules/overrides`,
//! `modules/distributor/receiver`; the texts of versions 1 and 2 where 3 has none any more.

use std::time::{Duration, SystemTime};

use headwater_core::pdata::json::RpcStatus;
use headwater_core::rpc::Code;
use headwater_transport::Status;
use headwater_transport::http::Answer;
use headwater_transport::http::status::{parse_retry_after, to_code};
use http::header::{CONTENT_TYPE, RETRY_AFTER};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send it again, not before this time; why it was refused.
    Again(Option<Duration>, &'static str),
    /// Send it in pieces of at most so many bytes; half of it if nobody says how many.
    Smaller(Option<usize>, &'static str),
    /// Send it without this trace.
    WithoutTrace([u8; 16]),
    /// Send it without spans whose ids are none.
    WithoutBadIds,
    /// It is no use; the reason.
    GiveUp(&'static str),
}

/// Reads a refusal.
pub(crate) fn read(status: &Status, retry_on_limit: bool) -> Verdict {
    let text = status.message();
    let limited = |reason| {
        if retry_on_limit {
            Verdict::Again(status.retry_delay(), reason)
        } else {
            Verdict::GiveUp(reason)
        }
    };
    if text.contains("received message larger than max") {
        // `(5000000 vs. 4194304)`
        return Verdict::Smaller(number_behind(text, " vs. "), "request_too_large");
    }
    if text.contains("request body too large") || text.contains("HTTP status 413") {
        return Verdict::Smaller(None, "request_too_large");
    }
    if text.contains("RATE_LIMITED") {
        if text.contains("batch size (") {
            // It can never pass as it is.
            let limit = number_behind(text, "(local: ").max(number_behind(text, "burst: "));
            return Verdict::Smaller(limit, "rate_limited");
        }
        return limited("rate_limited");
    }
    if text.contains("LIVE_TRACES_EXCEEDED") {
        return limited("live_traces_exceeded");
    }
    if text.contains("TRACE_TOO_LARGE") {
        return trace_id(text).map_or(Verdict::GiveUp("trace_too_large"), Verdict::WithoutTrace);
    }
    if text.contains("trace ids must be 128 bit") || text.contains("span ids must be 64 bit") {
        return Verdict::WithoutBadIds;
    }
    if text.contains("no org id") {
        return Verdict::GiveUp("no_tenant");
    }
    match status.code() {
        Code::ResourceExhausted => limited("resource_exhausted"),
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Cancelled
        | Code::OutOfRange
        | Code::DataLoss => Verdict::Again(status.retry_delay(), "unavailable"),
        Code::InvalidArgument if text.to_ascii_lowercase().contains("tenant") => {
            Verdict::GiveUp("unknown_tenant")
        }
        Code::Unauthenticated => Verdict::GiveUp("unauthenticated"),
        Code::PermissionDenied => Verdict::GiveUp("permission_denied"),
        Code::InvalidArgument => Verdict::GiveUp("invalid_argument"),
        Code::Unimplemented => Verdict::GiveUp("unimplemented"),
        Code::Internal => Verdict::GiveUp("internal"),
        _ => Verdict::GiveUp("refused"),
    }
}

/// What helps against a refusal that is not about the data.
pub(crate) fn advice(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "no_tenant" => {
            "Tempo has multitenancy_enabled: write `tenant_id`, or `tenant_attribute`, or derive \
             the tenant before"
        }
        "unknown_tenant" => "Tempo takes no tenant of this name",
        "unauthenticated" => "write `auth` with an authenticator such as basicauth",
        "unimplemented" => {
            "the server does not take traces here: write Tempo's OTLP endpoint, by default port \
             4317 for gRPC"
        }
        "request_too_large" => "write a smaller `max_request_size`, or raise Tempo's limit",
        "rate_limited" | "live_traces_exceeded" => {
            "raise the tenant's limits in Tempo's overrides, or send less"
        }
        _ => return None,
    })
}

fn number_behind(text: &str, words: &str) -> Option<usize> {
    let (_, said) = text.split_once(words)?;
    let digits = said.bytes().take_while(u8::is_ascii_digit).count();
    said[..digits].parse().ok()
}

/// The trace that a text names in 32 digits.
fn trace_id(text: &str) -> Option<[u8; 16]> {
    let word = text
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .find(|word| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u128::from_str_radix(word, 16).ok().map(u128::to_be_bytes)
}

/// An answer over HTTP as a status; `None` if it is a success.
pub(crate) fn of_http(answer: &Answer, now: SystemTime) -> Option<Status> {
    let http = answer.status;
    if http.is_success() {
        return None;
    }
    let content_type = answer.headers.get(CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let said = match content_type.split(';').next().unwrap_or("").trim() {
        "application/json" => RpcStatus::from_json(&answer.body).ok(),
        "application/x-protobuf" => RpcStatus::from_proto(&answer.body).ok(),
        _ => None,
    };
    let text = said
        .as_ref()
        .map_or_else(|| answer.quote(1024), |said| said.message.clone());
    let code = match to_code(http) {
        Code::Unknown if http.is_server_error() => Code::Internal,
        code => code,
    };
    let status = Status::new(code, format!("HTTP status {}: {text}", http.as_u16()));
    let asked = answer
        .headers
        .get(RETRY_AFTER)
        .and_then(|value| parse_retry_after(value, now))
        .or_else(|| said.and_then(|said| said.retry_delay));
    Some(match asked {
        Some(delay) => status.with_retry_delay(delay),
        None => status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_tempo_is_understood() {
        let mut trace = [0; 16];
        trace[15] = 0xab;
        let again = |reason| Verdict::Again(None, reason);
        for (code, text, verdict) in [
            (
                Code::ResourceExhausted,
                "RATE_LIMITED: ingestion rate limit (local: 15000000 bytes/s, global: 0 bytes/s, burst: 20000000 bytes) exceeded while adding 10 bytes for user a. consider",
                again("rate_limited"),
            ),
            (
                Code::ResourceExhausted,
                "RATE_LIMITED: batch size (30000 bytes) exceeds ingestion limit (local: 100 bytes/s, global: 0 bytes/s, burst: 20000 bytes) while adding 30000 bytes for user a.",
                Verdict::Smaller(Some(20_000), "rate_limited"),
            ),
            (
                Code::ResourceExhausted,
                "grpc: received message larger than max (5000000 vs. 4194304)",
                Verdict::Smaller(Some(4_194_304), "request_too_large"),
            ),
            (
                Code::FailedPrecondition,
                "LIVE_TRACES_EXCEEDED: max live traces exceeded for tenant a: per-user traces limit (local: 1 global: 0 actual local: 1) exceeded",
                again("live_traces_exceeded"),
            ),
            (
                Code::FailedPrecondition,
                "TRACE_TOO_LARGE: max size of trace (5000000) exceeded while adding 100 bytes to trace 000000000000000000000000000000ab for tenant a",
                Verdict::WithoutTrace(trace),
            ),
            (
                Code::FailedPrecondition,
                "TRACE_TOO_LARGE: max size",
                Verdict::GiveUp("trace_too_large"),
            ),
            (
                Code::InvalidArgument,
                "trace ids must be 128 bit, received 64 bits",
                Verdict::WithoutBadIds,
            ),
            (
                Code::InvalidArgument,
                "span ids must be 64 bit and not all zero, received 64 bits",
                Verdict::WithoutBadIds,
            ),
            (
                Code::Unauthenticated,
                "no org id",
                Verdict::GiveUp("no_tenant"),
            ),
            (
                Code::InvalidArgument,
                "tenant ID 'a/b' contains unsupported character '/'",
                Verdict::GiveUp("unknown_tenant"),
            ),
            (Code::Unavailable, "x", again("unavailable")),
            (Code::ResourceExhausted, "x", again("resource_exhausted")),
            (Code::Internal, "x", Verdict::GiveUp("internal")),
        ] {
            assert_eq!(read(&Status::new(code, text), true), verdict, "{text}");
        }
        let limited = Status::new(Code::ResourceExhausted, "RATE_LIMITED: ingestion rate");
        assert_eq!(read(&limited, false), Verdict::GiveUp("rate_limited"));
    }
}
