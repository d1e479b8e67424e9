//! Field numbers of what can be edited. Source: opentelemetry-proto, as in [`super::super::schema`].

pub(super) const RESOURCE_ATTRIBUTES: u32 = 1;
pub(super) const SCHEMA_URL: u32 = 3;

pub(super) const SCOPE_NAME: u32 = 1;
pub(super) const SCOPE_VERSION: u32 = 2;
pub(super) const SCOPE_ATTRIBUTES: u32 = 3;

pub(super) const SPAN_TRACE_ID: u32 = 1;
pub(super) const SPAN_TRACE_STATE: u32 = 3;
pub(super) const SPAN_NAME: u32 = 5;
pub(super) const SPAN_KIND: u32 = 6;
pub(super) const SPAN_ATTRIBUTES: u32 = 9;

pub(super) const LOG_SEVERITY_NUMBER: u32 = 2;
pub(super) const LOG_SEVERITY_TEXT: u32 = 3;
pub(super) const LOG_BODY: u32 = 5;
pub(super) const LOG_ATTRIBUTES: u32 = 6;
pub(super) const LOG_TRACE_ID: u32 = 9;
pub(super) const LOG_EVENT_NAME: u32 = 12;

pub(super) const METRIC_NAME: u32 = 1;
pub(super) const METRIC_DESCRIPTION: u32 = 2;
pub(super) const METRIC_UNIT: u32 = 3;
pub(super) const METRIC_METADATA: u32 = 12;
