//! Which properties the records of each signal have.

use headwater_core::Signal;

use super::compile::MatchError;
use super::config::MatchProperties;
use super::matcher::SPAN_KINDS;

/// Whether the properties are such as records of `signal` have.
pub(super) fn check_fields(signal: Signal, properties: &MatchProperties) -> Result<(), MatchError> {
    let error = |path: &str, message: &str| Err(MatchError::new(path, message));
    let given: Vec<&str> = [
        ("services", properties.services.is_empty()),
        ("span_names", properties.span_names.is_empty()),
        ("span_kinds", properties.span_kinds.is_empty()),
        ("log_bodies", properties.log_bodies.is_empty()),
        (
            "log_severity_texts",
            properties.log_severity_texts.is_empty(),
        ),
        (
            "log_severity_number",
            properties.log_severity_number.is_none(),
        ),
        ("metric_names", properties.metric_names.is_empty()),
        ("attributes", properties.attributes.is_empty()),
        ("resources", properties.resources.is_empty()),
        ("libraries", properties.libraries.is_empty()),
    ]
    .into_iter()
    .filter_map(|(key, absent)| (!absent).then_some(key))
    .collect();
    let foreign = |keys: &[&str]| given.iter().find(|key| keys.contains(key)).copied();
    match signal {
        Signal::Traces => {
            const LOGS: &[&str] = &[
                "log_bodies",
                "log_severity_texts",
                "log_severity_number",
                "metric_names",
            ];
            if let Some(key) = foreign(LOGS) {
                return error(
                    key,
                    &format!("{key} should not be specified for trace spans"),
                );
            }
            if given.is_empty() {
                let message = "at least one of \"attributes\", \"libraries\",  or \"resources\" \
                               field must be specified";
                return error("", message);
            }
            check_kinds(properties)
        }
        Signal::Logs => {
            if let Some(key) = foreign(&["services", "span_names", "span_kinds", "metric_names"]) {
                let message = "services, span_names, span_kinds and metric_names are not valid \
                               for log records";
                return error(key, message);
            }
            if given.is_empty() {
                let message = "at least one of \"attributes\", \"libraries\", \"span_kinds\", \
                               \"resources\", \"log_bodies\", \"log_severity_texts\" or \
                               \"log_severity_number\" field must be specified";
                return error("", message);
            }
            Ok(())
        }
        Signal::Metrics => {
            let other = given
                .iter()
                .find(|key| !matches!(**key, "metric_names" | "resources"));
            if let Some(key) = other {
                let message = "\"span_names\", \"span_kinds\", \"log_bodies\", \
                               \"log_severity_texts\", \"log_severity_number\", \"services\", \
                               \"attributes\" and \"libraries\" are not valid for metrics";
                return error(key, message);
            }
            if given.is_empty() {
                let message =
                    "at least one of \"metric_names\" or \"resources\" field must be specified";
                return error("", message);
            }
            Ok(())
        }
    }
}

fn check_kinds(properties: &MatchProperties) -> Result<(), MatchError> {
    let wrong = |kind: &String| !SPAN_KINDS[1..].contains(&kind.as_str());
    if properties.match_type == "strict" && properties.span_kinds.iter().any(wrong) {
        let mut kinds = SPAN_KINDS[1..].to_vec();
        kinds.sort_unstable();
        let message = format!(
            "span_kinds string must match one of the standard span kinds when match_type=strict: \
             [{}]",
            kinds.join(" ")
        );
        return Err(MatchError::new("span_kinds", message));
    }
    Ok(())
}
