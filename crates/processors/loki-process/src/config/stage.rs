//! One stage of the list: its name decides what its arguments are.

use headwater_core::ComponentError;
use headwater_core::config::{
    Code, Config, DecodeContext, EncodeContext, Key, Map, Node, Origin, Schema, Validation, Value,
    nearest,
};

use crate::build::Builder;
use crate::pipeline::{Edit, Stage};
use crate::stages::*;

macro_rules! stages {
    ($($name:literal $variant:ident($config:ty) $build:expr;)+) => {
        /// A stage with its arguments.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) enum StageConfig {
            $($variant($config),)+
        }

        impl StageConfig {
            /// The names of the stages.
            pub(crate) const NAMES: &'static [&'static str] = &[$($name),+];

            const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                }
            }

            fn inner(&self) -> &dyn Config {
                match self {
                    $(Self::$variant(config) => config,)+
                }
            }

            fn decode_named(name: &str, node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
                match name {
                    $($name => <$config>::from_node(node, cx).map(Self::$variant),)+
                    _ => None,
                }
            }

            /// Builds the stage.
            pub(crate) fn build(&self, builder: &Builder<'_>) -> Result<Stage, ComponentError> {
                match self {
                    $(Self::$variant(config) => {
                        let build: fn(&$config, &Builder<'_>) -> Result<Stage, ComponentError> =
                            $build;
                        build(config, builder)
                    })+
                }
            }

            /// The table of arguments of each stage, for the README.
            #[cfg(test)]
            pub(crate) fn tables() -> Vec<(&'static str, String)> {
                vec![$(($name, headwater_config::keys_table::<$config>())),+]
            }
        }
    };
}

/// A stage that neither holds entries nor makes more of them.
fn edit(stage: impl Edit + 'static) -> Stage {
    Stage::Edit(Box::new(stage))
}

stages! {
    "cri" Cri(CriConfig) |c, b| Ok(Stage::Cri(Cri::new(c, b)));
    "decolorize" Decolorize(DecolorizeConfig) |_, _| Decolorize::new().map(edit);
    "docker" Docker(DockerConfig) |_, _| Ok(edit(Docker));
    "drop" Drop(DropConfig) |c, b| Drop::new(c, b).map(edit);
    "eventlogmessage" EventLogMessage(EventLogMessageConfig)
        |c, _| Ok(edit(EventLogMessage(c.clone())));
    "geoip" Geoip(GeoipConfig) |c, _| c.build().map(Stage::Edit);
    "json" Json(JsonConfig) |c, b| Json::new(c, b).map(edit);
    "label_drop" LabelDrop(LabelNamesConfig) |c, _| Ok(edit(LabelDrop(c.values.clone())));
    "label_keep" LabelKeep(LabelNamesConfig) |c, _| Ok(edit(LabelKeep::new(c)));
    "labels" Labels(LabelsConfig) |c, _| Ok(edit(Labels::new(c)));
    "limit" Limit(LimitConfig) |c, b| Ok(Stage::of_limit(Limit::new(c, b)));
    "logfmt" Logfmt(LogfmtConfig) |c, _| Logfmt::new(c).map(edit);
    "luhn" Luhn(LuhnConfig) |c, _| Luhn::new(c).map(edit);
    "match" Match(MatchConfig) |c, b| Match::new(c, b).map(Stage::Match);
    "metrics" Metrics(MetricsConfig) |c, b| Ok(edit(Metrics::new(c, b)));
    "multiline" Multiline(MultilineConfig) |c, b| Multiline::new(c, b).map(Stage::Multiline);
    "output" Output(OutputConfig) |c, _| Ok(edit(Output(c.source.clone())));
    "pack" Pack(PackConfig) |c, _| Ok(edit(Pack::new(c)));
    "pattern" Pattern(PatternConfig) |c, _| PatternStage::new(c).map(edit);
    "regex" Regex(RegexConfig) |c, _| RegexStage::new(c).map(edit);
    "replace" Replace(ReplaceConfig) |c, _| Replace::new(c).map(edit);
    "sampling" Sampling(SamplingConfig) |c, b| Ok(edit(Sampling::new(c, b)));
    "split_json" SplitJson(SplitJsonConfig)
        |c, _| Ok(Stage::SplitJson(SplitJson(c.source.clone())));
    "static_labels" StaticLabels(StaticLabelsConfig) |c, _| Ok(edit(StaticLabels::new(c)));
    "structured_metadata" StructuredMetadata(StructuredMetadataConfig)
        |c, _| StructuredMetadata::new(c).map(edit);
    "structured_metadata_drop" StructuredMetadataDrop(LabelNamesConfig)
        |c, _| Ok(edit(StructuredMetadataDrop(c.values.clone())));
    "template" Template(TemplateConfig) |c, _| TemplateStage::new(c).map(edit);
    "tenant" Tenant(TenantConfig) |c, _| Ok(edit(Tenant(c.clone())));
    "timestamp" Timestamp(TimestampConfig) |c, _| Timestamp::new(c).map(edit);
    "truncate" Truncate(TruncateConfig) |c, b| Ok(edit(Truncate::new(c, b)));
    "windowsevent" WindowsEvent(WindowsEventConfig) |c, _| Ok(edit(WindowsEvent(c.clone())));
}

