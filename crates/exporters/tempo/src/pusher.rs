//! One batch to Tempo.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use headwater_core::telemetry::{Attributes, Instrument, InstrumentKind, Level};
use headwater_core::{Batch, ComponentError, ConsumeError, Context, Host, Settings};
use headwater_exporting::{Health, Pusher, Retrier, Sent, TenantCounters};
use headwater_transport::Status;

use crate::answer::{Verdict, advice, read};
use crate::config::TempoConfig;
use crate::pieces::{Piece, by_size, by_tenant, has_ids, keep};
use crate::wire::Wire;

/// How many tenants of a batch are sent to at the same time.
const PARALLEL: usize = 8;
/// How many tenants have counters of their own.
const MOST_TENANTS: usize = 200;

const DROPPED: Instrument = Instrument {
    name: "otelcol_exporter_tempo_dropped_spans",
    description: "Number of spans that Tempo did not take, by reason and tenant.",
    unit: "{span}",
    kind: InstrumentKind::Counter,
    level: Level::Basic,
};
const DELAYED: Instrument = Instrument {
    name: "otelcol_exporter_tempo_delayed_spans",
    description: "Number of spans that Tempo did not take at first, by reason and tenant; each \
                  time counts.",
    ..DROPPED
};

/// See the module.
pub(crate) struct Tempo {
    wire: Wire,
    retrier: Retrier,
    retry_on_limit: bool,
    max_bytes: usize,
    group_by_trace: bool,
    tenant_attribute: Option<String>,
    tenant_header: String,
    fixed_tenant: Option<String>,
    /// There is no queue, or senders wait for the result.
    senders_wait: bool,
    span: tracing::Span,
    dropped: TenantCounters,
    delayed: TenantCounters,
}

/// What [`headwater_exporting::Exporting`] is given.
pub(crate) struct Handle(pub(crate) Arc<Tempo>);

/// How the requests of a tenant ended.
#[derive(Debug, Default)]
struct End {
    lost: Vec<(&'static str, usize)>,
    error: Option<String>,
}

impl Tempo {
    pub(crate) fn new(config: &TempoConfig, settings: &Settings) -> Result<Self, ComponentError> {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let queue = config.sending_queue.as_ref();
        Ok(Self {
            wire: Wire::new(config, settings)?,
            retrier: Retrier::new(config.retry_on_failure.clone(), 0, settings),
            retry_on_limit: config.retry_on_limit,
            max_bytes: match usize::try_from(config.max_request_size) {
                Ok(0) | Err(_) => usize::MAX,
                Ok(size) => size,
            },
            group_by_trace: config.group_by_trace,
            tenant_attribute: some(&config.tenant_attribute),
            tenant_header: config.tenant_header.clone(),
            fixed_tenant: some(&config.tenant_id),
            senders_wait: queue.is_none_or(|queue| queue.wait_for_result),
            span: settings.span.clone(),
            dropped: TenantCounters::new(settings, DROPPED, MOST_TENANTS),
            delayed: TenantCounters::new(settings, DELAYED, MOST_TENANTS),
        })
    }

    /// Where it sends, for the metrics.
    pub(crate) fn destination(&self) -> Attributes {
        self.wire.destination()
    }

    /// The exporter's status.
    pub(crate) fn health(&self) -> Arc<Health> {
        Arc::clone(self.retrier.health())
    }

    /// From now on nothing is tried again.
    pub(crate) fn stop(&self) {
        self.retrier.stop();
    }

    /// The tenant of resources that name none.
    fn tenant<'a>(&'a self, batch: &'a Batch) -> Option<&'a str> {
        let context = batch.context();
        let sent = || {
            let values = context.header(&self.tenant_header);
            values.first().map(|value| &**value)
        };
        context
            .tenant()
            .or_else(sent)
            .or(self.fixed_tenant.as_deref())
            .filter(|tenant| !tenant.is_empty())
    }

    async fn push(&self, batch: &Batch) -> Result<Sent, ConsumeError> {
        let whole = Piece {
            payload: batch.payload().clone(),
            items: batch.items(),
        };
        let default = self.tenant(batch).map(str::to_owned);
        let parts: Vec<(Option<String>, Piece)> = match &self.tenant_attribute {
            Some(attribute) => by_tenant(whole, attribute)
                .into_iter()
                .map(|(tenant, piece)| (tenant.or_else(|| default.clone()), piece))
                .collect(),
            None => vec![(default, whole)],
        };
        let deliveries: Vec<_> = parts
            .into_iter()
            .map(|(tenant, piece)| self.deliver(tenant, piece, batch.context()))
            .collect();
        let ends: Vec<End> = futures_util::stream::iter(deliveries)
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        let (mut dropped, mut error) = (Vec::new(), None);
        for end in ends {
            dropped.extend(end.lost);
            error = error.or(end.error);
        }
        if let Some(error) = error {
            let lost: usize = dropped.iter().map(|(_, items)| items).sum();
            if self.senders_wait && lost >= batch.items() {
                // Nothing of it has arrived, and the sender can still be told.
                return Err(ConsumeError::permanent(error));
            }
            tracing::error!(
                parent: &self.span,
                error,
                dropped_items = lost,
                "Exporting failed. Dropping data."
            );
        }
        Ok(Sent {
            dropped,
            ..Sent::complete()
        })
    }

