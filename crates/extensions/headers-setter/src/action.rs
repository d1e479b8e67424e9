//! What happens to a header.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::Action;

/// Applies `action`; `value` is asked for only if it is needed.
pub(crate) fn apply<E>(
    action: Action,
    name: &HeaderName,
    headers: &mut HeaderMap,
    value: impl FnOnce() -> Result<HeaderValue, E>,
) -> Result<(), E> {
    let is_there = headers.contains_key(name);
    let sets = match action {
        Action::Insert => !is_there,
        Action::Update => is_there,
        Action::Upsert => true,
        Action::Delete => {
            headers.remove(name);
            false
        }
    };
    if sets {
        headers.insert(name.clone(), value()?);
    }
    Ok(())
}
