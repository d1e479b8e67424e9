//! `targets`: what a running collector scrapes and how that goes.

use headwater_config::{parse_yaml, render_human};
use headwater_core::config::{Diagnostics, Node, Source, SourceKind, Value};

use super::arguments::{Arguments, Targets};
use super::{FAILED, FINE, Streams};
use crate::load::fetch_document;

/// Asks the API server of a `prometheus` receiver and prints what it answers.
pub(super) fn targets(arguments: &Arguments, options: &Targets, streams: &mut Streams<'_>) -> u8 {
    let base = options.url.trim_end_matches('/');
    let url = format!("{base}/api/v1/targets?state={}", options.state.as_str());
    let answer = match fetch_document(&url) {
        Ok(answer) => answer,
        Err(error) => {
            let hint = "is `api_server: {enabled: true}` set in the prometheus receiver?";
            streams.error(arguments, &format!("ask {url}: {error}; {hint}"));
            return FAILED;
        }
    };
    if options.json {
        streams.print(&format!("{}\n", answer.trim_end()));
        return FINE;
    }
    match table(&url, &answer, options.discovered) {
        Ok(table) => {
            streams.print(&table);
            FINE
        }
        Err(error) => {
            streams.error(arguments, &format!("{url}: {error}"));
            FAILED
        }
    }
}

/// The answer as a table for people. JSON is YAML, too.
fn table(url: &str, answer: &str, discovered: bool) -> Result<String, String> {
    let source = Source::new(SourceKind::Http, url.to_owned(), answer);
    let mut diagnostics = Diagnostics::new();
    let node = parse_yaml(&source, &mut diagnostics).unwrap_or_default();
    if diagnostics.has_errors() {
        return Err(render_human(&diagnostics, false));
    }
    let data = node
        .lookup("data")
        .ok_or("the answer is not that of a Prometheus API")?;
    let mut rows = vec![["JOB", "HEALTH", "LAST SCRAPE", "DURATION", "TARGET"].map(str::to_owned)];
    let mut notes = vec![Vec::new()];
    for target in list(data, "activeTargets") {
        let text = |key: &str| target.lookup(key).map(plain).unwrap_or_default();
        let duration: f64 = text("lastScrapeDuration").parse().unwrap_or(0.0);
        rows.push([
            text("scrapePool"),
            text("health"),
            text("lastScrape"),
            format!("{:.1}ms", duration * 1000.0),
            text("scrapeUrl"),
        ]);
        let mut note = vec![format!("labels: {}", labels(target, "labels"))];
        if discovered {
            note.push(format!(
                "discovered: {}",
                labels(target, "discoveredLabels")
            ));
        }
        let error = text("lastError");
        if !error.is_empty() {
            note.push(format!("error: {error}"));
        }
        notes.push(note);
    }
    for target in list(data, "droppedTargets") {
        let pool = target.lookup("scrapePool").map(plain);
        let dash = || "-".to_owned();
        let address = target.lookup("discoveredLabels::__address__");
        rows.push([
            pool.unwrap_or_default(),
            "dropped".to_owned(),
            dash(),
            dash(),
            address.map(plain).unwrap_or_default(),
        ]);
        notes.push(if discovered {
            vec![format!(
                "discovered: {}",
                labels(target, "discoveredLabels")
            )]
        } else {
            Vec::new()
        });
    }
    let mut out = String::new();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    for (row, notes) in rows.iter().zip(&notes) {
        for (cell, width) in row.iter().zip(widths) {
            out.push_str(&format!("{cell:width$}  "));
        }
        out.push_str(&row[4]);
        out.push('\n');
        for note in notes {
            out.push_str(&format!("    {note}\n"));
        }
    }
    for source in list(data, "discoveries") {
        let text = |key: &str| source.lookup(key).map(plain).unwrap_or_default();
        let error = text("lastError");
        if !error.is_empty() {
            out.push_str(&format!(
                "discovery of {}: {} fails ({error}); its last good list is {} s old\n",
                text("scrapePool"),
                text("name"),
                text("ageSeconds"),
            ));
        }
    }
    Ok(out)
}

fn list<'a>(data: &'a Node, key: &str) -> &'a [Node] {
    data.lookup(key).and_then(Node::as_seq).unwrap_or(&[])
}

/// A scalar without quotes.
fn plain(node: &Node) -> String {
    node.as_text()
        .map_or_else(|| node.to_string(), str::to_owned)
}

fn labels(target: &Node, key: &str) -> String {
    let Some(Value::Map(map)) = target.lookup(key).map(|node| &node.value) else {
        return "{}".to_owned();
    };
    let pairs: Vec<_> = map
        .iter()
        .map(|(name, value)| format!("{}={:?}", name.name, plain(value)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn targets_are_shown_with_labels_and_errors() {
        let answer = r#"{"status":"success","data":{"activeTargets":[
            {"discoveredLabels":{"__address__":"a:1"},"labels":{"instance":"a:1","job":"one"},
             "scrapePool":"one","scrapeUrl":"http://a:1/metrics","lastError":"connection refused",
             "lastScrape":"2026-01-02T03:04:05Z","lastScrapeDuration":0.0123,"health":"down"}],
            "droppedTargets":[{"discoveredLabels":{"__address__":"b:2"},"scrapePool":"one"}]}}"#;
        let shown = table("http://x", answer, true).unwrap();
        assert_eq!(
            shown,
            "JOB  HEALTH   LAST SCRAPE           DURATION  TARGET\n\
             one  down     2026-01-02T03:04:05Z  12.3ms    http://a:1/metrics\n\
             \x20   labels: {instance=\"a:1\", job=\"one\"}\n\
             \x20   discovered: {__address__=\"a:1\"}\n\
             \x20   error: connection refused\n\
             one  dropped  -                     -         b:2\n\
             \x20   discovered: {__address__=\"b:2\"}\n"
        );
        assert!(table("http://x", "404", false).is_err());
    }
}
