//! The resource and attributes processors, case by case.
//!
//! The cases are in `fixtures/actions.yaml`. All run in one process each: every case is a pipeline
//! of its own per signal, fed by the same receiver, and its exporter says in a header which case
//! it is. So they also show that a branch that edits does not disturb its neighbours.

use headwater_e2e::{Items, Signal, grpc, samples, yaml};

use super::{Pair, by_case, exporter_of_case, varied};

const CASES: &str = include_str!("../../../fixtures/actions.yaml");

struct Case {
    name: String,
    signals: Vec<Signal>,
    /// `resource` or `attributes`.
    kind: &'static str,
    /// The processor's configuration, below its id.
    body: String,
}

/// One case per document: `# name [signals]`, then the processor.
fn cases() -> Vec<Case> {
    let case = |document: &str| {
        let (title, body) = document.trim_start().split_once('\n').unwrap();
        let (name, signals) = title
            .trim_start_matches("# ")
            .trim_end_matches(']')
            .split_once(" [")
            .unwrap();
        let signals: Vec<_> = Signal::ALL
            .into_iter()
            .filter(|signal| signals == "all" || signals.contains(signal.name()))
            .collect();
        assert!(!signals.is_empty(), "{title}");
        let (id, body) = body.split_once(":\n").unwrap();
        let kind = if id == "resource" {
            "resource"
        } else {
            "attributes"
        };
        assert_eq!(id, kind, "{title}");
        Case {
            name: name.to_owned(),
            signals,
            kind,
            body: body.to_owned(),
        }
    };
    CASES.split("\n---\n").map(case).collect()
}

fn config(cases: &[Case]) -> String {
    let mut processors = String::from("processors:\n");
    let mut exporters = String::from("exporters:\n");
    let mut pipelines = String::from("service:\n  pipelines:\n");
    for (number, case) in cases.iter().enumerate() {
        let id = format!("{}/{number}", case.kind);
        processors += &format!("  {id}:\n");
        for line in case.body.lines() {
            processors += &format!("  {line}\n");
        }
        exporters += &exporter_of_case(number);
        for signal in &case.signals {
            pipelines += &format!(
                "    {}/{number}:\n      receivers: [otlp]\n      processors: [{id}]\n      \
                 exporters: [otlp_http/{number}]\n",
                signal.name()
            );
        }
    }
    processors + &exporters + &pipelines
}

#[tokio::test]
#[ignore = "end to end: run by tests/e2e/run"]
async fn every_action_and_matcher_does_the_same() {
    let cases = cases();
    let with_metadata =
        "receivers:\n  otlp:\n    protocols:\n      grpc:\n        include_metadata: true\n";
    let pair = Pair::start(&[yaml::OTLP_IN, with_metadata, &config(&cases)]).await;
    let mut sent = Items::default();
    for side in pair.sides() {
        let client = grpc::Client::connect(side.collector.grpc()).await.unwrap();
        for signal in Signal::ALL {
            for message in [varied::varied(signal), samples::rich(signal, "checkout")] {
                let body = grpc::frame(false, &message.to_protobuf());
                let headers = [("x-tenant", "blue"), ("x-many", "one"), ("x-many", "two")];
                let answer = client.call(signal.method(), &headers, body).await.unwrap();
                assert_eq!(answer.code, Some(0), "{}", answer.message);
                sent.add(&message);
            }
        }
    }
    let (ours, theirs) = pair.stop().await;
    let (ours, theirs) = (by_case(&ours), by_case(&theirs));
    let mut different = Vec::new();
    let mut without_effect = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let (ours, theirs) = (&ours[&number], &theirs[&number]);
        if let Some(difference) = ours.difference(theirs) {
            different.push(format!("{}: {difference}", case.name));
        }
        // A case that changes nothing shows nothing, unless it says so.
        if theirs.without(&sent).is_empty() && !case.name.contains("nothing") {
            without_effect.push(&case.name);
        }
    }
    assert!(
        different.is_empty(),
        "{} cases differ:\n{}",
        different.len(),
        different.join("\n\n")
    );
    assert!(
        without_effect.is_empty(),
        "cases without effect: {without_effect:?}"
    );
}
