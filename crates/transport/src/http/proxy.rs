//! Which proxy a request goes through.
//!
//! Source: Go `net/http.ProxyFromEnvironment` and `golang.org/x/net/http/httpproxy`.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue};

use super::Url;
use super::url::parse;
use crate::config::BuildError;

/// Proxies for plain and encrypted requests, and the hosts that need none.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// `proxy_url`: for every request, whatever the environment says.
    fixed: Option<Url>,
    http: Option<Url>,
    https: Option<Url>,
    none: Exceptions,
}

impl Proxies {
    /// No proxies at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The proxy of `proxy_url`, or those of the environment if that is empty.
    ///
    /// # Errors
    /// [`BuildError::Url`] for a URL that cannot be used.
    pub fn new(proxy_url: &str) -> Result<Self, BuildError> {
        if !proxy_url.is_empty() {
            let fixed = Some(proxy("proxy_url", proxy_url)?);
            return Ok(Self {
                fixed,
                ..Self::default()
            });
        }
        Self::from_environment()
    }

    /// The proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
    ///
    /// # Errors
    /// [`BuildError::Url`] for a URL that cannot be used.
    pub fn from_environment() -> Result<Self, BuildError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// The proxy of `proxy_url` for every request, or, if `no_proxy` is not empty, for those to hosts
    /// that are neither in it nor the own one.
    ///
    /// # Errors
    /// [`BuildError::Url`] for a URL that cannot be used.
    pub fn fixed(proxy_url: &str, no_proxy: &str) -> Result<Self, BuildError> {
        if no_proxy.is_empty() {
            return Self::new(proxy_url);
        }
        let url = proxy("proxy_url", proxy_url)?;
        Ok(Self {
            fixed: None,
            http: Some(url.clone()),
            https: Some(url),
            none: Exceptions::new(no_proxy),
        })
    }

    /// The same with headers for a proxy that is asked for a tunnel.
    ///
    /// # Errors
    /// [`BuildError::Header`] for one that is not valid.
    pub fn with_connect_headers(
        mut self,
        key: &'static str,
        headers: &[(&str, &str)],
    ) -> Result<Self, BuildError> {
        let mut lines = String::new();
        for (name, value) in headers {
            let failed = |reason| BuildError::Header {
                key,
                name: (*name).to_owned(),
                reason,
            };
            HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| failed("its name has characters that HTTP does not allow"))?;
            HeaderValue::from_str(value)
                .map_err(|_| failed("its value has characters that HTTP does not allow"))?;
            lines.push_str(&format!("{name}: {value}\r\n"));
        }
        for url in [&mut self.fixed, &mut self.http, &mut self.https]
            .into_iter()
            .flatten()
        {
            url.set_connect_headers(&lines);
        }
        Ok(self)
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BuildError> {
        // The lower-case name counts where the upper-case one is empty.
        let either = |upper: &str| {
            let lower = upper.to_ascii_lowercase();
            variable(upper)
                .filter(|text| !text.is_empty())
                .or_else(|| variable(&lower))
        };
        let read = |name: &'static str| match either(name) {
            Some(text) if !text.is_empty() => proxy(name, &text).map(Some),
            _ => Ok(None),
        };
        Ok(Self {
            fixed: None,
            http: read("HTTP_PROXY")?,
            https: read("HTTPS_PROXY")?,
            none: Exceptions::new(&either("NO_PROXY").unwrap_or_default()),
        })
    }

    /// The proxy for a request to `host` and `port`; `None` goes straight there.
    pub(crate) fn for_host(&self, tls: bool, host: &str, port: u16) -> Option<&Url> {
        if self.fixed.is_some() {
            return self.fixed.as_ref();
        }
        let proxy = if tls {
            self.https.as_ref()
        } else {
            self.http.as_ref()
        };
        proxy.filter(|_| !is_local(host) && !self.none.covers(host, port))
    }
}

fn proxy(key: &'static str, text: &str) -> Result<Url, BuildError> {
    // "proxy:3128" is accepted in the environment and means http.
    let text = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = parse(key, &text)?;
    if url.is_tls() {
        let reason =
            "proxies are spoken to over http: tunnels through them are encrypted all the same";
        return Err(BuildError::Url {
            key,
            url: url.to_string(),
            reason,
        });
    }
    Ok(url)
}

