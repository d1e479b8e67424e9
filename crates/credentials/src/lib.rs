//! What authenticators and clients share: files with secrets, basic authentication, tokens by
//! OAuth 2.0, comparing without telling.
//!
//! Files are looked at when what they hold is needed, at most once per [`LOOK_INTERVAL`]: nothing
//! runs while nobody asks. A file that vanishes or cannot be used leaves what it held before in
//! place, and the log says so once.

mod basic;
mod equal;
mod file;
pub mod jwt;
pub mod oauth2;
mod secret;

pub use basic::{BasicError, basic, parse_basic};
pub use equal::equal;
pub use file::{FileError, LONGEST_FILE, LOOK_INTERVAL, Watched};
pub use secret::Secret;
