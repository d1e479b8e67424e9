//! The stages, one file each.

mod cri;
mod decolorize;
mod docker;
mod drop;
mod event_log;
mod geoip;
mod json;
mod labels;
mod limit;
mod logfmt;
mod luhn;
mod matching;
mod metrics;
mod multiline;
mod output;
mod pack;
mod pattern;
mod regex;
mod replace;
mod sampling;
mod split_json;
mod structured_metadata;
mod template;
mod tenant;
mod timestamp;
mod truncate;
mod windows_event;

pub(crate) use cri::{Cri, CriConfig};
pub(crate) use decolorize::{Decolorize, DecolorizeConfig};
pub(crate) use docker::{Docker, DockerConfig};
pub(crate) use drop::{Drop, DropConfig};
pub(crate) use event_log::{EventLogMessage, EventLogMessageConfig};
pub(crate) use geoip::GeoipConfig;
pub(crate) use json::{Json, JsonConfig};
pub(crate) use labels::{
    LabelDrop, LabelKeep, LabelNamesConfig, Labels, LabelsConfig, StaticLabels, StaticLabelsConfig,
};
pub(crate) use limit::{Limit, LimitConfig};
pub(crate) use logfmt::{Logfmt, LogfmtConfig};
pub(crate) use luhn::{Luhn, LuhnConfig};
pub(crate) use matching::{Match, MatchConfig};
pub(crate) use metrics::{Metrics, MetricsConfig};
pub(crate) use multiline::{Multiline, MultilineConfig};
pub(crate) use output::{Output, OutputConfig};
pub(crate) use pack::{Pack, PackConfig};
pub(crate) use pattern::{PatternConfig, PatternStage};
pub(crate) use regex::{RegexConfig, RegexStage};
pub(crate) use replace::{Replace, ReplaceConfig};
pub(crate) use sampling::{Sampling, SamplingConfig};
pub(crate) use split_json::{SplitJson, SplitJsonConfig};
pub(crate) use structured_metadata::{
    StructuredMetadata, StructuredMetadataConfig, StructuredMetadataDrop,
};
pub(crate) use template::{TemplateConfig, TemplateStage};
pub(crate) use tenant::{Tenant, TenantConfig};
pub(crate) use timestamp::{Timestamp, TimestampConfig};
pub(crate) use truncate::{Truncate, TruncateConfig};
pub(crate) use windows_event::{WindowsEvent, WindowsEventConfig};

use crate::entry::{Entry, Text};

/// The text a stage works on: the line, or a value of the extracted map. None if that is not
/// there or has no text.
fn source<'a>(entry: &Entry<'a>, source: Option<&str>) -> Option<Text<'a>> {
    match source {
        None => Some(entry.line.clone()),
        Some(name) => entry.extracted_text(name),
    }
}