/// The name of a stage without what Alloy puts before it.
fn bare(name: &str) -> &str {
    name.strip_prefix("stage.").unwrap_or(name)
}

impl Config for StageConfig {
    fn decode(&mut self, node: &Node, cx: &mut DecodeContext<'_>) {
        if let Some(decoded) = Self::from_node(node, cx) {
            *self = decoded;
        }
    }

    fn from_node(node: &Node, cx: &mut DecodeContext<'_>) -> Option<Self> {
        // `- cri` is short for `- cri: {}`.
        if node.as_map().is_none()
            && let Some(name) = node.as_text()
            && Self::NAMES.contains(&bare(name))
        {
            let empty = Node::new(Value::Map(Map::new()), node.origin.clone());
            return Self::decode_named(bare(name), &empty, cx);
        }
        let (key, inner) = super::single(node, cx, "json: {expressions: {level: \"\"}}")?;
        let name = bare(&key.name);
        cx.child(&key.name, &key.origin, inner, |cx| {
            if Self::NAMES.contains(&name) {
                return Self::decode_named(name, inner, cx);
            }
            let message = format!("unknown stage `{}`", key.name.escape_debug());
            let near = nearest(name, Self::NAMES.iter().copied());
            let diagnostic = cx.error(Code::UNKNOWN_FIELD, &key.origin, message);
            diagnostic.help(format!("the stages are: {}", Self::NAMES.join(", ")));
            if let Some(near) = near {
                diagnostic.label(format!("did you mean `{near}`?"));
            }
            None
        })
    }

    fn encode(&self, cx: EncodeContext) -> Node {
        let key = Key::new(self.name(), Origin::Default);
        std::iter::once((key, self.inner().encode(cx)))
            .collect::<Map>()
            .into()
    }

    fn schema(&self) -> Schema {
        Schema::Any
    }

    fn type_schema() -> Schema {
        Schema::Any
    }

    fn validate(&self, validation: &mut Validation<'_>) {
        let name = super::written(validation, self.name());
        validation.child(&name, |validation| self.inner().validate(validation));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_the_arguments_of_every_stage() {
        let readme = include_str!("../../README.md");
        let mut missing = String::new();
        for (name, table) in StageConfig::tables() {
            let section = format!("### `{name}`\n");
            if !readme.contains(&section) || !readme.contains(&table) {
                missing.push_str(&section);
                missing.push('\n');
                missing.push_str(&table);
                missing.push('\n');
            }
        }
        assert!(missing.is_empty(), "put this into README.md:\n{missing}");
    }
}
