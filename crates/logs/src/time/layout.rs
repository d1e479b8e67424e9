//! Layouts of times: strptime's directives and Go's reference time, compiled to one list.

use thiserror::Error;

use super::Zone;
use super::format::format;
use super::parse::parse;
use crate::operator::Failure;

/// A part of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// This text.
    Literal(String),
    /// Four digits.
    LongYear,
    /// Two digits.
    Year,
    /// A month's full name.
    LongMonth,
    /// A month's first three letters.
    Month,
    /// A month's number, with two digits or as many as it has.
    NumMonth { two: bool },
    /// A weekday's full name.
    LongWeekDay,
    /// A weekday's first three letters.
    WeekDay,
    /// A day of the month, with two digits or as many as it has, after a space or not.
    Day { two: bool, padded: bool },
    /// A day of the year, with three digits.
    YearDay,
    /// An hour of 24.
    Hour,
    /// An hour of 12.
    Hour12 { two: bool },
    /// A minute.
    Minute { two: bool },
    /// A second; a fraction behind it is read although the layout has none.
    Second { two: bool },
    /// `AM` or `PM`.
    Noon { upper: bool },
    /// The name of a zone.
    ZoneName,
    /// An offset.
    Offset { zulu: bool, colon: bool, parts: u8 },
    /// A dot or comma and as many digits as there are, or nothing.
    Fraction(FractionForm),
    /// A dot or comma and this many digits.
    FixedFraction(FractionForm),
}

/// How a layout writes a fraction of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FractionForm {
    pub(super) digits: usize,
    pub(super) comma: bool,
}

/// A compiled layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    items: Vec<Item>,
    ends_in_z: bool,
}

/// Why a text is no layout.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// A strptime layout with digits.
    #[error("format string should not contain decimals")]
    Decimals,
    /// A directive that does not exist.
    #[error("there is no directive `{0}`")]
    Directive(String),
    /// A fraction of a second that does not follow a dot or comma.
    #[error("invalid fractional seconds directive: `{0}` must be preceded with '.' or ','")]
    Fraction(String),
}

/// The reference time's form of strptime's directives. Source: Go `ctimefmt.ctimeSubstitutes`.
const DIRECTIVES: &[(char, &str)] = &[
    ('Y', "2006"),
    ('y', "06"),
    ('m', "01"),
    ('o', "_1"),
    ('q', "1"),
    ('b', "Jan"),
    ('h', "Jan"),
    ('B', "January"),
    ('d', "02"),
    ('e', "_2"),
    ('g', "2"),
    ('a', "Mon"),
    ('A', "Monday"),
    ('H', "15"),
    ('l', "3"),
    ('I', "03"),
    ('p', "PM"),
    ('P', "pm"),
    ('M', "04"),
    ('S', "05"),
    ('L', "999"),
    ('f', "999999"),
    ('s', "999999999"),
    ('Z', "MST"),
    ('z', "Z0700"),
    ('w', "-070000"),
    ('i', "-07"),
    ('j', "-07:00"),
    ('k', "-07:00:00"),
    ('D', "01/02/2006"),
    ('x', "01/02/2006"),
    ('F', "2006-01-02"),
    ('T', "15:04:05"),
    ('X', "15:04:05"),
    ('r', "03:04:05 pm"),
    ('R', "15:04"),
    ('n', "\n"),
    ('t', "\t"),
    ('%', "%"),
    ('c', "Mon Jan 02 15:04:05 2006"),
];

impl Layout {
    /// Compiles a layout of strptime's directives.
    ///
    /// # Errors
    /// [`LayoutError`] for digits, unknown directives and fractions without a dot before.
    pub fn strptime(layout: &str) -> Result<Self, LayoutError> {
        if layout.contains(|c: char| c.is_ascii_digit()) {
            return Err(LayoutError::Decimals);
        }
        let mut native = String::new();
        let mut chars = layout.chars();
        let mut before = None;
        while let Some(c) = chars.next() {
            let directive = if c == '%' { chars.next() } else { None };
            let Some(directive) = directive else {
                native.push(c);
                before = Some(c);
                continue;
            };
            let found = DIRECTIVES.iter().find(|(letter, _)| *letter == directive);
            let Some((_, text)) = found else {
                return Err(LayoutError::Directive(format!("%{directive}")));
            };
            if matches!(directive, 'L' | 'f' | 's') && !matches!(before, Some('.' | ',')) {
                return Err(LayoutError::Fraction(format!("%{directive}")));
            }
            native.push_str(text);
            before = Some(directive);
        }
        Self::gotime(&native)
    }

