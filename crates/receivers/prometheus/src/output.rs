//! Where requests go.

use std::sync::Arc;
use std::time::Duration;

use headwater_core::ledger::Account;
use headwater_core::telemetry::ReceiverInstruments;
use headwater_core::{Batch, Budget, Consumer, ErrorKind, Settings, Signal};
use tokio::time::Instant;

use crate::encode::Request;

/// The first wait before a refused batch is offered again; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// Hands requests to the pipeline.
pub(crate) struct Output {
    consumer: Arc<dyn Consumer>,
    instruments: ReceiverInstruments,
    account: Account,
    budget: Budget,
}

impl Output {
    pub(crate) fn new(settings: &Settings, consumer: Arc<dyn Consumer>) -> Self {
        Self {
            consumer,
            instruments: ReceiverInstruments::new(settings, "http"),
            account: settings.account.clone(),
            budget: settings.budget.clone(),
        }
    }

    /// Hands a request to the pipeline. If it is refused it is offered again until `give_up` or until
    /// `stopped`, and counted as dropped then; the error is what to log.
    pub(crate) async fn send(
        &self,
        request: Request,
        give_up: Instant,
        stopped: impl Future<Output = ()>,
    ) -> Result<(), String> {
        let mut stopped = std::pin::pin!(stopped);
        let Request { payload, items } = request;
        let bytes = payload.len();
        let mut batch = Batch::new(Signal::Metrics, payload, items);
        let mut charged = false;
        let mut wait = FIRST_WAIT;
        let mut booked = Booked {
            output: self,
            left: items,
        };
        loop {
            let refusal = if charged {
                None
            } else {
                match self.budget.try_charge(bytes) {
                    Ok(ticket) => {
                        batch = batch.with_ticket(ticket);
                        charged = true;
                        None
                    }
                    Err(full) => Some((full.to_string(), wait)),
                }
            };
            let (why, pause) = match refusal {
                Some(refusal) => refusal,
                None => match self.consumer.consume(batch.clone()).await {
                    Ok(()) => {
                        booked.took(batch.items());
                        return Ok(());
                    }
                    Err(mut error) => {
                        if let Some(rest) = error.take_undelivered() {
                            booked.took(batch.items().saturating_sub(rest.items()));
                            batch = rest;
                        }
                        let after = match error.kind() {
                            ErrorKind::Retryable { after } | ErrorKind::Refused { after }
                                if !error.is_partial() =>
                            {
                                after
                            }
                            _ => return Err(error.chain()),
                        };
                        (error.chain(), after.unwrap_or(wait))
                    }
                },
            };
            if Instant::now() + pause >= give_up {
                return Err(why);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = &mut stopped => return Err(why),
            }
            wait = wait.saturating_mul(2);
        }
    }
}

/// Books what is left as dropped, also when sending is given up in the middle.
struct Booked<'a> {
    output: &'a Output,
    left: usize,
}

impl Booked<'_> {
    fn took(&mut self, items: usize) {
        let items = items.min(self.left);
        self.left -= items;
        self.output.instruments.accepted(Signal::Metrics, items);
    }
}

impl Drop for Booked<'_> {
    fn drop(&mut self) {
        if self.left > 0 {
            self.output.account.received(self.left);
            self.output.account.dropped(self.left, "refused");
            self.output.instruments.refused(Signal::Metrics, self.left);
        }
    }
}
