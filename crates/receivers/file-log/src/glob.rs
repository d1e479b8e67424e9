//! Globs with `**`, and the walk that finds files by them.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use headwater_regexp::Regex;

/// How deep folders may nest.
const MAX_DEPTH: usize = 64;

/// How many patterns braces may stand for.
const MAX_ALTERNATIVES: usize = 1000;

/// A part of a pattern between slashes.
#[derive(Debug, Clone)]
enum Part {
    /// A name as it is.
    Name(String),
    /// Any name that matches.
    Match(Regex),
    /// Any folders, or none.
    Any,
}

/// A compiled glob.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    alternatives: Vec<(PathBuf, Vec<Part>)>,
    whole: Regex,
}

impl Pattern {
    /// Compiles a glob; the error says what is wrong with it.
    pub(crate) fn new(glob: &str) -> Result<Self, String> {
        let mut plain = Vec::new();
        expand(glob, &mut plain)?;
        let mut alternatives = Vec::new();
        let mut wholes = Vec::new();
        for glob in &plain {
            let base = if glob.starts_with('/') { "/" } else { "" };
            let mut parts = Vec::new();
            let mut whole = String::new();
            let mut names: Vec<_> = glob.split('/').filter(|name| !name.is_empty()).collect();
            // Any folders, and any folders of those, are any folders.
            names.dedup_by(|name, before| *name == "**" && *before == "**");
            for (index, name) in names.iter().enumerate() {
                let last = index + 1 == names.len();
                let slash = if index == 0 { base } else { "/" };
                if *name == "**" {
                    parts.push(Part::Any);
                    whole.push_str(&match (last, index) {
                        (true, _) => format!("(?:{slash}.*)?"),
                        // As upstream, folders from the root on as well: `**/a.log` matches `/x/a.log`.
                        (false, 0) if base.is_empty() => "(?:[^/]*/)*".to_owned(),
                        // The slash before belongs to the group.
                        (false, _) => "/(?:[^/]+/)*".to_owned(),
                    });
                    continue;
                }
                let after_any = index > 0 && names[index - 1] == "**";
                let regex = component(name)?;
                if !after_any {
                    whole.push_str(slash);
                }
                whole.push_str(&regex);
                parts.push(if name.contains(['*', '?', '[', '\\']) {
                    Part::Match(compile(&format!("^(?s:{regex})$"))?)
                } else {
                    Part::Name((*name).to_owned())
                });
            }
            if glob.len() > 1 && glob.ends_with('/') {
                // What ends with a slash is no file.
                whole.push('/');
            }
            alternatives.push((PathBuf::from(base), parts));
            wholes.push(whole);
        }
        let whole = compile(&format!("^(?s:{})$", wholes.join("|")))?;
        Ok(Self {
            alternatives,
            whole,
        })
    }

    /// Compiles a glob of what is to be read, in which a slash at the end says nothing.
    pub(crate) fn include(glob: &str) -> Result<Self, String> {
        let file = glob.trim_end_matches('/');
        Self::new(if file.is_empty() { glob } else { file })
    }

    /// Whether the whole path matches. Source: doublestar, `PathMatch`.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        self.whole.is_match(path.as_os_str().as_encoded_bytes())
    }

    /// Adds the files that exist, and the folders that were looked into.
    pub(crate) fn walk(&self, found: &mut Found) {
        for (base, parts) in &self.alternatives {
            let mut walk = Walk {
                parts,
                found,
                seen: HashSet::new(),
                above: Vec::new(),
            };
            walk.folder(base, 0);
        }
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: BTreeSet<PathBuf>,
    pub(crate) folders: BTreeSet<PathBuf>,
}

