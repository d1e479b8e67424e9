//! From what was found to what is scraped.

use super::job;
use crate::Labels;
use crate::scrape_config::{Built, Job, Target};

fn labels(text: &str) -> Labels {
    text.split_whitespace()
        .filter_map(|label| label.split_once('='))
        .collect()
}

fn target(job: &Job, found: &str, group: &str) -> Target {
    match job.build(&labels(found), &labels(group)).unwrap() {
        Built::Target(target) => *target,
        Built::Dropped(labels) => panic!("dropped {labels:?}"),
    }
}

fn failure(rules: &str, found: &str) -> String {
    let job = job("", &format!("relabel_configs: [{rules}]"));
    job.build(&labels(found), &Labels::new())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_target_gets_what_its_job_says_unless_it_says_so_itself() {
    let job = job(
        "",
        "params: {module: [a, b]}, scheme: https, metrics_path: /m",
    );
    let target = target(
        &job,
        "__address__=h:1 team=own __meta_x=1 __tmp=2",
        "team=group env=prod job=other",
    );
    assert_eq!(
        format!("{:?}", target.labels),
        r#"{__address__="h:1", __always_scrape_classic_histograms__="false", __convert_classic_histograms_to_nhcb__="false", __metrics_path__="/m", __param_module="a", __scheme__="https", __scrape_interval__="1m", __scrape_native_histograms__="false", __scrape_timeout__="10s", __tmp="2", env="prod", instance="h:1", job="other", team="own"}"#
    );
    assert_eq!(target.discovered.get("__meta_x"), "1");
    assert_eq!(target.url, "https://h:1/m?module=a&module=b");
    let public: Labels = target.public_labels().collect();
    assert_eq!(public, labels("env=prod instance=h:1 job=other team=own"));
}

#[test]
fn rules_decide_about_everything() {
    let rules = "relabel_configs: [\
        {source_labels: [__meta_port], regex: (.+), target_label: __address__, replacement: 'h:$1'},\
        {target_label: __metrics_path__, replacement: '/a b/é'},\
        {target_label: __param_q, replacement: 'x y&z'},\
        {target_label: __scrape_interval__, replacement: 5s},\
        {target_label: __scrape_timeout__, replacement: 500ms},\
        {target_label: __scrape_native_histograms__, replacement: 'true'},\
        {target_label: instance, replacement: me}]";
    let target = target(&job("", rules), "__address__=h __meta_port=9", "");
    assert_eq!(target.url, "http://h:9/a%20b/%C3%A9?q=x+y%26z");
    assert_eq!(target.interval.to_string(), "5s");
    assert_eq!(target.timeout.to_string(), "500ms");
    assert!(target.scrape_native_histograms);
    assert_eq!(target.labels.get("instance"), "me");
}

#[test]
fn an_address_keeps_its_missing_port() {
    let target = target(&job("", "scheme: https"), "__address__=h", "");
    assert_eq!(target.labels.get("instance"), "h");
    assert_eq!(target.url, "https://h/metrics");
}

#[test]
fn what_cannot_be_scraped_is_an_error() {
    for (rules, found, words) in [
        ("", "a=b", "no address"),
        (
            "{target_label: x, replacement: y}",
            "__address__=h/p",
            "\"h/p\" is not a valid hostname",
        ),
        (
            "{target_label: __scrape_interval__, replacement: x}",
            "__address__=h",
            "error parsing scrape interval: not a valid duration string: \"x\"",
        ),
        (
            "{target_label: __scrape_interval__, replacement: 0s}",
            "__address__=h",
            "scrape interval cannot be 0",
        ),
        (
            "{target_label: __scrape_timeout__, replacement: ''}",
            "__address__=h",
            "error parsing scrape timeout: empty duration string",
        ),
        (
            "{target_label: __scrape_timeout__, replacement: 2m}",
            "__address__=h",
            "scrape timeout cannot be greater than scrape interval (\"2m\" > \"1m\")",
        ),
        (
            "{target_label: __scrape_native_histograms__, replacement: maybe}",
            "__address__=h",
            "error parsing scrape native histograms: strconv.ParseBool: parsing \"maybe\": invalid syntax",
        ),
    ] {
        assert_eq!(failure(rules, found), words);
    }
}

#[test]
fn a_dropped_target_keeps_its_labels() {
    let job = job(
        "",
        "relabel_configs: [{action: drop, source_labels: [env], regex: test}]",
    );
    let built = job.build(&labels("__address__=h env=test"), &Labels::new());
    let Ok(Built::Dropped(labels)) = built else {
        panic!("not dropped");
    };
    assert_eq!(labels.get("env"), "test");
    assert_eq!(labels.get("__scheme__"), "http");
}
