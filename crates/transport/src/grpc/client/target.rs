//! `endpoint` of a gRPC client.
//!
//! Source: Go `configgrpc.ClientConfig.sanitizedEndpoint` and the gRPC naming document.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// Why a gRPC endpoint is not usable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    /// There is no port, or it is no number.
    #[error("invalid port in endpoint {0:?}: write host:port, for example gateway:4317")]
    Port(String),
    /// There is no host.
    #[error("no host in endpoint {0:?}: write host:port, for example gateway:4317")]
    Host(String),
    /// A resolver that does not exist here.
    #[error(
        "endpoint {endpoint:?} asks for the resolver {scheme:?}; there are dns, passthrough, ipv4, ipv6 and unix"
    )]
    Scheme {
        /// The endpoint as written.
        endpoint: String,
        /// Its scheme.
        scheme: String,
    },
    /// A Unix socket without a path.
    #[error("no path in endpoint {0:?}: write unix:///path/to/socket")]
    Path(String),
}

/// Where the addresses of a target come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Addresses {
    /// Names and ports; a name may have several addresses.
    Names(Vec<(String, u16)>),
    Unix(PathBuf),
}

/// A parsed endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTarget {
    pub(crate) addresses: Addresses,
    /// `https://` was written: TLS even with `insecure: true`.
    pub(crate) force_tls: bool,
    /// Host and port as they go into `:authority`.
    pub(crate) authority: String,
    /// The name that the server's certificate is checked against.
    pub(crate) server_name: String,
}

impl FromStr for ClientTarget {
    type Err = TargetError;

    /// Parses `host:port`, `http://host:port`, `https://host:port`, `dns:///host:port`,
    /// `passthrough:///host:port`, `ipv4:host:port,…`, `ipv6:[host]:port,…`, `unix:path` and
    /// `unix:///path`. `http://` does not turn TLS off, as upstream.
    fn from_str(endpoint: &str) -> Result<Self, TargetError> {
        let (force_tls, rest) = match endpoint.strip_prefix("https://") {
            Some(rest) => (true, rest),
            None => (false, endpoint.strip_prefix("http://").unwrap_or(endpoint)),
        };
        if let Some(path) = rest.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(TargetError::Path(endpoint.to_owned()));
            }
            return Ok(Self {
                addresses: Addresses::Unix(path.into()),
                force_tls,
                authority: "localhost".to_owned(),
                server_name: "localhost".to_owned(),
            });
        }
        let names = match rest.split_once(':') {
            Some(("dns" | "passthrough", name)) if !is_port(name) => {
                // The authority of the resolver itself, "dns://8.8.8.8/name", is not supported
                // by the system resolver and is left out.
                let name = name.strip_prefix("//").map_or(name, |name| {
                    name.split_once('/').map_or(name, |(_, name)| name)
                });
                vec![name]
            }
            Some(("ipv4" | "ipv6", names)) if !is_port(names) => {
                names.trim_start_matches('/').split(',').collect()
            }
            Some((scheme, after)) if after.starts_with("//") => {
                let (endpoint, scheme) = (endpoint.to_owned(), scheme.to_owned());
                return Err(TargetError::Scheme { endpoint, scheme });
            }
            _ => vec![rest],
        };
        let pairs: Result<Vec<_>, _> = names
            .iter()
            .map(|name| host_and_port(name, endpoint))
            .collect();
        let pairs = pairs?;
        let authority = names[0].to_owned();
        let server_name = pairs[0].0.clone();
        Ok(Self {
            addresses: Addresses::Names(pairs),
            force_tls,
            authority,
            server_name,
        })
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn host_and_port(text: &str, endpoint: &str) -> Result<(String, u16), TargetError> {
    let (host, port) = text
        .rsplit_once(':')
        .ok_or_else(|| TargetError::Port(endpoint.to_owned()))?;
    let port = port
        .parse()
        .map_err(|_| TargetError::Port(endpoint.to_owned()))?;
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = bracketed.unwrap_or(host);
    if host.is_empty() || (bracketed.is_none() && host.contains(':')) || host.contains('/') {
        return Err(TargetError::Host(endpoint.to_owned()));
    }
    Ok((host.to_owned(), port))
}

impl fmt::Display for ClientTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.addresses {
            Addresses::Names(_) => f.write_str(&self.authority),
            Addresses::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(endpoint: &str) -> (Vec<(String, u16)>, bool) {
        let target: ClientTarget = endpoint.parse().unwrap();
        match target.addresses {
            Addresses::Names(names) => (names, target.force_tls),
            Addresses::Unix(path) => panic!("{path:?}"),
        }
    }

    #[test]
    fn every_spelling_of_host_and_port_is_understood() {
        let gateway = vec![("gateway".to_owned(), 4317)];
        for endpoint in [
            "gateway:4317",
            "http://gateway:4317",
            "dns:///gateway:4317",
            "dns:gateway:4317",
            "dns://8.8.8.8/gateway:4317",
            "passthrough:///gateway:4317",
        ] {
            assert_eq!(names(endpoint), (gateway.clone(), false), "{endpoint}");
        }
        assert_eq!(names("https://gateway:4317"), (gateway, true));
        assert_eq!(names("[::1]:4317").0, [("::1".to_owned(), 4317)]);
        assert_eq!(names("dns:4317").0, [("dns".to_owned(), 4317)]);
        let two = [("10.0.0.1".to_owned(), 1), ("10.0.0.2".to_owned(), 2)];
        assert_eq!(names("ipv4:10.0.0.1:1,10.0.0.2:2").0, two);
    }

    #[test]
    fn unix_sockets_are_paths() {
        for endpoint in ["unix:///run/otel.sock", "unix:/run/otel.sock"] {
            let target: ClientTarget = endpoint.parse().unwrap();
            assert_eq!(target.addresses, Addresses::Unix("/run/otel.sock".into()));
        }
        assert!(matches!(
            "unix://".parse::<ClientTarget>(),
            Err(TargetError::Path(_))
        ));
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for endpoint in [
            "gateway",
            "gateway:otlp",
            "http://gateway",
            "gateway:4317/",
            "gateway:99999",
        ] {
            let error = endpoint.parse::<ClientTarget>().unwrap_err();
            assert_eq!(error, TargetError::Port(endpoint.to_owned()));
        }
        assert!(matches!(
            ":4317".parse::<ClientTarget>(),
            Err(TargetError::Host(_))
        ));
        assert!(matches!(
            "::1:4317".parse::<ClientTarget>(),
            Err(TargetError::Host(_))
        ));
        let error = "xds:///gateway:4317".parse::<ClientTarget>().unwrap_err();
        assert!(error.to_string().contains("dns, passthrough"), "{error}");
    }
}
