//! `http_headers`.

use headwater_core::config::OrderedMap;
use headwater_prometheus::scrape_config::HttpHeader;
use headwater_prometheus::{Secret, Text};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::credentials::{read, value};
use crate::{ClientError, FetchError};

/// Headers of every request.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    fixed: HeaderMap,
    files: Vec<(HeaderName, Text)>,
}

impl Headers {
    pub(crate) fn new(config: &OrderedMap<HttpHeader>) -> Result<Self, ClientError> {
        let mut headers = Self::default();
        for (name, header) in config.iter() {
            let invalid = || ClientError::Header(name.to_owned());
            let key: HeaderName = name.parse().map_err(|_| invalid())?;
            let values = header.values.iter().map(|value| value.as_str());
            for text in values.chain(header.secrets.iter().map(Secret::expose)) {
                let value = HeaderValue::from_str(text).map_err(|_| invalid())?;
                headers.fixed.append(key.clone(), value);
            }
            for path in &header.files {
                headers.files.push((key.clone(), path.clone()));
            }
        }
        Ok(headers)
    }

    /// Adds them to a request; their files are read now.
    pub(crate) fn add(&self, headers: &mut HeaderMap) -> Result<(), FetchError> {
        for (name, value) in &self.fixed {
            headers.append(name.clone(), value.clone());
        }
        for (name, path) in &self.files {
            headers.append(name.clone(), value("header", &read("headers", path)?)?);
        }
        Ok(())
    }
}
