//! Writing answers.

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::request::Parts;

use super::ServerOptions;
use crate::http::body::Whole;
use crate::http::{Rejection, Response, status};

/// Adds the wait that a rejection asks for.
pub(super) fn with_retry_after(mut response: Response, rejection: &Rejection) -> Response {
    if let Rejection::Refused(refused) = rejection
        && let Some(wait) = status::retry_after(refused)
    {
        response.headers.entry(RETRY_AFTER).or_insert(wait);
    }
    response
}

/// The answer with the server's own headers and those for other origins.
pub(super) fn render(
    options: &ServerOptions,
    head: &Parts,
    answer: Response,
) -> http::Response<Whole<Bytes>> {
    let mut response = http::Response::new(Whole::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    let map = response.headers_mut();
    for (name, value) in &options.response_headers {
        map.insert(name.clone(), value.clone());
    }
    if let Some(cors) = &options.cors {
        for (name, value) in cors.answer_headers(&head.headers) {
            map.insert(name, value);
        }
    }
    response
}
