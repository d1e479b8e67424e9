//! What a target shows: counters, gauges and histograms in the proportions of a web service.

use std::fmt::{self, Write as _};

/// Upper bounds of the histograms' buckets.
const BOUNDS: [&str; 12] = [
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf",
];
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const STATUS: [&str; 5] = ["200", "201", "400", "404", "500"];

/// The body of scrape number `tick` of target `target`: exactly `series` series in the text
/// format, the values of which grow from scrape to scrape.
///
/// A third are counters with six labels, a sixth gauges, the rest histograms with 14 series each.
pub(crate) fn body(target: usize, series: usize, tick: u64) -> String {
    // A string takes everything that is written to it.
    write(target, series, tick).unwrap_or_default()
}

fn write(target: usize, series: usize, tick: u64) -> Result<String, fmt::Error> {
    let mut body = String::with_capacity(series * 150 + 1024);
    let counters = series / 3;
    let gauges = series / 6;
    let histograms = (series - counters - gauges) / (BOUNDS.len() + 2);
    // What is left over after whole histograms.
    let gauges = series - counters - histograms * (BOUNDS.len() + 2);
    families(
        &mut body,
        "http_requests",
        "counter",
        counters,
        |body, name, n| {
            let value = (n as u64 + 1) * 17 + tick * (n as u64 % 7);
            labels(body, name, "_total", target, n, "")?;
            writeln!(body, " {value}")
        },
    )?;
    families(
        &mut body,
        "queue_length",
        "gauge",
        gauges,
        |body, name, n| {
            labels(body, name, "", target, n, "")?;
            writeln!(body, " {}.{}", (n as u64 + tick) % 1000, n % 10)
        },
    )?;
    families(
        &mut body,
        "request_duration_seconds",
        "histogram",
        histograms,
        |body, name, n| {
            for (at, bound) in BOUNDS.iter().enumerate() {
                labels(body, name, "_bucket", target, n, bound)?;
                writeln!(body, " {}", tick * (at as u64 + 1) + n as u64)?;
            }
            labels(body, name, "_sum", target, n, "")?;
            writeln!(body, " {}.125", tick * 12 + n as u64)?;
            labels(body, name, "_count", target, n, "")?;
            writeln!(body, " {}", tick * BOUNDS.len() as u64 + n as u64)
        },
    )?;
    Ok(body)
}

/// Writes `count` metrics in families of at most 100.
fn families(
    body: &mut String,
    stem: &str,
    kind: &str,
    count: usize,
    mut metric: impl FnMut(&mut String, &str, usize) -> fmt::Result,
) -> fmt::Result {
    let suffix = if kind == "counter" { "_total" } else { "" };
    let mut name = String::new();
    for n in 0..count {
        if n % 100 == 0 {
            name = format!("shop_{stem}_{:03}", n / 100);
            writeln!(
                body,
                "# HELP {name}{suffix} What the load generator counts, number {}.\n\
                 # TYPE {name}{suffix} {kind}",
                n / 100
            )?;
        }
        metric(body, &name, n)?;
    }
    Ok(())
}

fn labels(
    body: &mut String,
    name: &str,
    suffix: &str,
    target: usize,
    n: usize,
    le: &str,
) -> fmt::Result {
    let le = if le.is_empty() {
        String::new()
    } else {
        format!(",le=\"{le}\"")
    };
    write!(
        body,
        "{name}{suffix}{{method=\"{}\",path=\"/api/v1/resource/{}\",pod=\"checkout-{target}-{:04x}\",\
         status=\"{}\",zone=\"eu-central-1{}\"{le}}}",
        METHODS[n % 4],
        n % 100,
        target * 7919 % 65_536,
        STATUS[n % 5],
        ["a", "b", "c"][target % 3],
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn there_are_as_many_series_as_asked_for_and_each_only_once() {
        for series in [1, 20, 100, 5_000] {
            let body = body(3, series, 9);
            let names: HashSet<&str> = body
                .lines()
                .filter(|line| !line.starts_with('#'))
                .map(|line| line.rsplit_once(' ').unwrap().0)
                .collect();
            assert_eq!(names.len(), series);
        }
    }
}
