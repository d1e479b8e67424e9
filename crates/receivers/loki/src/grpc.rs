//! `logproto.Pusher/Push`.

use std::sync::Arc;

use bytes::Bytes;
use headwater_core::Ticket;
use headwater_core::rpc::Code;
use headwater_transport::{Status, grpc};

use crate::convert::{convert, now};
use crate::intake::{Intake, Refusal, with_tenant};

/// The method.
pub(crate) const METHOD: &str = "/logproto.Pusher/Push";

pub(crate) struct Handler {
    intake: Arc<Intake>,
    include_metadata: bool,
}

impl Handler {
    pub(crate) const fn new(intake: Arc<Intake>, include_metadata: bool) -> Self {
        Self {
            intake,
            include_metadata,
        }
    }
}

impl grpc::UnaryHandler for Handler {
    fn admit(&self, _: usize, bytes: usize) -> Result<Ticket, Status> {
        self.intake.admit(bytes)
    }

    async fn call(&self, request: grpc::Request) -> Result<Bytes, Status> {
        let intake = &self.intake;
        let converted = convert(&request.message, &intake.options, now())
            .map_err(|error| Status::new(Code::InvalidArgument, format!("no push: {error}")))?;
        let header = request.context.header(&intake.tenant_header);
        let tenant = header.first().map(|tenant| &**tenant);
        let context = with_tenant(&request.context, tenant, self.include_metadata);
        let taken = intake.take(converted, context, request.ticket).await;
        match taken {
            // `PushResponse` has no fields.
            Ok(()) => Ok(Bytes::new()),
            Err(Refusal::Wrong(text) | Refusal::Permanent(text)) => {
                Err(Status::new(Code::InvalidArgument, text))
            }
            Err(Refusal::Full(text, after)) => {
                Err(Status::new(Code::ResourceExhausted, text).with_retry_delay(after))
            }
            Err(Refusal::Later(text, after)) => {
                Err(Status::new(Code::Unavailable, text).with_retry_delay(after))
            }
        }
    }
}
