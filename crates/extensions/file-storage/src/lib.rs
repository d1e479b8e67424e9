//! The `file_storage` extension: a place on disk for what components must not forget.
//!
//! Each client (a component, and what it calls the place) has a log of its own: frames with a
//! checksum are appended to segments, an index in memory says where the newest value of each key
//! stands, and segments are dropped from the old end when little in them is still wanted. The end
//! of the process at any moment leaves all that was stored; at most the frame that was being
//! written is gone.

mod config;
mod extension;
mod factory;
mod frame;
mod lock;
mod log;
mod segment;

pub use config::{CompactionConfig, Config};
pub use factory::factory;

headwater_core::register!(factory);
