//! The files that are read: what containerd writes for the output of pods.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use clap::ValueEnum;

use crate::error::LoadError;

/// What lines look like, and what is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Text of 176 bytes a line; the container operator.
    Containerd,
    /// JSON of about 250 bytes a line; the container operator, JSON, severity and five attributes.
    Json,
}

impl Kind {
    /// What the table calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Containerd => "containerd",
            Self::Json => "json",
        }
    }

    /// The `operators` list.
    pub(crate) const fn operators(self) -> &'static str {
        match self {
            Self::Containerd => "      - type: container",
            Self::Json => {
                "      - type: container
      - type: json_parser
        parse_from: body
        parse_to: attributes
        severity:
          parse_from: attributes.level
      - type: move
        from: attributes.message
        to: body
      - type: remove
        field: attributes.level"
            }
        }
    }
}

const WORDS: [&str; 12] = [
    "request",
    "served",
    "for",
    "tenant",
    "after",
    "cache",
    "miss",
    "upstream",
    "connection",
    "pool",
    "returned",
    "to",
];

/// Writes `lines` lines in `files` files below `folder`, one for each pod; how many bytes.
///
/// # Errors
/// A full disk, or a folder that cannot be made.
pub(crate) fn write(folder: &Path, kind: Kind, files: usize, lines: u64) -> Result<u64, LoadError> {
    let what = || format!("write log files below {}", folder.display());
    let mut bytes = 0;
    for file in 0..files {
        let pod = folder.join(format!(
            "load_pod-{file}_{file:08x}-0000-4000-8000-000000000000/app"
        ));
        fs::create_dir_all(&pod).map_err(LoadError::io(what()))?;
        let out = File::create(pod.join("0.log")).map_err(LoadError::io(what()))?;
        let mut out = BufWriter::with_capacity(1 << 20, out);
        let (begin, end) = (
            lines * file as u64 / files as u64,
            lines * (file as u64 + 1) / files as u64,
        );
        let mut line = Vec::with_capacity(512);
        for number in begin..end {
            line.clear();
            put(&mut line, kind, number);
            bytes += line.len() as u64;
            out.write_all(&line).map_err(LoadError::io(what()))?;
        }
        out.flush().map_err(LoadError::io(what()))?;
    }
    Ok(bytes)
}

fn put(line: &mut Vec<u8>, kind: Kind, number: u64) {
    let (second, nano) = (number / 1000 % 60, number % 1000 * 1_000_000 + 123_456);
    let (minute, hour) = (number / 60_000 % 60, number / 3_600_000 % 24);
    let stream = if number.is_multiple_of(10) {
        "stderr"
    } else {
        "stdout"
    };
    // A vector takes everything.
    write!(
        line,
        "2026-11-21T{hour:02}:{minute:02}:{second:02}.{nano:09}Z {stream} F "
    )
    .ok();
    match kind {
        Kind::Containerd => {
            write!(line, "request {number:012}").ok();
            text(line, number, 175);
        }
        Kind::Json => {
            let level = ["info", "info", "info", "warn", "error"][(number % 5) as usize];
            write!(
                line,
                "{{\"level\":\"{level}\",\"message\":\"request {number:012}"
            )
            .ok();
            text(line, number, 140);
            let (status, size, user) = (200 + number % 5, number % 70_000, number % 997);
            write!(
                line,
                "\",\"status\":{status},\"bytes\":{size},\"user\":\"user-{user}\",\
                 \"path\":\"/api/v1/items/{user}\",\"duration_ms\":{}.5}}",
                number % 300
            )
            .ok();
        }
    }
    line.push(b'\n');
}

/// Fills the line up to `length` bytes with words.
fn text(line: &mut Vec<u8>, number: u64, length: usize) {
    let mut at = number as usize;
    while line.len() < length {
        line.push(b' ');
        line.extend_from_slice(WORDS[at % WORDS.len()].as_bytes());
        at += 1;
    }
    line.truncate(length);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_there_once_and_as_long_as_it_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        for kind in [Kind::Containerd, Kind::Json] {
            let place = folder.path().join(kind.name());
            let bytes = write(&place, kind, 3, 100).unwrap();
            let mut lines = Vec::new();
            for pod in fs::read_dir(&place).unwrap() {
                let text = fs::read_to_string(pod.unwrap().path().join("app/0.log")).unwrap();
                lines.extend(text.lines().map(str::to_owned));
            }
            assert_eq!(lines.len(), 100);
            let total: usize = lines.iter().map(|line| line.len() + 1).sum();
            assert_eq!(total as u64, bytes);
            let numbers: std::collections::BTreeSet<_> = lines
                .iter()
                .map(|line| line.split("request ").nth(1).unwrap()[..12].to_owned())
                .collect();
            assert_eq!(numbers.len(), 100);
            if kind == Kind::Containerd {
                assert!(lines.iter().all(|line| line.len() == 175));
            }
        }
    }
}