    /// Sends what belongs to a tenant.
    async fn deliver(&self, tenant: Option<String>, piece: Piece, context: &Context) -> End {
        let tenant = tenant.as_deref();
        let mut end = End::default();
        let mut todo: VecDeque<Piece> = by_size(piece, self.max_bytes, self.group_by_trace).into();
        while let Some(piece) = todo.pop_front() {
            let Err((status, reason)) = self.send(&piece, tenant, context, &mut end).await else {
                continue;
            };
            if let Some(reason) = reason {
                self.lose(&mut end, reason, piece.items, tenant, &status);
                continue;
            }
            for rest in self
                .correct(piece, tenant, &status, &mut end)
                .into_iter()
                .rev()
            {
                todo.push_front(rest);
            }
        }
        end
    }

    /// Sends a request until there is an answer that sending again does not change; with the reason
    /// if that was not waited for.
    async fn send(
        &self,
        piece: &Piece,
        tenant: Option<&str>,
        context: &Context,
        end: &mut End,
    ) -> Result<(), (Status, Option<&'static str>)> {
        let mut tries = self.retrier.tries();
        loop {
            let status = match self.wire.send(&piece.payload, tenant, context).await {
                Ok(said) => {
                    self.retrier.health().succeeded();
                    let rejected = usize::try_from(said.rejected).unwrap_or_default();
                    let rejected = rejected.min(piece.items);
                    if !said.is_full_success() {
                        tracing::warn!(
                            parent: &self.span,
                            response_message = said.message,
                            dropped_spans = rejected,
                            "Partial success response"
                        );
                    }
                    if rejected > 0 {
                        self.dropped.add("rejected_by_backend", tenant, rejected);
                        end.lost.push(("rejected_by_backend", rejected));
                    }
                    return Ok(());
                }
                Err(status) => status,
            };
            let Verdict::Again(after, refusal) = read(&status, self.retry_on_limit) else {
                return Err((status, None));
            };
            self.delayed.add(refusal, tenant, piece.items);
            if let Err(reason) = tries.again(after, status.message()).await {
                let reason = match (reason, refusal) {
                    ("retry_exhausted", refusal) if refusal != "unavailable" => refusal,
                    (reason, _) => reason,
                };
                return Err((status, Some(reason)));
            }
        }
    }

    /// What is left of a request when that is gone which Tempo does not take.
    fn correct(
        &self,
        piece: Piece,
        tenant: Option<&str>,
        status: &Status,
        end: &mut End,
    ) -> Vec<Piece> {
        let items = piece.items;
        let (rest, reason) = match read(status, self.retry_on_limit) {
            Verdict::Smaller(limit, reason) => {
                let size = piece.payload.len();
                let half = size / 2;
                let limit = limit.map_or(half, |limit| limit.min(size - 1)).max(1);
                if items > 1 {
                    let pieces = by_size(piece.clone(), limit, self.group_by_trace);
                    if pieces.len() > 1 {
                        return pieces;
                    }
                    let pieces = by_size(piece, half.max(1), self.group_by_trace);
                    if pieces.len() > 1 {
                        return pieces;
                    }
                }
                (None, reason)
            }
            Verdict::WithoutTrace(trace) => {
                let rest = keep(&piece, |span| span.trace_id() != trace);
                (rest, "trace_too_large")
            }
            Verdict::WithoutBadIds => (keep(&piece, has_ids), "invalid_id"),
            Verdict::GiveUp(reason) => {
                self.retrier
                    .health()
                    .degraded(|| status.message().to_owned());
                (None, reason)
            }
            Verdict::Again(_, reason) => (None, reason),
        };
        let left = rest.as_ref().map_or(0, |rest| rest.items);
        if left == items {
            // It did not mean what was understood.
            self.lose(end, reason, items, tenant, status);
            return Vec::new();
        }
        self.lose(end, reason, items - left, tenant, status);
        rest.into_iter().collect()
    }

    fn lose(
        &self,
        end: &mut End,
        reason: &'static str,
        items: usize,
        tenant: Option<&str>,
        status: &Status,
    ) {
        tracing::warn!(
            parent: &self.span,
            tenant,
            reason,
            dropped_items = items,
            error = status.message(),
            help = advice(reason),
            "Tempo does not take spans."
        );
        self.dropped.add(reason, tenant, items);
        end.lost.push((reason, items));
        end.error.get_or_insert_with(|| status.message().to_owned());
    }
}

#[async_trait]
impl Pusher for Handle {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        self.0.wire.start(host).await
    }

    async fn push(&self, batch: &Batch, _: Option<Duration>) -> Result<Sent, ConsumeError> {
        self.0.push(batch).await
    }

    fn keeps_timeout(&self) -> bool {
        true
    }

    fn stop(&self) {
        self.0.stop();
    }

    async fn shutdown(&self, _: Instant) -> Result<(), ComponentError> {
        self.0.wire.stop();
        Ok(())
    }
}
