//! How a line looks.

use std::time::SystemTime;

use tracing::{Level, Metadata};

use super::clock::write_timestamp;
use super::json::{Object, Spacing, write_node, write_string};
use super::spans::Field;
use crate::telemetry::{LogEncoding, LogsConfig};

/// The fixed part of every line.
pub(super) struct Format {
    encoding: LogEncoding,
    caller: bool,
    /// The fields that every line carries, written with the spacing of the encoding.
    fixed: String,
}

/// What one event brings.
pub(super) struct Event<'a> {
    pub(super) metadata: &'a Metadata<'a>,
    pub(super) at: SystemTime,
    pub(super) message: &'a str,
    /// Fields of the span, then of the event.
    pub(super) fields: &'a [Field],
}

impl Format {
    pub(super) fn new(config: &LogsConfig, resource: &[(String, String)]) -> Self {
        let spacing = match config.encoding {
            LogEncoding::Console => Spacing::Spaced,
            LogEncoding::Json => Spacing::Tight,
        };
        let mut fixed = String::new();
        let mut object = Object::new(&mut fixed, spacing);
        for (name, value) in config.initial_fields.iter() {
            write_node(object.key(name), value, spacing);
        }
        if !config.disable_zap_resource {
            let line = object.key("resource");
            line.push('{');
            let mut attributes = Object::new(line, spacing);
            for (name, value) in resource {
                write_string(attributes.key(name), value);
            }
            line.push('}');
        }
        Self {
            encoding: config.encoding,
            caller: !config.disable_caller,
            fixed,
        }
    }

    /// The line with its line feed.
    pub(super) fn write(&self, event: &Event<'_>) -> String {
        let mut line = String::with_capacity(256);
        match self.encoding {
            LogEncoding::Console => self.console(&mut line, event),
            LogEncoding::Json => self.json(&mut line, event),
        }
        line.push('\n');
        line
    }

    fn console(&self, line: &mut String, event: &Event<'_>) {
        write_timestamp(line, event.at);
        line.push('\t');
        line.push_str(level_name(*event.metadata.level()));
        line.push('\t');
        if self.caller {
            write_caller(line, event.metadata);
            line.push('\t');
        }
        line.push_str(event.message);
        if !self.fixed.is_empty() || !event.fields.is_empty() {
            line.push_str("\t{");
            let mut object = Object::new(line, Spacing::Spaced);
            self.fields(&mut object, event);
            line.push('}');
        }
    }

    fn json(&self, line: &mut String, event: &Event<'_>) {
        line.push('{');
        let mut object = Object::new(line, Spacing::Tight);
        write_string(object.key("level"), level_name(*event.metadata.level()));
        let text = object.key("ts");
        text.push('"');
        write_timestamp(text, event.at);
        text.push('"');
        if self.caller {
            let text = object.key("caller");
            text.push('"');
            write_caller(text, event.metadata);
            text.push('"');
        }
        write_string(object.key("msg"), event.message);
        self.fields(&mut object, event);
        line.push('}');
    }

    fn fields(&self, object: &mut Object<'_>, event: &Event<'_>) {
        object.raw(&self.fixed);
        for field in event.fields {
            field.value.write(object.key(field.name));
        }
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG | Level::TRACE => "debug",
    }
}

/// `headwater-service/run.rs:42`: the crate, then the path below its `src`. Where the crate was
/// built does not matter to whoever reads the line.
fn write_caller(line: &mut String, metadata: &Metadata<'_>) {
    let path = metadata.module_path().unwrap_or(metadata.target());
    let library = path.split("::").next().unwrap_or(path);
    line.extend(library.chars().map(|c| if c == '_' { '-' } else { c }));
    let file = metadata.file().unwrap_or("");
    let below = file.rsplit_once("/src/").map(|(_, below)| below);
    let name = || file.rsplit(['/', '\\']).next().unwrap_or(file);
    line.push('/');
    line.push_str(below.unwrap_or_else(name));
    line.push(':');
    line.push_str(&metadata.line().unwrap_or(0).to_string());
}
