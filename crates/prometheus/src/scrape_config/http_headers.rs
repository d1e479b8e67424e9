//! `http_headers`.

use headwater_core::config::{Config, OrderedMap, Validation};

use crate::text::{Secret, Text};

/// The values of a header; it is sent once for each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
pub struct HttpHeader {
    /// Values.
    pub values: Vec<Text>,
    /// Values that must not be shown.
    pub secrets: Vec<Secret>,
    /// Files with one value each, read for every request.
    pub files: Vec<Text>,
}

/// Headers that the connection or the scrape needs.
const RESERVED: [&str; 18] = [
    "Authorization",
    "Host",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "User-Agent",
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Www-Authenticate",
    "Accept-Encoding",
    "X-Prometheus-Remote-Write-Version",
    "X-Prometheus-Remote-Read-Version",
    "X-Prometheus-Scrape-Timeout-Seconds",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
];

pub(super) fn check(headers: &OrderedMap<HttpHeader>, v: &mut Validation<'_>) {
    for (name, header) in headers.iter() {
        let at = format!("http_headers::{name}");
        if let Some(reserved) = RESERVED
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))
        {
            v.error(&at, format!("setting header {reserved:?} is not allowed"));
        }
        if name.is_empty() || !name.bytes().all(is_token) {
            v.error(&at, "the name has characters that HTTP does not allow");
        }
        let values = header.values.iter().map(|value| value.as_str());
        let values = values.chain(header.secrets.iter().map(Secret::expose));
        if values
            .flat_map(str::bytes)
            .any(|byte| byte.is_ascii_control() && byte != b'\t')
        {
            v.error(
                &at,
                "a value has characters that HTTP does not allow, perhaps a line break",
            );
        }
    }
}

/// Source: RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
