//! The processor as the graph builds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use headwater_config::keys_table;
use headwater_config::testing::decode;
use headwater_core::bytes::Bytes;
use headwater_core::pdata::count_items;
use headwater_core::{
    Batch, BuiltProcessor, Context, ContextParts, ErrorKind, Metadata, Processor, Signal,
};
use headwater_processor_resource::{Config, factory};
use headwater_testkit::otlp::{KeyValue, Request, Resource, Value};
use headwater_testkit::{Generator, Recorder, Shape, environment};

fn processor(yaml: &str) -> Arc<dyn Processor> {
    let (config, _) = decode::<Config>(yaml).unwrap_or_else(|errors| panic!("{errors}"));
    let environment = environment();
    let settings =
        environment.pipeline_settings(&"resource".parse().unwrap(), &"traces".parse().unwrap());
    match factory()
        .build_processor(settings, &config, Arc::new(Recorder::new()))
        .unwrap()
    {
        BuiltProcessor::Inline(processor) => processor,
        BuiltProcessor::Buffering(_) => panic!("resource holds no data"),
    }
}

/// The resources of a request, which are taken out of it.
fn take_resources(request: &mut Request) -> Vec<Option<Resource>> {
    match request {
        Request::Traces(data) => data
            .resource_spans
            .iter_mut()
            .map(|entry| entry.resource.take())
            .collect(),
        Request::Metrics(data) => data
            .resource_metrics
            .iter_mut()
            .map(|entry| entry.resource.take())
            .collect(),
        Request::Logs(data) => data
            .resource_logs
            .iter_mut()
            .map(|entry| entry.resource.take())
            .collect(),
    }
}

fn find<'a>(resource: &'a Resource, key: &str) -> Option<&'a Value> {
    let found = |attribute: &&KeyValue| attribute.key == key;
    resource
        .attributes
        .iter()
        .find(found)?
        .value
        .as_ref()?
        .value
        .as_ref()
}

#[test]
fn resources_of_all_signals_are_changed_and_nothing_else() {
    let processor = processor(
        "attributes:
          - {key: cluster, value: prod, action: insert}
          - {key: from header, from_context: x-tenant, action: upsert}
          - {key: service.name, action: delete}",
    );
    let mut metadata = Metadata::default();
    metadata.append("x-tenant", "t");
    let context = Context::new(ContextParts {
        metadata,
        ..ContextParts::default()
    });
    for signal in Signal::ALL {
        let bytes = Generator::new(5).request(signal, Shape::of(50));
        let items = count_items(signal, &bytes).unwrap();
        let batch = Batch::new(signal, Bytes::from(bytes.clone()), items);
        let batch = processor
            .process(batch.with_context(context.clone()))
            .unwrap()
            .unwrap();
        assert_eq!(batch.items(), items);

        let mut before = Request::decode(signal, &bytes).unwrap();
        let after = batch.payload().to_contiguous();
        let mut after = Request::decode(signal, &after).unwrap();
        let resources = take_resources(&mut before);
        assert!(
            resources
                .iter()
                .flatten()
                .any(|r| find(r, "service.name").is_some())
        );
        for (old, new) in resources.into_iter().zip(take_resources(&mut after)) {
            let (old, new) = (old.unwrap_or_default(), new.unwrap());
            let text = |text: &str| Some(Value::StringValue(text.to_owned()));
            assert_eq!(find(&new, "cluster").cloned(), text("prod"));
            assert_eq!(find(&new, "from header").cloned(), text("t"));
            assert_eq!(find(&new, "service.name"), None);
            for attribute in old.attributes.iter().filter(|a| a.key != "service.name") {
                assert!(new.attributes.contains(attribute));
            }
        }
        assert_eq!(before, after);
    }
}

#[test]
fn a_batch_that_is_not_changed_keeps_its_buffers() {
    let processor = processor("attributes: [{key: absent, action: delete}]");
    let bytes = Bytes::from(Generator::new(5).request(Signal::Logs, Shape::of(10)));
    let batch = Batch::new(Signal::Logs, bytes.clone(), 10);
    let batch = processor.process(batch).unwrap().unwrap();
    assert_eq!(batch.payload().to_contiguous().as_ptr(), bytes.as_ptr());
}

#[test]
fn a_broken_resource_is_refused_for_good() {
    let processor = processor("attributes: [{key: a, value: 1, action: upsert}]");
    let batch = Batch::new(
        Signal::Traces,
        Bytes::from_static(&[10, 4, 10, 2, 10, 9]),
        0,
    );
    let error = processor.process(batch).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert_eq!(
        error.chain(),
        "cannot change resource attributes: message is truncated"
    );
}

#[test]
fn a_configuration_without_actions_is_refused() {
    for yaml in ["{}", "attributes: []"] {
        let errors = decode::<Config>(yaml).unwrap_err();
        assert!(
            errors.contains("missing required field \"attributes\""),
            "{errors}"
        );
    }
}

#[test]
fn mistakes_point_at_their_key() {
    let errors = decode::<Config>("attributes: [{key: k, value: 1, action: remove}]").unwrap_err();
    let message = "unsupported action \"remove\" in attributes::0::action";
    assert!(errors.contains(message), "{errors}");
}

#[test]
fn the_readme_lists_every_key() {
    let table = keys_table::<Config>();
    assert!(
        include_str!("../README.md").contains(&table),
        "the table should be\n{table}"
    );
}
