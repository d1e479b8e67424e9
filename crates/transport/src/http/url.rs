//! URLs of clients.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};

use crate::config::BuildError;

/// An absolute `http` or `https` URL. User and password in it become a header.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// Without user and password.
    uri: Uri,
    host: String,
    port: u16,
    tls: bool,
    authorization: Option<HeaderValue>,
    /// For a proxy: the headers of requests for a tunnel, as lines.
    connect_headers: Option<Arc<str>>,
}

/// Parses the URL given for `key`.
///
/// # Errors
/// [`BuildError::Url`], which says what is wrong.
pub fn parse(key: &'static str, text: &str) -> Result<Url, BuildError> {
    let failed = |reason| {
        // Passwords must not get into messages.
        let url = match text.rsplit_once('@') {
            Some((_, rest)) => format!("…@{rest}"),
            None => text.to_owned(),
        };
        BuildError::Url { key, url, reason }
    };
    let uri: Uri = text
        .parse()
        .map_err(|_| failed("it is no URL: write http://host:port"))?;
    Url::from_uri(&uri).map_err(failed)
}

impl Url {
    fn from_uri(uri: &Uri) -> Result<Self, &'static str> {
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) => return Err("its scheme is neither http nor https"),
            None => return Err("it has no scheme: write http:// or https:// before it"),
        };
        let authority = uri.authority().ok_or("it has no host")?;
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if host.is_empty() {
            return Err("it has no host");
        }
        // The library's own `port` takes 99999 for no port at all.
        let written = authority.as_str().rsplit(']').next().unwrap_or_default();
        let written = written.rsplit('@').next().unwrap_or_default();
        let port = match written.rsplit_once(':') {
            Some((_, port)) => port
                .parse()
                .map_err(|_| "its port is no number below 65536")?,
            None if tls => 443,
            None => 80,
        };
        let (authorization, authority) = match authority.as_str().rsplit_once('@') {
            Some((user, authority)) => (Some(basic(user)?), authority),
            None => (None, authority.as_str()),
        };
        let path = uri.path_and_query().cloned();
        let uri = Uri::builder()
            .scheme(if tls { Scheme::HTTPS } else { Scheme::HTTP })
            .authority(authority)
            .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
            .build()
            .map_err(|_| "it is no URL")?;
        Ok(Self {
            uri,
            host,
            port,
            tls,
            authorization,
            connect_headers: None,
        })
    }

    /// The URL with `path` behind it, one slash between them: what exporters do with `v1/traces`.
    ///
    /// # Errors
    /// [`BuildError::Url`] if the result is no URL.
    pub fn join(&self, path: &str) -> Result<Self, BuildError> {
        let text = self.uri.to_string();
        let slash = if text.ends_with('/') { "" } else { "/" };
        let mut joined = parse(
            "endpoint",
            &format!("{text}{slash}{}", path.trim_start_matches('/')),
        )?;
        joined.authorization.clone_from(&self.authorization);
        Ok(joined)
    }

    /// Where a `Location` leads from here; `None` if it cannot be followed.
    pub(super) fn redirect(&self, location: &str) -> Option<Self> {
        let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let absolute = location
            .split_once("://")
            .is_some_and(|(s, _)| is_scheme(s));
        let text = if absolute {
            location.to_owned()
        } else if let Some(rest) = location.strip_prefix("//") {
            format!("{}://{rest}", if self.tls { "https" } else { "http" })
        } else {
            let base = format!(
                "{}://{}",
                if self.tls { "https" } else { "http" },
                self.authority()
            );
            if location.starts_with('/') {
                format!("{base}{location}")
            } else {
                let folder = self
                    .uri
                    .path()
                    .rsplit_once('/')
                    .map_or("", |(folder, _)| folder);
                format!("{base}{folder}/{location}")
            }
        };
        // A fragment stays with the client.
        let text = text.split('#').next().unwrap_or_default();
        let mut url = Self::from_uri(&text.parse().ok()?).ok()?;
        if url.authorization.is_none() && url.host == self.host && (url.tls || !self.tls) {
            url.authorization.clone_from(&self.authorization);
        }
        Some(url)
    }

    /// The URL without user and password.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The host, IPv6 addresses without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 80 or 443 where none is written.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is `https`.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Basic authentication made from user and password, if it has them.
    #[must_use]
    pub const fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// The headers of requests for a tunnel, as lines that end with a line break.
    pub(crate) fn connect_headers(&self) -> &str {
        self.connect_headers.as_deref().unwrap_or("")
    }

    pub(super) fn set_connect_headers(&mut self, lines: &str) {
        self.connect_headers = Some(lines)
            .filter(|lines| !lines.is_empty())
            .map(Into::into);
    }

    /// Host and port as they were written.
    pub(crate) fn authority(&self) -> &str {
        self.uri.authority().map_or("", Authority::as_str)
    }

    /// Path and query.
    pub(crate) fn path(&self) -> &str {
        self.uri.path_and_query().map_or("/", PathAndQuery::as_str)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Basic authentication from `user:password`, percent-encoded.
fn basic(user: &str) -> Result<HeaderValue, &'static str> {
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let reason = "user or password in it are not well encoded";
    let (user, password) = (decode(user).ok_or(reason)?, decode(password).ok_or(reason)?);
    let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    HeaderValue::try_from(value).map_err(|_| reason)
}

