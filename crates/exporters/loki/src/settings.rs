//! What the configuration means, and what is wrong with it.

use std::collections::BTreeMap;

use headwater_core::config::{Optional, Validation};
use headwater_exporting::{
    PartitionConfig, QueueBatchConfig, RetryConfig, SendingQueueConfig, Sizer,
};
use headwater_loki::label::{is_label_name, label_name};
use headwater_loki::line;
use headwater_transport::config::CompressionType;
use headwater_transport::http::parse_url;

use crate::config::{Format, LokiConfig, TenantSource};
use crate::encode::{Names, Options, RecordField};

impl LokiConfig {
    pub(crate) fn check(&self, v: &mut Validation<'_>) {
        if self.client.endpoint.is_empty() {
            v.error("endpoint", "\"endpoint\" must be a valid URL")
                .help("write `endpoint: http://host:3100/loki/api/v1/push`");
        } else if let Ok(url) = parse_url("endpoint", &self.client.endpoint) {
            let path = url.uri().path();
            if matches!(path, "" | "/") {
                v.error(
                    "endpoint",
                    "the URL has no path: Loki's own is /loki/api/v1/push",
                )
                .help("write `endpoint: http://host:3100/loki/api/v1/push`");
            } else if path.contains("/otlp") {
                v.error("endpoint", "this is where Loki takes OTLP, not pushes")
                    .help(
                        "use the `otlp_http` exporter with `logs_endpoint`, or write \
                     `/loki/api/v1/push`",
                    );
            }
        }
        if !matches!(
            self.client.compression,
            CompressionType::None | CompressionType::Snappy
        ) {
            v.error("compression", "pushes are compressed with snappy, always");
        }
        for (name, value) in &self.external_labels {
            if !is_label_name(name) {
                v.error(
                    "external_labels",
                    format!("{name:?} is not the name of a label"),
                )
                .help(format!("write `{}`", label_name(name)));
            } else if value.is_empty() {
                v.error("external_labels", format!("label {name} has no value"));
            }
        }
        for (key, labels) in [
            ("labels::resource", &self.labels.resource),
            ("labels::attributes", &self.labels.attributes),
        ] {
            for label in labels.values().filter(|label| !label.is_empty()) {
                check_label(v, key, label);
            }
        }
        for (_, label) in self.record_labels() {
            check_label(v, "labels::record", &label);
        }
        if !self.tenant_header.is_empty() && self.tenant_header.parse::<http::HeaderName>().is_err()
        {
            v.error("tenant_header", "is not the name of a header");
        }
        if self.tenant_header.is_empty() && !self.tenant_id.is_empty() {
            v.error("tenant_id", "has no effect without `tenant_header`");
        }
        if let Some(tenant) = self.tenant.as_ref()
            && tenant.value.is_empty()
        {
            v.error("tenant::value", "is empty").help(
                "write the tenant (`source: static`), a header (`context`) or an attribute \
                 (`attributes`)",
            );
        }
        if self.batch_size > 0 && self.batch_wait.is_zero() {
            v.warning(
                "batch_wait",
                "records do not wait for more: every batch is a push",
            )
            .help("write `batch_wait: 1s`, or `batch_size: 0` if that is intended");
        }
        if self.cardinality.window.is_zero() {
            v.error("cardinality::window", "must be positive");
        }
        self.check_retries(v);
    }

    fn check_retries(&self, v: &mut Validation<'_>) {
        let retry = self.retry();
        if retry.enabled && retry.initial_interval > retry.max_interval {
            v.warning(
                "retry_on_failure::initial_interval",
                "the first wait is longer than the longest",
            );
        }
        if retry.enabled && retry.max_elapsed_time.is_zero() && self.max_retries == 0 {
            v.warning("max_retries", "pushes are sent again for ever")
                .help("write `max_retries: 10` unless lines may wait until Loki is back");
        }
    }

    /// The retries, also under Alloy's names.
    pub(crate) fn retry(&self) -> RetryConfig {
        let mut retry = self.retry_on_failure.clone();
        if let Some(first) = self.min_backoff_period {
            retry.initial_interval = first;
        }
        if let Some(longest) = self.max_backoff_period {
            retry.max_interval = longest;
        }
        retry
    }

