//! What goes in, what comes out, and when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_core::graph::Environment;
use headwater_core::{
    Batch, BufferingProcessor, BuiltProcessor, ConsumeError, Consumer, Context, ContextParts,
    Metadata, Signal,
};
use headwater_processor_batch::{Config, factory};
use headwater_testkit::{Answer, Generator, Recorder, Shape, environment, host, metric};

/// A started processor in front of a recorder.
struct Setup {
    environment: Environment,
    processor: Arc<dyn BufferingProcessor>,
    next: Recorder,
    generator: Generator,
}

impl Setup {
    async fn new(config: Config) -> Self {
        let environment = environment();
        let next = Recorder::new();
        let settings =
            environment.pipeline_settings(&"batch".parse().unwrap(), &"traces".parse().unwrap());
        let built = factory()
            .build_processor(settings, &config, Arc::new(next.clone()))
            .unwrap();
        let BuiltProcessor::Buffering(processor) = built else {
            panic!("batch holds data")
        };
        processor.start(&host()).await.unwrap();
        Self {
            environment,
            processor,
            next,
            generator: Generator::new(7),
        }
    }

    fn request(&mut self, items: usize) -> Batch {
        let bytes = self.generator.request(Signal::Traces, Shape::of(items));
        let ticket = self.environment.budget.charge(bytes.len());
        let bytes = headwater_core::bytes::Bytes::from(bytes);
        Batch::new(Signal::Traces, bytes, items).with_ticket(ticket)
    }

    async fn send(&mut self, items: usize) -> Result<(), ConsumeError> {
        let batch = self.request(items);
        self.processor.consume(batch).await
    }

    async fn stop(&self) {
        self.processor
            .shutdown(Instant::now() + Duration::from_secs(5))
            .await
            .unwrap();
    }

    fn assert_balanced(&self) {
        assert_eq!(
            self.environment.ledger.imbalance(),
            0,
            "{:?}",
            self.environment.ledger
        );
    }
}

