//! `syslog_parser`: RFC 3164 and RFC 5424.

use std::borrow::Cow;

use crate::operator::Failure;
use crate::operator::parser::{Parse, text_of};
use crate::program::Scratch;
use crate::time::{Layout, Zone, rfc3339};
use crate::{Entry, Map, Value};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Rfc3164,
    Rfc5424,
}

/// What stands around a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Nothing.
    None,
    /// Its length in bytes and a space before it.
    OctetCounting,
    /// A line feed behind it.
    LineFeed,
    /// A zero byte behind it.
    Nul,
}

/// `syslog_parser`.
#[derive(Debug)]
pub(crate) struct SyslogParser {
    pub(crate) protocol: Protocol,
    pub(crate) zone: Zone,
    pub(crate) framing: Framing,
    pub(crate) allow_skip_pri: bool,
    /// The longest message with octet counting; 0 means no limit.
    pub(crate) max_octets: usize,
    /// `Jan _2 15:04:05`.
    pub(crate) layout: Layout,
}

/// OTLP's number and syslog's word for the severities 0 to 7.
const SEVERITIES: [(u8, &str); 8] = [
    (21, "emerg"),
    (19, "alert"),
    (18, "crit"),
    (17, "err"),
    (13, "warning"),
    (10, "notice"),
    (9, "info"),
    (5, "debug"),
];

/// Source: RFC 5424, table 1; the words are those of syslog(3).
const FACILITIES: [&str; 24] = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "security",
    "console",
    "solaris-cron",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
];

/// Where severity and time wait until the values are set.
const SEVERITY: &str = "severity";
const TIME: &str = "timestamp";

impl Parse for SyslogParser {
    fn parse<'a>(
        &'a self,
        value: &Value<'a>,
        entry: &Entry<'a>,
        _: &mut Scratch,
    ) -> Result<Value<'a>, Failure> {
        match value {
            Value::Str(Cow::Borrowed(text)) => self.message(text, entry.observed).map(Value::Map),
            other => {
                let text = text_of(other, "syslog")?;
                Ok(Value::Map(self.message(text, entry.observed)?).into_owned())
            }
        }
    }

    fn finish(&self, entry: &mut Entry<'_>) -> Result<(), Failure> {
        if let Some(Value::Int(severity)) = entry.attributes.remove(SEVERITY) {
            let (number, word) = SEVERITIES[severity as usize & 7];
            entry.severity = number;
            entry.severity_text = Cow::Borrowed(word);
        }
        if let Some(Value::Int(time)) = entry.attributes.remove(TIME) {
            entry.timestamp = Some(time);
        }
        Ok(())
    }
}

const BAD_PRI: Failure =
    Failure::new("expecting a priority value within angle brackets, from <0> to <191>");

impl SyslogParser {
    fn message<'t>(&self, text: &'t str, now: i64) -> Result<Map<'t>, Failure> {
        let text = self.unframed(text)?;
        let mut map = Map::new();
        let rest = if text.starts_with('<') {
            let (priority, rest) = priority(text)?;
            map.push("priority", Value::Int(priority));
            map.push("facility", Value::Int(priority / 8));
            map.push("facility_text", FACILITIES[(priority / 8) as usize]);
            map.push(SEVERITY, Value::Int(priority % 8));
            rest
        } else if self.allow_skip_pri && self.framing != Framing::OctetCounting {
            text
        } else {
            return Err(BAD_PRI);
        };
        match self.protocol {
            Protocol::Rfc3164 => self.rfc3164(rest, now, &mut map)?,
            Protocol::Rfc5424 => rfc5424(rest, &mut map)?,
        }
        Ok(map)
    }

    fn unframed<'t>(&self, text: &'t str) -> Result<&'t str, Failure> {
        match self.framing {
            Framing::None => Ok(text),
            Framing::LineFeed => Ok(text.strip_suffix('\n').unwrap_or(text)),
            Framing::Nul => Ok(text.strip_suffix('\0').unwrap_or(text)),
            Framing::OctetCounting => {
                let counted = text.split_once(' ').and_then(|(length, rest)| {
                    let length: usize = length.parse().ok()?;
                    rest.get(..length).map(|message| (length, message))
                });
                let (length, message) =
                    counted.ok_or(Failure::new("expecting a message length and the message"))?;
                if self.max_octets > 0 && length > self.max_octets {
                    return Err(Failure::from(format!(
                        "message too long to parse: it has {length} bytes, the limit is {}",
                        self.max_octets
                    )));
                }
                Ok(message)
            }
        }
    }

    fn rfc3164<'t>(&self, text: &'t str, now: i64, map: &mut Map<'t>) -> Result<(), Failure> {
        let stamp = text
            .get(..15)
            .filter(|_| text.as_bytes().get(15) == Some(&b' '));
        let stamp = stamp.ok_or(Failure::new("expecting a Stamp timestamp"))?;
        map.push(TIME, Value::Int(self.layout.parse(stamp, &self.zone, now)?));
        let rest = &text[16..];
        let Some((host, rest)) = rest.split_once(' ') else {
            // Without a space behind it, it is no hostname.
            map.push("message", rest);
            return Ok(());
        };
        if host.is_empty() || !host.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Failure::new(
                "expecting an hostname (from 1 to max 255 US-ASCII characters)",
            ));
        }
        map.push("hostname", host);
        // A tag of letters and digits, perhaps with a process in brackets, and a colon.
        let rest = rest.trim_start_matches(' ');
        let end = rest.find(|c: char| matches!(c, ':' | '[' | ' ') || !c.is_ascii_graphic());
        let mut message = rest;
        if let Some(end) = end.filter(|end| (1..=48).contains(end)) {
            let (tag, after) = rest.split_at(end);
            if let Some(after) = after.strip_prefix(':') {
                map.push("appname", tag);
                message = after.strip_prefix(' ').unwrap_or(after);
            } else if let Some((process, after)) = after
                .strip_prefix('[')
                .and_then(|after| after.split_once("]:"))
            {
                map.push("appname", tag);
                map.push("proc_id", process);
                message = after.strip_prefix(' ').unwrap_or(after);
            }
        }
        if !message.is_empty() {
            map.push("message", message);
        }
        Ok(())
    }
}

