//! `convert_classic_histograms_to_nhcb`.

use super::bench;
use crate::testing::{Bench, Reply, Scripted, relabel, rules, setup};

const BODY: &str = "# TYPE h histogram\n\
    h_bucket{x=\"y\",le=\"1\"} 1\nh_bucket{x=\"y\",le=\"2\"} 2\nh_bucket{x=\"y\",le=\"+Inf\"} 3\n\
    h_sum{x=\"y\"} 4\nh_count{x=\"y\"} 3\n\
    h_bucket{x=\"z\",le=\"1\"} 5\nh_sum{x=\"z\"} 2\nh_count{x=\"z\"} 5\n\
    # TYPE a gauge\na 1\n";
const POINTS: [&str; 3] = [
    "histogram h{x=y} count=3 sum=Some(4.0) bounds=[1.0, 2.0] counts=[1, 1, 1] @1010000",
    "histogram h{x=z} count=5 sum=Some(2.0) bounds=[1.0] counts=[5, 0] @1010000",
    "gauge a{} 1 @1010000",
];

/// A target whose classic histograms are converted, after `rule`.
fn converting(replies: impl IntoIterator<Item = Reply>, rule: &str) -> Bench {
    let mut rules = rules();
    rules.convert = true;
    rules.series.relabel = relabel(rule);
    Bench::start(setup(rules, Scripted::new(replies)))
}

#[tokio::test(start_paused = true)]
async fn the_points_are_those_of_classic_histograms_and_each_is_one_sample() {
    let mut bench = converting([Reply::Text(BODY)], "[]");
    bench.after(11).await;
    let lines = bench.all_lines();
    assert_eq!(lines[..3], POINTS);
    assert!(lines.contains(&"gauge scrape_samples_scraped{} 3 @1010000".to_owned()));
    assert!(lines.contains(&"gauge scrape_series_added{} 3 @1010000".to_owned()));
    bench.after(10).await;
    let lines = bench.all_lines();
    assert!(lines.contains(&"gauge scrape_series_added{} 0 @1020000".to_owned()));

    let mut unconverted = super::bench([Reply::Text(BODY)]);
    unconverted.after(11).await;
    let lines = unconverted.all_lines();
    assert_eq!(lines[..3], POINTS);
    assert!(lines.contains(&"gauge scrape_samples_scraped{} 9 @1010000".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn rules_and_limits_see_the_histogram_and_not_its_series() {
    let rule = "[{source_labels: [__name__], regex: h_.*, action: drop}, \
                {source_labels: [__name__, x], regex: h;z, action: drop}]";
    let mut bench = converting([Reply::Text(BODY)], rule);
    bench.after(11).await;
    assert_eq!(bench.lines(), [POINTS[0], POINTS[2]]);
    let mut rules = rules();
    (rules.convert, rules.sample_limit) = (true, 3);
    let mut bench = Bench::start(setup(rules, Scripted::new([Reply::Text(BODY)])));
    bench.after(11).await;
    assert_eq!(bench.lines(), POINTS);
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_marked_as_one() {
    let mut bench = converting([Reply::Text(BODY), Reply::Text("a 1\n")], "[]");
    bench.after(11).await;
    bench.lines();
    bench.after(10).await;
    let lines = bench.lines();
    assert_eq!(lines[0], "gauge a{} 1 @1020000");
    assert!(
        lines[1].starts_with("histogram h{x=y}") && lines[1].contains("stale"),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_histogram_is_left_out_or_stays_what_it_is() {
    let good = "histogram h{} count=3 sum=Some(0.0) bounds=[1.0, 2.0] counts=[1, 1, 1] @1010000";
    for (body, line) in [
        // A count is what the highest bucket says, and the other way round.
        (
            "h_bucket{le=\"2\"} 2\nh_count 3\nh_bucket{le=\"1\"} 1\n",
            Some(good),
        ),
        (
            "h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\nh_bucket{le=\"+Inf\"} 3\n",
            Some(good),
        ),
        (
            "h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\nh_count 3\n",
            None,
        ),
        ("h_bucket{le=\"1\"} -1\nh_count 3\n", None),
        ("h_bucket{le=\"1\"} NaN\nh_count 3\n", None),
        ("h_bucket{le=\"+Inf\"} 2\nh_count 3\n", None),
    ] {
        let body: &'static str = format!("# TYPE h histogram\n{body}").leak();
        let mut bench = converting([Reply::Text(body)], "[]");
        bench.after(11).await;
        assert_eq!(
            bench.lines(),
            Vec::from_iter(line.map(str::to_owned)),
            "{body}"
        );
        assert_eq!(bench.state.status().up, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn openmetrics_brings_start_times_and_exemplars_along() {
    let body = "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1 # {k=\"v\"} 0.5\n\
                h_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\nh_created 900.5\n# EOF\n";
    let mut converted = converting([Reply::OpenMetrics(body)], "[]");
    converted.after(11).await;
    let mut classic = bench([Reply::OpenMetrics(body)]);
    classic.after(11).await;
    let lines = converted.lines();
    assert!(lines[0].contains("from 900500"), "{lines:?}");
    assert!(lines[0].contains("k=v"), "{lines:?}");
    assert_eq!(lines[0], classic.lines()[0]);
}

#[tokio::test(start_paused = true)]
async fn where_classic_histograms_are_kept_they_are_not_converted() {
    let mut rules = rules();
    rules.convert = true;
    let mut setup = setup(rules, Scripted::new([Reply::Text(BODY)]));
    setup.options.keep_classic_histograms = true;
    let mut bench = Bench::start(setup);
    bench.after(11).await;
    let lines = bench.all_lines();
    assert_eq!(lines[..3], POINTS);
    assert!(lines.contains(&"gauge scrape_samples_scraped{} 9 @1010000".to_owned()));
}