    /// The queue, with the batches that it makes.
    pub(crate) fn queue(&self) -> Optional<SendingQueueConfig> {
        let Some(queue) = self.sending_queue.as_ref() else {
            return Optional::None;
        };
        let mut queue = queue.clone();
        if matches!(queue.batch, Optional::Default(_))
            && self.batch_size > 0
            && !self.batch_wait.is_zero()
        {
            queue.batch = Optional::Some(QueueBatchConfig {
                flush_timeout: self.batch_wait,
                sizer: Sizer::Bytes,
                min_size: self.batch_size,
                // One push at a time is made of it; a few more bytes than wanted do no harm.
                max_size: self.batch_size.saturating_mul(2),
                partition: PartitionConfig::default(),
            });
        }
        if let Some(header) = self.context_header() {
            queue.keep_apart_by(&header);
        }
        Optional::Some(queue)
    }

    /// The request header that may hold the tenant.
    pub(crate) fn context_header(&self) -> Option<String> {
        let own = self
            .tenant
            .as_ref()
            .filter(|tenant| tenant.source == TenantSource::Context)
            .map(|tenant| tenant.value.clone());
        own.or_else(|| Some(self.tenant_header.clone()).filter(|name| !name.is_empty()))
    }

    /// The tenant of what has none.
    pub(crate) fn fixed_tenant(&self) -> Option<String> {
        let own = self
            .tenant
            .as_ref()
            .filter(|tenant| tenant.source == TenantSource::Static)
            .map(|tenant| tenant.value.clone());
        own.or_else(|| Some(self.tenant_id.clone()))
            .filter(|tenant| !tenant.is_empty())
    }

    fn record_labels(&self) -> Vec<(RecordField, String)> {
        let record = &self.labels.record;
        [
            (RecordField::TraceId, "traceID", &record.trace_id),
            (RecordField::SpanId, "spanID", &record.span_id),
            (RecordField::Severity, "severity", &record.severity),
            (
                RecordField::SeverityNumber,
                "severityN",
                &record.severity_number,
            ),
        ]
        .into_iter()
        .filter_map(|(field, own, label)| {
            let label = label.as_ref()?;
            let label = if label.is_empty() { own } else { label };
            Some((field, label.to_owned()))
        })
        .collect()
    }

    /// What the encoder does.
    pub(crate) fn options(&self) -> Options {
        let names = |list: &[String]| {
            let mut names = Names::default();
            for name in list {
                names.add(name.as_bytes());
            }
            names
        };
        let defaults = &self.default_labels_enabled;
        let tenant_attribute = self
            .tenant
            .as_ref()
            .filter(|tenant| tenant.source == TenantSource::Attributes)
            .map(|tenant| tenant.value.clone());
        Options {
            exporter_label: defaults.exporter,
            job_label: defaults.job,
            instance_label: defaults.instance,
            level_label: defaults.level,
            resource_labels: labels(&self.labels.resource),
            attribute_labels: labels(&self.labels.attributes),
            record_labels: self.record_labels(),
            external_labels: self.external_labels.clone().into_iter().collect(),
            format: match self.format {
                Format::Json => line::Format::Json,
                Format::Logfmt => line::Format::Logfmt,
                Format::Raw => line::Format::Raw,
            },
            trace_id_key: self.trace_id_key.clone(),
            metadata_fields: self.structured_metadata.fields.clone(),
            metadata_attributes: names(&self.structured_metadata.attributes),
            metadata_resource: names(&self.structured_metadata.resource),
            tenant_attribute,
        }
    }
}

fn labels(map: &BTreeMap<String, String>) -> Vec<(String, String)> {
    map.iter()
        .map(|(attribute, label)| {
            let label = if label.is_empty() {
                label_name(attribute).into_owned()
            } else {
                label.clone()
            };
            (attribute.clone(), label)
        })
        .collect()
}

fn check_label(v: &mut Validation<'_>, key: &str, label: &str) {
    if !is_label_name(label) {
        v.error(key, format!("{label:?} is not the name of a label"))
            .help(format!("write `{}`", label_name(label)));
    }
}
