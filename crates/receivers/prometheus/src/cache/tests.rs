use headwater_prometheus::exposition::{Format, ParserOptions};

use super::Cache;
use crate::collect::{Body, collect};
use crate::samples::Samples;
use crate::testing::rules;

fn scrape(cache: &mut Cache, samples: &mut Samples, body: &str) -> (u64, usize) {
    samples.clear();
    cache.begin();
    let body = Body {
        bytes: body.as_bytes(),
        format: Format::Text,
        options: ParserOptions::default(),
    };
    let (counts, outcome) = collect(&body, cache, samples, &rules(), 1000, 1000);
    outcome.unwrap();
    cache.sweep();
    (counts.added, samples.list.len())
}

#[test]
fn series_that_come_and_go_leave_nothing_behind() {
    let mut cache = Cache::new();
    let mut samples = Samples::default();
    for round in 0..100 {
        let mut body = String::new();
        for series in 0..10 {
            body.push_str(&format!(
                "# HELP m{round}_{series} Text.\n# TYPE m{round}_{series} histogram\n\
                 m{round}_{series}_bucket{{le=\"1\",job=\"j{round}\"}} 1\nm{round}_{series}_count 1\n\
                 n{round}_{series}{{otel_scope_name=\"s{round}\"}} 1\n"
            ));
        }
        let (added, _) = scrape(&mut cache, &mut samples, &body);
        assert_eq!(added, 30);
    }
    scrape(&mut cache, &mut samples, "");
    for _ in 0..20 {
        scrape(&mut cache, &mut samples, "");
    }
    assert_eq!(cache.series.len(), 0);
    assert_eq!(cache.groups.len(), 0);
    assert_eq!(cache.streams.len(), 0);
    assert_eq!(cache.resources.len(), 0);
    assert_eq!(cache.scopes.len(), 0);
    assert_eq!(cache.by_text.len() + cache.by_attributes.len(), 0);
    assert_eq!(cache.by_identity.len() + cache.shared.len(), 0);
    assert_eq!(cache.stream_index.len() + cache.resource_index.len(), 0);
    assert_eq!(cache.families.len(), 0);
    assert_eq!((cache.live, cache.live_seen), (0, 0));
}

#[test]
fn series_are_found_in_any_order() {
    let mut cache = Cache::new();
    let mut samples = Samples::default();
    let lines: Vec<String> = (0..50).map(|n| format!("a{{n=\"{n}\"}} {n}\n")).collect();
    assert_eq!(scrape(&mut cache, &mut samples, &lines.concat()), (50, 50));
    for step in [1, 3, 7, 49] {
        let mixed: String = (0..50).map(|n| lines[n * step % 50].as_str()).collect();
        assert_eq!(scrape(&mut cache, &mut samples, &mixed), (0, 50), "{step}");
    }
    let half: String = lines.iter().step_by(2).map(String::as_str).collect();
    // Twenty-five samples and as many markers.
    assert_eq!(scrape(&mut cache, &mut samples, &half), (0, 50));
    assert_eq!(scrape(&mut cache, &mut samples, &lines.concat()), (25, 50));
}
