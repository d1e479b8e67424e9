//! Turns the manifest of a distribution into a slim collector of exactly the components that it
//! names.
//!
//! A [`manifest`] is decoded and every name in it finds its crate ([`resolve`], [`catalog`]);
//! the [`plan`] that comes out is written as a small crate ([`generate`]), which Cargo builds
//! ([`cargo`]). Beside the program lie what it takes to ship it ([`dockerfile`], [`sbom`],
//! [`size`]).

pub mod build;
pub mod cargo;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod console;
pub mod create;
pub mod dockerfile;
pub mod elf;
pub mod error;
pub mod generate;
pub mod import;
pub mod layout;
pub mod load;
pub mod manifest;
pub mod plan;
pub mod resolve;
pub mod sbom;
pub mod size;
pub mod verify;
