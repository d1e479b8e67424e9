//! Did you mean …?

/// The name among `known` that is most like `written`, if one is near enough to be a slip.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let mut best: Option<(&str, f64)> = None;
    for candidate in known {
        let folded = candidate.to_lowercase();
        let distance = strsim::damerau_levenshtein(&lower, &folded);
        let longest = lower.chars().count().max(folded.chars().count());
        // A third of the letters may be wrong; a longer name that contains the shorter one, as
        // `timeouts` or `send_timeout` for `timeout`, counts as near as well.
        let near = distance * 3 <= longest.max(3);
        let part = lower.len() >= 4
            && folded.len() >= 4
            && (lower.contains(&folded) || folded.contains(&lower));
        let squeezed = squeeze(&lower) == squeeze(&folded);
        if !(near || part || squeezed) {
            continue;
        }
        let score = if squeezed {
            2.0
        } else {
            strsim::normalized_damerau_levenshtein(&lower, &folded)
        };
        if best.is_none_or(|(_, highest)| score > highest) {
            best = Some((candidate, score));
        }
    }
    best.map(|(candidate, _)| candidate)
}

/// Without what people forget: `sendBatchSize` and `send-batch-size` are `send_batch_size`.
fn squeeze(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_far_fetched() {
        let known = ["endpoint", "timeout", "send_batch_size", "tls", "headers"];
        for (written, expected) in [
            ("endpont", Some("endpoint")),
            ("Timeout", Some("timeout")),
            ("timeouts", Some("timeout")),
            ("sendBatchSize", Some("send_batch_size")),
            ("send-batch-size", Some("send_batch_size")),
            ("tsl", Some("tls")),
            ("header", Some("headers")),
            ("compression", None),
            ("x", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
    }
}
