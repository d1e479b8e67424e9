//! Where an entry ends: lines, and entries of several lines.

use headwater_core::config::{Config, Validation};
use headwater_regexp::Regex;

use crate::Encoding;

/// How entries of several lines are told apart; one of the patterns.
#[derive(Debug, Clone, Default, Config)]
pub struct MultilineConfig {
    /// What an entry begins with: a regular expression.
    pub line_start_pattern: String,
    /// What an entry ends with: a regular expression.
    pub line_end_pattern: String,
    /// Leaves out what the pattern matched.
    pub omit_pattern: bool,
}

impl MultilineConfig {
    /// Reports what is wrong with the key `multiline`.
    pub fn check(&self, encoding: &Encoding, validation: &mut Validation<'_>) {
        let (start, end) = (&self.line_start_pattern, &self.line_end_pattern);
        if !start.is_empty() && !end.is_empty() {
            validation.error(
                "multiline",
                "only one of line_start_pattern or line_end_pattern can be set",
            );
        }
        for (key, pattern) in [("line_start_pattern", start), ("line_end_pattern", end)] {
            if pattern.is_empty() {
                continue;
            }
            if let Err(error) = headwater_regexp::compile(pattern) {
                let message = format!("compile regex: {error}");
                validation.error(&format!("multiline::{key}"), message);
            }
            if encoding.is_nop() {
                validation.error(
                    "multiline",
                    "line patterns should not be set when using nop encoding",
                );
            } else if encoding.unit() != 1 {
                validation
                    .error("multiline", "line patterns do not work with UTF-16")
                    .help("use a `recombine` operator");
            }
        }
    }

    /// What separates entries: a pattern, else line feeds of that encoding.
    #[must_use]
    pub fn separator(&self, encoding: &Encoding) -> Separator {
        let omit = self.omit_pattern;
        // What cannot be compiled was reported before.
        let regex = |pattern: &str| {
            let wanted = !pattern.is_empty();
            wanted.then(|| headwater_regexp::compile(&format!("(?m){pattern}")).ok())?
        };
        if encoding.is_nop() {
            Separator::None
        } else if let Some(regex) = regex(&self.line_start_pattern) {
            Separator::Start { regex, omit }
        } else if let Some(regex) = regex(&self.line_end_pattern) {
            Separator::End { regex, omit }
        } else {
            Separator::Line {
                unit: encoding.unit(),
                big_endian: encoding.is_big_endian(),
            }
        }
    }
}

/// What happens to the rest of a long line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Config)]
pub enum TooLong {
    /// It becomes the next entry.
    #[default]
    Split,
    /// It is dropped.
    Truncate,
}

/// A piece of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Where the text of the entry begins and ends.
    pub start: usize,
    /// See `start`.
    pub end: usize,
    /// Where the next one begins.
    pub next: usize,
    /// The rest of the line is to be dropped.
    pub cut: bool,
}

/// What separates entries.
#[derive(Debug)]
pub enum Separator {
    /// Nothing: what is there is one entry.
    None,
    /// Line feeds, of one byte or of two.
    Line {
        /// How many bytes a line feed has.
        unit: usize,
        /// Whether the high one comes first.
        big_endian: bool,
    },
    /// Entries begin with a match.
    Start {
        /// The match.
        regex: Regex,
        /// Whether it is left out.
        omit: bool,
    },
    /// Entries end with a match.
    End {
        /// The match.
        regex: Regex,
        /// Whether it is left out.
        omit: bool,
    },
}

/// Takes a buffer apart.
#[derive(Debug)]
pub struct Splitter {
    /// What separates entries.
    pub separator: Separator,
    /// How long an entry may be, in bytes; at least 1.
    pub max: usize,
    /// What happens to the rest of a longer one.
    pub too_long: TooLong,
    /// Whether white space at the beginning goes.
    pub trim_start: bool,
    /// Whether white space at the end goes.
    pub trim_end: bool,
    /// Whether a long line may only be cut between characters.
    pub utf8: bool,
}

impl Splitter {
    /// The entry at `from`, if all of it is there. With `whole` there will be no more: what is
    /// left is an entry.
    #[must_use]
    pub fn next(&self, data: &[u8], from: usize, whole: bool) -> Option<Token> {
        let rest = &data[from..];
        if rest.is_empty() {
            return None;
        }
        let found = match &self.separator {
            Separator::None => {
                (whole || rest.len() >= self.max).then_some((0, rest.len(), rest.len()))
            }
            Separator::Line { unit: 1, .. } => memchr::memchr(b'\n', rest).map(|at| {
                let end = at - usize::from(at > 0 && rest[at - 1] == b'\r');
                (0, end, at + 1)
            }),
            Separator::Line { big_endian, .. } => wide_line(rest, *big_endian),
            Separator::Start { regex, omit } => line_start(regex, *omit, rest, whole),
            Separator::End { regex, omit } => line_end(regex, *omit, rest),
        };
        let (start, end, next) = match found {
            Some(found) if found.2 <= self.max || found.1 - found.0 <= self.max => found,
            _ if rest.len() > self.max => return Some(self.cut(rest, from)),
            Some(found) => found,
            None if whole => (0, rest.len(), rest.len()),
            None => return None,
        };
        Some(Token {
            start: from + start,
            end: from + end,
            next: from + next,
            cut: false,
        })
    }

