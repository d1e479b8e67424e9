//! `container`: lines of Docker, CRI-O and containerd, and what their path says.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2};

use crate::operator::Failure;
use crate::operator::parser::Embedded;
use crate::operator::recombine::Recombine;
use crate::program::Scratch;
use crate::time::rfc3339;
use crate::{Entry, Field, Value, json};

/// The attribute with the path of the file.
const PATH: &str = "log.file.path";

/// Who wrote the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON with `log`, `stream` and `time`.
    Docker,
    /// A time with an offset, stream, tag and text.
    Crio,
    /// A time in UTC, stream, tag and text.
    Containerd,
}

/// Parses lines of container runtimes.
#[derive(Debug)]
pub(crate) struct Container {
    /// `None` looks at each line.
    pub(crate) format: Option<Format>,
    pub(crate) add_metadata: bool,
    pub(crate) parse_from: Field,
    pub(crate) parse_to: Field,
    pub(crate) embedded: Embedded,
    /// The line goes from the body to the attributes, and nothing else happens on the way.
    pub(crate) plain: bool,
    /// Joins the partial lines of the CRI formats.
    pub(crate) recombine: Recombine,
}

/// A line of the CRI formats.
struct Cri<'l> {
    time: &'l str,
    stream: &'l str,
    tag: &'l str,
    log: &'l str,
    format: Format,
}

impl<'l> Cri<'l> {
    fn split(line: &'l str) -> Option<Self> {
        // By bytes: every line of every pod comes through here.
        let (time, rest) = line.split_at_checked(memchr(b' ', line.as_bytes())?)?;
        let (stream, rest) = rest.split_at_checked(7)?;
        if !matches!(stream, " stdout" | " stderr") {
            return None;
        }
        let (stream, rest) = (&stream[1..], rest.strip_prefix(' ')?);
        // Upstream's patterns end at a line feed.
        if memchr(b'\n', rest.as_bytes()).is_some() {
            return None;
        }
        let (tag, log) = match memchr(b' ', rest.as_bytes()) {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, ""),
        };
        let format = match time.as_bytes() {
            [before @ .., b'Z'] => {
                if before.is_empty() || memchr2(b'Z', b'^', before).is_some() {
                    return None;
                }
                Format::Containerd
            }
            [] => return None,
            time if memchr(b'Z', time).is_some() => return None,
            _ => Format::Crio,
        };
        Some(Self {
            time,
            stream,
            tag,
            log,
            format,
        })
    }
}

/// A part of a text that is borrowed where the text is.
fn part<'a>(whole: &Cow<'a, str>, part: &str) -> Cow<'a, str> {
    match whole {
        // An empty part may stand anywhere.
        Cow::Borrowed(_) if part.is_empty() => Cow::Borrowed(""),
        Cow::Borrowed(text) => {
            let at = part.as_ptr() as usize - text.as_ptr() as usize;
            Cow::Borrowed(&text[at..at + part.len()])
        }
        Cow::Owned(_) => Cow::Owned(part.to_owned()),
    }
}