/// Decodes `%XX`; `None` if it is not well encoded or not UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high << 4 | low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        parse("endpoint", text).unwrap()
    }

    #[test]
    fn ports_and_paths_have_their_defaults() {
        let cases = [
            ("http://a", "a", 80, "/"),
            ("https://a/x?y=1", "a", 443, "/x?y=1"),
            ("http://[::1]:4318/v1", "::1", 4318, "/v1"),
            ("http://[::1]/", "::1", 80, "/"),
            ("http://u:p@a/", "a", 80, "/"),
        ];
        for (text, host, port, path) in cases {
            let url = url(text);
            assert_eq!((url.host(), url.port(), url.path()), (host, port, path));
        }
    }

    #[test]
    fn user_and_password_become_a_header_and_are_never_shown() {
        let url = url("http://user:p%40ss@host:4318/");
        assert_eq!(url.authorization().unwrap(), "Basic dXNlcjpwQHNz");
        assert_eq!(
            format!("{url} {url:?}"),
            "http://host:4318/ http://host:4318/"
        );
        let error = parse("endpoint", "ftp://user:secret@host/")
            .unwrap_err()
            .to_string();
        assert!(
            !error.contains("secret") && error.contains("scheme"),
            "{error}"
        );
    }

    #[test]
    fn paths_are_joined_with_one_slash() {
        for base in ["http://a:1/otlp", "http://a:1/otlp/"] {
            assert_eq!(
                url(base).join("v1/traces").unwrap().to_string(),
                "http://a:1/otlp/v1/traces"
            );
        }
        assert_eq!(
            url("http://a:1").join("v1/logs").unwrap().to_string(),
            "http://a:1/v1/logs"
        );
    }

    #[test]
    fn locations_are_absolute_or_relative() {
        let base = url("http://a:1/x/y?z");
        let lead = |location: &str| base.redirect(location).map(|url| url.to_string());
        assert_eq!(lead("https://b/c#d").as_deref(), Some("https://b/c"));
        assert_eq!(lead("/c").as_deref(), Some("http://a:1/c"));
        assert_eq!(lead("c").as_deref(), Some("http://a:1/x/c"));
        assert_eq!(lead("//b/c").as_deref(), Some("http://b/c"));
        assert_eq!(lead("ftp://b/"), None);
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for text in [
            "",
            "localhost:4318",
            "/v1/traces",
            "http://",
            "http://a:99999",
        ] {
            let error = parse("endpoint", text).unwrap_err().to_string();
            assert!(error.starts_with("invalid endpoint"), "{error}");
        }
    }
}
