//! The same configuration and the same requests through ours and the Go collector: what comes
//! out must be the same, order aside.
//!
//! Needs the Go collector: `just peers`, then `tests/e2e/run peers`.

mod actions;
mod bad_requests;
mod batches;
mod json;
mod known;
mod routes;
mod sampling;
mod span_metrics;
mod temporality;
mod varied;
mod zipkin;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;

use headwater_e2e::{Binary, Collector, Items, Launch, Message, Signal, Sink};

/// Ours and theirs, each with a sink of its own.
struct Pair {
    ours: Side,
    theirs: Side,
}

struct Side {
    collector: Collector,
    sink: Sink,
}

impl Pair {
    /// Starts both on the same files.
    async fn start(configs: &[&str]) -> Self {
        Self {
            ours: Side::start(&Binary::headwater(), configs).await,
            theirs: Side::start(&Binary::otelcol(), configs).await,
        }
    }

    fn sides(&self) -> [&Side; 2] {
        [&self.ours, &self.theirs]
    }

    /// Stops both, which makes them hand over what they hold.
    async fn stop(self) -> (Sink, Sink) {
        self.ours.collector.stop().await;
        self.theirs.collector.stop().await;
        (self.ours.sink, self.theirs.sink)
    }
}

impl Side {
    async fn start(binary: &Binary, configs: &[&str]) -> Self {
        let sink = Sink::start().await;
        let launch = configs
            .iter()
            .fold(Launch::of(binary), |launch, yaml| launch.config(yaml));
        let collector = launch.env("SINK", sink.address()).start().await;
        Self { collector, sink }
    }
}

/// A component per case, `type/<number>`, in a pipeline of its own for each signal; its exporter
/// says in a header which case it is.
fn one_pipeline_per_case(component: &str, bodies: &[&str], signals: &[Signal]) -> String {
    let mut processors = String::from("processors:\n");
    let mut exporters = String::from("exporters:\n");
    let mut pipelines = String::from("service:\n  pipelines:\n");
    for (number, body) in bodies.iter().enumerate() {
        processors += &format!("  {component}/{number}: {body}\n");
        exporters += &exporter_of_case(number);
        for signal in signals {
            pipelines += &format!(
                "    {}/{number}:\n      receivers: [otlp]\n      processors: [{component}/{number}]\n      \
                 exporters: [otlp_http/{number}]\n",
                signal.name()
            );
        }
    }
    processors + &exporters + &pipelines
}

/// An exporter that says in a header which case it is.
fn exporter_of_case(number: usize) -> String {
    format!(
        "  otlp_http/{number}:\n    endpoint: http://${{env:SINK}}\n    compression: none\n    \
         headers:\n      case: \"{number}\"\n    sending_queue:\n      enabled: false\n"
    )
}

/// What arrived, by case.
fn by_case(sink: &Sink) -> BTreeMap<usize, Items> {
    by_case_alike(sink, |_| {})
}

/// What arrived, by case, after `alike` has taken away what is known to differ.
fn by_case_alike<Case: FromStr<Err: Debug> + Ord>(
    sink: &Sink,
    alike: impl Fn(&mut Message),
) -> BTreeMap<Case, Items> {
    let mut cases = BTreeMap::<Case, Items>::new();
    for mut request in sink.requests() {
        assert!(request.taken);
        alike(&mut request.message);
        cases
            .entry(request.header("case").parse().unwrap())
            .or_default()
            .add(&request.message);
    }
    cases
}

/// Fails with every case that differs.
fn assert_same(bodies: &[&str], ours: &BTreeMap<usize, Items>, theirs: &BTreeMap<usize, Items>) {
    let nothing = Items::default();
    let of = |side: &BTreeMap<usize, Items>, number| side.get(&number).unwrap_or(&nothing).clone();
    let different: Vec<_> = bodies
        .iter()
        .enumerate()
        .filter_map(|(number, body)| {
            let difference = of(ours, number).difference(&of(theirs, number))?;
            Some(format!("{body}: {difference}"))
        })
        .collect();
    assert!(
        different.is_empty(),
        "{} cases differ:\n{}",
        different.len(),
        different.join("\n\n")
    );
}
