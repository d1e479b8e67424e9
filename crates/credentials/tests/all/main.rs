//! Files that change, vanish and come back; tokens that are fetched, kept and renewed.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod files;
