//! Cross-origin requests of browsers.
//!
//! Source: the Fetch standard, and the behaviour of the Go module that the Collector uses.

use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use super::Response;
use crate::config::CorsConfig;

/// Which origins may send what.
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Vec<Pattern>,
    /// Lower case; `None` allows every header.
    headers: Option<Vec<String>>,
    exposed: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
}

#[derive(Debug, Clone)]
struct Pattern {
    prefix: String,
    /// What follows the `*`, if there is one.
    suffix: Option<String>,
}

impl Pattern {
    fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        match text.split_once('*') {
            Some((prefix, suffix)) => Self {
                prefix: prefix.to_owned(),
                suffix: Some(suffix.to_owned()),
            },
            None => Self {
                prefix: text,
                suffix: None,
            },
        }
    }

    fn matches(&self, origin: &str) -> bool {
        match &self.suffix {
            None => origin == self.prefix,
            Some(suffix) => {
                origin.len() >= self.prefix.len() + suffix.len()
                    && origin.starts_with(&self.prefix)
                    && origin.ends_with(suffix.as_str())
            }
        }
    }
}

/// Headers that a page may always set.
const SIMPLE_HEADERS: [&str; 4] = ["accept", "content-type", "x-requested-with", "origin"];
const METHODS: [Method; 3] = [Method::GET, Method::POST, Method::HEAD];

impl Cors {
    /// The rules of the settings; `None` without an allowed origin, which means no CORS at all.
    #[must_use]
    pub fn new(config: &CorsConfig) -> Option<Self> {
        if config.allowed_origins.is_empty() {
            return None;
        }
        let headers: Vec<_> = config
            .allowed_headers
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        let exposed = config.exposed_headers.join(", ");
        Some(Self {
            origins: config
                .allowed_origins
                .iter()
                .map(|origin| Pattern::new(origin))
                .collect(),
            headers: Some(headers).filter(|headers| !headers.iter().any(|name| name == "*")),
            exposed: HeaderValue::try_from(exposed)
                .ok()
                .filter(|text| !text.is_empty()),
            max_age: Some(config.max_age)
                .filter(|age| *age > 0)
                .map(HeaderValue::from),
        })
    }

    /// The answer to a preflight request; `None` if `head` is none.
    pub(super) fn preflight(&self, head: &Parts) -> Option<Response> {
        let wanted = head.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        if head.method != Method::OPTIONS {
            return None;
        }
        let mut response = Response::empty(StatusCode::NO_CONTENT);
        let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        response
            .headers
            .insert(header::VARY, HeaderValue::from_static(vary));
        let Some(origin) = self.allowed_origin(&head.headers) else {
            return Some(response);
        };
        if !METHODS
            .iter()
            .any(|method| method.as_str().as_bytes() == wanted.as_bytes())
        {
            return Some(response);
        }
        let headers = head.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        if !headers.is_none_or(|headers| self.allows_headers(headers)) {
            return Some(response);
        }
        let map = &mut response.headers;
        allow(map, origin);
        map.insert(header::ACCESS_CONTROL_ALLOW_METHODS, wanted.clone());
        if let Some(headers) = headers {
            map.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, headers.clone());
        }
        if let Some(age) = &self.max_age {
            map.insert(header::ACCESS_CONTROL_MAX_AGE, age.clone());
        }
        Some(response)
    }

    /// What has to be added to the answer to an ordinary request with these headers.
    pub(super) fn answer_headers(&self, request: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
        let mut map = HeaderMap::new();
        map.insert(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.allowed_origin(request) {
            allow(&mut map, origin);
            if let Some(exposed) = &self.exposed {
                map.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
            }
        }
        map.into_iter()
            .filter_map(|(name, value)| Some((name?, value)))
            .collect()
    }

    fn allowed_origin<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        let text = origin.to_str().ok()?.to_ascii_lowercase();
        self.origins
            .iter()
            .any(|pattern| pattern.matches(&text))
            .then_some(origin)
    }

    fn allows_headers(&self, wanted: &HeaderValue) -> bool {
        let Some(allowed) = &self.headers else {
            return true;
        };
        let Ok(wanted) = wanted.to_str() else {
            return false;
        };
        wanted
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .all(|name| {
                name.is_empty()
                    || SIMPLE_HEADERS.contains(&name.as_str())
                    || allowed.contains(&name)
            })
    }
}

/// Allows an origin, with credentials as upstream.
fn allow(map: &mut HeaderMap, origin: &HeaderValue) {
    map.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    map.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str], headers: &[&str]) -> Cors {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Cors::new(&CorsConfig {
            allowed_origins: owned(origins),
            allowed_headers: owned(headers),
            exposed_headers: vec!["X-Trace".to_owned()],
            max_age: 60,
        })
        .unwrap()
    }

    fn head(headers: &[(&'static str, &'static str)]) -> Parts {
        let mut request = http::Request::builder().method(Method::OPTIONS);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn preflight(cors: &Cors, origin: &'static str, headers: &'static str) -> bool {
        let head = head(&[
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", headers),
        ]);
        let response = cors.preflight(&head).unwrap();
        assert_eq!(response.status, StatusCode::NO_CONTENT);
        response.headers.contains_key("access-control-allow-origin")
    }

    #[test]
    fn origins_match_exactly_or_around_one_star() {
        let cors = cors(&["https://*.example.com", "http://localhost:3000"], &[]);
        assert!(preflight(&cors, "https://app.example.com", "content-type"));
        assert!(preflight(&cors, "http://LOCALHOST:3000", ""));
        assert!(!preflight(&cors, "https://example.com", ""));
        assert!(!preflight(&cors, "https://app.example.com.evil.org", ""));
    }

    #[test]
    fn headers_must_be_simple_or_listed() {
        let cors = cors(&["*"], &["X-Api-Key"]);
        assert!(preflight(&cors, "https://a", "content-type, x-api-key"));
        assert!(!preflight(&cors, "https://a", "x-other"));
    }

    #[test]
    fn answers_to_allowed_origins_say_so_with_credentials() {
        let cors = cors(&["https://a"], &[]);
        let mut request = HeaderMap::new();
        request.insert(header::ORIGIN, HeaderValue::from_static("https://a"));
        let answer: HeaderMap = cors.answer_headers(&request).into_iter().collect();
        assert_eq!(answer["access-control-allow-origin"], "https://a");
        assert_eq!(answer["access-control-allow-credentials"], "true");
        assert_eq!(answer["access-control-expose-headers"], "X-Trace");
        request.insert(header::ORIGIN, HeaderValue::from_static("https://b"));
        let answer: HeaderMap = cors.answer_headers(&request).into_iter().collect();
        assert_eq!(answer.keys().collect::<Vec<_>>(), ["vary"]);
    }

    #[test]
    fn without_an_origin_there_are_no_rules() {
        let config = CorsConfig {
            allowed_headers: vec!["x".to_owned()],
            ..CorsConfig::default()
        };
        assert!(Cors::new(&config).is_none());
    }
}
