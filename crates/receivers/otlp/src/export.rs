//! From a plain request body to the pipeline: what gRPC and HTTP share.

use bytes::Bytes;
use headwater_core::pdata::{Payload, intake};
use headwater_core::rpc::Code;
use headwater_core::telemetry::ReceiverInstruments;
use headwater_core::{Batch, Budget, Context, Outputs, Settings, Signal, Ticket};
use headwater_transport::Status;

/// Hands requests of one transport to the pipelines.
#[derive(Debug)]
pub(crate) struct Export {
    outputs: Outputs,
    instruments: ReceiverInstruments,
    budget: Budget,
}

impl Export {
    pub(crate) fn new(settings: &Settings, outputs: Outputs, transport: &str) -> Self {
        Self {
            outputs,
            instruments: ReceiverInstruments::new(settings, transport),
            budget: settings.budget.clone(),
        }
    }

    pub(crate) fn has(&self, signal: Signal) -> bool {
        self.outputs.get(signal).is_some()
    }

    /// Charges a body before it is read.
    pub(crate) fn admit(&self, bytes: usize) -> Result<Ticket, Status> {
        self.budget.try_charge(bytes).map_err(|full| {
            Status::new(Code::ResourceExhausted, full.to_string())
                .with_retry_delay(headwater_transport::DEFAULT_RETRY_DELAY)
        })
    }

    /// Hands the protobuf request `body` to the pipeline of `signal`.
    ///
    /// An empty request is a success that no pipeline sees, as upstream.
    pub(crate) async fn export(
        &self,
        signal: Signal,
        body: Bytes,
        context: Context,
        ticket: Ticket,
    ) -> Result<(), Status> {
        let output = self.outputs.get(signal).ok_or_else(|| {
            Status::new(
                Code::Unimplemented,
                format!("no pipeline takes {signal} here"),
            )
        })?;
        let (body, items) = intake(signal, body).map_err(|error| {
            Status::new(
                Code::InvalidArgument,
                format!("request is not valid OTLP: {error}"),
            )
        })?;
        if items == 0 {
            return Ok(());
        }
        let batch = Batch::new(signal, Payload::counted(body, items), items)
            .with_context(context)
            .with_ticket(ticket);
        let mut outcome = Outcome {
            export: self,
            signal,
            unanswered: items,
        };
        match output.consume(batch).await {
            Ok(()) => {
                outcome.unanswered = 0;
                self.instruments.accepted(signal, items);
                Ok(())
            }
            Err(mut error) => {
                let rest = error
                    .take_undelivered()
                    .map_or(items, |rest| rest.items().min(items));
                outcome.unanswered = rest;
                self.instruments.accepted(signal, items - rest);
                Err(Status::from(&error))
            }
        }
    }
}

/// Counts what was not accepted as refused, also when the client goes away in the middle.
struct Outcome<'a> {
    export: &'a Export,
    signal: Signal,
    unanswered: usize,
}

impl Drop for Outcome<'_> {
    fn drop(&mut self) {
        if self.unanswered > 0 {
            self.export
                .instruments
                .refused(self.signal, self.unanswered);
        }
    }
}
