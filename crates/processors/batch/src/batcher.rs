//! The shards of one processor instance, and how full batches go on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headwater_core::pdata::wire::WireError;
use headwater_core::rpc::Code;
use headwater_core::{Batch, ConsumeError, Consumer, Context, Settings};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::BatchConfig;
use crate::instruments::{Instruments, Trigger};
use crate::shard::{Added, Limits, Shard};

/// The values of the metadata keys, in the order of the keys, and the tenant.
type Key = (Vec<Vec<Box<str>>>, Option<Box<str>>);

/// Shared by the callers and the timer task.
pub(crate) struct Batcher {
    settings: Settings,
    next: Arc<dyn Consumer>,
    instruments: Instruments,
    limits: Limits,
    metadata_keys: Vec<String>,
    cardinality_limit: usize,
    /// The shard of requests without tenant, when there are no metadata keys: no lookup.
    plain: Arc<Shard>,
    shards: Mutex<HashMap<Key, Arc<Shard>>>,
    wake: Arc<Notify>,
    /// Held by [`Batcher::run`] while it sends.
    sending: tokio::sync::Mutex<()>,
}

impl Batcher {
    pub(crate) fn new(settings: Settings, config: &BatchConfig, next: Arc<dyn Consumer>) -> Self {
        let limits = Limits::new(config);
        Self {
            instruments: Instruments::new(&settings),
            settings,
            next,
            limits,
            metadata_keys: config.metadata_keys.clone(),
            cardinality_limit: config.metadata_cardinality_limit as usize,
            plain: Arc::new(Shard::new(Context::default(), limits)),
            shards: Mutex::default(),
            wake: Arc::default(),
            sending: tokio::sync::Mutex::default(),
        }
    }

    /// Takes `batch`; returns when it waits in a shard, or when the batch that it filled has
    /// been offered to the next consumer.
    pub(crate) async fn add(&self, batch: Batch) -> Result<(), ConsumeError> {
        let shard = self.shard(batch.context())?;
        let items = batch.items();
        match shard.add(batch).map_err(malformed)? {
            Added::Stalled => Err(ConsumeError::refused(
                format!(
                    "processor {:?} holds a full batch that the next consumer refuses",
                    self.settings.id
                ),
                Some(self.timeout()),
            )),
            Added::Waiting { first } => {
                self.take_in(items);
                if first {
                    self.wake.notify_one();
                }
                Ok(())
            }
            Added::Full(full) => {
                self.take_in(items);
                for batch in full {
                    self.send(&shard, batch, Trigger::Size).await;
                }
                Ok(())
            }
        }
    }

    fn take_in(&self, items: usize) {
        self.settings.account.received(items);
        self.settings.account.held(items.cast_signed());
    }

    fn timeout(&self) -> Duration {
        self.limits.timeout()
    }

    fn shard(&self, context: &Context) -> Result<Arc<Shard>, ConsumeError> {
        if self.metadata_keys.is_empty() && context.tenant().is_none() {
            return Ok(Arc::clone(&self.plain));
        }
        let values = self
            .metadata_keys
            .iter()
            .map(|key| context.header(key).to_vec())
            .collect();
        let key: Key = (values, context.tenant().map(Into::into));
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shards.get(&key) {
            return Ok(Arc::clone(known));
        }
        if self.cardinality_limit > 0 && shards.len() >= self.cardinality_limit {
            // Those that nobody uses and that hold nothing make room.
            shards.retain(|_, shard| Arc::strong_count(shard) > 1 || shard.due().is_some());
        }
        if self.cardinality_limit > 0 && shards.len() >= self.cardinality_limit {
            return Err(ConsumeError::permanent(
                "too many batcher metadata-value combinations",
            ));
        }
        let shard = Arc::new(Shard::new(context.retain(&self.metadata_keys), self.limits));
        shards.insert(key, Arc::clone(&shard));
        self.instruments
            .cardinality
            .set(shards.len().try_into().unwrap_or(i64::MAX));
        Ok(shard)
    }

    fn all(&self) -> Vec<Arc<Shard>> {
        let shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(&self.plain)
            .chain(shards.values())
            .map(Arc::clone)
            .collect()
    }

