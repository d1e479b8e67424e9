//! `decolorize`: takes colours and other escape sequences of terminals away.

use std::borrow::Cow;

use headwater_core::ComponentError;
use headwater_core::config::Config;
use headwater_regexp::Regex;

use crate::entry::Entry;
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `decolorize`: none.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub(crate) struct DecolorizeConfig {}

/// What begins an escape sequence, then what ends it: a title by a bell, anything else by a letter.
const ESCAPES: &str = concat!(
    r"[\x{1b}\x{9b}][\[\]()#;?]*",
    r"(?:[0-9A-Za-z;]*\x{07}|(?:[0-9]{1,4}(?:;[0-9]{0,4})*)?[0-9A-PRZcf-nqrty=><~])",
);

/// Takes escape sequences away.
#[derive(Debug)]
pub(crate) struct Decolorize(Regex);

impl Decolorize {
    pub(crate) fn new() -> Result<Self, ComponentError> {
        crate::build::regex(ESCAPES).map(Self)
    }
}

impl Edit for Decolorize {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let bytes = entry.line.as_bytes();
        if memchr::memchr2(0x1b, 0xc2, bytes).is_some()
            && let Cow::Owned(plain) = self.0.replace_all(bytes, &b""[..])
        {
            entry.line = Cow::Owned(String::from_utf8_lossy(&plain).into_owned());
        }
        Verdict::Keep
    }
}
