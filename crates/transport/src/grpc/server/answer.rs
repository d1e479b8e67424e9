//! Writing answers.

use bytes::Bytes;
use headwater_core::rpc::Code;
use http::StatusCode;

use super::Outcome;
use crate::Status;
use crate::grpc::{Frames, Message, details, headers};
use crate::http2::{Field, Outgoing, Pumped, SendWindow, Traffic};

const STATUS_OK: Field<'_> = Field::again(b":status", b"200");
const CONTENT_TYPE: Field<'_> = Field::again(b"content-type", b"application/grpc");
const GRPC_OK: Field<'_> = Field::again(b"grpc-status", b"0");

/// Writes the answers of one connection.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Headers and trailers of a success as they were encoded last, and when that holds.
    success: Option<(u64, Vec<u8>, Vec<u8>)>,
}

impl Answers {
    /// Begins a message; the result is what of it is still to be sent, if anything, with the
    /// trailers behind it.
    pub(super) fn message(
        &mut self,
        traffic: &mut Traffic,
        stream: u32,
        window: SendWindow,
        message: Bytes,
    ) -> Result<(Outgoing, Pumped), Status> {
        let frames = Frames::plain(&Message::from(message)).ok_or_else(|| {
            Status::new(Code::ResourceExhausted, "the answer is larger than 4 GiB")
        })?;
        match self.current(traffic) {
            Some((head, _)) => traffic.block(stream, head, false),
            None => traffic.headers(stream, [STATUS_OK, CONTENT_TYPE].into_iter(), false),
        }
        let mut outgoing = Outgoing::new(frames, window, false);
        let pumped = outgoing.pump(traffic, stream);
        if pumped == Pumped::All {
            self.trailers(traffic, stream);
        }
        Ok((outgoing, pumped))
    }

    /// Ends a message.
    pub(super) fn trailers(&mut self, traffic: &mut Traffic, stream: u32) {
        match self.current(traffic) {
            Some((_, tail)) => traffic.block(stream, tail, true),
            None => {
                traffic.headers(stream, std::iter::once(GRPC_OK), true);
                // Everything is in the table now, unless the client wants a tiny one.
                let head = traffic.repeatable([STATUS_OK, CONTENT_TYPE].into_iter());
                let tail = traffic.repeatable(std::iter::once(GRPC_OK));
                self.success = head
                    .zip(tail)
                    .map(|(head, tail)| (traffic.generation(), head, tail));
            }
        }
    }

    fn current(&self, traffic: &Traffic) -> Option<(&[u8], &[u8])> {
        let (generation, head, tail) = self.success.as_ref()?;
        (*generation == traffic.generation()).then_some((head, tail))
    }
}

/// Sends an answer that is only a status.
pub(super) fn status(traffic: &mut Traffic, stream: u32, outcome: &Outcome) {
    let (code, status) = match outcome {
        Outcome::Status(status) => (StatusCode::OK, status),
        Outcome::Http(code, status) => (*code, status),
    };
    let mut number = [0; 2];
    let number = decimal(status.code().number(), &mut number);
    let message = headers::encode_message(status.message());
    let details = details::encode(status);
    let accepted = headers::ACCEPTED;
    let mut fields = vec![
        Field::again(b":status", code.as_str().as_bytes()),
        CONTENT_TYPE,
        Field::again(b"grpc-status", number),
    ];
    if !message.is_empty() {
        fields.push(Field::once(b"grpc-message", message.as_bytes()));
    }
    if let Some(details) = &details {
        fields.push(Field::once(b"grpc-status-details-bin", details.as_bytes()));
    }
    if status.code() == Code::Unimplemented {
        // A client whose encoding is unknown here learns which ones are not.
        fields.push(Field::once(b"grpc-accept-encoding", accepted.as_bytes()));
    }
    traffic.headers(stream, fields.into_iter(), true);
}

/// The digits of a gRPC code.
fn decimal(number: u8, digits: &mut [u8; 2]) -> &[u8] {
    *digits = [b'0' + number / 10, b'0' + number % 10];
    &digits[usize::from(number < 10)..]
}