    /// Flushes what is due, for as long as the processor runs. Sleeps without a timer while
    /// nothing is held.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            let due = self.all().iter().filter_map(|shard| shard.due()).min();
            match due {
                None => self.wake.notified().await,
                Some(due) => {
                    // Woken or due: either way the shards are looked at again.
                    drop(tokio::time::timeout_at(due, self.wake.notified()).await);
                }
            }
            let _sending = self.sending.lock().await;
            let now = Instant::now();
            for shard in self.all() {
                if shard.due().is_some_and(|due| due <= now) {
                    let batches = self.taken(shard.take_due(now));
                    self.send_all(&shard, batches).await;
                }
            }
        }
    }

    /// Waits until [`Batcher::run`] is not in the middle of a send, at most until `deadline`. It
    /// begins no other while the answer is kept.
    pub(crate) async fn pause(&self, deadline: Instant) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        tokio::time::timeout_at(deadline, self.sending.lock())
            .await
            .ok()
    }

    /// Sends what is held; what cannot be sent until `deadline` is dropped and booked.
    pub(crate) async fn finish(&self, deadline: Instant) {
        for shard in self.all() {
            let batches = self.taken(shard.drain());
            drop(tokio::time::timeout_at(deadline, self.send_all(&shard, batches)).await);
            for left in self.taken(shard.drain()) {
                self.lose(
                    left.items(),
                    "shutdown",
                    "next consumer did not take it before the deadline",
                );
            }
        }
    }

    async fn send_all(&self, shard: &Arc<Shard>, batches: Vec<Batch>) {
        // All of them are guarded before the first is sent: none is lost when this is cancelled.
        let guarded: Vec<_> = batches
            .into_iter()
            .map(|batch| Guard::new(self, shard, batch))
            .collect();
        for guard in guarded {
            self.send_guarded(shard, guard, Trigger::Timeout).await;
        }
    }

    async fn send(&self, shard: &Arc<Shard>, batch: Batch, trigger: Trigger) {
        self.send_guarded(shard, Guard::new(self, shard, batch), trigger)
            .await;
    }

    async fn send_guarded(&self, shard: &Shard, mut guard: Guard, trigger: Trigger) {
        let Some(batch) = guard.batch.clone() else {
            return;
        };
        let items = batch.items();
        self.instruments.sent(trigger, items, batch.bytes());
        let result = self.next.consume(batch).await;
        let batch = guard.batch.take();
        let Err(mut error) = result else {
            self.hand_on(items);
            return;
        };
        let rest = error.take_undelivered().or(batch);
        let rest_items = rest.as_ref().map_or(0, Batch::items).min(items);
        self.hand_on(items - rest_items);
        match rest {
            Some(rest) if !error.is_permanent() && !error.is_partial() => {
                tracing::warn!(
                    parent: &self.settings.span,
                    error = %error.chain(),
                    items = rest_items,
                    "Next consumer refused a batch. Holding it."
                );
                shard.put_back(rest, error.after().unwrap_or_default());
                self.wake.notify_one();
            }
            _ => {
                let reason = if error.is_partial() {
                    "partly_refused"
                } else {
                    "permanent_error"
                };
                self.lose(rest_items, reason, &error.chain());
            }
        }
    }

    fn hand_on(&self, items: usize) {
        self.settings.account.sent(items);
        self.settings.account.held(-items.cast_signed());
    }

    fn lose(&self, items: usize, reason: &'static str, error: &str) {
        self.settings.account.dropped(items, reason);
        self.settings.account.held(-items.cast_signed());
        tracing::warn!(
            parent: &self.settings.span,
            error,
            dropped_items = items,
            "Sender failed"
        );
    }

    /// A shard holds validated requests only, so that taking them apart cannot fail; should it
    /// fail all the same, the log says so.
    fn taken(&self, batches: Result<Vec<Batch>, WireError>) -> Vec<Batch> {
        batches.unwrap_or_else(|error| {
            tracing::error!(parent: &self.settings.span, %error, "Cannot split a batch");
            Vec::new()
        })
    }
}

fn malformed(error: WireError) -> ConsumeError {
    ConsumeError::permanent("request is not valid OTLP")
        .with_code(Code::InvalidArgument)
        .with_source(error)
}

/// Puts its batch back if the caller goes away in the middle of a send: the batch holds
/// telemetry of others, who were told that it was taken.
struct Guard {
    shard: Arc<Shard>,
    batch: Option<Batch>,
    wake: Arc<Notify>,
}

impl Guard {
    fn new(batcher: &Batcher, shard: &Arc<Shard>, batch: Batch) -> Self {
        let (shard, wake) = (Arc::clone(shard), Arc::clone(&batcher.wake));
        Self {
            shard,
            batch: Some(batch),
            wake,
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.shard.put_back(batch, Duration::ZERO);
            self.wake.notify_one();
        }
    }
}
