//! The `service_graph` connector: finds the two spans of a call between services and counts the
//! calls between each pair.
//!
//! The first span of a call waits for the other one in a store that is bounded in number and in
//! time. Spans are read in one pass over their bytes; a span that has no part in a call costs
//! nothing else.

mod config;
mod connector;
mod edge;
mod factory;
mod graph;
mod instruments;
mod series;
mod store;
mod write;

pub use config::{Naming, ServiceGraphConfig as Config, StoreConfig};
pub use factory::factory;

headwater_core::register!(factory);
