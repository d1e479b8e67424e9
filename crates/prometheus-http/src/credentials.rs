//! What signs requests: a password, a header, or a token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_prometheus::scrape_config::{Authorization, BasicAuth, HttpClientConfig};
use headwater_prometheus::{Secret, Text};
use http::HeaderValue;

use crate::oauth2::Tokens;
use crate::{ClientError, FetchError};

/// The way in which requests are signed.
#[derive(Debug)]
pub(crate) enum Credentials {
    None,
    Basic(BasicAuth),
    Header(Authorization),
    OAuth2(Box<Tokens>),
}

impl Credentials {
    pub(crate) fn new(config: &HttpClientConfig) -> Result<Self, ClientError> {
        if let Some(basic) = &config.basic_auth {
            return Ok(Self::Basic(basic.clone()));
        }
        if let Some(oauth2) = &config.oauth2 {
            return Ok(Self::OAuth2(Box::new(Tokens::new(oauth2)?)));
        }
        Ok(config
            .settled_authorization()
            .map_or(Self::None, Self::Header))
    }

    /// The `Authorization` of the next request; its files are read now.
    pub(crate) async fn header(&self) -> Result<Option<HeaderValue>, FetchError> {
        match self {
            Self::None => Ok(None),
            Self::Basic(basic) => basic_header(basic).map(Some),
            Self::Header(authorization) => bearer_header(authorization),
            Self::OAuth2(tokens) => tokens.header().await.map(Some),
        }
    }
}

fn basic_header(basic: &BasicAuth) -> Result<HeaderValue, FetchError> {
    let user = match &*basic.username_file {
        "" => basic.username.to_string(),
        path => read("basic auth username", path)?,
    };
    let password = secret("basic auth password", &basic.password, &basic.password_file)?;
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    value("user and password", &format!("Basic {encoded}"))
}

fn bearer_header(authorization: &Authorization) -> Result<Option<HeaderValue>, FetchError> {
    let credentials = secret(
        "authorization credentials",
        &authorization.credentials,
        &authorization.credentials_file,
    )?;
    let text = format!("{} {credentials}", authorization.scheme());
    value("authorization", text.trim_end()).map(Some)
}

/// A secret that is written in the configuration or in a file.
pub(crate) fn secret(what: &'static str, text: &Secret, file: &Text) -> Result<String, FetchError> {
    if file.is_empty() {
        Ok(text.expose().to_owned())
    } else {
        read(what, file)
    }
}

/// The text of a file, without white space around it. Files with secrets are a line on a local file
/// system; to read one takes less than to hand it to a thread.
pub(crate) fn read(what: &'static str, path: &str) -> Result<String, FetchError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(FetchError::File {
            what,
            path: path.to_owned(),
            error,
        }),
    }
}

/// A header that is not shown where requests are printed.
pub(crate) fn value(what: &'static str, text: &str) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| FetchError::Header { what })?;
    value.set_sensitive(true);
    Ok(value)
}
