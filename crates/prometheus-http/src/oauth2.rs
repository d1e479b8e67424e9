//! Tokens by client credentials, configured as in Prometheus.

use std::time::Duration;

use headwater_credentials::oauth2::{Proof, TokenSettings, Tokens as Cache};
use headwater_prometheus::scrape_config::OAuth2;
use http::HeaderValue;

use crate::credentials::secret;
use crate::tls::Transports;
use crate::{ClientError, FetchError, parse_url};

/// How long before its end a token is not used any more. Source: `golang.org/x/oauth2`.
const MARGIN: Duration = Duration::from_secs(10);

/// Fetches a token when there is none, keeps it while it lasts.
#[derive(Debug)]
pub(crate) struct Tokens {
    config: OAuth2,
    transports: Transports,
    cache: Cache,
}

impl Tokens {
    pub(crate) fn new(config: &OAuth2) -> Result<Self, ClientError> {
        let agent = concat!("headwater/", env!("CARGO_PKG_VERSION"));
        let params = config.endpoint_params.iter();
        Ok(Self {
            transports: Transports::new(&config.tls_config, &config.proxy, agent, (true, true))?,
            cache: Cache::new(TokenSettings {
                url: parse_url(&config.token_url)?,
                scopes: config.scopes.iter().map(ToString::to_string).collect(),
                params: params
                    .map(|(name, value)| (name.to_owned(), value.to_string()))
                    .collect(),
                margin: MARGIN,
                at_least_half: false,
            }),
            config: config.clone(),
        })
    }

    /// The `Authorization` of the next request. One request at a time fetches a token; the others wait
    /// for it.
    pub(crate) async fn header(&self) -> Result<HeaderValue, FetchError> {
        let secret = secret(
            "oauth2 client secret",
            &self.config.client_secret,
            &self.config.client_secret_file,
        )?;
        let proof = Proof::Secret {
            client: &self.config.client_id,
            secret: &secret,
        };
        let client = || self.transports.get(self.cache.url().is_tls());
        self.cache.header(proof, client).await
    }
}
