//! `docker`: lines of Docker's `json-file` driver.

use std::borrow::Cow;

use headwater_core::config::Config;
use headwater_logs::Value;

use crate::entry::{Entry, Text};
use crate::pipeline::{Edit, Run, Verdict};

/// Arguments of `docker`: none.
#[derive(Debug, Clone, Default, PartialEq, Config)]
pub(crate) struct DockerConfig {}

/// Reads Docker's lines; others pass.
#[derive(Debug)]
pub(crate) struct Docker;

impl Edit for Docker {
    fn edit<'a>(&'a self, entry: &mut Entry<'a>, _: &mut Run) -> Verdict {
        let line = std::mem::take(&mut entry.line);
        match read(&line) {
            Some([log, stream, time]) => {
                if let Some(timestamp) = headwater_logs::rfc3339(time.as_bytes()) {
                    entry.timestamp = timestamp;
                }
                entry.extract("output", log.clone());
                entry.extract("stream", stream.clone());
                entry.extract("timestamp", time);
                entry.set_label("stream", stream);
                entry.line = log;
            }
            None => entry.line = line,
        }
        Verdict::Keep
    }
}

/// The three texts, if there is a log among them.
fn read<'a>(line: &Text<'a>) -> Option<[Text<'a>; 3]> {
    match line {
        Cow::Borrowed(line) => fields(line),
        Cow::Owned(line) => Some(fields(line)?.map(|text| Cow::Owned(text.into_owned()))),
    }
}

fn fields(line: &str) -> Option<[Text<'_>; 3]> {
    let Value::Map(map) = headwater_logs::parse_json(line, false).ok()? else {
        return None;
    };
    let mut found = [const { Cow::Borrowed("") }; 3];
    for (key, value) in map {
        let place = match &*key {
            "log" => 0,
            "stream" => 1,
            "time" => 2,
            _ => continue,
        };
        found[place] = match value {
            Value::Str(text) => text,
            Value::Null => continue,
            _ => return None,
        };
    }
    (!found[0].is_empty()).then_some(found)
}