struct Walk<'w> {
    parts: &'w [Part],
    found: &'w mut Found,
    seen: HashSet<(PathBuf, usize)>,
    /// Device and inode of the folders above, against circles of links.
    above: Vec<(u64, u64)>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, at: usize) {
        let Some(part) = self.parts.get(at) else {
            return;
        };
        if self.above.len() >= MAX_DEPTH || !self.seen.insert((path.to_owned(), at)) {
            return;
        }
        let listed = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let last = at + 1 == self.parts.len();
        match part {
            Part::Name(name) => {
                let child = path.join(name);
                let Ok(metadata) = fs::metadata(&child) else {
                    // What is missing may come: its folder is watched.
                    self.found.folders.insert(listed.to_owned());
                    return;
                };
                if last && metadata.is_file() {
                    self.found.folders.insert(listed.to_owned());
                    self.found.files.insert(child);
                } else if !last && metadata.is_dir() {
                    self.folder(&child, at + 1);
                }
            }
            Part::Match(_) | Part::Any => {
                self.found.folders.insert(listed.to_owned());
                let any = matches!(part, Part::Any);
                if any && !last {
                    self.folder(path, at + 1);
                }
                self.entries(path, listed, at);
            }
        }
    }

    /// Looks at what a folder holds.
    fn entries(&mut self, path: &Path, listed: &Path, at: usize) {
        let Ok(entries) = fs::read_dir(listed) else {
            return;
        };
        let any = matches!(self.parts[at], Part::Any);
        let last = at + 1 == self.parts.len();
        let mut folders = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name();
            if !self.name_matches(at, &name) {
                continue;
            }
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let child = path.join(&name);
            let kind = if kind.is_symlink() {
                let Ok(metadata) = fs::metadata(&child) else {
                    continue;
                };
                metadata.file_type()
            } else {
                kind
            };
            if kind.is_dir() && (any || !last) {
                folders.push(child);
            } else if kind.is_file() && last {
                self.found.files.insert(child);
            }
        }
        folders.sort();
        for folder in folders {
            let Ok(metadata) = fs::metadata(&folder) else {
                continue;
            };
            let identity = (metadata.dev(), metadata.ino());
            if self.above.contains(&identity) {
                continue;
            }
            self.above.push(identity);
            self.folder(&folder, if any { at } else { at + 1 });
            self.above.pop();
        }
    }

    fn name_matches(&self, at: usize, name: &OsStr) -> bool {
        match &self.parts[at] {
            Part::Any => true,
            Part::Name(part) => name == OsStr::new(part),
            Part::Match(regex) => regex.is_match(name.as_encoded_bytes()),
        }
    }
}

fn compile(regex: &str) -> Result<Regex, String> {
    headwater_regexp::compile(regex).map_err(|error| error.to_string())
}

/// Writes the alternatives in braces out, which may nest.
fn expand(glob: &str, out: &mut Vec<String>) -> Result<(), String> {
    if out.len() >= MAX_ALTERNATIVES {
        return Err("too many alternatives in braces".to_owned());
    }
    let bytes = glob.as_bytes();
    let mut escaped = false;
    let mut class_end = 0;
    let mut open = None;
    let mut depth = 0;
    let mut commas = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if at < class_end => {}
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' if depth == 0 => class_end = at + class_length(&bytes[at..]),
            b'{' => {
                depth += 1;
                if depth == 1 {
                    open = Some(at);
                }
            }
            b',' if depth == 1 => commas.push(at),
            b'}' if depth == 1 => {
                let begin = open.unwrap_or(0);
                let mut from = begin + 1;
                commas.push(at);
                for comma in commas {
                    let middle = &glob[from..comma];
                    expand(
                        &format!("{}{middle}{}", &glob[..begin], &glob[at + 1..]),
                        out,
                    )?;
                    from = comma + 1;
                }
                return Ok(());
            }
            b'}' if depth > 1 => depth -= 1,
            _ => {}
        }
    }
    if depth > 0 {
        return Err("unclosed `{`".to_owned());
    }
    out.push(glob.to_owned());
    Ok(())
}

/// How many bytes a class in brackets has, in which braces stand for themselves; 0 if it has no end.
fn class_length(class: &[u8]) -> usize {
    let negated = matches!(class.get(1), Some(b'!' | b'^'));
    let begin = if negated { 2 } else { 1 };
    let mut at = begin;
    while let Some(byte) = class.get(at) {
        match byte {
            b']' if at > begin => return at + 1,
            b'/' => return 0,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    0
}

/// The regular expression of one name.
fn component(name: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '\\' => {
                let c = chars.next().ok_or("ends with a backslash")?;
                out.push_str(&quoted(c));
            }
            '[' => {
                out.push('[');
                if let Some('!' | '^') = chars.peek() {
                    chars.next();
                    out.push('^');
                }
                let mut members = 0;
                loop {
                    match chars.next().ok_or("unclosed `[`")? {
                        ']' if members > 0 => break,
                        '-' => out.push('-'),
                        '\\' => out.push_str(&quoted(chars.next().ok_or("unclosed `[`")?)),
                        c => out.push_str(&quoted(c)),
                    }
                    members += 1;
                }
                out.push(']');
            }
            c => out.push_str(&quoted(c)),
        }
    }
    Ok(out)
}

