//! What exporters share: sending queue, batching, retry, timeout, drain at shutdown, and the
//! instruments of it all. An exporter implements [`Pusher`] and is composed by [`Exporting`].
//!
//! From the outside in: queue (with batching), observation, retry, timeout, push. Without a
//! queue the caller's own task runs the rest. Source: Go `exporterhelper`.
//!
//! Everything here is the memory queue. A persistent one has its place in [`Exporting`] between
//! taking a request and `queue.rs`: it writes the request before it is taken, and feeds what it
//! reads back to the same queue, whose claims tell it when a request has ended.

mod backlog;
mod backoff;
mod batcher;
mod books;
mod capacity;
mod claim;
mod composed;
pub mod config;
mod delivery;
mod destination;
mod exporting;
mod health;
mod instruments;
mod partitions;
mod pusher;
mod queue;
mod stop;
mod tenants;
mod tries;

pub use backlog::Backlog;
pub use backoff::{Backoff, Jitter};
pub use config::{
    PartitionConfig, QueueBatchConfig, RetryConfig, SendingQueueConfig, Sizer, TimeoutConfig,
};
pub use destination::{destination, user_agent};
pub use exporting::Exporting;
pub use health::Health;
pub use pusher::{Pusher, Sent};
pub use tenants::TenantCounters;
pub use tries::{Retrier, Tries};
