//! `featuregate`.

use super::arguments::{Arguments, Featuregate};
use super::{FAILED, FINE, Streams};
use crate::gates::{GATES, Gates};

pub(super) fn featuregate(
    arguments: &Arguments,
    options: &Featuregate,
    streams: &mut Streams<'_>,
) -> u8 {
    let gates = Gates::parse(arguments.feature_gates.iter().map(String::as_str));
    let Some(id) = &options.id else {
        let width = GATES.iter().map(|gate| gate.id.len()).max().unwrap_or(0);
        let mut text = format!("{:width$}  Enabled  Stage  Description\n", "ID");
        for gate in GATES {
            let (stage, enabled) = (gate.stage.as_str(), gates.is_enabled(gate.id));
            text.push_str(&format!(
                "{:width$}  {enabled:<7}  {stage:<5}  {}\n",
                gate.id, gate.description
            ));
        }
        streams.print(&text);
        return FINE;
    };
    let Some(gate) = GATES.iter().find(|gate| gate.id == id) else {
        streams.error(arguments, &format!("feature \"{id}\" not found"));
        return FAILED;
    };
    streams.print(&format!(
        "Feature: {}\nEnabled: {}\nStage: {}\nDescription: {}\n",
        gate.id,
        gates.is_enabled(gate.id),
        gate.stage.as_str(),
        gate.description
    ));
    FINE
}
