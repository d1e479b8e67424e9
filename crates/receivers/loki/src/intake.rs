//! From a push message to the pipeline: what gRPC and HTTP share.

use std::sync::Arc;
use std::time::Duration;

use headwater_core::pdata::Payload;
use headwater_core::rpc::Code;
use headwater_core::telemetry::ReceiverInstruments;
use headwater_core::{
    Batch, Budget, ComponentError, Context, ContextParts, ErrorKind, Outputs, Settings, Signal,
    Ticket,
};
use headwater_prometheus::relabel::Rules;
use headwater_prometheus::scrape_config::NameValidation;
use headwater_transport::{DEFAULT_RETRY_DELAY, Status};

use crate::config::LokiConfig;
use crate::convert::{Converted, Options};

/// Hands pushes of one transport to the pipeline.
#[derive(Debug)]
pub(crate) struct Intake {
    outputs: Outputs,
    instruments: ReceiverInstruments,
    settings: Settings,
    budget: Budget,
    pub(crate) options: Options,
    pub(crate) tenant_header: String,
}

/// Why a push was not taken, or not as a whole.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is wrong; what of it is right has been taken.
    Wrong(String),
    /// The pipeline does not take it for good.
    Permanent(String),
    /// The pipeline is full: not before this time.
    Full(String, Duration),
    /// The pipeline cannot take it now: not before this time.
    Later(String, Duration),
}

impl Intake {
    pub(crate) fn new(
        settings: &Settings,
        config: &LokiConfig,
        outputs: Outputs,
        transport: &str,
    ) -> Result<Arc<Self>, ComponentError> {
        let rules = Rules::new(&config.relabel_rules, NameValidation::Legacy)
            .map_err(|error| ComponentError::with_source("invalid relabel_rules", error))?;
        Ok(Arc::new(Self {
            outputs,
            instruments: ReceiverInstruments::new(settings, transport),
            budget: settings.budget.clone(),
            settings: settings.clone(),
            options: Options {
                use_incoming_timestamp: config.use_incoming_timestamp,
                labels: config.labels.clone().into_iter().collect(),
                rules,
                as_streams: config.as_streams,
            },
            tenant_header: config.tenant_header.clone(),
        }))
    }

    /// Charges a body before it is read.
    pub(crate) fn admit(&self, bytes: usize) -> Result<Ticket, Status> {
        self.budget.try_charge(bytes).map_err(|full| {
            Status::new(Code::ResourceExhausted, full.to_string())
                .with_retry_delay(DEFAULT_RETRY_DELAY)
        })
    }

    /// Hands a converted push on.
    pub(crate) async fn take(
        &self,
        converted: Converted,
        context: Context,
        mut ticket: Ticket,
    ) -> Result<(), Refusal> {
        let Converted {
            body,
            items,
            filtered,
            refused,
            problems,
        } = converted;
        self.instruments.failed(Signal::Logs, refused);
        if filtered > 0 {
            let account = &self.settings.account;
            account.received(filtered);
            account.filtered(filtered);
        }
        if items > 0 {
            let Some(output) = self.outputs.get(Signal::Logs) else {
                return Err(Refusal::Permanent("no pipeline takes logs here".to_owned()));
            };
            ticket.resize(body.len());
            let batch = Batch::new(Signal::Logs, Payload::counted(body.into(), items), items)
                .with_context(context)
                .with_ticket(ticket);
            let mut outcome = Outcome {
                instruments: &self.instruments,
                unanswered: items,
            };
            if let Err(error) = output.consume(batch).await {
                let text = error.chain();
                let after = error.after().unwrap_or(DEFAULT_RETRY_DELAY);
                return Err(match error.kind() {
                    ErrorKind::Permanent => Refusal::Permanent(text),
                    ErrorKind::Refused { .. } => Refusal::Full(text, after),
                    ErrorKind::Retryable { .. } => Refusal::Later(text, after),
                });
            }
            outcome.unanswered = 0;
            self.instruments.accepted(Signal::Logs, items);
        }
        if refused == 0 {
            return Ok(());
        }
        let text = problems.join("; ");
        tracing::warn!(
            parent: &self.settings.span,
            refused_log_records = refused,
            error = text,
            "Refused a part of a push."
        );
        Err(Refusal::Wrong(text))
    }
}

/// The context with the tenant that the client named, and with no more of its headers than are
/// wanted.
pub(crate) fn with_tenant(context: &Context, tenant: Option<&str>, metadata: bool) -> Context {
    let tenant = tenant.map(str::trim).filter(|tenant| !tenant.is_empty());
    if metadata {
        return match tenant {
            Some(tenant) => context.with_tenant(tenant.into()),
            None => context.clone(),
        };
    }
    Context::new(ContextParts {
        peer: context.peer(),
        identity: context.identity().cloned(),
        tenant: tenant.map(Into::into),
        arrived: context.arrived(),
        ..ContextParts::default()
    })
}

/// Counts what was not accepted as refused, also when the client goes away in the middle.
struct Outcome<'a> {
    instruments: &'a ReceiverInstruments,
    unanswered: usize,
}

impl Drop for Outcome<'_> {
    fn drop(&mut self) {
        if self.unanswered > 0 {
            self.instruments.refused(Signal::Logs, self.unanswered);
        }
    }
}
