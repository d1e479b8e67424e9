//! The surroundings of a component under test.

use headwater_core::BuildInfo;
use headwater_core::graph::Environment;
use headwater_core::telemetry::{Level, SeriesValue};

/// An environment with empty books, under the name `test`.
#[must_use]
pub fn environment() -> Environment {
    Environment::new(BuildInfo {
        command: "test".to_owned(),
        description: "Test".to_owned(),
        version: "0.0.0".to_owned(),
    })
}

/// The sum over all series of the counter or gauge called `name`; 0 if there is none.
#[must_use]
pub fn metric(environment: &Environment, name: &str) -> f64 {
    environment
        .telemetry
        .snapshot(Level::Detailed)
        .iter()
        .filter(|family| family.instrument.name == name)
        .flat_map(|family| &family.series)
        .map(|(_, value)| match value {
            SeriesValue::Number(number) => *number,
            SeriesValue::Histogram(histogram) => histogram.sum,
        })
        .sum()
}
