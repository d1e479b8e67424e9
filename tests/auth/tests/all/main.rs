//! Authenticators and tenants between a real receiver and real exporters.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backends;
mod basic;
mod bearer;
mod headers;
mod oauth2;
mod tenants;
