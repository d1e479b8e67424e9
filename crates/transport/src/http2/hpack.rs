//! Header compression. Source: RFC 7541.

mod decode;
mod encode;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzz;
mod huffman;
mod integer;
mod table;

pub(super) use decode::{Decoder, Undecodable};
pub(super) use encode::Encoder;
pub(crate) use encode::Field;

/// The dynamic table that both sides begin with, in bytes.
pub(super) const DEFAULT_TABLE: usize = 4096;

#[cfg(test)]
mod tests;
