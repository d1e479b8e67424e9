mod convert;

use std::time::Duration;

use headwater_core::ConsumeError;
use headwater_testkit::{Answer, metric};

use super::Command;
use crate::failure::Failure;
use crate::testing::{Bench, Reply, Scripted, rules, setup};

fn refused() -> Reply {
    Reply::Fail(Failure::Fetch("connection refused".to_owned()))
}

/// A target that answers like this, one after the other, every ten seconds from 1010 s on.
fn bench(replies: impl IntoIterator<Item = Reply>) -> Bench {
    Bench::start(setup(rules(), Scripted::new(replies)))
}

#[tokio::test(start_paused = true)]
async fn a_series_that_is_gone_is_marked_at_the_time_of_the_scrape() {
    let mut bench = bench([Reply::Text("a 1\nb{x=\"y\"} 2\n"), Reply::Text("a 3\n")]);
    bench.after(11).await;
    assert_eq!(
        bench.lines(),
        ["gauge a{} 1 @1010000", "gauge b{x=y} 2 @1010000"]
    );
    bench.after(10).await;
    assert_eq!(
        bench.lines(),
        ["gauge a{} 3 @1020000", "gauge b{x=y} - stale @1020000"]
    );
    bench.after(10).await;
    assert_eq!(bench.lines(), ["gauge a{} 3 @1030000"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_scrape_marks_everything_once_and_is_down() {
    let mut bench = bench([
        Reply::Text("a 1\nb 2\n"),
        refused(),
        refused(),
        Reply::Text("a 5\n"),
    ]);
    bench.after(11).await;
    bench.lines();
    bench.after(10).await;
    let lines = bench.all_lines();
    assert_eq!(
        lines[..2],
        ["gauge a{} - stale @1020000", "gauge b{} - stale @1020000"]
    );
    assert!(
        lines.contains(&"gauge up{} 0 @1020000".to_owned()),
        "{lines:?}"
    );
    assert!(lines.contains(&"gauge scrape_samples_scraped{} 0 @1020000".to_owned()));
    assert_eq!(
        bench.state.status().error.as_deref(),
        Some("connection refused")
    );
    bench.after(10).await;
    assert_eq!(
        bench.lines(),
        Vec::<String>::new(),
        "nothing is marked twice"
    );
    bench.after(10).await;
    assert_eq!(bench.lines(), ["gauge a{} 5 @1040000"]);
    assert_eq!(bench.state.status().up, Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_counts_for_nothing() {
    let mut bench = bench([Reply::Text("a 1\n"), Reply::Text("a 2\nnew 3\nb{x=\n")]);
    bench.after(11).await;
    bench.lines();
    bench.after(10).await;
    let lines = bench.all_lines();
    assert_eq!(lines[0], "gauge a{} - stale @1020000");
    assert!(!lines.iter().any(|line| line.contains("new")), "{lines:?}");
    assert!(lines.contains(&"gauge up{} 0 @1020000".to_owned()));
    assert!(
        lines.contains(&"gauge scrape_samples_scraped{} 2 @1020000".to_owned()),
        "the report shows what was read: {lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn series_with_timestamps_are_not_marked() {
    let mut bench = bench([Reply::Text("a 1 1005000\nb 2\n"), Reply::Text("")]);
    bench.after(11).await;
    assert_eq!(
        bench.lines(),
        ["gauge a{} 1 @1005000", "gauge b{} 2 @1010000"]
    );
    bench.after(10).await;
    assert_eq!(bench.lines(), ["gauge b{} - stale @1020000"]);
}

#[tokio::test(start_paused = true)]
async fn series_with_timestamps_are_marked_if_that_is_asked_for() {
    let mut rules = rules();
    rules.track_timestamps_staleness = true;
    let replies = Scripted::new([Reply::Text("a 1 1005000\n"), Reply::Text("")]);
    let mut bench = Bench::start(setup(rules, replies));
    bench.after(21).await;
    assert_eq!(
        bench.lines(),
        ["gauge a{} 1 @1005000", "gauge a{} - stale @1020000"]
    );
}

#[tokio::test(start_paused = true)]
async fn timestamps_that_are_not_honoured_are_those_of_the_scrape() {
    let mut rules = rules();
    rules.honor_timestamps = false;
    let replies = Scripted::new([Reply::Text("a 1 1005000\n"), Reply::Text("")]);
    let mut bench = Bench::start(setup(rules, replies));
    bench.after(21).await;
    assert_eq!(
        bench.lines(),
        ["gauge a{} 1 @1010000", "gauge a{} - stale @1020000"]
    );
}

#[tokio::test(start_paused = true)]
async fn samples_far_in_the_future_are_dropped_and_others_kept() {
    let mut bench = bench([Reply::Text("a 1 1610000\nb 2 1610001\nc 3\n")]);
    bench.after(11).await;
    assert_eq!(
        bench.lines(),
        ["gauge a{} 1 @1610000", "gauge c{} 3 @1010000"]
    );
    assert_eq!(bench.state.status().up, Some(true));
}

#[tokio::test(start_paused = true)]
async fn the_first_of_two_samples_of_a_series_counts() {
    let mut bench = bench([Reply::Text("a{x=\"1\"} 1\na{x=\"1\"} 2\na{x=\"2\"} 3\n")]);
    bench.after(11).await;
    let lines = bench.all_lines();
    assert_eq!(
        lines[..2],
        ["gauge a{x=1} 1 @1010000", "gauge a{x=2} 3 @1010000"]
    );
    assert!(lines.contains(&"gauge scrape_samples_post_metric_relabeling{} 3 @1010000".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_sample_limit_fails_the_scrape_as_a_whole() {
    let mut rules = rules();
    rules.sample_limit = 2;
    let replies = [
        Reply::Text("a 1\nb 2\n"),
        Reply::Text("a 1\nb 2\nc 3\nd 4\n"),
    ];
    let mut bench = Bench::start(setup(rules, Scripted::new(replies)));
    bench.after(11).await;
    assert_eq!(bench.lines().len(), 2);
    bench.after(10).await;
    let lines = bench.all_lines();
    assert_eq!(
        lines[..2],
        ["gauge a{} - stale @1020000", "gauge b{} - stale @1020000"]
    );
    assert!(lines.contains(&"gauge scrape_samples_scraped{} 4 @1020000".to_owned()));
    assert!(lines.contains(&"gauge scrape_samples_post_metric_relabeling{} 4 @1020000".to_owned()));
    assert_eq!(
        bench.state.status().error.as_deref(),
        Some("sample limit exceeded")
    );
}

#[tokio::test(start_paused = true)]
async fn a_target_that_does_not_answer_in_time_is_down() {
    let mut bench = bench([Reply::Text("a 1\n"), Reply::Hang]);
    bench.after(11).await;
    bench.lines();
    bench.after(15).await;
    let lines = bench.all_lines();
    assert_eq!(lines[0], "gauge a{} - stale @1020000");
    assert!(
        lines.contains(&"gauge scrape_duration_seconds{} 5 @1020000".to_owned()),
        "{lines:?}"
    );
    let error = bench.state.status().error.unwrap();
    assert!(error.contains("deadline exceeded"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_report_says_how_the_scrape_went() {
    let mut rules = rules();
    rules.sample_limit = 10;
    let mut setup = setup(
        rules,
        Scripted::new([Reply::Text("a 1\nb 2\n"), Reply::Fail(Failure::BodySize)]),
    );
    setup.extra = true;
    let mut bench = Bench::start(setup);
    bench.after(11).await;
    assert_eq!(
        bench.all_lines(),
        [
            "gauge a{} 1 @1010000",
            "gauge b{} 2 @1010000",
            "gauge up{} 1 @1010000",
            "gauge scrape_duration_seconds{} 0 @1010000",
            "gauge scrape_samples_scraped{} 2 @1010000",
            "gauge scrape_samples_post_metric_relabeling{} 2 @1010000",
            "gauge scrape_series_added{} 2 @1010000",
            "gauge scrape_timeout_seconds{} 5 @1010000",
            "gauge scrape_sample_limit{} 10 @1010000",
            "gauge scrape_body_size_bytes{} 8 @1010000",
        ]
    );
    bench.after(10).await;
    let lines = bench.all_lines();
    assert!(
        lines.contains(&"gauge scrape_body_size_bytes{} -1 @1020000".to_owned()),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_target_that_leaves_is_marked_two_intervals_later_with_the_time_of_the_first() {
    let mut bench = bench([Reply::Text("a 1\n")]);
    bench.after(11).await;
    bench.all_lines();
    bench.commands.send(Command::Leave).unwrap();
    bench.after(19).await;
    assert_eq!(bench.all_lines(), Vec::<String>::new(), "it waits");
    bench.after(2).await;
    let lines = bench.all_lines();
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(
        lines.iter().all(|line| line.ends_with("- stale @1020000")),
        "{lines:?}"
    );
    assert!(bench.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_target_that_comes_back_in_time_goes_on_without_a_mark() {
    let replies = Scripted::new([Reply::Text("a 1\nb 2\n"), Reply::Text("a 3\n")]);
    let mut bench = Bench::start(setup(rules(), replies.clone()));
    bench.after(11).await;
    bench.lines();
    bench.commands.send(Command::Leave).unwrap();
    bench.after(12).await;
    let again = Command::Run(setup(rules(), replies).into());
    bench.commands.send(again).unwrap();
    bench.after(8).await;
    assert_eq!(
        bench.lines(),
        ["gauge a{} 3 @1030000", "gauge b{} - stale @1030000"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_process_marks_nothing() {
    let mut bench = bench([Reply::Text("a 1\n")]);
    bench.after(11).await;
    bench.all_lines();
    bench
        .commands
        .send(Command::Stop { scrape: false })
        .unwrap();
    bench.after(60).await;
    assert_eq!(bench.all_lines(), Vec::<String>::new());
    assert!(bench.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_last_scrape_at_the_end_of_the_process_can_be_asked_for() {
    let mut bench = bench([Reply::Text("a 1\n"), Reply::Text("a 2\n")]);
    bench.after(11).await;
    bench.lines();
    bench.commands.send(Command::Stop { scrape: true }).unwrap();
    bench.after(1).await;
    assert_eq!(bench.lines(), ["gauge a{} 2 @1011000"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_interval_begins_a_new_grid_and_keeps_the_series() {
    let replies = Scripted::new([Reply::Text("a 1\nb 1\n"), Reply::Text("a 2\n")]);
    let mut bench = Bench::start(setup(rules(), replies.clone()));
    bench.after(11).await;
    bench.lines();
    let mut faster = setup(rules(), replies);
    faster.interval = Duration::from_secs(4);
    bench.commands.send(Command::Run(faster.into())).unwrap();
    bench.after(2).await;
    assert_eq!(
        bench.lines(),
        ["gauge a{} 2 @1012000", "gauge b{} - stale @1012000"]
    );
}

#[tokio::test(start_paused = true)]
async fn other_rules_mark_what_they_rename_and_nothing_else() {
    let replies = Scripted::new([Reply::Text("a 1\nb{x=\"y\"} 1\n")]);
    let mut bench = Bench::start(setup(rules(), replies.clone()));
    bench.after(11).await;
    bench.lines();
    let mut other = rules();
    other.series.external = [("x", "z")].into_iter().collect();
    bench
        .commands
        .send(Command::Run(setup(other, replies).into()))
        .unwrap();
    bench.after(10).await;
    let mut lines = bench.lines();
    lines.sort();
    assert_eq!(
        lines,
        [
            "gauge a{x=z} 1 @1020000",
            "gauge a{} - stale @1020000",
            "gauge b{x=y} - stale @1020000",
            "gauge b{x=z} 1 @1020000",
        ]
    );
    bench.after(10).await;
    assert_eq!(bench.lines().len(), 2, "and only once");
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_is_offered_again_until_the_next_scrape_is_due() {
    let mut bench = bench([Reply::Text("a 1\n")]);
    for _ in 0..3 {
        bench
            .recorder
            .answer(Answer::Fail(ConsumeError::refused("full", None)));
    }
    bench.after(12).await;
    assert_eq!(bench.lines(), ["gauge a{} 1 @1010000"]);
    assert_eq!(bench.recorder.calls(), 4);
    for _ in 0..100 {
        bench
            .recorder
            .answer(Answer::Fail(ConsumeError::refused("full", None)));
    }
    bench.after(18).await;
    assert_eq!(bench.lines(), Vec::<String>::new());
    let balance = bench.environment.ledger.balances();
    let dropped: u64 = balance
        .values()
        .flat_map(|account| account.dropped.values())
        .sum();
    assert_eq!(dropped, 6);
    assert!(metric(&bench.environment, "otelcol_receiver_refused_metric_points") >= 6.0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_cannot_be_taken_is_dropped_at_once() {
    let mut bench = bench([Reply::Text("a 1\n")]);
    bench
        .recorder
        .answer(Answer::Fail(ConsumeError::permanent("no")));
    bench.after(11).await;
    assert_eq!(bench.recorder.calls(), 1);
    bench.after(10).await;
    assert_eq!(bench.lines(), ["gauge a{} 1 @1020000"]);
    assert_eq!(
        bench.environment.budget.held(),
        bench.recorder.batches()[0].ticket().bytes()
    );
}

#[tokio::test(start_paused = true)]
async fn start_times_come_from_created_lines_wherever_they_stand() {
    let body = "# TYPE a counter\na_created{x=\"1\"} 500\na_total{x=\"1\"} 1\na_total{x=\"2\"} 2\na_created{x=\"2\"} 1795936698.461\n\
                # TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 2\nh_created 700\n# EOF\n";
    let mut bench = bench([Reply::OpenMetrics(body)]);
    bench.after(21).await;
    let scrape = |time: u64| {
        [
            format!("counter a_total{{x=1}} 1 @{time} from 500000"),
            format!("counter a_total{{x=2}} 2 @{time} from 1795936698461"),
            format!(
                "histogram h{{}} count=1 sum=Some(2.0) bounds=[] counts=[1] @{time} from 700000"
            ),
        ]
    };
    let expected = [scrape(1_010_000), scrape(1_020_000)].concat();
    assert_eq!(bench.lines(), expected);
}

#[tokio::test(start_paused = true)]
async fn histograms_that_otlp_cannot_hold_are_left_out() {
    let good = "histogram h{} count=3 sum=None bounds=[1.0, 2.0] counts=[1, 1, 1] @1010000";
    for (body, line) in [
        (
            "h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\nh_count 3\n",
            Some(good),
        ),
        (
            "h_bucket{le=\"2\"} 2\nh_count 3\nh_bucket{le=\"1\"} 1\n",
            Some(good),
        ),
        ("h_bucket{le=\"1\"} 1\nh_sum 3\n", None),
        (
            "h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\nh_count 3\n",
            None,
        ),
        ("h_bucket{le=\"1\"} NaN\nh_count 3\n", None),
        ("h_bucket{le=\"1\"} 4\nh_count 3\n", None),
        ("h_bucket{le=\"x\"} 1\nh_bucket 2\n", None),
    ] {
        let body: &'static str = format!("# TYPE h histogram\n{body}").leak();
        let mut bench = bench([Reply::Text(body)]);
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
async fn histograms_and_summaries_that_are_gone_are_marked_as_one() {
    let body = "# TYPE h histogram\nh_bucket{x=\"y\",le=\"1\"} 1\nh_bucket{x=\"y\",le=\"+Inf\"} 3\nh_sum{x=\"y\"} 2\nh_count{x=\"y\"} 3\n\
                # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 2\ns_count 3\n";
    let mut bench = bench([Reply::Text(body), Reply::Text("a 1\n")]);
    bench.after(11).await;
    bench.lines();
    bench.after(10).await;
    assert_eq!(
        bench.lines(),
        [
            "gauge a{} 1 @1020000",
            "histogram h{x=y} count=0 sum=None bounds=[1.0] counts=[0, 0] stale @1020000",
            "summary s{} count=0 sum=0 [(0.5, 0.0)] stale @1020000",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_gone_leaves_the_histogram_with_the_others() {
    let before = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\nh_count 3\n";
    let after = "# TYPE h histogram\nh_bucket{le=\"2\"} 2\nh_count 3\n";
    let mut bench = bench([Reply::Text(before), Reply::Text(after)]);
    bench.after(21).await;
    assert_eq!(
        bench.lines()[1],
        "histogram h{} count=3 sum=None bounds=[2.0] counts=[2, 1] @1020000"
    );
}

#[tokio::test(start_paused = true)]
async fn a_type_that_changes_changes_the_metric() {
    let mut bench = bench([
        Reply::Text("# TYPE a gauge\na 1\nb_total 1\n"),
        Reply::Text("# HELP a More.\n# TYPE a counter\na 2\n# TYPE b counter\nb_total 2\n"),
    ]);
    bench.after(21).await;
    assert_eq!(
        bench.lines(),
        [
            "gauge a{} 1 @1010000",
            "gauge b_total{} 1 @1010000",
            "counter a{} 2 @1020000",
            "counter b_total{} 2 @1020000",
        ]
    );
    let last = bench.recorder.batches()[1].clone();
    let metric = crate::testing::decode(last.payload())[0].scope_metrics[0].metrics[0].clone();
    assert_eq!(metric.description, "More.");
}

#[tokio::test(start_paused = true)]
async fn a_family_that_is_described_twice_keeps_what_stands_below_each() {
    // As Go's library writes its own memory in OpenMetrics.
    let body = "# TYPE a gauge\na 1\n# TYPE a counter\na_total 2\n# EOF\n";
    let mut bench = bench([
        Reply::OpenMetrics(body),
        Reply::OpenMetrics(body),
        refused(),
    ]);
    for time in [1_010_000, 1_020_000] {
        bench.after(if time == 1_010_000 { 11 } else { 10 }).await;
        let expected = [
            format!("gauge a{{}} 1 @{time}"),
            format!("counter a_total{{}} 2 @{time}"),
        ];
        assert_eq!(bench.lines(), expected);
    }
    bench.after(10).await;
    let expected = [
        "gauge a{} - stale @1030000",
        "counter a_total{} - stale @1030000",
    ];
    assert_eq!(bench.lines(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_type_below_its_samples_holds_from_the_next_scrape_on() {
    let mut bench = bench([Reply::Text("a 1\n# TYPE a counter\n")]);
    bench.after(11).await;
    assert_eq!(bench.lines(), ["gauge a{} 1 @1010000"]);
    bench.after(10).await;
    assert_eq!(bench.lines(), ["counter a{} 1 @1020000"]);
    bench.after(10).await;
    assert_eq!(bench.lines(), ["counter a{} 1 @1030000"]);
}

#[tokio::test(start_paused = true)]
async fn samples_of_a_metric_are_together_however_the_target_writes_them() {
    let mut bench = bench([Reply::Text(
        "a{x=\"1\"} 1\nb 2\na{x=\"2\"} 3\nb{y=\"1\"} 4\n",
    )]);
    bench.after(11).await;
    let batch = bench.recorder.batches()[0].clone();
    let metrics = &crate::testing::decode(batch.payload())[0].scope_metrics[0].metrics;
    let names: Vec<_> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(names[..3], ["a", "b", "up"]);
    assert_eq!(
        bench.lines(),
        [
            "gauge a{x=1} 1 @1010000",
            "gauge a{x=2} 3 @1010000",
            "gauge b{} 2 @1010000",
            "gauge b{y=1} 4 @1010000",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn series_that_a_rule_makes_one_are_one() {
    let mut rules = rules();
    let rule = "[{action: labeldrop, regex: x}]";
    rules.series.relabel = crate::testing::relabel(rule);
    let replies = [
        Reply::Text("a{x=\"1\"} 1\na{x=\"2\"} 2\n"),
        Reply::Text("a{x=\"2\"} 3\n"),
        Reply::Text("a{x=\"2\"} 4\na{x=\"1\"} 5\n"),
        Reply::Text("b 1\n"),
    ];
    let mut bench = Bench::start(setup(rules, Scripted::new(replies)));
    for line in [
        "gauge a{} 1 @1010000",
        "gauge a{} 3 @1020000",
        "gauge a{} 4 @1030000",
    ] {
        bench
            .after(if line.contains("1010") { 11 } else { 10 })
            .await;
        assert_eq!(bench.lines(), [line]);
    }
    bench.after(10).await;
    assert_eq!(
        bench.lines(),
        ["gauge b{} 1 @1040000", "gauge a{} - stale @1040000"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_neither_for_an_answer_nor_for_a_pipeline_that_refuses() {
    let mut hanging = bench([Reply::Hang]);
    hanging.after(11).await;
    hanging
        .commands
        .send(Command::Stop { scrape: false })
        .unwrap();
    let mut refusing = bench([Reply::Text("a 1\n")]);
    for _ in 0..100 {
        refusing
            .recorder
            .answer(Answer::Fail(ConsumeError::refused("full", None)));
    }
    refusing.after(11).await;
    refusing
        .commands
        .send(Command::Stop { scrape: false })
        .unwrap();
    refusing.after(1).await;
    assert!(hanging.task.is_finished() && refusing.task.is_finished());
    assert_eq!(refusing.lines(), Vec::<String>::new());
}