    /// Compiles a layout in the form of Go's reference time.
    ///
    /// # Errors
    /// [`LayoutError`] for nines that do not follow a dot or comma.
    pub fn gotime(layout: &str) -> Result<Self, LayoutError> {
        let mut items = Vec::new();
        let mut literal = String::new();
        let mut rest = layout;
        while let Some(c) = rest.chars().next() {
            if let Some((item, length)) = item(rest) {
                if !literal.is_empty() {
                    items.push(Item::Literal(std::mem::take(&mut literal)));
                }
                items.push(item);
                rest = &rest[length..];
            } else {
                if c == '9' && !literal.ends_with(['.', ',', '9']) && !literal.is_empty() {
                    return Err(LayoutError::Fraction("9".to_owned()));
                }
                literal.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        if !literal.is_empty() {
            items.push(Item::Literal(literal));
        }
        Ok(Self {
            items,
            ends_in_z: layout.ends_with('Z'),
        })
    }

    /// Whether the layout's last letter is a `Z`, which makes UTC the default zone.
    #[must_use]
    pub const fn is_zulu(&self) -> bool {
        self.ends_in_z
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    /// Reads a time, in nanoseconds since 1970. `zone` counts where the text names none; a year
    /// that the layout does not have is taken from `now`.
    ///
    /// # Errors
    /// [`Failure`] with the part of the text that is not what the layout says.
    pub fn parse(&self, text: &str, zone: &Zone, now: i64) -> Result<i64, Failure> {
        parse(self, text, zone, now)
    }

    /// Writes a time, in nanoseconds since 1970, as clocks in UTC show it.
    #[must_use]
    pub fn format(&self, time: i64) -> String {
        format(self, time)
    }
}

/// The parts of the reference time; longer ones before those that they begin with.
const FIXED: &[(&str, Item)] = &[
    ("January", Item::LongMonth),
    ("Monday", Item::LongWeekDay),
    ("MST", Item::ZoneName),
    ("2006", Item::LongYear),
    ("002", Item::YearDay),
    ("01", Item::NumMonth { two: true }),
    (
        "02",
        Item::Day {
            two: true,
            padded: false,
        },
    ),
    ("03", Item::Hour12 { two: true }),
    ("04", Item::Minute { two: true }),
    ("05", Item::Second { two: true }),
    ("06", Item::Year),
    ("15", Item::Hour),
    ("1", Item::NumMonth { two: false }),
    (
        "_2",
        Item::Day {
            two: false,
            padded: true,
        },
    ),
    (
        "2",
        Item::Day {
            two: false,
            padded: false,
        },
    ),
    ("3", Item::Hour12 { two: false }),
    ("4", Item::Minute { two: false }),
    ("5", Item::Second { two: false }),
    ("PM", Item::Noon { upper: true }),
    ("pm", Item::Noon { upper: false }),
    (
        "-07:00:00",
        Item::Offset {
            zulu: false,
            colon: true,
            parts: 3,
        },
    ),
    (
        "-070000",
        Item::Offset {
            zulu: false,
            colon: false,
            parts: 3,
        },
    ),
    (
        "-07:00",
        Item::Offset {
            zulu: false,
            colon: true,
            parts: 2,
        },
    ),
    (
        "-0700",
        Item::Offset {
            zulu: false,
            colon: false,
            parts: 2,
        },
    ),
    (
        "-07",
        Item::Offset {
            zulu: false,
            colon: false,
            parts: 1,
        },
    ),
    (
        "Z07:00:00",
        Item::Offset {
            zulu: true,
            colon: true,
            parts: 3,
        },
    ),
    (
        "Z070000",
        Item::Offset {
            zulu: true,
            colon: false,
            parts: 3,
        },
    ),
    (
        "Z07:00",
        Item::Offset {
            zulu: true,
            colon: true,
            parts: 2,
        },
    ),
    (
        "Z0700",
        Item::Offset {
            zulu: true,
            colon: false,
            parts: 2,
        },
    ),
    (
        "Z07",
        Item::Offset {
            zulu: true,
            colon: false,
            parts: 1,
        },
    ),
];

/// The item that a layout begins with, and its length; none for literal text.
fn item(rest: &str) -> Option<(Item, usize)> {
    for (name, item) in [("Jan", Item::Month), ("Mon", Item::WeekDay)] {
        let long = if name == "Jan" { "January" } else { "Monday" };
        if rest.starts_with(name) && !rest.starts_with(long) {
            // A longer word that begins so is a word.
            let lower = rest[3..].starts_with(|c: char| c.is_ascii_lowercase());
            return (!lower).then_some((item, 3));
        }
    }
    // `_2006` is an underscore and a year.
    if rest.starts_with("_2006") {
        return None;
    }
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digit = fraction.bytes().next().filter(|b| matches!(b, b'0' | b'9'));
        if let Some(digit) = digit {
            let count = fraction.bytes().take_while(|b| *b == digit).count();
            let digits_follow = fraction
                .as_bytes()
                .get(count)
                .is_some_and(u8::is_ascii_digit);
            if !digits_follow {
                let form = FractionForm {
                    digits: count,
                    comma: rest.starts_with(','),
                };
                let item = match digit {
                    b'0' => Item::FixedFraction(form),
                    _ => Item::Fraction(form),
                };
                return Some((item, count + 1));
            }
        }
        return None;
    }
    let found = FIXED.iter().find(|(text, _)| rest.starts_with(text));
    found.map(|(text, item)| (item.clone(), text.len()))
}