impl Container {
    /// Parses the line. True if it may be part of a longer one.
    pub(crate) fn parse<'a>(
        &'a self,
        entry: &mut Entry<'a>,
        scratch: &mut Scratch,
    ) -> Result<bool, Failure> {
        let line = match self.parse_from.get(entry) {
            Some(Value::Str(line)) => line.clone(),
            Some(other) => {
                return Err(Failure::from(format!(
                    "type '{}' cannot be parsed as container logs",
                    other.kind()
                )));
            }
            None => return Err(Failure::new("entry cannot be parsed as container logs")),
        };
        let docker = match self.format {
            Some(format) => format == Format::Docker,
            None => line.starts_with('{'),
        };
        if docker {
            self.docker(&line, entry, scratch)?;
            return Ok(false);
        }
        let cri = Cri::split(&line).filter(|cri| self.format.is_none_or(|want| want == cri.format));
        let Some(cri) = cri else {
            return Err(Failure::new(match self.format {
                Some(_) => "regex pattern does not match",
                None => {
                    "failed to detect a valid container log format: entry cannot be parsed as \
                     container logs"
                }
            }));
        };
        self.cri(&line, &cri, entry, scratch)?;
        Ok(true)
    }

    #[expect(
        clippy::ptr_arg,
        reason = "what is borrowed has to stay a slice of the line"
    )]
    fn cri<'a>(
        &'a self,
        line: &Cow<'a, str>,
        cri: &Cri<'_>,
        entry: &mut Entry<'a>,
        scratch: &mut Scratch,
    ) -> Result<(), Failure> {
        if !self.plain {
            // Operators inside see what upstream's see: time, stream, logtag and log where
            // `parse_to` says.
            let mut map = crate::Map::new();
            for (key, value) in [
                ("time", cri.time),
                ("stream", cri.stream),
                ("logtag", cri.tag),
                ("log", cri.log),
            ] {
                map.push(key, value.to_owned());
            }
            return self.finish(Value::Map(map), entry, scratch);
        }
        let timestamp = time(cri.time)?;
        let path = self.path(entry)?;
        let stream = part(line, cri.stream);
        entry
            .attributes
            .insert("logtag", Value::Str(part(line, cri.tag)));
        entry.body = Value::Str(part(line, cri.log));
        entry.timestamp = Some(timestamp);
        entry.attributes.insert("log.iostream", Value::Str(stream));
        if let Some(path) = path {
            metadata(&path, entry, scratch)?;
        }
        Ok(())
    }

    #[expect(
        clippy::ptr_arg,
        reason = "what is borrowed has to stay a slice of the line"
    )]
    fn docker<'a>(
        &'a self,
        line: &Cow<'a, str>,
        entry: &mut Entry<'a>,
        scratch: &mut Scratch,
    ) -> Result<(), Failure> {
        let value = match line {
            Cow::Borrowed(line) => json::parse(line, false)?,
            Cow::Owned(line) => json::parse(line, false)?.into_owned(),
        };
        if !matches!(value, Value::Map(_)) {
            return Err(Failure::new("the line is no JSON object"));
        }
        self.finish(value, entry, scratch)
    }

    /// Puts the parts where they belong.
    fn finish<'a>(
        &'a self,
        value: Value<'a>,
        entry: &mut Entry<'a>,
        scratch: &mut Scratch,
    ) -> Result<(), Failure> {
        if self.parse_to == Field::attributes() {
            if let Value::Map(map) = value {
                entry.attributes.merge(map);
            }
        } else {
            self.parse_to.set(entry, value)?;
        }
        self.embedded.apply(entry, scratch)?;
        let stamp = entry.attributes.get("time").and_then(Value::as_str);
        let stamp = stamp.ok_or(Failure::new(
            "failed to parse time: attribute `time` is missing",
        ))?;
        entry.timestamp = Some(time(stamp)?);
        entry.attributes.remove("time");
        for (from, what) in [("log", "log"), ("stream", "stream")] {
            if entry.attributes.get(from).is_none() {
                return Err(Failure::from(format!("move: field does not exist: {what}")));
            }
        }
        if let Some(log) = entry.attributes.remove("log") {
            entry.body = log;
        }
        if let Some(stream) = entry.attributes.remove("stream") {
            entry.attributes.insert("log.iostream", stream);
        }
        if let Some(path) = self.path(entry)? {
            metadata(&path, entry, scratch)?;
        }
        Ok(())
    }

    /// The path whose parts become resource attributes.
    fn path<'a>(&self, entry: &Entry<'a>) -> Result<Option<Cow<'a, str>>, Failure> {
        if !self.add_metadata {
            return Ok(None);
        }
        match entry.attributes.get(PATH) {
            Some(Value::Str(path)) => Ok(Some(path.clone())),
            Some(_) => Err(Failure::new("log.file.path is no string")),
            None => Err(Failure::new(
                "'add_metadata_from_filepath' is enabled, but the log record attribute \
                 'log.file.path' is missing. Perhaps enable the 'include_file_path' option?",
            )),
        }
    }
}

fn time(text: &str) -> Result<i64, Failure> {
    rfc3339(text.as_bytes()).ok_or_else(|| {
        Failure::from(format!(
            "failed to parse time: {text:?} is no RFC 3339 time"
        ))
    })
}

/// `<namespace>_<pod>_<uid>/<container>/<restarts>.log`, perhaps with the time of a rotation.
struct PodPath<'p> {
    namespace: &'p str,
    pod: &'p str,
    uid: &'p str,
    container: &'p str,
    restarts: &'p str,
}

