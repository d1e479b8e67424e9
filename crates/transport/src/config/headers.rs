//! Headers given in settings.

use headwater_core::config::{NameValues, Validation};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::BuildError;

/// The headers as they are sent. They are not marked as sensitive: HPACK would then send a token
/// in full with every request.
pub(super) fn header_map(key: &'static str, headers: &NameValues) -> Result<HeaderMap, BuildError> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, text) in headers.iter() {
        map.insert(header_name(key, name)?, value(key, name, text.expose())?);
    }
    Ok(map)
}

/// A value that was checked.
pub(super) fn value(key: &'static str, name: &str, text: &str) -> Result<HeaderValue, BuildError> {
    HeaderValue::from_str(text).map_err(|_| BuildError::Header {
        key,
        name: name.to_owned(),
        reason: "its value has characters that HTTP does not allow, perhaps a line break",
    })
}

fn header_name(key: &'static str, name: &str) -> Result<HeaderName, BuildError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| BuildError::Header {
        key,
        name: name.to_owned(),
        reason: "its name has characters that HTTP does not allow",
    })
}

/// Reports headers that are not valid.
pub(super) fn check(key: &'static str, headers: &NameValues, validation: &mut Validation<'_>) {
    for (name, text) in headers.iter() {
        let checked = header_name(key, name).map(drop);
        if let Err(error) = checked.and_then(|()| value(key, name, text.expose()).map(drop)) {
            validation.error(key, error.to_string());
        }
    }
}
