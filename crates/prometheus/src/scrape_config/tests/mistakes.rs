//! What is wrong with a configuration, said all at once.

use super::mistakes;

/// Keys of a job, and what is said about them.
const CASES: &[(&str, &str)] = &[
    ("job_name: ''", "job_name is empty"),
    ("scrape_interval: 30", "not a valid duration string: \"30\""),
    ("scrape_interval: 30", "give it a unit: `30s`"),
    (
        "scrape_interval: 5s, scrape_timeout: 6s",
        "scrape timeout greater than scrape interval for scrape config with job name",
    ),
    ("scrape_protocols: []", "scrape_protocols cannot be empty"),
    (
        "scrape_protocols: [PrometheusProto, PrometheusProto]",
        "duplicated protocol in scrape_protocols",
    ),
    (
        "scrape_protocols: [PrometheusProtoo]",
        "did you mean `PrometheusProto`?",
    ),
    ("scrape_intervall: 5s", "did you mean `scrape_interval`?"),
    ("static_config: []", "did you mean `static_configs`?"),
    ("relabel_config: []", "did you mean `relabel_configs`?"),
    (
        "consul_sd_configs: []",
        "`consul_sd_configs` is not supported",
    ),
    (
        "some_new_sd_configs: []",
        "`some_new_sd_configs` is not supported",
    ),
    (
        "static_configs: [{targets: ['http://a/b']}]",
        "\"http://a/b\" is not a valid hostname",
    ),
    ("body_size_limit: 10", "units: missing unit in 10"),
    (
        "basic_auth: {username: a}, bearer_token: b",
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file",
    ),
    (
        "basic_auth: {username: a}, authorization: {credentials: b}",
        "at most one of basic_auth, oauth2 & authorization",
    ),
    (
        "basic_auth: {username: a, username_file: b}",
        "at most one of basic_auth username & username_file",
    ),
    ("authorization: {type: basic}", "use \"basic_auth\" instead"),
    (
        "bearer_token: a, bearer_token_file: b",
        "at most one of bearer_token & bearer_token_file",
    ),
    (
        "oauth2: {client_id: a}",
        "oauth2 token_url must be configured",
    ),
    (
        "oauth2: {client_id: a, token_url: b, grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'}",
        "only client_credentials is supported",
    ),
    (
        "tls_config: {cert_file: a}",
        "exactly one of key or key_file",
    ),
    (
        "tls_config: {ca: a, ca_file: b}",
        "at most one of ca & ca_file",
    ),
    (
        "no_proxy: a",
        "if no_proxy is configured, proxy_url must also be configured",
    ),
    (
        "proxy_from_environment: true, proxy_url: 'http://a:1'",
        "proxy_url must not be configured",
    ),
    (
        "http_headers: {authorization: {values: [a]}}",
        "setting header \"Authorization\" is not allowed",
    ),
    (
        "file_sd_configs: [{files: [a.txt]}]",
        "path name \"a.txt\" is not valid for file discovery",
    ),
    (
        "file_sd_configs: [{files: ['*/a.yml']}]",
        "is not valid for file discovery",
    ),
    (
        "proxy_url: 'socks5://a:1'",
        "\"socks5\" proxies are not supported",
    ),
    ("proxy_url: ':'", "missing protocol scheme"),
    (
        "static_configs: [{labels: {'': a}}]",
        "\"\" is not a valid label name",
    ),
    (
        "http_sd_configs: [{url: 'http://a b'}]",
        "a URL has no blanks",
    ),
    ("http_sd_configs: [{}]", "URL is missing"),
    (
        "http_sd_configs: [{url: 'ftp://a'}]",
        "URL scheme must be 'http' or 'https'",
    ),
    (
        "dns_sd_configs: [{names: [a], type: A}]",
        "a port is required in DNS-SD configs for all record types except SRV",
    ),
    ("kubernetes_sd_configs: [{}]", "role missing"),
    (
        "kubernetes_sd_configs: [{role: pods}]",
        "did you mean `pod`?",
    ),
    (
        "kubernetes_sd_configs: [{role: pod, bearer_token: a}]",
        "please provide the 'api_server' URL explicitly",
    ),
    (
        "kubernetes_sd_configs: [{role: pod, api_server: 'https://k', proxy_url: 'http://p', no_proxy: a}]",
        "is not supported by kubernetes_sd_configs",
    ),
    (
        "kubernetes_sd_configs: [{role: service, selectors: [{role: pod}]}]",
        "service role supports only service selectors",
    ),
    (
        "metric_name_validation_scheme: legacy, metric_name_escaping_scheme: allow-utf-8",
        "utf8 metric names requested but validation scheme is not set to UTF8",
    ),
    (
        "metric_name_validation_scheme: legacy, relabel_configs: [{target_label: a.b}]",
        "\"a.b\" is invalid 'target_label' for replace action",
    ),
    (
        "relabel_configs: [{action: hashmod, target_label: a}]",
        "requires non-zero modulus",
    ),
    (
        "metric_relabel_configs: [{regex: '('}]",
        "is not a regular expression",
    ),
];

#[test]
fn everything_that_is_wrong_with_a_job_is_said() {
    for (keys, words) in CASES {
        let name = if keys.starts_with("job_name") {
            ""
        } else {
            "job_name: a, "
        };
        let error = mistakes(&format!("scrape_configs: [{{{name}{keys}}}]"));
        assert!(error.contains(words), "{keys}: {error}");
    }
}

#[test]
fn mistakes_of_several_jobs_are_said_at_once() {
    let error = mistakes(
        "{global: {scrape_interval: 5s, scrape_timeout: 6s}, scrape_configs: [{job_name: a, schem: b}, {job_name: b, ec2_sd_configs: []}, {scrape_interval: x}]}",
    );
    for words in [
        "global scrape timeout greater than scrape interval",
        "did you mean `scheme`?",
        "`ec2_sd_configs` is not supported",
        "not a valid duration string: \"x\"",
    ] {
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[test]
fn two_jobs_of_one_name_are_refused() {
    let error = mistakes("scrape_configs: [{job_name: a}, {job_name: a}]");
    assert!(
        error.contains("found multiple scrape configs with job name \"a\""),
        "{error}"
    );
}

#[test]
fn what_is_not_about_scraping_is_refused() {
    for key in ["remote_write", "remote_read", "rule_files", "alerting"] {
        let error = mistakes(&format!("{key}: [{{url: a}}]"));
        assert!(error.contains("unsupported features:\n"), "{error}");
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let error = mistakes(
        "scrape_configs: [{job_name: a, bearer_token: hunter2, basic_auth: {password: hunter3, password_file: c}, proxy_url: 'http://u:hunter4@a', no_proxi: b}]",
    );
    assert!(!error.contains("hunter"), "{error}");
}