/// A character that stands for itself.
fn quoted(c: char) -> String {
    if c.is_ascii_punctuation() {
        format!("\\{c}")
    } else {
        c.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(glob: &str, path: &str) -> bool {
        Pattern::new(glob).unwrap().matches(Path::new(path))
    }

    #[test]
    fn globs_match_what_they_say() {
        assert!(matches("/var/log/*.log", "/var/log/a.log"));
        assert!(!matches("/var/log/*.log", "/var/log/x/a.log"));
        assert!(matches("/var/log/**/*.log", "/var/log/a.log"));
        assert!(matches("/var/log/**/*.log", "/var/log/x/y/a.log"));
        assert!(matches("/var/log/**", "/var/log/x/y"));
        assert!(matches("**/a.log", "x/y/a.log") && matches("**/a.log", "a.log"));
        assert!(matches("/l/{a,b*}.{log,txt}", "/l/bcd.txt"));
        assert!(!matches("/l/{a,b*}.{log,txt}", "/l/c.txt"));
        assert!(matches("/l/[a-c]?[!x].log", "/l/b1y.log"));
        assert!(!matches("/l/[a-c]?[!x].log", "/l/b1x.log"));
        assert!(matches("/l/a.b+(c)", "/l/a.b+(c)") && !matches("/l/a.b", "/l/aXb"));
        for glob in ["/l/[a", "/l/{a", "/l/a\\"] {
            assert!(Pattern::new(glob).is_err(), "{glob}");
        }
    }

    /// What doublestar's `PathMatch` answers.
    #[test]
    fn globs_match_what_they_match_upstream() {
        for (glob, path, expected) in [
            ("**/skip.log", "/var/log/x/skip.log", true),
            ("**/skip.log", "/skip.log", true),
            ("**/skip.log", "var/skip.log", true),
            ("**/skip.log", "/var/log/xskip.log", false),
            ("**/x/*.log", "/var/log/x/a.log", true),
            ("**/x/*.log", "/var/log/x/y/a.log", false),
            ("**/var/**", "/var/log/a.log", true),
            ("**/{x,y}/**", "/var/y/a.log", true),
            ("**", "/var/log/a.log", true),
            ("/**/skip.log", "/var/log/skip.log", true),
            ("/**/skip.log", "var/skip.log", false),
            ("var/**/skip.log", "/var/log/skip.log", false),
            ("*/skip.log", "/skip.log", true),
            ("*/skip.log", "/var/skip.log", false),
            ("skip.log", "/var/skip.log", false),
            ("*.log", "/a.log", false),
            ("**.log", "/var/a.log", false),
            ("/var/**.log", "/var/a.log", true),
            ("/var/**.log", "/var/x/a.log", false),
            ("**/**/skip.log", "skip.log", true),
            ("/var/**/**", "/var/log/a.log", true),
            ("/var/**", "/var", true),
            ("/var/log/**/", "/var/log/a.log", false),
            ("/var/log/", "/var/log", false),
            ("/l/[{]", "/l/{", true),
            ("/l/[^{,}]{a,b}", "/l/xb", true),
            ("/l/[a\\]b]", "/l/]", true),
        ] {
            assert_eq!(matches(glob, path), expected, "{glob} {path}");
        }
    }

    #[test]
    fn the_walk_finds_what_matches_and_leaves_circles_of_links() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir_all(path("a/b")).unwrap();
        for file in ["x.log", "a/y.log", "a/b/z.log", "a/b/z.txt"] {
            fs::write(path(file), "").unwrap();
        }
        std::os::unix::fs::symlink(root.path(), path("a/b/circle")).unwrap();
        std::os::unix::fs::symlink(path("x.log"), path("a/link.log")).unwrap();
        std::os::unix::fs::symlink(path("nowhere"), path("a/broken.log")).unwrap();
        let walk = |glob: &str| {
            let mut found = Found::default();
            Pattern::new(&path(glob).to_string_lossy())
                .unwrap()
                .walk(&mut found);
            let names = found.files.into_iter().map(|file| {
                file.strip_prefix(root.path())
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
            });
            names
                .filter(|name| !name.contains("circle"))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            walk("**/*.log"),
            ["a/b/z.log", "a/link.log", "a/y.log", "x.log"]
        );
        assert_eq!(walk("*/*/*"), ["a/b/z.log", "a/b/z.txt"]);
        assert_eq!(walk("{x,q}.log"), ["x.log"]);
        assert!(walk("missing/*.log").is_empty());
    }
}
