//! The `groupbyattrs` processor: moves attributes of records to the resource, so that records with
//! the same values share one; without keys it joins equal resources and scopes.
//!
//! Works on the bytes: what a record keeps is copied in runs, nothing is decoded.

mod config;
mod factory;
mod group;
mod instruments;
mod output;
mod processor;
mod record;

pub use config::GroupByAttrsConfig as Config;
pub use factory::factory;

headwater_core::register!(factory);
