//! A collector's own metrics.

use std::net::SocketAddr;

use crate::http;

/// The series of one scrape.
#[derive(Debug, Clone)]
pub struct Metrics(Vec<(String, f64)>);

impl Metrics {
    /// Reads the text format.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let series = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let (series, value) = line.rsplit_once(' ')?;
                Some((series.to_owned(), value.parse().ok()?))
            });
        Self(series.collect())
    }

    /// Asks the endpoint at `address`; none if nobody answers there.
    pub async fn of(address: SocketAddr) -> Option<Self> {
        let answer = http::get(address, "/metrics").await.ok()?;
        (answer.status == 200).then(|| Self::parse(&answer.text()))
    }

    /// The sum of the series called `name` (some collectors add `_total`), with every one of `labels` (`key="value"`); none if
    /// there is no such series.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[&str]) -> Option<f64> {
        let mut found = self
            .0
            .iter()
            .filter(|(series, _)| {
                let (own, rest) = series.split_once('{').unwrap_or((series, ""));
                own.strip_suffix("_total").unwrap_or(own) == name
                    && labels.iter().all(|label| rest.contains(label))
            })
            .map(|(_, value)| *value)
            .peekable();
        found.peek()?;
        Some(found.sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_add_up_by_name_and_label() {
        let metrics = Metrics::parse(
            "# HELP a_b x\n# TYPE a_b counter\na_b{x=\"1\",y=\"2\"} 3\na_b_total{x=\"2\",y=\"2\"} 4\na 1\n",
        );
        assert_eq!(metrics.sum("a_b", &[]), Some(7.0));
        assert_eq!(metrics.sum("a_b", &["x=\"1\""]), Some(3.0));
        assert_eq!(metrics.sum("a", &[]), Some(1.0));
        assert_eq!(metrics.sum("a", &["x"]), None);
        assert_eq!(metrics.sum("c", &[]), None);
    }
}