fn config(send_batch_size: u32, send_batch_max_size: u32) -> Config {
    Config {
        send_batch_size,
        send_batch_max_size,
        ..Config::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_goes_at_once_and_keeps_every_byte() {
    let mut setup = Setup::new(config(5, 0)).await;
    let (first, second) = (setup.request(2), setup.request(4));
    let bytes: Vec<u8> = [&first, &second]
        .iter()
        .flat_map(|batch| batch.payload().to_contiguous())
        .collect();
    setup.processor.consume(first).await.unwrap();
    assert_eq!(setup.next.calls(), 0);
    setup.processor.consume(second).await.unwrap();
    assert_eq!(setup.next.items(), [6]);
    assert_eq!(setup.next.batches()[0].payload().to_contiguous(), bytes);
    let sends = "otelcol_processor_batch_batch_size_trigger_send";
    assert_eq!(metric(&setup.environment, sends), 1.0);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn a_small_batch_goes_when_the_timeout_has_passed() {
    let mut setup = Setup::new(config(1000, 0)).await;
    setup.send(3).await.unwrap();
    setup.send(4).await.unwrap();
    tokio::time::sleep(Duration::from_millis(199)).await;
    assert_eq!(setup.next.calls(), 0);
    setup.assert_balanced();
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(setup.next.items(), [7]);
    assert_eq!(
        metric(
            &setup.environment,
            "otelcol_processor_batch_timeout_trigger_send"
        ),
        1.0
    );
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn the_cap_splits_and_the_rest_waits() {
    let mut setup = Setup::new(config(10, 10)).await;
    setup.send(25).await.unwrap();
    assert_eq!(setup.next.items(), [10, 10]);
    tokio::time::sleep(Duration::from_millis(201)).await;
    assert_eq!(setup.next.items(), [10, 10, 5]);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn without_a_timeout_each_request_goes_as_it_came_and_gets_its_own_answer() {
    let mut setup = Setup::new(Config {
        timeout: Duration::ZERO,
        ..config(100, 0)
    })
    .await;
    setup.send(3).await.unwrap();
    setup.send(4).await.unwrap();
    assert_eq!(setup.next.items(), [3, 4]);
    setup
        .next
        .answer(Answer::Fail(ConsumeError::refused("queue is full", None)));
    assert!(setup.send(5).await.is_err());
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn what_a_capped_send_did_not_take_is_named_in_the_error() {
    let mut setup = Setup::new(Config {
        timeout: Duration::ZERO,
        ..config(2, 2)
    })
    .await;
    setup.next.answer(Answer::Take);
    setup
        .next
        .answer(Answer::Fail(ConsumeError::refused("queue is full", None)));
    let mut error = setup.send(7).await.unwrap_err();
    assert_eq!(error.take_undelivered().unwrap().items(), 5);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn shutdown_sends_what_is_held() {
    let mut setup = Setup::new(config(1000, 4)).await;
    setup.send(6).await.unwrap();
    setup.stop().await;
    assert_eq!(setup.next.items(), [4, 2]);
    setup.assert_balanced();
}

/// Takes a batch at once and says so a second later.
struct Slow(Recorder);

#[async_trait::async_trait]
impl Consumer for Slow {
    async fn consume(&self, batch: Batch) -> Result<(), ConsumeError> {
        self.0.consume(batch).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_repeat_what_is_being_sent() {
    let mut setup = Setup::new(config(1000, 0)).await;
    let settings = setup
        .environment
        .pipeline_settings(&"batch/slow".parse().unwrap(), &"traces".parse().unwrap());
    let next = Arc::new(Slow(setup.next.clone()));
    let built = factory()
        .build_processor(settings, &config(1000, 0), next)
        .unwrap();
    let BuiltProcessor::Buffering(processor) = built else {
        panic!("batch holds data")
    };
    processor.start(&host()).await.unwrap();
    setup.processor = processor;
    setup.send(6).await.unwrap();
    setup.next.wait_for_calls(1).await;
    setup.send(2).await.unwrap();
    setup.stop().await;
    assert_eq!(setup.next.items(), [6, 2]);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_is_held_and_sent_again_and_new_requests_are_refused() {
    let mut setup = Setup::new(config(5, 0)).await;
    setup
        .next
        .answer(Answer::Fail(ConsumeError::refused("queue is full", None)));
    setup.send(5).await.unwrap();
    setup.assert_balanced();
    assert!(setup.send(1).await.is_err(), "a full batch is held already");
    tokio::time::sleep(Duration::from_millis(401)).await;
    assert_eq!(setup.next.items(), [5]);
    setup.send(1).await.unwrap();
    setup.stop().await;
    assert_eq!(setup.next.items(), [5, 1]);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_can_never_be_sent_is_dropped_and_booked() {
    let mut setup = Setup::new(config(5, 0)).await;
    setup
        .next
        .answer(Answer::Fail(ConsumeError::permanent("backend says no")));
    setup.send(5).await.unwrap();
    setup.stop().await;
    let balances = setup.environment.ledger.balances();
    let balance = balances.values().next().unwrap();
    assert_eq!(balance.dropped["permanent_error"], 5);
    assert_eq!(setup.environment.budget.held(), 0);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn what_some_consumers_took_is_not_given_to_them_again() {
    let mut setup = Setup::new(config(5, 0)).await;
    let error = ConsumeError::refused("one of two queues is full", None).with_partial();
    setup.next.answer(Answer::Fail(error));
    setup.send(5).await.unwrap();
    setup.stop().await;
    assert_eq!(setup.next.calls(), 1);
    let balances = setup.environment.ledger.balances();
    assert_eq!(
        balances.values().next().unwrap().dropped["partly_refused"],
        5
    );
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_loses_nothing_of_the_others() {
    let mut setup = Setup::new(config(5, 0)).await;
    setup.send(3).await.unwrap();
    setup.next.answer(Answer::Hang);
    let last = setup.request(2);
    {
        let call = setup.processor.consume(last);
        assert!(
            tokio::time::timeout(Duration::from_millis(50), call)
                .await
                .is_err()
        );
    }
    tokio::time::sleep(Duration::from_millis(401)).await;
    assert_eq!(setup.next.items(), [5]);
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn a_malformed_request_is_refused_before_it_can_poison_a_batch() {
    let mut setup = Setup::new(config(1000, 0)).await;
    setup.send(2).await.unwrap();
    // A span whose trace id has 3 bytes: resource spans, scope spans, span, trace id.
    let broken = vec![0x0a, 9, 0x12, 7, 0x12, 5, 0x0a, 3, 1, 2, 3];
    let batch = Batch::new(
        Signal::Traces,
        headwater_core::bytes::Bytes::from(broken),
        1,
    );
    let error = setup.processor.consume(batch).await.unwrap_err();
    assert!(error.is_permanent());
    assert_eq!(
        error.chain(),
        "request is not valid OTLP: trace_id is 3 bytes long, want 16"
    );
    setup.stop().await;
    assert_eq!(setup.next.items(), [2]);
    setup.assert_balanced();
}

fn tenant(value: &str) -> Context {
    let mut metadata = Metadata::default();
    metadata.append("X-Tenant", value);
    metadata.append("other", "x");
    Context::new(ContextParts {
        metadata,
        ..Default::default()
    })
}

#[tokio::test(start_paused = true)]
async fn metadata_keys_keep_batches_apart_up_to_the_limit() {
    let mut setup = Setup::new(Config {
        metadata_keys: vec!["x-tenant".to_owned()],
        metadata_cardinality_limit: 2,
        ..config(1000, 0)
    })
    .await;
    for value in ["a", "b", "a"] {
        let batch = setup.request(1).with_context(tenant(value));
        setup.processor.consume(batch).await.unwrap();
    }
    let third = setup.request(1).with_context(tenant("c"));
    let error = setup.processor.consume(third).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "too many batcher metadata-value combinations"
    );
    let cardinality = "otelcol_processor_batch_metadata_cardinality";
    assert_eq!(metric(&setup.environment, cardinality), 2.0);
    setup.stop().await;
    let mut batches = setup.next.batches();
    batches.sort_by_key(Batch::items);
    let seen: Vec<_> = batches
        .iter()
        .map(|batch| {
            (
                batch.items(),
                batch.context().header("x-tenant")[0].to_string(),
            )
        })
        .collect();
    assert_eq!(seen, [(1, "b".to_owned()), (2, "a".to_owned())]);
    assert!(batches[0].context().header("other").is_empty());
    setup.assert_balanced();
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_given_back_with_the_last_batch() {
    let mut setup = Setup::new(config(4, 3)).await;
    for items in [2, 3, 4] {
        setup.send(items).await.unwrap();
    }
    setup.stop().await;
    assert_eq!(setup.next.items().iter().sum::<usize>(), 9);
    assert!(
        setup.environment.budget.held() > 0,
        "the recorder still holds the batches"
    );
    drop(setup.next);
    drop(setup.processor);
    assert_eq!(setup.environment.budget.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn tenants_never_share_a_batch_and_those_that_hold_nothing_make_room_for_others() {
    let mut setup = Setup::new(Config {
        metadata_cardinality_limit: 2,
        ..config(1000, 0)
    })
    .await;
    for round in 0..100 {
        for name in ["a", "b", "a"] {
            let tenant = Context::default().with_tenant(format!("{name}{round}").into());
            let batch = setup.request(1).with_context(tenant);
            setup.processor.consume(batch).await.unwrap();
        }
        let third = Context::default().with_tenant("c".into());
        let batch = setup.request(1).with_context(third);
        assert!(
            setup.processor.consume(batch).await.is_err(),
            "two hold something"
        );
        tokio::time::sleep(Duration::from_millis(201)).await;
    }
    setup.stop().await;
    let batches = setup.next.batches();
    assert_eq!(batches.len(), 200);
    for batch in batches {
        let tenant = batch.context().tenant().unwrap();
        assert_eq!(batch.items(), if tenant.starts_with('a') { 2 } else { 1 });
    }
    setup.assert_balanced();
}