    /// As much of a long line as fits.
    fn cut(&self, rest: &[u8], from: usize) -> Token {
        let mut end = self.max;
        if let Separator::Line { unit: 2, .. } = self.separator {
            end = (end & !1).max(2);
        }
        if self.utf8 {
            // At most three bytes back a character begins, or it is no UTF-8.
            let begin = (end.saturating_sub(3)..=end)
                .rev()
                .find(|at| rest[*at] & 0xc0 != 0x80);
            end = begin.filter(|at| *at > 0).unwrap_or(end);
        }
        Token {
            start: from,
            end: from + end,
            next: from + end,
            cut: self.too_long == TooLong::Truncate,
        }
    }

    /// Where the line ends whose rest is to be dropped; `None` if it goes on.
    #[must_use]
    pub fn skip(&self, data: &[u8], from: usize) -> Option<usize> {
        let rest = &data[from..];
        let found = match &self.separator {
            Separator::None => Some(rest.len()),
            Separator::Line { unit: 1, .. } => memchr::memchr(b'\n', rest).map(|at| at + 1),
            Separator::Line { big_endian, .. } => wide_line(rest, *big_endian).map(|line| line.2),
            Separator::Start { regex, .. } => regex
                .find(rest)
                .filter(|found| found.start() > 0)
                .map(|found| found.start()),
            Separator::End { regex, .. } => regex.find(rest).map(|found| found.end()),
        };
        found.map(|at| from + at)
    }

    /// The text without the white space around it.
    #[must_use]
    pub fn trim<'d>(&self, mut text: &'d [u8]) -> &'d [u8] {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if let Separator::Line {
            unit: 2,
            big_endian,
        } = self.separator
        {
            return self.trim_wide(text, big_endian);
        }
        while self.trim_end && text.last().is_some_and(is_space) {
            text = &text[..text.len() - 1];
        }
        while self.trim_start && text.first().is_some_and(is_space) {
            text = &text[1..];
        }
        text
    }

    fn trim_wide<'d>(&self, mut text: &'d [u8], big_endian: bool) -> &'d [u8] {
        let is_space = |unit: &[u8]| {
            let (low, high) = if big_endian {
                (unit[1], unit[0])
            } else {
                (unit[0], unit[1])
            };
            high == 0 && matches!(low, b' ' | b'\t' | b'\r' | b'\n')
        };
        while self.trim_end
            && text.len() >= 2
            && text.len().is_multiple_of(2)
            && is_space(&text[text.len() - 2..])
        {
            text = &text[..text.len() - 2];
        }
        while self.trim_start && text.len() >= 2 && is_space(&text[..2]) {
            text = &text[2..];
        }
        text
    }
}

/// A line of UTF-16: begin, end, and where the next one begins.
fn wide_line(rest: &[u8], big_endian: bool) -> Option<(usize, usize, usize)> {
    let low = usize::from(big_endian);
    let found = memchr::memchr_iter(b'\n', rest)
        .find(|at| at % 2 == low && rest.get(at ^ 1) == Some(&0))?;
    let line = found & !1;
    let before = line.checked_sub(2).map(|at| &rest[at..line]);
    let carriage = before.is_some_and(|unit| unit[low] == b'\r' && unit[low ^ 1] == 0);
    Some((0, line - if carriage { 2 } else { 0 }, line + 2))
}

/// An entry that begins with a match. What stands before the first match is one by itself.
fn line_start(
    regex: &Regex,
    omit: bool,
    rest: &[u8],
    whole: bool,
) -> Option<(usize, usize, usize)> {
    let first = regex.find(rest)?;
    if first.start() > 0 {
        return Some((0, first.start(), first.start()));
    }
    // A match that ends where the data ends may become longer.
    if first.end() == rest.len() && !whole {
        return None;
    }
    let start = if omit { first.end() } else { 0 };
    let search = first.end().max(1);
    let second = regex.find_at(rest, search.min(rest.len()));
    match second {
        Some(second) if second.start() > 0 && second.start() >= search => {
            Some((start, second.start(), second.start()))
        }
        _ if whole => Some((start, rest.len(), rest.len())),
        _ => None,
    }
}

