//! The ledger as metrics: what every component holds, what it dropped and why, and whether the
//! books balance.

use headwater_core::ComponentKind;
use headwater_core::ledger::{Balance, Ledger};
use headwater_core::status::Instance;
use headwater_core::telemetry::{
    Attributes, Family, Instrument, InstrumentKind, Level, SeriesValue,
};

const IMBALANCE: Instrument = Instrument {
    name: "otelcol_ledger_imbalance",
    description: "Items that the books of a component cannot account for. Must be 0.",
    unit: "{item}",
    kind: InstrumentKind::Gauge,
    level: Level::Basic,
};
const HELD: Instrument = Instrument {
    name: "otelcol_ledger_held_items",
    description: "Items that a component has taken and not yet handed on.",
    unit: "{item}",
    kind: InstrumentKind::Gauge,
    level: Level::Basic,
};
const DROPPED: Instrument = Instrument {
    name: "otelcol_ledger_dropped_items",
    description: "Items that a component lost, by reason.",
    unit: "{item}",
    kind: InstrumentKind::Counter,
    level: Level::Basic,
};

/// Counters of a component change one after the other: a difference only counts if it is still
/// there when the books are opened again.
const LOOKS: usize = 3;

/// The sum of what the components cannot account for.
pub(crate) fn imbalance(ledger: &Ledger) -> u64 {
    (0..LOOKS).map(|_| ledger.imbalance()).min().unwrap_or(0)
}

pub(super) fn families(ledger: &Ledger) -> Vec<Family> {
    let mut held = Vec::new();
    let mut dropped = Vec::new();
    for (instance, balance) in ledger.balances() {
        if instance.kind == ComponentKind::Extension {
            continue;
        }
        held.push((
            attributes(&instance, None),
            SeriesValue::Number(balance.held as f64),
        ));
        dropped.extend(dropped_series(&instance, &balance));
    }
    let total = SeriesValue::Number(imbalance(ledger) as f64);
    [
        (IMBALANCE, vec![(Vec::new(), total)]),
        (HELD, held),
        (DROPPED, dropped),
    ]
    .into_iter()
    .filter(|(_, series)| !series.is_empty())
    .map(|(instrument, series)| Family { instrument, series })
    .collect()
}

fn dropped_series(instance: &Instance, balance: &Balance) -> Vec<(Attributes, SeriesValue)> {
    let series = |(reason, items): (&&'static str, &u64)| {
        (
            attributes(instance, Some(reason)),
            SeriesValue::Number(*items as f64),
        )
    };
    balance.dropped.iter().map(series).collect()
}

/// A component by its kind, as in `exporter="otlp"`; `part` tells apart instances of one id.
fn attributes(instance: &Instance, reason: Option<&str>) -> Attributes {
    let mut attributes = vec![(instance.kind.as_str(), instance.id.to_string())];
    if !instance.part.is_empty() {
        attributes.push(("part", instance.part.clone()));
    }
    if let Some(reason) = reason {
        attributes.push(("reason", reason.to_owned()));
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_and_lost_is_shown_by_component() {
        let ledger = Ledger::default();
        let account = ledger.account(Instance {
            kind: ComponentKind::Exporter,
            id: "otlp_grpc/b".parse().unwrap(),
            part: "traces".into(),
        });
        account.received(10);
        account.held(3);
        account.sent(5);
        account.dropped(1, "queue_full");
        let families = families(&ledger);
        let of = |name| {
            let family = families.iter().find(|f| f.instrument.name == name).unwrap();
            family.series[0].clone()
        };
        assert_eq!(of("otelcol_ledger_imbalance").1, SeriesValue::Number(1.0));
        assert_eq!(of("otelcol_ledger_held_items").1, SeriesValue::Number(3.0));
        let (labels, lost) = of("otelcol_ledger_dropped_items");
        assert_eq!(lost, SeriesValue::Number(1.0));
        assert_eq!(
            labels,
            [
                ("exporter", "otlp_grpc/b".to_owned()),
                ("part", "traces".to_owned()),
                ("reason", "queue_full".to_owned()),
            ]
        );
    }
}