/// Requests to the own host never go through a proxy of the environment.
fn is_local(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// `NO_PROXY`.
#[derive(Debug, Clone, Default)]
struct Exceptions(Vec<Exception>);

#[derive(Debug, Clone)]
enum Exception {
    Everything,
    /// A name or suffix with a leading dot, and a port if only that one is meant.
    Name {
        suffix: String,
        exact: bool,
        port: Option<u16>,
    },
    Network {
        address: IpAddr,
        bits: u32,
    },
}

impl Exceptions {
    fn new(text: &str) -> Self {
        Self(
            text.split(',')
                .filter_map(|entry| Exception::new(entry.trim()))
                .collect(),
        )
    }

    fn covers(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.iter().any(|exception| exception.covers(&host, port))
    }
}

impl Exception {
    fn new(entry: &str) -> Option<Self> {
        if entry.is_empty() {
            return None;
        }
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Some((address, bits)) = entry.split_once('/') {
            return Some(Self::Network {
                address: address.parse().ok()?,
                bits: bits.parse().ok()?,
            });
        }
        if let Ok(address) = entry.parse::<IpAddr>() {
            return Some(Self::Network { address, bits: 128 });
        }
        let entry = entry.to_ascii_lowercase();
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (entry.as_str(), None),
        };
        let name = name.strip_prefix('*').unwrap_or(name);
        // ".example.com" means subdomains only, "example.com" means both.
        match name.strip_prefix('.') {
            Some(rest) => Some(Self::Name {
                suffix: format!(".{rest}"),
                exact: false,
                port,
            }),
            None => Some(Self::Name {
                suffix: format!(".{name}"),
                exact: true,
                port,
            }),
        }
    }

    fn covers(&self, host: &str, on: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Name {
                suffix,
                exact,
                port,
            } => {
                port.is_none_or(|port| port == on)
                    && (host.ends_with(suffix.as_str()) || (*exact && host == &suffix[1..]))
            }
            Self::Network { address, bits } => host
                .parse::<IpAddr>()
                .is_ok_and(|host| within(host, *address, *bits)),
        }
    }
}

fn within(host: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => {
            let shift = 32 - bits.min(32);
            host.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift)
        }
        (IpAddr::V6(host), IpAddr::V6(network)) => {
            let shift = 128 - bits.min(128);
            host.to_bits().checked_shr(shift) == network.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::from_variables(|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    #[test]
    fn the_scheme_chooses_the_variable_and_lower_case_counts() {
        let proxies = proxies(&[("HTTP_PROXY", "http://a:1"), ("https_proxy", "b:2")]);
        assert_eq!(proxies.for_host(false, "x", 80).unwrap().host(), "a");
        assert_eq!(proxies.for_host(true, "x", 443).unwrap().port(), 2);
    }

    #[test]
    fn no_proxy_knows_names_suffixes_ports_addresses_and_networks() {
        let list = "example.com, .inner.org,*.wild.net,10.0.0.0/8,192.168.1.1,fe80::/10,p.com:8080";
        let proxies = proxies(&[("HTTP_PROXY", "a:1"), ("NO_PROXY", list)]);
        let direct = |host| proxies.for_host(false, host, 80).is_none();
        for host in [
            "example.com",
            "a.example.com",
            "A.Inner.org",
            "x.wild.net",
            "10.1.2.3",
            "192.168.1.1",
            "fe80::1",
        ] {
            assert!(direct(host), "{host}");
        }
        for host in [
            "inner.org",
            "badexample.com",
            "wild.net",
            "11.0.0.1",
            "192.168.1.2",
            "p.com",
        ] {
            assert!(!direct(host), "{host}");
        }
        assert!(proxies.for_host(false, "p.com", 8080).is_none());
    }

    #[test]
    fn the_own_host_needs_no_proxy_unless_the_settings_say_so() {
        let environment = proxies(&[("HTTP_PROXY", "a:1"), ("HTTPS_PROXY", "a:1")]);
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(environment.for_host(true, host, 1).is_none(), "{host}");
            assert!(
                Proxies::new("http://a:1")
                    .unwrap()
                    .for_host(true, host, 1)
                    .is_some()
            );
        }
    }

    #[test]
    fn a_star_and_network_0_cover_everything() {
        let everything = proxies(&[("HTTP_PROXY", "a:1"), ("NO_PROXY", "*")]);
        assert!(everything.for_host(false, "x", 80).is_none());
        let v4 = proxies(&[("HTTP_PROXY", "a:1"), ("NO_PROXY", "0.0.0.0/0")]);
        assert!(v4.for_host(false, "8.8.8.8", 80).is_none());
    }

    #[test]
    fn a_fixed_proxy_has_exceptions_of_its_own() {
        let everywhere = Proxies::fixed("http://a:1", "").unwrap();
        assert!(everywhere.for_host(false, "localhost", 80).is_some());
        let some = Proxies::fixed("http://a:1", "b,10.0.0.0/8").unwrap();
        assert!(some.for_host(true, "c", 443).is_some());
        for host in ["b", "10.1.1.1", "localhost"] {
            assert!(some.for_host(true, host, 443).is_none(), "{host}");
        }
    }

    #[test]
    fn a_header_for_the_proxy_cannot_bring_others() {
        let proxies = Proxies::fixed("http://a:1", "").unwrap();
        let error = proxies.with_connect_headers("key", &[("a", "b\r\nc: d")]);
        assert!(matches!(error, Err(BuildError::Header { .. })));
    }

    #[test]
    fn a_proxy_that_is_no_url_is_an_error() {
        assert!(Proxies::new("socks5://a:1").is_err());
        assert!(Proxies::new("http://").is_err());
    }
}
