//! What happens to a batch of one tenant.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use headwater_core::{
    Batch, Component, ComponentError, ConsumeError, Context, Host, Processor, Settings,
};

use crate::config::TenantConfig;
use crate::limits::Over;
use crate::refusal::{Refusal, over};
use crate::sources::Sources;
use crate::tenants::{Tenant, Tenants};

/// The label of telemetry without a tenant.
const NOBODY: &str = "";

/// Sets the tenant and holds it to its limits.
pub(crate) struct TenantProcessor {
    settings: Settings,
    sources: Sources,
    tenants: Arc<Tenants>,
    /// Whether the log has it that the receiver keeps no headers.
    warned: AtomicBool,
}

/// A batch whose tenant may send it.
pub(crate) struct Admitted {
    pub(crate) batch: Batch,
    tenant: Arc<Tenant>,
}

impl Admitted {
    /// Counts it; gives the batch to hand on.
    pub(crate) fn accept(self) -> Batch {
        let (signal, items, bytes) = (self.batch.signal(), self.batch.items(), self.batch.bytes());
        self.tenant.series.accepted(signal, items, bytes);
        self.batch
    }

    /// Takes the admission back, as if it had not been asked for.
    pub(crate) fn withdraw(self) {
        let bytes = self.batch.bytes();
        drop(self.batch);
        self.tenant.limits.withdraw(bytes);
    }
}

impl TenantProcessor {
    pub(crate) fn new(settings: Settings, config: &TenantConfig, tenants: Arc<Tenants>) -> Self {
        Self {
            settings,
            sources: Sources::new(config),
            tenants,
            warned: AtomicBool::new(false),
        }
    }

    pub(crate) const fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Says once that the receiver keeps no headers, if that is so.
    pub(crate) fn look_for_headers(&self, context: &Context) {
        if !self.warned.load(Ordering::Relaxed)
            && self.sources.lacks_metadata(context)
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                parent: &self.settings.span,
                "A header is a source of tenants, but the receiver keeps no headers: write \
                 `include_metadata: true` at the receiver"
            );
        }
    }

    /// Counts what belongs to nobody.
    pub(crate) fn refuse(&self, refusal: Refusal, items: usize) -> ConsumeError {
        self.tenants.others.unassigned(refusal.why, items);
        refusal.into_error()
    }

    /// Counts what is over a limit.
    pub(crate) fn refuse_over(
        &self,
        name: Option<&str>,
        reached: Over,
        items: usize,
    ) -> ConsumeError {
        let name = name.unwrap_or(NOBODY);
        let tenant = self.tenants.get(name, self.tenants.now());
        tenant.series.refused(reached.limit, items);
        over(name, reached)
    }

    /// Sets the tenant of a batch and takes it out of the tenant's limits.
    pub(crate) fn admit(&self, batch: Batch, name: Option<Arc<str>>) -> Result<Admitted, Over> {
        let now = self.tenants.now();
        let tenant = self.tenants.get(name.as_deref().unwrap_or(NOBODY), now);
        let (signal, items, bytes) = (batch.signal(), batch.items(), batch.bytes());
        let (payload, context, mut ticket) = batch.into_parts();
        tenant.limits.admit(&mut ticket, bytes, now)?;
        let context = match name {
            Some(name) => {
                if self.sources.has_forged_header(&context, &name) {
                    self.tenants.others.forged.add(1);
                }
                context.into_tenant(name)
            }
            None => context,
        };
        let batch = Batch::new(signal, payload, items)
            .with_context(context)
            .with_ticket(ticket);
        Ok(Admitted { batch, tenant })
    }

    /// What happens to a batch that is of one tenant as a whole.
    pub(crate) fn whole(
        &self,
        batch: Batch,
        found: Result<Option<Arc<str>>, Refusal>,
    ) -> Result<Batch, ConsumeError> {
        let items = batch.items();
        let name = found.map_err(|refusal| self.refuse(refusal, items))?;
        self.admit(batch, name.clone())
            .map(Admitted::accept)
            .map_err(|reached| self.refuse_over(name.as_deref(), reached, items))
    }
}

#[async_trait]
impl Component for TenantProcessor {
    async fn start(&self, _: &Host) -> Result<(), ComponentError> {
        self.tenants
            .overrides
            .open(&self.settings.span)
            .map_err(|error| ComponentError::with_source("read `overrides_file`", error))
    }
}

impl Processor for TenantProcessor {
    fn process(&self, batch: Batch) -> Result<Option<Batch>, ConsumeError> {
        self.look_for_headers(batch.context());
        // No resource is a source: the context says it all.
        let found = self.sources.of_context(batch.context());
        self.whole(batch, found.unwrap_or(Ok(None))).map(Some)
    }
}