fn priority(text: &str) -> Result<(i64, &str), Failure> {
    let (digits, rest) = text[1..].split_once('>').ok_or(BAD_PRI)?;
    let sound = (1..=3).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'));
    let priority = digits.parse().ok().filter(|priority| *priority <= 191);
    match priority {
        Some(priority) if sound => Ok((priority, rest)),
        _ => Err(BAD_PRI),
    }
}

fn rfc5424<'t>(text: &'t str, map: &mut Map<'t>) -> Result<(), Failure> {
    let mut rest = text;
    let mut word = |what: &str, longest: usize| -> Result<Option<&'t str>, Failure> {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after;
        if word.is_empty() || word.len() > longest || !word.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Failure::from(format!("expecting {what}")));
        }
        Ok((word != "-").then_some(word))
    };
    let version = word("a version value in the range 1-999", 3)?;
    let version = version
        .and_then(|version| version.parse().ok())
        .filter(|v| (1..1000).contains(v));
    let version: i64 =
        version.ok_or(Failure::new("expecting a version value in the range 1-999"))?;
    map.push("version", Value::Int(version));
    if let Some(time) = word("a RFC3339MICRO timestamp or a nil value", 64)? {
        let time = rfc3339(time.as_bytes()).ok_or(Failure::new(
            "expecting a RFC3339MICRO timestamp or a nil value",
        ))?;
        map.push(TIME, Value::Int(time));
    }
    for (key, what, longest) in [
        (
            "hostname",
            "an hostname (from 1 to max 255 US-ASCII characters) or a nil value",
            255,
        ),
        (
            "appname",
            "an app-name (from 1 to max 48 US-ASCII characters) or a nil value",
            48,
        ),
        (
            "proc_id",
            "a procid (from 1 to max 128 US-ASCII characters) or a nil value",
            128,
        ),
        (
            "msg_id",
            "a msgid (from 1 to max 32 US-ASCII characters)",
            32,
        ),
    ] {
        if let Some(value) = word(what, longest)? {
            map.push(key, value);
        }
    }
    let message = match rest.strip_prefix('-') {
        Some(rest) => rest,
        None => structured_data(rest, map)?,
    };
    if message.is_empty() {
        return Ok(());
    }
    let message = message
        .strip_prefix(' ')
        .ok_or(Failure::new("expecting a space before the message"))?;
    if !message.is_empty() {
        map.push("message", message);
    }
    Ok(())
}

const BAD_DATA: Failure = Failure::new(
    "expecting a structured data section containing one or more elements (`[id( key=\"value\")*]+`) \
     or a nil value",
);

fn name_end(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_graphic() || matches!(c, '=' | ']' | '"'))
        .unwrap_or(text.len())
}

/// `[id key="value" …]…`; what stands behind it.
fn structured_data<'t>(text: &'t str, map: &mut Map<'t>) -> Result<&'t str, Failure> {
    let mut elements = Map::new();
    let mut rest = text;
    if !rest.starts_with('[') {
        return Err(BAD_DATA);
    }
    while let Some(element) = rest.strip_prefix('[') {
        let end = name_end(element);
        if end == 0 {
            return Err(BAD_DATA);
        }
        let (id, mut params) = element.split_at(end);
        let mut values = Vec::new();
        while let Some(param) = params.strip_prefix(' ') {
            let end = name_end(param);
            let (key, after) = param.split_at(end);
            let after = after
                .strip_prefix("=\"")
                .filter(|_| end > 0)
                .ok_or(BAD_DATA)?;
            let (value, after) = param_value(after)?;
            values.push((Cow::Borrowed(key), Value::Str(value)));
            params = after;
        }
        rest = params.strip_prefix(']').ok_or(BAD_DATA)?;
        if elements.get(id).is_some() {
            return Err(Failure::from(format!(
                "duplicate structured data element id {id:?}"
            )));
        }
        elements.push(id, Value::Map(Map::from_entries(values)));
    }
    map.push("structured_data", Value::Map(elements));
    Ok(rest)
}

/// A value up to its closing quote; `"`, `\` and `]` in it come after a backslash.
fn param_value(text: &str) -> Result<(Cow<'_, str>, &str), Failure> {
    let mut made: Option<String> = None;
    let mut from = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let tail = &text[from..at];
                let value = match made {
                    Some(made) => Cow::Owned(made + tail),
                    None => Cow::Borrowed(tail),
                };
                return Ok((value, &text[at + 1..]));
            }
            b'\\' if matches!(bytes.get(at + 1), Some(b'"' | b'\\' | b']')) => {
                made.get_or_insert_default().push_str(&text[from..at]);
                from = at + 1;
                at += 2;
            }
            b']' => return Err(Failure::new("expecting a ']' in a value to be escaped")),
            _ => at += 1,
        }
    }
    Err(BAD_DATA)
}
