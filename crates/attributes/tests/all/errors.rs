use crate::{errors, section};

/// Each action with the beginning of upstream's message and the key that the caret points at.
#[test]
fn mistakes_in_actions_get_the_messages_of_the_collector() {
    let prefix = "error with key \"k\" (0-th action): error creating AttrProc";
    let cases = [
        ("{action: insert, value: 1}", "error creating AttrProc due to missing required field \"key\" at the 0-th action".to_owned(), "actions::0::key"),
        ("{action: delete}", "error creating AttrProc due to missing required field (at least one of \"key\" and \"pattern\" have to be used) at the 0-th action".to_owned(), "actions::0::key"),
        ("{key: k, action: insert}", format!("{prefix}. Either field \"value\", \"from_attribute\", \"from_context\", or \"default_value\" must be specified"), "actions::0"),
        ("{key: k, value: 1, from_attribute: a, action: upsert}", format!("{prefix} due to multiple value sources being set"), "actions::0::from_attribute"),
        ("{key: k, value: 1, pattern: a, action: update}", format!("{prefix}. Action \"update\" does not use the \"pattern\" field. This must not be specified"), "actions::0::pattern"),
        ("{key: k, value: 1, converted_type: int, action: INSERT}", format!("{prefix}. Action \"insert\" does not use the \"converted_type\" field. This must not be specified"), "actions::0::converted_type"),
        ("{key: k, value: 1, action: delete}", format!("{prefix}. Action \"delete\" does not use \"value\" or \"from_attribute\" field. These must not be specified"), "actions::0::value"),
        ("{key: k, from_attribute: a, action: hash}", format!("{prefix}. Action \"hash\" does not use \"value\" or \"from_attribute\" field. These must not be specified"), "actions::0::from_attribute"),
        ("{key: k, pattern: '(', action: hash}", format!("{prefix}. Field \"pattern\" has invalid pattern: \"(\""), "actions::0::pattern"),
        ("{key: k, converted_type: int, action: delete}", format!("{prefix}. Action \"delete\" does not use the \"converted_type\" field. This must not be specified"), "actions::0::converted_type"),
        ("{key: k, from_context: a, pattern: '(?P<n>.)', action: extract}", format!("{prefix}. Action \"extract\" does not use a value source field. These must not be specified"), "actions::0::from_context"),
        ("{key: k, action: extract}", format!("{prefix} due to missing required field \"pattern\" for action \"extract\""), "actions::0::pattern"),
        ("{key: k, pattern: '[a', action: extract}", format!("{prefix}. Field \"pattern\" has invalid pattern: \"[a\""), "actions::0::pattern"),
        ("{key: k, pattern: 'a', action: extract}", format!("{prefix}. Field \"pattern\" contains no named matcher groups"), "actions::0::pattern"),
        ("{key: k, pattern: '(?P<n>.)(.)', action: extract}", format!("{prefix}. Field \"pattern\" contains at least one unnamed matcher group"), "actions::0::pattern"),
        ("{key: k, converted_type: int, pattern: a, action: convert}", format!("{prefix}. Action \"convert\" does not use value sources or \"pattern\" field. These must not be specified"), "actions::0::pattern"),
        ("{key: k, action: convert}", format!("{prefix} due to missing required field \"converted_type\" for action \"convert\""), "actions::0::converted_type"),
        ("{key: k, converted_type: bool, action: convert}", format!("{prefix} due to invalid value \"bool\" in field \"converted_type\" for action \"convert\""), "actions::0::converted_type"),
        ("{key: k, value: 1, action: replace}", format!("{prefix} due to unsupported action \"replace\""), "actions::0::action"),
    ];
    for (action, message, path) in cases {
        let errors = errors(&format!("actions: [{action}]"));
        let expected = format!("{message} in {path}");
        assert!(
            errors.contains(&expected),
            "{action}\nwants: {expected}\ngot:   {errors}"
        );
        assert_eq!(errors.matches("error[").count(), 1, "{errors}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once_with_their_place() {
    let yaml = "actions:
  - {key: a, action: insert}
  - {key: b, value: 1, action: upsert}
  - {key: c, pattern: '(', converted_type: int, action: extract}";
    let errors = errors(yaml);
    assert_eq!(errors.matches("error[").count(), 3, "{errors}");
    for part in ["0-th action", "2-th action", "unclosed group", ":4:23"] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
}

#[test]
fn an_unknown_key_is_an_error_with_a_suggestion() {
    let errors = errors("actions: [{key: a, from_atribute: b, action: insert}]");
    assert!(errors.contains("from_attribute"), "{errors}");
}

#[test]
fn mistakes_in_properties_are_found_whatever_the_signal() {
    for (properties, message) in [
        (
            "{match_type: strict2, services: [a]}",
            "unrecognized match_type: 'strict2', valid types are: [regexp strict] in include::match_type",
        ),
        (
            "{services: [a]}",
            "unrecognized match_type: '', valid types are: [regexp strict] in include::match_type",
        ),
        (
            "{match_type: regexp, span_names: [a, '(']}",
            "error parsing regexp: \"(\" in include::span_names",
        ),
        (
            "{match_type: strict, attributes: [{value: 1}]}",
            "can't have empty key in the list of attributes in include::attributes::0::key",
        ),
        (
            "{match_type: regexp, attributes: [{key: a, value: 1}]}",
            "match_type=regexp for \"a\" only supports Str, but found Int in include::attributes::0::value",
        ),
        (
            "{match_type: regexp, libraries: [{name: '('}]}",
            "error parsing regexp: \"(\" in include::libraries::0::name",
        ),
    ] {
        let errors = errors(&format!("include: {properties}"));
        assert!(
            errors.contains(message),
            "{properties}\nwants: {message}\ngot:   {errors}"
        );
        assert_eq!(errors.matches("error[").count(), 1, "{errors}");
    }
    // Nothing is compared, so nothing says how.
    section("include: {attributes: [{key: a}]}");
}
