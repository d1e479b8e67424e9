//! Where an entry ends in what a connection brings.

use headwater_logs::Splitter;

/// How bytes are taken apart.
#[derive(Debug)]
pub enum Framing {
    /// At line feeds, or patterns.
    Split(Splitter),
    /// Each message has its length in bytes and a space before it, which stay on it. Source:
    /// RFC 6587, 3.4.1. What does not begin so ends with its line.
    Octets {
        /// How long a message may be.
        max: usize,
    },
    /// Each message ends with a zero byte. Source: RFC 6587, 3.4.2.
    Nul {
        /// How long a message may be.
        max: usize,
    },
}

/// An entry: its text, and where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'d> {
    pub(crate) text: &'d [u8],
    pub(crate) next: usize,
}

impl Framing {
    /// The entry at `from`, if all of it is there; `whole` says that there will be no more.
    pub(crate) fn next<'d>(&self, data: &'d [u8], from: usize, whole: bool) -> Option<Piece<'d>> {
        let rest = &data[from..];
        if rest.is_empty() {
            return None;
        }
        let piece = |text: &'d [u8], length: usize| Piece {
            text,
            next: from + length,
        };
        match self {
            Self::Split(splitter) => {
                let token = splitter.next(data, from, whole)?;
                Some(Piece {
                    text: splitter.trim(&data[token.start..token.end]),
                    next: token.next,
                })
            }
            Self::Octets { max } => {
                let length = match announced(rest) {
                    Announced::Length(length) if length <= *max + 32 => length,
                    Announced::More if !whole && rest.len() < 32 => return None,
                    // A length that nobody would send, or no length at all.
                    _ => {
                        return by_byte(b'\n', rest, *max, whole)
                            .map(|(text, length)| piece(text, length));
                    }
                };
                if length <= rest.len() {
                    Some(piece(&rest[..length], length))
                } else {
                    whole.then(|| piece(rest, rest.len()))
                }
            }
            Self::Nul { max } => {
                by_byte(0, rest, *max, whole).map(|(text, length)| piece(text, length))
            }
        }
    }

    /// The longest entry.
    pub(crate) const fn max(&self) -> usize {
        match self {
            Self::Split(splitter) => splitter.max,
            Self::Octets { max } | Self::Nul { max } => *max,
        }
    }
}

/// What ends before that byte, and its length with it.
fn by_byte(byte: u8, rest: &[u8], max: usize, whole: bool) -> Option<(&[u8], usize)> {
    match memchr::memchr(byte, rest) {
        Some(at) if at <= max => Some((&rest[..at], at + 1)),
        _ if rest.len() > max => Some((&rest[..max], max)),
        _ if whole => Some((rest, rest.len())),
        _ => None,
    }
}

/// What the beginning of a message says of its length.
enum Announced {
    /// So many bytes, the length itself included.
    Length(usize),
    /// Not yet all of it.
    More,
    /// Nothing.
    Nothing,
}

fn announced(rest: &[u8]) -> Announced {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 10 || rest[0] == b'0' {
        return Announced::Nothing;
    }
    match rest.get(digits) {
        None => Announced::More,
        Some(b' ' | b'\t') => std::str::from_utf8(&rest[..digits])
            .ok()
            .and_then(|text| text.parse::<usize>().ok())
            .map_or(Announced::Nothing, |length| {
                Announced::Length(digits + 1 + length)
            }),
        Some(_) => Announced::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(framing: &Framing, data: &[u8], whole: bool) -> (Vec<String>, usize) {
        let (mut at, mut pieces) = (0, Vec::new());
        while let Some(piece) = framing.next(data, at, whole) {
            assert!(piece.next > at);
            pieces.push(String::from_utf8_lossy(piece.text).into_owned());
            at = piece.next;
        }
        (pieces, at)
    }

    #[test]
    fn messages_are_as_long_as_they_say() {
        let framing = Framing::Octets { max: 100 };
        let data = b"5 hello11 two\nlines..3 ab";
        assert_eq!(
            all(&framing, data, false),
            (vec!["5 hello".to_owned(), "11 two\nlines..".to_owned()], 21)
        );
        assert_eq!(all(&framing, data, true).0.len(), 3);
        assert_eq!(all(&framing, b"12", false), (Vec::new(), 0));
    }

    #[test]
    fn what_announces_nothing_sensible_ends_with_its_line_or_is_cut() {
        let framing = Framing::Octets { max: 50 };
        let data = b"<1>junk\n999999999999 x\n900 y\n3 abc";
        let (pieces, at) = all(&framing, data, false);
        assert_eq!(pieces, ["<1>junk", "999999999999 x", "900 y", "3 abc"]);
        assert_eq!(at, data.len());
        let long = [b'x'; 120];
        assert_eq!(all(&framing, &long, false).1, 100);
        assert_eq!(all(&framing, &long, true).1, 120);
    }

    #[test]
    fn zero_bytes_end_messages() {
        let framing = Framing::Nul { max: 50 };
        assert_eq!(
            all(&framing, b"a\nb\0c\0d", false),
            (vec!["a\nb".to_owned(), "c".to_owned()], 6)
        );
    }
}
