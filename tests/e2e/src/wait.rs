//! Waiting, with an end.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

/// How long anything may take before the test fails. Generous: machines are slow at times.
pub const LIMIT: Duration = Duration::from_secs(40);

/// The result of `future`, which has to come within [`LIMIT`].
///
/// # Panics
/// If it does not, naming `what`.
pub async fn within<T>(what: impl Display, future: impl Future<Output = T>) -> T {
    at_most(LIMIT, what, future).await
}

/// The result of `future`, which has to come within `limit`.
///
/// # Panics
/// If it does not, naming `what`.
pub async fn at_most<T>(limit: Duration, what: impl Display, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {limit:?}"),
    }
}

/// Asks until there is an answer.
///
/// # Panics
/// If there is none within [`LIMIT`], naming `what`.
pub async fn until<T>(what: impl Display, mut ask: impl FnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(value) = ask() {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}
