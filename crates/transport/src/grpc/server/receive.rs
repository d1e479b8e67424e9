//! A message on its way in: admission first, then one buffer of exactly its size.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use headwater_core::Ticket;
use headwater_core::rpc::Code;

use crate::Status;
use crate::compression::{DecompressError, Encoding, decompress};
use crate::grpc::body::PREFIX;

/// The slowest acceptable sender, in bytes per second.
const SLOWEST: u64 = 32 << 10;

/// The message of one request.
#[derive(Debug)]
pub(super) enum Incoming {
    /// So much of the prefix is there.
    Prefix { bytes: [u8; PREFIX], filled: usize },
    /// The message is being filled; it has the capacity that it needs.
    Message {
        bytes: BytesMut,
        length: usize,
        compressed: bool,
        ticket: Ticket,
    },
}

impl Default for Incoming {
    fn default() -> Self {
        Self::Prefix {
            bytes: [0; PREFIX],
            filled: 0,
        }
    }
}

impl Incoming {
    /// Takes data. `admit` is asked once, when the length is known.
    pub(super) fn data(
        &mut self,
        mut data: &[u8],
        max: usize,
        admit: impl FnOnce(usize) -> Result<Ticket, Status>,
    ) -> Result<(), Status> {
        if let Self::Prefix { bytes, filled } = self {
            let (part, rest) = data.split_at(data.len().min(PREFIX - *filled));
            bytes[*filled..*filled + part.len()].copy_from_slice(part);
            *filled += part.len();
            data = rest;
            if *filled < PREFIX {
                return Ok(());
            }
            *self = begin(*bytes, max, admit)?;
        }
        if let Self::Message { bytes, length, .. } = self {
            if data.len() > *length - bytes.len() {
                let text = "grpc: received more than one message for a unary method";
                return Err(Status::new(Code::Internal, text));
            }
            bytes.extend_from_slice(data);
        }
        Ok(())
    }

    /// How much longer than usual the message may take.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Self::Prefix { .. } => Duration::ZERO,
            Self::Message { length, .. } => Duration::from_secs(*length as u64 / SLOWEST),
        }
    }

    /// The complete message, plain, with its ticket.
    pub(super) fn finish(self, encoding: Encoding, max: usize) -> Result<(Bytes, Ticket), Status> {
        match self {
            Self::Message {
                bytes,
                length,
                compressed,
                mut ticket,
            } if bytes.len() == length => {
                let message = bytes.freeze();
                if !compressed {
                    return Ok((message, ticket));
                }
                let plain = plain(encoding, &message, max)?;
                ticket.resize(plain.len());
                Ok((plain, ticket))
            }
            _ => {
                let text = "grpc: the request ended before its message did";
                Err(Status::new(Code::Internal, text))
            }
        }
    }
}

fn begin(
    prefix: [u8; PREFIX],
    max: usize,
    admit: impl FnOnce(usize) -> Result<Ticket, Status>,
) -> Result<Incoming, Status> {
    let [flag, length @ ..] = prefix;
    let length = u32::from_be_bytes(length) as usize;
    if flag > 1 {
        let text = format!("grpc: received unexpected payload format {flag}");
        return Err(Status::new(Code::Internal, text));
    }
    if length > max {
        // grpc-go's words: people search for them.
        let text = format!("grpc: received message larger than max ({length} vs. {max})");
        return Err(Status::new(Code::ResourceExhausted, text));
    }
    let ticket = admit(length)?;
    let bytes = BytesMut::with_capacity(length);
    Ok(Incoming::Message {
        bytes,
        length,
        compressed: flag == 1,
        ticket,
    })
}

fn plain(encoding: Encoding, message: &Bytes, max: usize) -> Result<Bytes, Status> {
    if encoding == Encoding::Identity {
        let text = "grpc: compressed flag set with identity or empty encoding";
        return Err(Status::new(Code::Internal, text));
    }
    decompress(encoding, message, max).map_err(|error| {
        let code = match error {
            DecompressError::TooLarge { .. } => Code::ResourceExhausted,
            DecompressError::Invalid { .. } => Code::Internal,
        };
        Status::new(code, format!("grpc: {error}"))
    })
}
