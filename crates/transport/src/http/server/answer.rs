//! Writing answers.

use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;

use super::ServerOptions;
use crate::http::body::Whole;
use crate::http::{Rejection, Response, status};

/// Adds the wait or the credentials that a rejection asks for.
pub(super) fn with_rejection(mut response: Response, rejection: &Rejection) -> Response {
    match rejection {
        Rejection::Refused(refused) => {
            if let Some(wait) = status::retry_after(refused) {
                response.headers.entry(RETRY_AFTER).or_insert(wait);
            }
        }
        Rejection::Unauthenticated(error) => {
            if let Some(Ok(challenge)) = error.challenge().map(HeaderValue::from_str) {
                response
                    .headers
                    .entry(WWW_AUTHENTICATE)
                    .or_insert(challenge);
            }
        }
        _ => {}
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
