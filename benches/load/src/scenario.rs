//! What is measured: configurations that every otelcol-compatible collector reads unchanged.

use std::collections::BTreeMap;

use headwater_core::Signal;

use crate::collector::fill;
use crate::encoding::Encoding;
use crate::payload;

/// The frame that nearly all scenarios share.
const FRAME: &str = include_str!("../scenarios/otelcol.yaml");

/// The frame with the span_metrics connector beside the exporter. What it makes goes nowhere, so
/// that the sink counts spans only; what it costs is the difference to `passthrough`.
const SPAN_METRICS: &str = include_str!("../scenarios/span-metrics.yaml");

/// The frame with the routing connector and a row of its table for each tenant.
const ROUTING: &str = include_str!("../scenarios/routing.yaml");

/// One configuration.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// What the command line and the table call it.
    pub(crate) name: &'static str,
    /// What it does, in one line.
    pub(crate) about: &'static str,
    /// How requests are encoded, on the way in and on the way out.
    pub(crate) encoding: Encoding,
    /// The `processors` of each pipeline.
    pipeline: &'static str,
    /// The `processors` section.
    processors: &'static str,
    /// What stands around both.
    frame: &'static str,
}

/// Every scenario, in the order of the table.
pub(crate) const SCENARIOS: [Scenario; 9] = [
    Scenario {
        name: "passthrough",
        about: "no processor",
        encoding: Encoding::None,
        pipeline: "[]",
        processors: "",
        frame: FRAME,
    },
    Scenario {
        name: "batch",
        about: "batch of 8,192 items or 200 ms",
        encoding: Encoding::None,
        pipeline: "[batch]",
        processors: include_str!("../scenarios/batch.yaml"),
        frame: FRAME,
    },
    Scenario {
        name: "split",
        about: "batch of at most 8,192 items",
        encoding: Encoding::None,
        pipeline: "[batch]",
        processors: include_str!("../scenarios/split.yaml"),
        frame: FRAME,
    },
    Scenario {
        name: "resource-edit",
        about: "3 upserts and 1 delete on every resource, then batch",
        encoding: Encoding::None,
        pipeline: "[resource, batch]",
        processors: include_str!("../scenarios/resource-edit.yaml"),
        frame: FRAME,
    },
    Scenario {
        name: "record-edit",
        about: "resource-edit and insert, update, delete, hash on every record, then batch",
        encoding: Encoding::None,
        pipeline: "[resource, attributes, batch]",
        processors: include_str!("../scenarios/record-edit.yaml"),
        frame: FRAME,
    },
    Scenario {
        name: "gzip",
        about: "batch, gzip in and out",
        encoding: Encoding::Gzip,
        pipeline: "[batch]",
        processors: include_str!("../scenarios/batch.yaml"),
        frame: FRAME,
    },
    Scenario {
        name: "zstd",
        about: "batch, zstd in and out",
        encoding: Encoding::Zstd,
        pipeline: "[batch]",
        processors: include_str!("../scenarios/batch.yaml"),
        frame: FRAME,
    },
    Scenario {
        name: "span-metrics",
        about: "no processor, and the span_metrics connector beside the exporter",
        encoding: Encoding::None,
        pipeline: "[]",
        processors: "",
        frame: SPAN_METRICS,
    },
    Scenario {
        name: ROUTES,
        about: "routing of 300 tenants by a resource attribute (traces only)",
        encoding: Encoding::None,
        pipeline: "[]",
        processors: "",
        frame: ROUTING,
    },
];

/// The scenario whose requests have tenants.
const ROUTES: &str = "routing";

impl Scenario {
    /// The scenario called `name`; the error lists all names.
    pub(crate) fn find(name: &str) -> Result<&'static Self, String> {
        SCENARIOS
            .iter()
            .find(|scenario| scenario.name == name)
            .ok_or_else(|| {
                let names: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
                format!("no scenario {name:?}; there are {}", names.join(", "))
            })
    }

    /// What makes its requests: signal, items, seed.
    pub(crate) fn requests(&self) -> fn(Signal, usize, u64) -> Vec<u8> {
        if self.name == ROUTES {
            payload::request_of_tenants
        } else {
            payload::request
        }
    }

    /// The configuration with `values` put in: `template`, or the frame of the scenario.
    pub(crate) fn config(&self, template: Option<&str>, values: &BTreeMap<&str, String>) -> String {
        let mut own = BTreeMap::from([
            ("processors", self.processors.to_owned()),
            ("pipeline", self.pipeline.to_owned()),
        ]);
        own.insert("compression", self.encoding.as_str().to_owned());
        own.insert("table", table());
        fill(&fill(template.unwrap_or(self.frame), &own), values)
    }
}

/// A row for each tenant.
fn table() -> String {
    let rows = (0..payload::TENANTS).map(|index| {
        format!(
            "      - {{context: resource, condition: 'attributes[\"service.namespace\"] == \"{}\"', \
             pipelines: [traces/{}]}}",
            payload::tenant(index),
            index % 3
        )
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_left_in_a_configuration() {
        let names = [
            "grpc_in", "http_in", "grpc_out", "http_out", "metrics", "exporter",
        ];
        let values = names.map(|name| (name, "1".to_owned())).into();
        for scenario in &SCENARIOS {
            let config = scenario.config(None, &values);
            assert!(!config.contains("{{"), "{config}");
        }
    }

    #[test]
    fn an_unknown_scenario_is_answered_with_the_list() {
        let error = Scenario::find("bach").unwrap_err();
        assert!(error.contains("passthrough, batch, split"), "{error}");
    }
}