/// An entry that ends with a match.
fn line_end(regex: &Regex, omit: bool, rest: &[u8]) -> Option<(usize, usize, usize)> {
    let found = regex.find(rest).filter(|found| found.end() > 0)?;
    // A match at the end of the data could go on, unless it ends with the line.
    let end = if omit { found.start() } else { found.end() };
    Some((0, end, found.end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn splitter(separator: Separator, max: usize) -> Splitter {
        Splitter {
            separator,
            max,
            too_long: TooLong::Split,
            trim_start: true,
            trim_end: true,
            utf8: true,
        }
    }

    const LINE: Separator = Separator::Line {
        unit: 1,
        big_endian: false,
    };

    fn all(splitter: &Splitter, data: &[u8]) -> Vec<String> {
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(token) = splitter.next(data, at, true) {
            assert!(token.next > at && token.start <= token.end && token.end <= token.next);
            tokens.push(
                String::from_utf8_lossy(splitter.trim(&data[token.start..token.end])).into_owned(),
            );
            at = token.next;
        }
        assert_eq!(at, data.len());
        tokens
    }

    #[test]
    fn lines_end_with_a_line_feed_and_lose_the_white_space_around() {
        assert_eq!(
            all(&splitter(LINE, 100), b"a\r\n \tb \n\nc"),
            ["a", "b", "", "c"]
        );
        assert_eq!(splitter(LINE, 100).next(b"abc", 0, false), None);
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        assert_eq!(
            all(&splitter(LINE, 4), "abcdefgh\nij".as_bytes()),
            ["abcd", "efgh", "ij"]
        );
        assert_eq!(
            all(&splitter(LINE, 4), "aaaé\nb".as_bytes()),
            ["aaa", "é", "b"]
        );
        assert_eq!(all(&splitter(LINE, 3), &[0x80; 7]).len(), 3);
    }

    #[test]
    fn entries_of_several_lines_begin_or_end_with_a_match() {
        let regex = |text: &str| headwater_regexp::compile(&format!("(?m){text}")).unwrap();
        let start = |omit| {
            splitter(
                Separator::Start {
                    regex: regex(r"^\d+ "),
                    omit,
                },
                1000,
            )
        };
        let data = b"junk\n1 a\n  b\n2 c\n";
        assert_eq!(all(&start(false), data), ["junk", "1 a\n  b", "2 c"]);
        assert_eq!(all(&start(true), data), ["junk", "a\n  b", "c"]);
        assert_eq!(start(false).next(b"1 a\n", 0, false), None);
        let end = |omit| {
            splitter(
                Separator::End {
                    regex: regex("END"),
                    omit,
                },
                1000,
            )
        };
        assert_eq!(
            all(&end(false), b"a\nb END\nc END d"),
            ["a\nb END", "c END", "d"]
        );
        assert_eq!(all(&end(true), b"a\nb END\nc END d"), ["a\nb", "c", "d"]);
    }

    #[test]
    fn utf16_lines_end_with_a_whole_line_feed() {
        let wide = |text: &str, big: bool| -> Vec<u8> {
            text.encode_utf16()
                .flat_map(|unit| {
                    if big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect()
        };
        for big in [false, true] {
            let splitter = splitter(
                Separator::Line {
                    unit: 2,
                    big_endian: big,
                },
                1000,
            );
            // U+0A0A and U+0A41 hold the byte of a line feed.
            let data = wide("a\u{0a0a}b\r\n c\u{0a41} \nd", big);
            let mut at = 0;
            let mut lines = Vec::new();
            while let Some(token) = splitter.next(&data, at, true) {
                let text = splitter.trim(&data[token.start..token.end]);
                let units = text.chunks_exact(2).map(|pair| {
                    let pair = [pair[0], pair[1]];
                    if big {
                        u16::from_be_bytes(pair)
                    } else {
                        u16::from_le_bytes(pair)
                    }
                });
                lines.push(String::from_utf16(&units.collect::<Vec<_>>()).unwrap());
                at = token.next;
            }
            assert_eq!(lines, ["a\u{0a0a}b", "c\u{0a41}", "d"]);
        }
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_and_pieces_do_not_depend_on_how_the_data_comes(
            data in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'1'), Just(b' '), any::<u8>()], 0..200),
            step in 1_usize..40,
            kind in 0..3,
        ) {
            let regex = || headwater_regexp::compile("(?m)^1").unwrap();
            let separator = match kind {
                0 => LINE,
                1 => Separator::Start { regex: regex(), omit: false },
                _ => Separator::End { regex: headwater_regexp::compile("1\n").unwrap(), omit: false },
            };
            let splitter = splitter(separator, 1000);
            let mut whole = Vec::new();
            let mut at = 0;
            while let Some(token) = splitter.next(&data, at, true) {
                prop_assert_eq!(token.start, at);
                prop_assert!(token.next > at);
                whole.push(token);
                at = token.next;
            }
            prop_assert_eq!(at, data.len());
            let mut pieces = Vec::new();
            let mut at = 0;
            let mut length = 0;
            while length < data.len() {
                length = (length + step).min(data.len());
                let done = length == data.len();
                while let Some(token) = splitter.next(&data[..length], at, done) {
                    pieces.push(token);
                    at = token.next;
                }
            }
            if kind == 0 {
                prop_assert_eq!(pieces, whole);
            } else {
                prop_assert_eq!(at, data.len());
            }
        }
    }
}
