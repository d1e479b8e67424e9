//! Feature gates: accepted as upstream has them. Two mean something here, the others nothing.

use std::collections::BTreeMap;

/// How far a gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Alpha,
    Beta,
}

impl Stage {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Alpha => "Alpha",
            Self::Beta => "Beta",
        }
    }

    const fn enabled(self) -> bool {
        matches!(self, Self::Beta)
    }
}

/// A gate that upstream's core has.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) id: &'static str,
    pub(crate) stage: Stage,
    pub(crate) description: &'static str,
    /// Whether it changes anything here.
    pub(crate) effective: bool,
}

const fn without_effect(id: &'static str, stage: Stage, description: &'static str) -> Gate {
    Gate {
        id,
        stage,
        description,
        effective: false,
    }
}

/// Ordered by id.
pub(crate) const GATES: &[Gate] = &[
    Gate {
        id: "confmap.enableMergeAppendOption",
        stage: Stage::Alpha,
        description: "Joins the lists of components below service when configurations are merged",
        effective: true,
    },
    without_effect(
        "pdata.useProtoPooling",
        Stage::Alpha,
        "No effect: telemetry is not unpacked into objects",
    ),
    without_effect(
        "pkg.exporterhelper.queueBatchEnabled",
        Stage::Alpha,
        "No effect: set sending_queue::batch",
    ),
    without_effect(
        "receiverhelper.newReceiverMetrics",
        Stage::Alpha,
        "No effect: refused and failed are told apart by the ledger",
    ),
    Gate {
        id: "service.AllowNoPipelines",
        stage: Stage::Alpha,
        description: "Allows a configuration without pipelines, receivers or exporters",
        effective: true,
    },
    without_effect(
        "service.partialReload",
        Stage::Alpha,
        "No effect: a reload builds the new pipelines before it stops the old ones",
    ),
    without_effect(
        "service.partialReloadReceivers",
        Stage::Beta,
        "No effect: a reload builds the new pipelines before it stops the old ones",
    ),
    without_effect(
        "service.profilesSupport",
        Stage::Alpha,
        "No effect: profiles are not supported",
    ),
    without_effect(
        "telemetry.newPipelineTelemetry",
        Stage::Alpha,
        "No effect: see the ledger metrics",
    ),
];

/// What `--feature-gates` says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gates {
    chosen: BTreeMap<String, bool>,
}

impl Gates {
    /// Reads `a,-b,+c`, several of them in order.
    pub(crate) fn parse<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut gates = Self::default();
        for id in arguments.into_iter().flat_map(|list| list.split(',')) {
            let id = id.trim();
            let (id, enabled) = match id.strip_prefix('-') {
                Some(id) => (id, false),
                None => (id.strip_prefix('+').unwrap_or(id), true),
            };
            if !id.is_empty() {
                gates.chosen.insert(id.to_owned(), enabled);
            }
        }
        gates
    }

    /// Whether a gate is on.
    pub(crate) fn is_enabled(&self, id: &str) -> bool {
        let default = || {
            GATES
                .iter()
                .any(|gate| gate.id == id && gate.stage.enabled())
        };
        self.chosen.get(id).copied().unwrap_or_else(default)
    }

    /// What was asked for and has no effect, as sentences.
    pub(crate) fn remarks(&self) -> impl Iterator<Item = String> {
        self.chosen
            .keys()
            .filter_map(|id| match GATES.iter().find(|gate| gate.id == *id) {
                None => Some(format!(
                    "feature gate \"{id}\" is unknown and has no effect"
                )),
                Some(gate) if !gate.effective => {
                    Some(format!("feature gate \"{id}\" has no effect"))
                }
                Some(_) => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_switch_and_later_ones_win() {
        let gates = Gates::parse(["service.AllowNoPipelines,-a", "+a, b"]);
        assert!(gates.is_enabled("service.AllowNoPipelines"));
        assert!(gates.is_enabled("a") && gates.is_enabled("b"));
        assert!(!gates.is_enabled("confmap.enableMergeAppendOption"));
        assert!(
            gates.is_enabled("service.partialReloadReceivers"),
            "beta is on"
        );
        assert!(
            !Gates::parse(["-service.partialReloadReceivers"])
                .is_enabled("service.partialReloadReceivers")
        );
    }

    #[test]
    fn what_has_no_effect_is_said() {
        let gates = Gates::parse(["x,service.partialReload,service.AllowNoPipelines"]);
        let remarks: Vec<String> = gates.remarks().collect();
        assert_eq!(
            remarks,
            [
                "feature gate \"service.partialReload\" has no effect",
                "feature gate \"x\" is unknown and has no effect",
            ]
        );
    }
}
