//! From events to the pipeline.

use std::time::Duration;

use headwater_core::Context;
use headwater_core::pdata::Payload;
use headwater_core::pdata::owned::{LogsData, ResourceLogs};
use headwater_logs::{Handover, RetryConfig};

/// What is refused is offered again for as long as it takes: an event comes once only.
pub(crate) fn retry() -> RetryConfig {
    RetryConfig {
        enabled: false,
        initial_interval: Duration::from_millis(500),
        max_interval: Duration::from_secs(30),
        ..RetryConfig::default()
    }
}

/// Hands on records, of which each resource has one or more; waits while the pipeline refuses.
///
/// # Cancel safety
/// What was not taken is booked as dropped by the shutdown.
pub(crate) async fn deliver(handover: &Handover, resource_logs: Vec<ResourceLogs>) {
    let scopes = resource_logs.iter().flat_map(|logs| &logs.scope_logs);
    let items = scopes.map(|logs| logs.log_records.len()).sum();
    if items == 0 {
        return;
    }
    let data = LogsData {
        resource_logs,
        ..LogsData::default()
    };
    let payload = Payload::counted(data.encode(), items);
    drop(data);
    handover.hand_on(payload, items, Context::default()).await;
}
