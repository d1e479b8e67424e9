//! What the user writes.

mod stage;

use headwater_core::ComponentError;
use headwater_core::config::{Code, Config, DecodeContext, Key, Node, Validation};

use crate::build::Builder;
use crate::pipeline::Pipeline;
use crate::size::Size;

pub(crate) use stage::StageConfig;

/// Configuration of the `loki_process` processor. Source: Alloy `loki.process`, `stages.StageConfig`.
#[derive(Debug, Clone, Config)]
#[config(validate = Self::check)]
#[config(removed(key = "forward_to", help = "list the exporters of the pipeline"))]
pub struct LokiProcessConfig {
    /// What is done with each entry, in this order: a list of maps with the name of a stage, as
    /// `json` or `stage.json`, and its arguments.
    #[config(alias = "stage")]
    pub(crate) stages: Vec<StageConfig>,
    /// How many bytes one stage may hold that waits for more lines (`cri`, `multiline`); above
    /// that, all it holds goes on as it is.
    pub(crate) max_held_bytes: Size,
    /// Of how many streams `multiline` may hold lines; with one more, all it holds goes on as it is.
    pub(crate) max_held_streams: u32,
    /// How many series a metric of the `metrics` stage may have; further ones are not counted.
    pub(crate) max_series: u32,
}

impl Default for LokiProcessConfig {
    fn default() -> Self {
        Self {
            stages: Vec::new(),
            max_held_bytes: Size(64 << 20),
            max_held_streams: 10_000,
            max_series: 10_000,
        }
    }
}

impl LokiProcessConfig {
    fn check(&self, validation: &mut Validation<'_>) {
        for (key, value) in [
            ("max_held_bytes", self.max_held_bytes.0),
            ("max_held_streams", u64::from(self.max_held_streams)),
            ("max_series", u64::from(self.max_series)),
        ] {
            if value == 0 {
                validation.error(key, format!("{key} must be greater than 0"));
            }
        }
    }
}

/// Builds stages in a row.
pub(crate) fn pipeline(
    stages: &[StageConfig],
    builder: &Builder<'_>,
) -> Result<Pipeline, ComponentError> {
    let stages: Result<_, _> = stages.iter().map(|stage| stage.build(builder)).collect();
    stages.map(Pipeline::new)
}

/// The only entry of a map; `example` shows what to write.
pub(crate) fn single<'n>(
    node: &'n Node,
    cx: &mut DecodeContext<'_>,
    example: &str,
) -> Option<(&'n Key, &'n Node)> {
    let Some(map) = node.as_map() else {
        cx.wrong_type(node, "a map with one key")
            .help(format!("write `- {example}`"));
        return None;
    };
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((key, inner)), None) => Some((key, inner)),
        (None, _) => {
            cx.error(Code::REFUSED_VALUE, &node.origin, "the map is empty")
                .help(format!("write `- {example}`"));
            None
        }
        (_, Some((second, _))) => {
            let message = "one item of the list holds one of these";
            cx.error(Code::REFUSED_VALUE, &second.origin, message)
                .help(format!("begin a new item: `- {}:`", second.name));
            None
        }
    }
}

/// The spelling of the only key of the section that is validated; `word` if it was not written.
pub(crate) fn written(validation: &Validation<'_>, word: &str) -> String {
    let map = validation.node().and_then(Node::as_map);
    let key = map
        .and_then(|map| map.iter().next())
        .map(|(key, _)| key.name.as_str());
    key.unwrap_or(word).to_owned()
}
