//! The labels of a series. Source: Go `pkg/translator/prometheusremotewrite` v0.149, by its
//! behaviour; OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility".

use headwater_core::pdata::view::{AnyValue, Attributes, InstrumentationScope, Resource};

use super::names::{LabelRule, NameError, label_name};
use super::options::{Options, is_service};
use crate::Labels;

/// A value as a label has it.
#[must_use]
pub fn attribute_text(value: &AnyValue<'_>) -> String {
    String::from_utf8_lossy(&value.to_text()).into_owned()
}

fn pairs(attributes: Attributes<'_>) -> Vec<(String, String)> {
    attributes
        .iter()
        .map(|entry| {
            let name = entry.key().to_lossy().into_owned();
            (name, attribute_text(&entry.value()))
        })
        .collect()
}

/// Adds attributes under the names that Prometheus has for them. Values whose names collide are
/// joined by `;`, in the order of the names that they had.
fn put(
    labels: &mut Labels,
    rule: LabelRule,
    mut attributes: Vec<(String, String)>,
) -> Result<(), NameError> {
    attributes.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, value) in attributes {
        let name = label_name(rule, &name)?;
        let known = labels.get(&name);
        if known.is_empty() {
            labels.set(&name, &value);
        } else if known != value {
            let joined = format!("{known};{value}");
            labels.set(&name, &joined);
        }
    }
    Ok(())
}

fn put_target(labels: &mut Labels, options: &Options, resource: Resource<'_>) {
    let attribute = |name: &str| resource.attributes().get(name);
    if let Some(name) = attribute("service.name") {
        let name = attribute_text(&name);
        let job = match attribute("service.namespace") {
            Some(namespace) => format!("{}/{name}", attribute_text(&namespace)),
            None => name,
        };
        labels.set("job", &job);
    }
    if let Some(instance) = attribute("service.instance.id") {
        labels.set("instance", &attribute_text(&instance));
    }
    for (name, value) in &options.external_labels {
        labels.set_default(name, value);
    }
}

/// The labels of a point, but for the metric's name.
///
/// # Errors
/// [`NameError`] if an attribute has no name in Prometheus.
pub fn series_labels(
    options: &Options,
    resource: Resource<'_>,
    scope: InstrumentationScope<'_>,
    attributes: Attributes<'_>,
) -> Result<Labels, NameError> {
    let mut labels = Labels::new();
    let rule = options.label_rule();
    let mut own = pairs(attributes);
    for (name, value) in pairs(resource.attributes()) {
        if options.resource_labels.includes(&name) {
            own.retain(|(known, _)| *known != name);
            own.push((name, value));
        }
    }
    put(&mut labels, rule, own)?;
    put_target(&mut labels, options, resource);
    if options.scope_labels {
        let name = scope.name().to_lossy();
        if !name.is_empty() {
            labels.set("otel_scope_name", &name);
        }
        let version = scope.version().to_lossy();
        if !version.is_empty() {
            labels.set("otel_scope_version", &version);
        }
        for (name, value) in pairs(scope.attributes()) {
            if let Ok(name) = label_name(rule, &format!("otel_scope_{name}")) {
                labels.set(&name, &value);
            }
        }
    }
    Ok(labels)
}

/// The labels of a resource's `target_info`, with its name; `None` if the resource has neither
/// `job` nor `instance`, or nothing besides.
///
/// # Errors
/// [`NameError`] if an attribute has no name in Prometheus.
pub fn target_info_labels(
    options: &Options,
    resource: Resource<'_>,
) -> Result<Option<Labels>, NameError> {
    let mut own = pairs(resource.attributes());
    own.retain(|(name, _)| !is_service(name));
    if own.is_empty() {
        return Ok(None);
    }
    let rule = match options.label_rule() {
        LabelRule::Utf8 => LabelRule::Utf8,
        LabelRule::Escape | LabelRule::EscapeEach => LabelRule::EscapeEach,
    };
    let mut labels = Labels::new();
    put(&mut labels, rule, own)?;
    put_target(&mut labels, options, resource);
    if !labels.contains("job") && !labels.contains("instance") {
        return Ok(None);
    }
    let name = if options.namespace.is_empty() {
        "target_info".to_owned()
    } else {
        format!("{}_target_info", options.namespace)
    };
    labels.set("__name__", &name);
    Ok(Some(labels))
}
