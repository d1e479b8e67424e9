//! Scanning of names, quoted strings and label sets, as the lexers of Prometheus do it.
//!
//! A NUL is special there: in label values, help texts and comments it is stepped over, everywhere
//! else it belongs to no token.

use std::ops::Range;

use super::error::{Failure, Problem, excerpt, failure};

/// What a byte may be part of.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let c = byte as u8;
        if c.is_ascii_alphanumeric() || c == b'_' {
            classes[byte] |= LABEL_NAME | METRIC_NAME;
        }
        if c == b':' {
            classes[byte] |= METRIC_NAME;
        }
        if !matches!(c, b' ' | b'\t' | b'\n' | b'{' | 0) {
            classes[byte] |= TEXT_VALUE;
        }
        if !matches!(c, b' ' | b'\n' | 0) {
            classes[byte] |= OPENMETRICS_VALUE;
        }
        byte += 1;
    }
    classes
};

const METRIC_NAME: u8 = 1;
const LABEL_NAME: u8 = 2;
/// A value or timestamp in text 0.0.4.
pub(super) const TEXT_VALUE: u8 = 4;
/// A value or timestamp in OpenMetrics.
pub(super) const OPENMETRICS_VALUE: u8 = 8;

/// The end of the bytes of a class that begin at `at`.
#[inline]
pub(super) fn end_of(class: u8, body: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = body.get(at)
        && CLASSES[usize::from(byte)] & class != 0
    {
        at += 1;
    }
    at
}

/// Whether a byte may begin a metric name.
pub(super) const fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b':'
}

/// The end of the metric name that begins at `at`.
#[inline]
pub(super) fn metric_name(body: &[u8], at: usize) -> usize {
    end_of(METRIC_NAME, body, at)
}

/// The first byte at or behind `at` that is neither a space nor a tab.
#[inline]
pub(super) fn skip_blanks(body: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t') = body.get(at) {
        at += 1;
    }
    at
}

/// The first byte at or behind `at` that is not NUL.
#[inline]
pub(super) fn skip_nuls(body: &[u8], mut at: usize) -> usize {
    while let Some(0) = body.get(at) {
        at += 1;
    }
    at
}

/// What a quoted string may hold, other than any byte but these.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted {
    /// Whether a line break may stand in it.
    pub newline: bool,
    /// Whether NULs are stepped over.
    pub nul: bool,
}

impl Quoted {
    /// The place of the closing quote of the string whose opening quote is at `at`.
    #[inline]
    pub(super) fn end(self, body: &[u8], at: usize) -> Option<usize> {
        let mut at = at + 1;
        loop {
            at = next_special(body, at);
            match *body.get(at)? {
                b'"' => return Some(at),
                b'\\' => {
                    at += 1;
                    if self.nul {
                        at = skip_nuls(body, at);
                    }
                    if matches!(body.get(at)?, b'\n' | 0) {
                        return None;
                    }
                }
                b'\n' if !self.newline => return None,
                0 if !self.nul => return None,
                _ => {}
            }
            at += 1;
        }
    }
}

/// The first byte from `at` on that is a quote, a backslash or below 16, or the end.
#[inline]
fn next_special(body: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    while let Some(&word) = body.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(word);
        let quotes = word ^ (ONES * b'"' as u64);
        let slashes = word ^ (ONES * b'\\' as u64);
        // The lowest bit found is right, which is all that counts.
        let found = ((quotes.wrapping_sub(ONES) & !quotes)
            | (slashes.wrapping_sub(ONES) & !slashes)
            | (word.wrapping_sub(ONES * 16) & !word))
            & HIGH;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = body.get(at)
        && byte != b'"'
        && byte != b'\\'
        && byte >= 16
    {
        at += 1;
    }
    at
}

#[cold]
pub(super) fn check_utf8(
    body: &[u8],
    what: &'static str,
    range: Range<usize>,
) -> Result<(), Failure> {
    match std::str::from_utf8(&body[range.clone()]) {
        Ok(_) => Ok(()),
        Err(error) => Err(failure(
            range.start + error.valid_up_to(),
            Problem::Utf8(what, excerpt(&body[range])),
        )),
    }
}

/// The rules of a label set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Text 0.0.4: blanks between tokens, commas need not be there, values may span lines.
    Text,
    /// OpenMetrics.
    OpenMetrics,
    /// The labels of an exemplar in OpenMetrics: no metric name among them.
    Exemplar,
}

/// What stands next in a label set. All ranges are without quotes and with escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A label.
    Label {
        /// Where its name is.
        name: Range<usize>,
        /// Whether the name is quoted.
        quoted: bool,
        /// Where its value is.
        value: Range<usize>,
    },
    /// The name of the metric, quoted inside of the braces.
    MetricName(Range<usize>),
    /// The closing brace.
    End,
}

