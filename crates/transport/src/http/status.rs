//! gRPC codes and HTTP statuses of OTLP/HTTP, both ways.
//!
//! Source: Go `receiver/otlpreceiver/internal/errors` and `exporter/otlphttpexporter`.

use std::time::{Duration, SystemTime};

use headwater_core::rpc::Code;
use http::{HeaderValue, StatusCode};

use crate::Status;

/// The HTTP status with which a receiver answers a gRPC code.
#[must_use]
pub const fn from_code(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => StatusCode::SERVICE_UNAVAILABLE,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unimplemented => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The gRPC code that an HTTP status stands for.
#[must_use]
pub const fn to_code(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 => Code::ResourceExhausted,
        502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// Whether an OTLP client may send the same request again after this HTTP status.
#[must_use]
pub const fn is_retryable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502..=504)
}

/// The reason, for the ledger, of what was lost because a backend answered with this status.
#[must_use]
pub const fn drop_reason(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "http_400",
        401 => "http_401",
        403 => "http_403",
        404 => "http_404",
        405 => "http_405",
        409 => "http_409",
        413 => "http_413",
        415 => "http_415",
        422 => "http_422",
        429 => "http_429",
        code => match code / 100 {
            5 => "http_5xx",
            4 => "http_4xx",
            3 => "http_3xx",
            _ => "http_other",
        },
    }
}

/// The `Retry-After` of an answer with `status`: whole seconds, only with 429 and 503 and only
/// when a wait is asked for.
#[must_use]
pub fn retry_after(status: &Status) -> Option<HeaderValue> {
    let http = from_code(status.code());
    if http != StatusCode::TOO_MANY_REQUESTS && http != StatusCode::SERVICE_UNAVAILABLE {
        return None;
    }
    status
        .retry_delay()
        .map(|delay| HeaderValue::from(delay.as_secs()))
}

/// The wait that a `Retry-After` asks for: seconds, or a date compared with `now`. `None` if it
/// is neither or lies in the past.
#[must_use]
pub fn parse_retry_after(value: &HeaderValue, now: SystemTime) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)).filter(|delay| !delay.is_zero()),
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_map_as_upstream_maps_them() {
        let cases = [
            (Code::Unavailable, 503),
            (Code::ResourceExhausted, 429),
            (Code::InvalidArgument, 400),
            (Code::Unauthenticated, 401),
            (Code::PermissionDenied, 403),
            (Code::Unimplemented, 404),
            (Code::Internal, 500),
            (Code::NotFound, 500),
            (Code::DeadlineExceeded, 503),
        ];
        for (code, http) in cases {
            assert_eq!(from_code(code).as_u16(), http, "{code}");
        }
        for (http, code) in [
            (400, Code::InvalidArgument),
            (504, Code::Unavailable),
            (500, Code::Unknown),
        ] {
            assert_eq!(to_code(StatusCode::from_u16(http).unwrap()), code, "{http}");
        }
    }

    #[test]
    fn a_wait_is_sent_in_whole_seconds_with_429_and_503_only() {
        let wait = Duration::from_millis(2900);
        let header = |code| retry_after(&Status::new(code, "").with_retry_delay(wait));
        assert_eq!(header(Code::ResourceExhausted).unwrap(), "2");
        assert_eq!(header(Code::Unavailable).unwrap(), "2");
        assert_eq!(header(Code::Internal), None);
        assert_eq!(retry_after(&Status::new(Code::Unavailable, "")), None);
    }

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let read = |text| parse_retry_after(&HeaderValue::from_static(text), now);
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(
            read("Sun, 06 Nov 1994 08:50:07 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(read("Sun, 06 Nov 1994 08:48:37 GMT"), None);
        assert_eq!(read("soon"), None);
    }
}
