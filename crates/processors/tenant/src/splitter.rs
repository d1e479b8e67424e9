//! What happens to a batch whose resources are of several tenants.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_core::ledger::Account;
use headwater_core::rpc::Code;
use headwater_core::{
    Batch, BufferingProcessor, Component, ComponentError, ConsumeError, Consumer, Context, Host,
};

use crate::parts::{Part, PartsError, parts};
use crate::processor::{Admitted, TenantProcessor};

/// Hands on one batch per tenant. It holds nothing: it is done when the next consumer is.
pub(crate) struct Splitter {
    processor: TenantProcessor,
    account: Account,
    /// Whether what is over a limit is dropped.
    drops: bool,
    next: Arc<dyn Consumer>,
}

impl Splitter {
    pub(crate) fn new(
        processor: TenantProcessor,
        account: Account,
        drops: bool,
        next: Arc<dyn Consumer>,
    ) -> Self {
        Self {
            processor,
            account,
            drops,
            next,
        }
    }

    async fn hand_on(&self, batch: Batch) -> Result<(), ConsumeError> {
        let items = batch.items();
        let mut result = self.next.consume(batch).await;
        let rest = match &mut result {
            Ok(()) => 0,
            Err(error) => error
                .take_undelivered()
                .map_or(items, |rest| rest.items().min(items)),
        };
        self.account.received(items - rest);
        self.account.sent(items - rest);
        result
    }

    /// Admits every part before the first is handed on: a request is taken as a whole or not at
    /// all, or its sender would send again what was taken.
    fn admit(&self, parts: Vec<Part>, whole: &Batch) -> Result<Vec<Admitted>, ConsumeError> {
        let mut admitted = Vec::with_capacity(parts.len());
        let mut refused: Option<ConsumeError> = None;
        let mut dropped = 0;
        for part in parts {
            let (batch, name) = part.into_batch(whole);
            let items = batch.items();
            match self.processor.admit(batch, name.clone()) {
                Ok(part) => admitted.push(part),
                Err(reached) => {
                    dropped += items;
                    let error = self.processor.refuse_over(name.as_deref(), reached, items);
                    refused = ConsumeError::join(refused.into_iter().chain([error]).collect());
                }
            }
        }
        match refused {
            Some(_) if self.drops && !admitted.is_empty() => {
                self.account.received(dropped);
                self.account.dropped(dropped, "tenant_limit");
                Ok(admitted)
            }
            Some(error) => {
                admitted.into_iter().for_each(Admitted::withdraw);
                Err(error)
            }
            None => Ok(admitted),
        }
    }

    /// Hands the parts on, each whatever became of the others.
    async fn hand_on_all(
        &self,
        admitted: Vec<Admitted>,
        context: &Context,
    ) -> Result<(), ConsumeError> {
        let count = admitted.len();
        let mut errors = Vec::new();
        let mut undelivered: Option<Batch> = None;
        for part in admitted {
            let batch = part.accept();
            let Err(mut error) = self.next.consume(batch.clone()).await else {
                self.account.received(batch.items());
                self.account.sent(batch.items());
                continue;
            };
            let items = batch.items();
            let rest = error.take_undelivered().unwrap_or(batch);
            let taken = items - rest.items().min(items);
            self.account.received(taken);
            self.account.sent(taken);
            errors.push(error);
            // Whoever offers it again offers it as it came.
            let rest = rest.with_context(context.clone());
            match &mut undelivered {
                Some(others) => others.append(rest),
                None => undelivered = Some(rest),
            }
        }
        let failed = errors.len();
        match (ConsumeError::join(errors), undelivered) {
            (Some(error), Some(rest)) if failed < count => Err(error.with_undelivered(rest)),
            (Some(error), _) => Err(error),
            (None, _) => Ok(()),
        }
    }
}

#[async_trait]
impl Consumer for Splitter {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        let processor = &self.processor;
        processor.look_for_headers(batch.context());
        if let Some(found) = processor.sources().of_context(batch.context()) {
            return self.hand_on(processor.whole(batch, found)?).await;
        }
        let parts = parts(processor.sources(), &batch).map_err(|error| match error {
            PartsError::Refused(refusal) => processor.refuse(refusal, batch.items()),
            PartsError::Malformed(error) => ConsumeError::permanent("request is not valid OTLP")
                .with_code(Code::InvalidArgument)
                .with_source(error),
        })?;
        match &parts[..] {
            [] => self.hand_on(batch).await,
            [only] => {
                let name = only.name.clone();
                self.hand_on(processor.whole(batch, Ok(name))?).await
            }
            _ => {
                let admitted = self.admit(parts.into_vec(), &batch)?;
                let context = batch.context().clone();
                drop(batch);
                self.hand_on_all(admitted, &context).await
            }
        }
    }
}

#[async_trait]
impl Component for Splitter {
    async fn start(&self, host: &Host) -> Result<(), ComponentError> {
        self.processor.start(host).await
    }
}

impl BufferingProcessor for Splitter {}
