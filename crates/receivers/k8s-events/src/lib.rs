//! The `k8s_events` receiver: the events of a Kubernetes cluster as log records.
//!
//! Events are listed and watched; each that is new becomes a record as contrib makes it, or on demand a
//! line of a Loki stream as Alloy's `loki.source.kubernetes_events` writes it. What has been reported is
//! remembered, so that nothing is reported twice when everything has to be listed again.

mod config;
mod delivery;
mod factory;
mod intake;
mod line;
mod news;
mod position;
mod receiver;
mod record;
mod seen;
mod time;

pub use config::K8sEventsConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