impl Rules {
    /// Reads a label set from behind its opening brace and answers with the place behind it.
    /// `named` says that a metric name stood before it, `utf8` that the body is known to be UTF-8.
    #[inline]
    pub(super) fn label_set(
        self,
        body: &[u8],
        mut at: usize,
        mut named: bool,
        utf8: bool,
    ) -> Result<usize, Failure> {
        loop {
            let start = at;
            match self.piece(body, &mut at)? {
                Piece::Label {
                    name,
                    quoted,
                    value,
                } => {
                    if !utf8 {
                        check_utf8(body, "label value", value)?;
                        if quoted {
                            check_utf8(body, "label name", name)?;
                        }
                    }
                }
                Piece::MetricName(name) => {
                    if named {
                        return Err(failure(name.start, Problem::SecondName));
                    }
                    if !utf8 {
                        check_utf8(body, "metric name", name)?;
                    }
                    named = true;
                }
                Piece::End if named => return Ok(at),
                Piece::End => return Err(failure(start, Problem::NoName)),
            }
        }
    }

    /// The piece at `*at`, which moves behind it. Begins behind the opening brace.
    #[inline]
    pub(super) fn piece(self, body: &[u8], at: &mut usize) -> Result<Piece, Failure> {
        let mut i = self.blanks(body, *at);
        let quoted = match body.get(i) {
            Some(b'}') => {
                *at = i + 1;
                return Ok(Piece::End);
            }
            Some(b'"') => true,
            Some(&byte) if byte.is_ascii_alphabetic() || byte == b'_' => false,
            _ => return Err(expected(body, i, "label name")),
        };
        let name = if quoted {
            let rules = Quoted {
                newline: self != Self::Exemplar,
                nul: false,
            };
            let Some(end) = rules.end(body, i) else {
                return Err(expected(body, i, "label name"));
            };
            let name = i + 1..end;
            i = end + 1;
            name
        } else {
            let end = end_of(LABEL_NAME, body, i);
            let name = i..end;
            i = end;
            name
        };
        i = self.blanks(body, i);
        match body.get(i) {
            Some(b'=') => {}
            Some(b',') if quoted && self != Self::Exemplar => {
                *at = i + 1;
                return Ok(Piece::MetricName(name));
            }
            Some(b'}') if quoted && self != Self::Exemplar => {
                *at = i;
                return Ok(Piece::MetricName(name));
            }
            _ => return Err(expected(body, i, "equal")),
        }
        i += 1;
        if self == Self::Text && matches!(body.get(i), Some(b' ' | b'\t')) {
            while let Some(b' ' | b'\t' | 0) = body.get(i) {
                i += 1;
            }
        }
        let rules = Quoted {
            newline: self == Self::Text,
            nul: self != Self::Exemplar,
        };
        let end = match body.get(i) {
            Some(b'"') => rules.end(body, i),
            _ => None,
        };
        let Some(mut end) = end else {
            return Err(expected(body, i, "label value"));
        };
        if rules.nul {
            // NULs behind the quote are part of the token, which loses its last byte as the quote.
            end = skip_nuls(body, end + 1) - 1;
        }
        let value = i + 1..end;
        i = self.blanks(body, end + 1);
        match body.get(i) {
            Some(b',') => i += 1,
            Some(b'}') => {}
            _ if self == Self::Text => {}
            _ => return Err(expected(body, i, "comma or brace close")),
        }
        *at = i;
        Ok(Piece::Label {
            name,
            quoted,
            value,
        })
    }

    #[inline]
    fn blanks(self, body: &[u8], at: usize) -> usize {
        if self == Self::Text {
            skip_blanks(body, at)
        } else {
            at
        }
    }
}

#[cold]
pub(super) fn expected(body: &[u8], at: usize, what: &'static str) -> Failure {
    failure(at, Problem::expected(body, at, what))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Piece, Quoted, Rules, next_special};

    #[test]
    fn a_quoted_string_ends_at_the_first_quote_without_a_backslash() {
        let rules = Quoted {
            newline: true,
            nul: true,
        };
        assert_eq!(rules.end(br#""abc"d"#, 0), Some(4));
        assert_eq!(rules.end(br#""a\"bc\\"d"#, 0), Some(8));
        assert_eq!(rules.end(b"\"a\n\0b\"", 0), Some(5));
        assert_eq!(rules.end(b"\"a\\\n\"", 0), None);
        assert_eq!(rules.end(b"\"abc", 0), None);
        let strict = Quoted {
            newline: false,
            nul: false,
        };
        assert_eq!(strict.end(b"\"a\nb\"", 0), None);
        assert_eq!(strict.end(b"\"a\0b\"", 0), None);
    }

    #[test]
    fn text_is_lax_about_blanks_and_commas_and_openmetrics_is_not() {
        let set = br#" a = "1"b="2" , "m",}"#;
        let mut at = 0;
        let mut pieces = Vec::new();
        loop {
            match Rules::Text.piece(set, &mut at).unwrap() {
                Piece::End => break,
                piece => pieces.push(piece),
            }
        }
        assert_eq!(at, set.len());
        assert!(matches!(&pieces[..], [
            Piece::Label { quoted: false, .. },
            Piece::Label { value, .. },
            Piece::MetricName(name),
        ] if &set[value.clone()] == b"2" && &set[name.clone()] == b"m"));
        assert!(Rules::OpenMetrics.piece(set, &mut 0).is_err());
        assert!(Rules::Exemplar.piece(br#""m"}"#, &mut 0).is_err());
    }

    proptest! {
        #[test]
        fn the_wide_scan_finds_what_a_plain_one_finds(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let plain = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=15));
            prop_assert_eq!(next_special(&bytes, 0), plain.unwrap_or(bytes.len()));
        }
    }
}
