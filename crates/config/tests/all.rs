//! Configurations from text to diagnostics.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, too"
)]

#[path = "all/codes.rs"]
mod codes;
#[path = "all/document.rs"]
mod document;
#[path = "all/expand.rs"]
mod expand;
#[path = "all/files.rs"]
mod files;
#[path = "all/print.rs"]
mod print;
#[path = "all/properties.rs"]
mod properties;
#[path = "all/render.rs"]
mod render;
#[path = "all/resolve.rs"]
mod resolve;
#[path = "all/settings.rs"]
mod settings;
