//! Relabelling: rules that edit, keep and drop label sets.
//!
//! [`RelabelConfig`] is a rule as it is written, in Prometheus's keys and with its defaults;
//! [`Rules`] are rules ready to be applied. Regular expressions are Go's and always match the whole
//! text. Source: Prometheus 3, `model/relabel`.

mod action;
mod case;
mod check;
mod config;
mod rules;
mod template;
#[cfg(test)]
mod tests;

pub use action::Action;
pub use check::Problem;
pub use config::{Pattern, RelabelConfig};
pub use rules::{RelabelError, Rules};
