//! The keys of Prometheus's HTTP client, which stand among those of a job.

use headwater_core::config::{Config, OrderedMap, Validation};

use super::{HttpHeader, OAuth2, TlsConfig, http_headers};
use crate::text::{Secret, Text};

/// How requests are made and signed.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
pub struct HttpClientConfig {
    /// User and password.
    pub basic_auth: Option<BasicAuth>,
    /// An `Authorization` header.
    pub authorization: Option<Authorization>,
    /// A token from an authorization server.
    pub oauth2: Option<OAuth2>,
    /// An old way to write `authorization::credentials`.
    pub bearer_token: Secret,
    /// An old way to write `authorization::credentials_file`.
    pub bearer_token_file: Text,
    /// TLS.
    pub tls_config: TlsConfig,
    /// Whether redirects are followed, up to ten.
    pub follow_redirects: bool,
    /// Whether HTTP/2 is offered in the TLS handshake.
    pub enable_http2: bool,
    /// Proxy.
    #[config(squash)]
    pub proxy: ProxyConfig,
    /// Headers of every request.
    pub http_headers: OrderedMap<HttpHeader>,
}

/// `basic_auth`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct BasicAuth {
    /// The user.
    pub username: Text,
    /// A file with the user, read for every request.
    pub username_file: Text,
    /// The password.
    pub password: Secret,
    /// A file with the password, read for every request.
    pub password_file: Text,
}

/// `authorization`.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct Authorization {
    /// The first word of the header.
    #[config(rename = "type")]
    pub kind: Text,
    /// The rest of it.
    pub credentials: Secret,
    /// A file with the rest of it, read for every request.
    pub credentials_file: Text,
}

/// The keys about proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Config)]
#[config(validate = Self::check)]
pub struct ProxyConfig {
    /// The proxy of every request. It may hold a password and is not shown.
    #[config(secret)]
    pub proxy_url: Text,
    /// Hosts, domains and networks that need no proxy, with commas between them.
    pub no_proxy: Text,
    /// Whether HTTP_PROXY, HTTPS_PROXY and NO_PROXY decide.
    pub proxy_from_environment: bool,
    /// Headers for the proxy where it is asked for a tunnel.
    pub proxy_connect_header: OrderedMap<Vec<Secret>>,
}

impl Default for HttpClientConfig {
    fn default() -> Self {
        Self {
            basic_auth: None,
            authorization: None,
            oauth2: None,
            bearer_token: Secret::default(),
            bearer_token_file: Text::default(),
            tls_config: TlsConfig::default(),
            follow_redirects: true,
            enable_http2: true,
            proxy: ProxyConfig::default(),
            http_headers: OrderedMap::new(),
        }
    }
}

impl Default for Authorization {
    fn default() -> Self {
        Self {
            kind: "Bearer".into(),
            credentials: Secret::default(),
            credentials_file: Text::default(),
        }
    }
}

impl HttpClientConfig {
    /// The `authorization` section, also where it is written as a bearer token.
    #[must_use]
    pub fn settled_authorization(&self) -> Option<Authorization> {
        let bearer = !self.bearer_token.is_empty() || !self.bearer_token_file.is_empty();
        self.authorization.clone().or_else(|| {
            bearer.then(|| Authorization {
                credentials: self.bearer_token.clone(),
                credentials_file: self.bearer_token_file.clone(),
                ..Authorization::default()
            })
        })
    }

    fn check(&self, v: &mut Validation<'_>) {
        let token = !self.bearer_token.is_empty();
        let file = !self.bearer_token_file.is_empty();
        let key = if file {
            "bearer_token_file"
        } else {
            "bearer_token"
        };
        if token && file {
            let message = "at most one of bearer_token & bearer_token_file must be configured";
            v.error(key, message);
        }
        if (token || file) && (self.basic_auth.is_some() || self.oauth2.is_some()) {
            let message = "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be \
                           configured";
            v.error(key, message);
        }
        if (token || file) && self.authorization.is_some() {
            let message = "authorization is not compatible with bearer_token & bearer_token_file";
            v.error(key, message);
        }
        let sections = [
            ("basic_auth", self.basic_auth.is_some()),
            ("authorization", self.authorization.is_some()),
            ("oauth2", self.oauth2.is_some()),
        ];
        let mut given = sections.iter().filter(|(_, given)| *given).skip(1);
        if let Some((key, _)) = given.next() {
            let message = "at most one of basic_auth, oauth2 & authorization must be configured";
            v.error(key, message);
        }
        http_headers::check(&self.http_headers, v);
    }
}

impl BasicAuth {
    fn check(&self, v: &mut Validation<'_>) {
        if !self.username.is_empty() && !self.username_file.is_empty() {
            let message = "at most one of basic_auth username & username_file must be configured";
            v.error("username_file", message);
        }
        if !self.password.is_empty() && !self.password_file.is_empty() {
            let message = "at most one of basic_auth password & password_file must be configured";
            v.error("password_file", message);
        }
    }
}

impl Authorization {
    /// The first word of the header; `Bearer` unless another is given.
    #[must_use]
    pub fn scheme(&self) -> &str {
        match self.kind.trim() {
            "" => "Bearer",
            kind => kind,
        }
    }

    fn check(&self, v: &mut Validation<'_>) {
        if self.scheme().eq_ignore_ascii_case("basic") {
            let message =
                r#"authorization type cannot be set to "basic", use "basic_auth" instead"#;
            v.error("type", message);
        }
        if !self.credentials.is_empty() && !self.credentials_file.is_empty() {
            let message =
                "at most one of authorization credentials & credentials_file must be configured";
            v.error("credentials_file", message);
        }
    }
}

impl ProxyConfig {
    fn check(&self, v: &mut Validation<'_>) {
        let url = !self.proxy_url.is_empty();
        // What is after it may hold a password and is not shown.
        match self.proxy_url.split_once("://") {
            Some((scheme, _)) if scheme != "http" => {
                v.error("proxy_url", format!("{scheme:?} proxies are not supported"))
                    .help("proxies are spoken to over http; tunnels through them are encrypted");
            }
            Some((_, "")) => {
                v.error("proxy_url", "the URL has no host");
            }
            None if self.proxy_url.starts_with(':') => {
                v.error("proxy_url", "missing protocol scheme");
            }
            _ => {}
        }
        if !self.proxy_connect_header.is_empty() && !self.proxy_from_environment && !url {
            let message = "if proxy_connect_header is configured, proxy_url or \
                           proxy_from_environment must also be configured";
            v.error("proxy_connect_header", message);
        }
        if self.proxy_from_environment && url {
            let message =
                "if proxy_from_environment is configured, proxy_url must not be configured";
            v.error("proxy_url", message);
        }
        if self.proxy_from_environment && !self.no_proxy.is_empty() {
            let message =
                "if proxy_from_environment is configured, no_proxy must not be configured";
            v.error("no_proxy", message);
        }
        if !url && !self.proxy_from_environment && !self.no_proxy.is_empty() {
            let message = "if no_proxy is configured, proxy_url must also be configured";
            v.error("no_proxy", message);
        }
    }
}
