//! What the system refuses to the process: files that it may not read, a disk that is full under
//! the positions. The receiver runs in a process of its own, of which these can be taken away.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::support::{Folder, LIMIT, numbered};

/// Writes what the receiver has to say to stderr, warnings and worse.
pub(crate) fn say_errors() {
    tracing::subscriber::set_global_default(Said).unwrap();
}

struct Said;

struct Fields(String);

impl tracing::field::Visit for Fields {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl tracing::Subscriber for Said {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("headwater_receiver_file_log")
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        // Nobody may listen.
        drop(writeln!(std::io::stderr(), "{}", fields.0));
    }
}

/// A receiver in a process of its own: killed when dropped.
struct Process {
    child: Child,
    lines: Receiver<String>,
    said: Receiver<String>,
}

impl Process {
    /// Runs it behind `before`, words of a shell that end in an `exec` of what follows them.
    fn start(folder: &Folder, keys: &str, before: &str) -> Self {
        let test = std::env::current_exe().unwrap();
        let script = format!(
            "{before} '{}' --exact kill::child --nocapture",
            test.display()
        );
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .env(crate::kill::FOLDER, folder.yaml(keys))
            .env(crate::kill::OUTPUT, "/dev/stdout")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = received(child.stdout.take().unwrap(), |line| {
            line.starts_with("line ")
        });
        let said = received(child.stderr.take().unwrap(), |_| true);
        Self { child, lines, said }
    }

    /// The next lines are these, in this order.
    fn wait(&self, range: std::ops::Range<usize>) {
        for expected in numbered(range).lines() {
            assert_eq!(self.lines.recv_timeout(LIMIT).unwrap(), expected);
        }
    }

    /// The next message that holds `text`; those before it are given up.
    fn wait_for_word_of(&self, text: &str) -> String {
        loop {
            let said = self.said.recv_timeout(LIMIT).unwrap();
            if said.contains(text) {
                return said;
            }
        }
    }

    /// Sets the longest file that it may write.
    fn limit(&self, bytes: Option<u64>) {
        let process = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Some(process), Resource::Fsize, limit).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn received(
    from: impl Read + Send + 'static,
    wanted: impl Fn(&str) -> bool + Send + 'static,
) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if wanted(&line) && sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

#[test]
fn a_disk_that_is_full_under_the_positions_stops_nothing_and_is_said() {
    let folder = Folder::new();
    folder.write("a.log", numbered(0..10));
    // A signal that is ignored stays so over an exec; the write fails instead.
    let before = "trap '' XFSZ; exec";
    let process = Process::start(&folder, "", before);
    process.wait(0..10);
    process.limit(Some(0));
    for round in 1..5 {
        folder.write("a.log", numbered(round * 10..round * 10 + 10));
        process.wait(round * 10..round * 10 + 10);
    }
    let said = process.wait_for_word_of("Positions cannot be written: reading goes on");
    let place = folder.positions().display().to_string();
    assert!(said.starts_with("ERROR") && said.contains(&place), "{said}");

    // There is room again: what was delivered meanwhile is not read again after the next kill.
    process.limit(None);
    folder.write("a.log", numbered(50..60));
    process.wait(50..60);
    process.wait_for_word_of("Positions are written again");
    drop(process);
    folder.write("a.log", numbered(60..70));
    let process = Process::start(&folder, "", before);
    process.wait(60..70);
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_file_that_may_not_be_read_is_read_once_it_may_be_and_an_open_one_to_its_end() {
    let folder = Folder::new();
    let path = folder.path("a.log");
    folder.write("a.log", numbered(0..10));
    let mut open = fs::OpenOptions::new().append(true).open(&path).unwrap();
    set_mode(&path, 0o000);
    // The superuser may read everything unless that is taken away.
    let before = if fs::File::open(&path).is_ok() {
        "exec setpriv --bounding-set -dac_override,-dac_read_search \
         --inh-caps -dac_override,-dac_read_search"
    } else {
        "exec"
    };
    let process = Process::start(&folder, "", before);
    let said = process.wait_for_word_of("Failed to read file");
    assert!(said.contains("a.log") && said.contains("denied"), "{said}");
    folder.write("b.log", numbered(0..1));
    process.wait(0..1);

    set_mode(&path, 0o644);
    process.wait(0..10);
    // It is open by now.
    set_mode(&path, 0o000);
    open.write_all(numbered(10..20).as_bytes()).unwrap();
    process.wait(10..20);

    // What comes in its place may not be read either, at first.
    fs::rename(&path, folder.path("a.log.1")).unwrap();
    let mut fresh = fs::File::create(&path).unwrap();
    set_mode(&path, 0o000);
    fresh.write_all(numbered(30..40).as_bytes()).unwrap();
    open.write_all(numbered(20..30).as_bytes()).unwrap();
    process.wait(20..30);
    set_mode(&path, 0o644);
    process.wait(30..40);
}
