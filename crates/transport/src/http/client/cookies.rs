//! Cookies that servers set.
//!
//! Source: RFC 6265, section 5. There is no list of public suffixes: a cookie for a parent
//! domain is taken from whoever sets it, as Go's jar does without one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::http::Url;

/// More than this is nothing that a telemetry backend needs.
const MOST: usize = 100;

#[derive(Debug, Clone)]
struct Cookie {
    name: String,
    value: String,
    domain: String,
    /// The cookie is for this very host.
    host_only: bool,
    path: String,
    secure: bool,
    expires: Option<SystemTime>,
}

/// A jar, shared by the workers.
#[derive(Debug, Default)]
pub(super) struct Jar(Mutex<Vec<Cookie>>);

impl Jar {
    /// Takes the cookies of an answer from `url`.
    pub(super) fn store(&self, url: &Url, headers: &HeaderMap) {
        for text in headers.get_all(SET_COOKIE) {
            let now = SystemTime::now();
            let Some(cookie) = text
                .to_str()
                .ok()
                .and_then(|text| Cookie::parse(text, url, now))
            else {
                continue;
            };
            let mut cookies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            cookies.retain(|old| !old.is_replaced_by(&cookie) && !old.is_over(now));
            if !cookie.is_over(now) && cookies.len() < MOST {
                cookies.push(cookie);
            }
        }
    }

    /// The `Cookie` header for a request to `url`.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let now = SystemTime::now();
        let cookies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fitting: Vec<_> = cookies
            .iter()
            .filter(|cookie| cookie.fits(url, now))
            .collect();
        // Longer paths first.
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = fitting
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        HeaderValue::try_from(pairs.join("; "))
            .ok()
            .filter(|value| !value.is_empty())
    }
}

impl Cookie {
    fn parse(text: &str, url: &Url, now: SystemTime) -> Option<Self> {
        let mut parts = text.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let folder = url
            .uri()
            .path()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            domain: url.host().to_ascii_lowercase(),
            host_only: true,
            path: if folder.is_empty() {
                "/".to_owned()
            } else {
                folder.to_owned()
            },
            secure: false,
            expires: None,
        };
        let mut max_age = None;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "domain" => {
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    if !domain.is_empty() {
                        if !is_within(&cookie.domain, &domain) {
                            return None;
                        }
                        cookie.domain = domain;
                        cookie.host_only = false;
                    }
                }
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                "max-age" => {
                    let seconds = value.parse::<i64>().ok()?;
                    let age = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
                    max_age = Some(now.checked_add(age)?);
                }
                "expires" => cookie.expires = httpdate::parse_http_date(value).ok(),
                _ => {}
            }
        }
        cookie.expires = max_age.or(cookie.expires);
        (!cookie.name.is_empty()).then_some(cookie)
    }

    fn is_replaced_by(&self, other: &Self) -> bool {
        (&self.name, &self.domain, &self.path) == (&other.name, &other.domain, &other.path)
    }

    fn is_over(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn fits(&self, url: &Url, now: SystemTime) -> bool {
        let host = url.host().to_ascii_lowercase();
        let host_fits = if self.host_only {
            host == self.domain
        } else {
            is_within(&host, &self.domain)
        };
        let path = url.uri().path();
        let path_fits = path.strip_prefix(self.path.as_str()).is_some_and(|rest| {
            rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/')
        });
        host_fits && path_fits && (!self.secure || url.is_tls()) && !self.is_over(now)
    }
}

/// Whether `host` is `domain` or below it.
fn is_within(host: &str, domain: &str) -> bool {
    host == domain
        || host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::parse_url;

    fn jar(set: &[(&str, &str)]) -> Jar {
        let jar = Jar::default();
        for (from, text) in set {
            let mut headers = HeaderMap::new();
            headers.insert(SET_COOKIE, HeaderValue::from_str(text).unwrap());
            jar.store(&parse_url("endpoint", from).unwrap(), &headers);
        }
        jar
    }

    fn sent(jar: &Jar, to: &str) -> String {
        let header = jar.header(&parse_url("endpoint", to).unwrap());
        header.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn cookies_go_back_to_their_host_and_path_only() {
        let jar = jar(&[
            ("http://a.org/x/y", "s=1"),
            ("http://a.org/", "t=2; Path=/"),
        ]);
        assert_eq!(sent(&jar, "http://a.org/x/z"), "s=1; t=2");
        assert_eq!(sent(&jar, "http://a.org/xx"), "t=2");
        assert_eq!(sent(&jar, "http://b.a.org/x/z"), "");
    }

    #[test]
    fn a_domain_covers_what_is_below_it_and_strangers_set_nothing() {
        let jar = jar(&[
            ("http://b.a.org/", "s=1; Domain=a.org"),
            ("http://evil.org/", "t=2; Domain=a.org"),
        ]);
        assert_eq!(sent(&jar, "http://c.a.org/"), "s=1");
    }

    #[test]
    fn secure_cookies_need_tls_and_expired_ones_are_gone() {
        let jar = jar(&[
            ("https://a.org/", "s=1; Secure"),
            ("https://a.org/", "t=2; Max-Age=100"),
            ("https://a.org/", "t=2; Max-Age=0"),
            (
                "https://a.org/",
                "u=3; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
            ),
        ]);
        assert_eq!(sent(&jar, "http://a.org/"), "");
        assert_eq!(sent(&jar, "https://a.org/"), "s=1");
    }
}
