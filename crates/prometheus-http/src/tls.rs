//! The transport, made anew when its certificates have changed.

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use headwater_core::config::Opaque;
use headwater_prometheus::scrape_config::{ProxyConfig, TlsConfig, TlsVersion};
use headwater_transport::config::{BuildError, TlsClientConfig};
use headwater_transport::http::{Client, ClientOptions, Proxies};
use http::HeaderValue;

use crate::{ClientError, FetchError};

/// How long a connection is kept for the next scrape. Source: `prometheus/common`: longer than any
/// sensible interval.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// What a transport is made from.
#[derive(Debug)]
pub(crate) struct Transports {
    tls: TlsClientConfig,
    proxies: Proxies,
    user_agent: HeaderValue,
    http2: bool,
    follow_redirects: bool,
    current: Mutex<Option<Current>>,
}

#[derive(Debug)]
struct Current {
    client: Client,
    encrypted: bool,
    seen: Seen,
}

/// When each file was changed and how long it is.
type Seen = [Option<(SystemTime, u64)>; 3];

impl Transports {
    pub(crate) fn new(
        tls: &TlsConfig,
        proxy: &ProxyConfig,
        user_agent: &str,
        (http2, follow_redirects): (bool, bool),
    ) -> Result<Self, ClientError> {
        Ok(Self {
            tls: tls_config(tls),
            proxies: proxies(proxy)?,
            user_agent: HeaderValue::from_str(user_agent)
                .map_err(|_| ClientError::Header("user-agent".to_owned()))?,
            http2,
            follow_redirects,
            current: Mutex::new(None),
        })
    }

    /// The transport for the next request. Certificates are read for the first encrypted one, and
    /// again when a file has changed; if they cannot be used then, the old ones stay.
    pub(crate) fn get(&self, encrypted: bool) -> Result<Client, FetchError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = if encrypted {
            self.look()
        } else {
            Seen::default()
        };
        if let Some(current) = &mut *current
            && (!encrypted || (current.encrypted && current.seen == seen))
        {
            return Ok(current.client.clone());
        }
        match self.build(encrypted) {
            Ok(client) => {
                *current = Some(Current {
                    client: client.clone(),
                    encrypted,
                    seen,
                });
                Ok(client)
            }
            Err(error) => match &mut *current {
                Some(current) if current.encrypted => {
                    let error = error.to_string();
                    tracing::warn!(error, "Failed to reload certificates, keeping the old ones");
                    // Not again before they change once more.
                    current.seen = seen;
                    Ok(current.client.clone())
                }
                _ => Err(FetchError::Tls(error.to_string())),
            },
        }
    }

    fn build(&self, encrypted: bool) -> Result<Client, BuildError> {
        let connector = if encrypted {
            self.tls.connector("https://")?
        } else {
            headwater_transport::Connector::default()
        };
        Ok(Client::new(ClientOptions {
            user_agent: self.user_agent.clone(),
            proxies: self.proxies.clone(),
            max_idle: usize::MAX,
            max_idle_per_host: usize::MAX,
            idle_timeout: Some(IDLE_TIMEOUT),
            http2: self.http2,
            follow_redirects: self.follow_redirects,
            connector,
            ..ClientOptions::default()
        }))
    }

    fn look(&self) -> Seen {
        let common = &self.tls.common;
        [&common.ca_file, &common.cert_file, &common.key_file].map(|path| {
            let about = fs::metadata(path).ok().filter(|_| !path.is_empty())?;
            Some((about.modified().ok()?, about.len()))
        })
    }
}

fn tls_config(tls: &TlsConfig) -> TlsClientConfig {
    use headwater_transport::config::TlsVersion as Version;
    let version = |version| match version {
        None => Version::Default,
        Some(TlsVersion::Tls10) => Version::V10,
        Some(TlsVersion::Tls11) => Version::V11,
        Some(TlsVersion::Tls12) => Version::V12,
        Some(TlsVersion::Tls13) => Version::V13,
    };
    let mut config = TlsClientConfig {
        insecure_skip_verify: tls.insecure_skip_verify,
        server_name_override: tls.server_name.to_string(),
        ..TlsClientConfig::default()
    };
    let common = &mut config.common;
    common.ca_file = tls.ca_file.to_string();
    common.ca_pem = Opaque::new(tls.ca.as_str());
    common.cert_file = tls.cert_file.to_string();
    common.cert_pem = Opaque::new(tls.cert.as_str());
    common.key_file = tls.key_file.to_string();
    common.key_pem = Opaque::new(tls.key.expose());
    common.min_version = version(tls.min_version);
    common.max_version = version(tls.max_version);
    config
}

fn proxies(config: &ProxyConfig) -> Result<Proxies, BuildError> {
    let mut headers = Vec::new();
    for (name, values) in config.proxy_connect_header.iter() {
        for value in values {
            headers.push((name, value.expose()));
        }
    }
    let proxies = if config.proxy_from_environment {
        Proxies::from_environment()?
    } else if config.proxy_url.is_empty() {
        Proxies::none()
    } else {
        Proxies::fixed(&config.proxy_url, &config.no_proxy)?
    };
    proxies.with_connect_headers("proxy_connect_header", &headers)
}