impl<'p> PodPath<'p> {
    fn split(path: &'p str) -> Option<Self> {
        let mut parts = path.rsplitn(4, ['/', '\\']);
        let (file, container, pod) = (parts.next()?, parts.next()?, parts.next()?);
        // The folder has to stand in another.
        parts.next()?;
        let (restarts, rotated) = file.split_once(".log")?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let rotation = |text: &str| {
            let text = text.strip_prefix('.').and_then(|text| text.split_once('-'));
            text.is_some_and(|(day, time)| {
                day.len() == 8 && time.len() == 6 && digits(day) && digits(time)
            })
        };
        let sound = digits(restarts)
            && (rotated.is_empty() || rotation(rotated))
            && !container.is_empty()
            && !container.contains(['.', '_']);
        let mut names = pod.split('_');
        let (namespace, pod, uid) = (names.next()?, names.next()?, names.next()?);
        let sound = sound
            && names.next().is_none()
            && !namespace.is_empty()
            && !pod.is_empty()
            && !uid.is_empty()
            && uid
                .bytes()
                .all(|b| matches!(b, b'a'..=b'f' | b'0'..=b'9' | b'-'));
        sound.then_some(Self {
            namespace,
            pod,
            uid,
            container,
            restarts,
        })
    }
}

/// The attributes of the resource, in the order of [`PodParts`].
const KEYS: [&str; 5] = [
    "k8s.container.name",
    "k8s.container.restart_count",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.pod.uid",
];

/// The path of the last line and where its parts stand: the next line mostly has the same.
#[derive(Debug, Default)]
pub(crate) struct PodParts {
    path: String,
    parts: [Range<usize>; 5],
}

impl PodParts {
    fn of(path: &str) -> Result<Self, Failure> {
        let pod = PodPath::split(path).ok_or(Failure::new("failed to detect a valid log path"))?;
        let range = |part: &str| {
            let begin = part.as_ptr() as usize - path.as_ptr() as usize;
            begin..begin + part.len()
        };
        Ok(Self {
            path: path.to_owned(),
            parts: [pod.container, pod.restarts, pod.namespace, pod.pod, pod.uid].map(range),
        })
    }
}

#[expect(
    clippy::ptr_arg,
    reason = "what is borrowed has to stay a slice of the line"
)]
fn metadata<'a>(
    path: &Cow<'a, str>,
    entry: &mut Entry<'a>,
    scratch: &mut Scratch,
) -> Result<(), Failure> {
    if scratch.pod.path != **path {
        scratch.pod = PodParts::of(path)?;
    }
    let fresh = entry.resource.is_empty();
    for (key, range) in KEYS.iter().zip(&scratch.pod.parts) {
        let value = Value::Str(match path {
            Cow::Borrowed(path) => Cow::Borrowed(path.get(range.clone()).unwrap_or_default()),
            Cow::Owned(path) => Cow::Owned(path.get(range.clone()).unwrap_or_default().to_owned()),
        });
        if fresh {
            entry.resource.push(*key, value);
        } else {
            entry.resource.insert(*key, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_pods_are_taken_apart_and_others_refused() {
        let pod =
            PodPath::split("/var/log/pods/ns_pod-1_0f8a-11/app/2.log.20260102-030405").unwrap();
        assert_eq!(
            (pod.namespace, pod.pod, pod.uid, pod.container, pod.restarts),
            ("ns", "pod-1", "0f8a-11", "app", "2")
        );
        for path in [
            "/var/log/pods/ns_pod_uid-x/app/2.log",
            "/var/log/pods/ns_pod_0a/a.b/2.log",
            "/var/log/pods/ns_pod_0a/app/x.log",
            "/var/log/pods/ns_pod_0a/app/2.log.gz",
            "/var/log/pods/ns_pod/app/2.log",
            "ns_pod_0a/app/2.log",
        ] {
            assert!(PodPath::split(path).is_none(), "{path}");
        }
    }

    #[test]
    fn lines_of_each_runtime_are_told_apart() {
        let format = |line| Cri::split(line).map(|cri| cri.format);
        assert_eq!(
            format("2026-01-01T00:00:00.1Z stdout F text"),
            Some(Format::Containerd)
        );
        assert_eq!(
            format("2026-01-01T00:00:00.1+01:00 stderr P text"),
            Some(Format::Crio)
        );
        assert_eq!(format("2026-01-01T00:00:00.1Z stdin F text"), None);
        assert_eq!(format("2026-01-01T00:00:00.1Z"), None);
        assert_eq!(
            Cri::split("2026-01-01T00:00:00Z stdout F").map(|cri| cri.log),
            Some("")
        );
    }
}
