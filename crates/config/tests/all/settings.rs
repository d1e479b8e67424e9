//! What component crates use in their tests and READMEs.

use std::time::Duration;

use headwater_config::{keys_table, testing};
use headwater_core::config::{Config, Opaque, Validation};

/// An example.
#[derive(Debug, Clone, PartialEq, Config)]
#[config(validate = Self::check)]
struct Example {
    /// Where to send. Required.
    endpoint: String,
    /// How long to wait.
    timeout: Duration,
    /// The key `a|b`.
    token: Opaque,
    #[config(alias = "retries", deprecated = "write `attempts`")]
    attempts: u32,
}

impl Default for Example {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            timeout: Duration::from_secs(5),
            token: Opaque::default(),
            attempts: 3,
        }
    }
}

impl Example {
    fn check(&self, validation: &mut Validation<'_>) {
        if self.endpoint.is_empty() {
            validation.error("endpoint", "an endpoint is required");
        }
    }
}

#[test]
fn a_component_can_decode_yaml_in_its_tests() {
    let (example, warnings) = testing::decode::<Example>("endpoint: a:1\nretries: 5\n").unwrap();
    assert_eq!((example.endpoint.as_str(), example.attempts), ("a:1", 5));
    insta::assert_snapshot!(warnings, @r#"
    warning[C0110]: field `retries` is deprecated
     --> yaml:2:1
    2 | retries: 5
      | ^^^^^^^
      = help: write `attempts`
    "#);

    let errors = testing::decode::<Example>("").unwrap_err();
    insta::assert_snapshot!(errors, @"error[C0107]: an endpoint is required in endpoint");

    let environment = |name: &str| (name == "T").then(|| "soon".to_owned());
    let errors = testing::decode_with::<Example>("endpoint: a\ntimeout: ${env:T}\n", environment)
        .unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    error[C0105]: string from the environment is not a duration: a number is missing in timeout
     --> yaml:2:10
    2 | timeout: ${env:T}
      |          ^^^^^^^^
      = note: the value comes from the environment variable `T`
      = help: write a number with a unit, for example `200ms`, `5s` or `1m30s`
    "#);
}

#[test]
fn the_table_of_keys_is_markdown() {
    insta::assert_snapshot!(keys_table::<Example>(), @r#"
    | Key | Type | Default | |
    | --- | --- | --- | --- |
    | `endpoint` | string | `""` | Where to send. Required. |
    | `timeout` | duration | `5s` | How long to wait. |
    | `token` | secret | `""` | The key `a\|b`. |
    | `attempts` | integer | `3` |  |
    "#);
}
