//! How much memory the process uses and how much there is.

use std::sync::OnceLock;

/// Asks the allocator for the bytes in use.
pub type HeapProbe = fn() -> Option<u64>;

static PROBE: OnceLock<HeapProbe> = OnceLock::new();

/// Where a figure for the bytes in use comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeapUse {
    /// The allocator says so: what has been freed no longer counts.
    Allocator(u64),
    /// The kernel's count of private pages: the allocator may keep freed memory in it.
    Resident(u64),
}

impl HeapUse {
    /// The bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Allocator(bytes) | Self::Resident(bytes) => bytes,
        }
    }
}

/// Sets how the allocator is asked; a distribution's `main` calls it once, for the allocator that
/// it was built with. Later calls have no effect: a process has one allocator.
pub fn set_heap_probe(probe: HeapProbe) {
    // The second caller lost the race for the same allocator: nothing to report.
    let _already_set = PROBE.set(probe);
}

/// The bytes in use: what the allocator says, else the resident anonymous memory, else `None`
/// (no probe and no `/proc`).
#[must_use]
pub fn heap_in_use() -> Option<HeapUse> {
    if let Some(bytes) = PROBE.get().and_then(|probe| probe()) {
        return Some(HeapUse::Allocator(bytes));
    }
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    kib_field(&status, "RssAnon:").map(HeapUse::Resident)
}

/// The bytes that the process may use: the cgroup's limit, else the machine's memory.
///
/// As upstream: with cgroup v2 exactly `/sys/fs/cgroup/memory.max`, the root of the visible
/// namespace; with v1 `memory.limit_in_bytes`; `max` or an absurd value means the machine's.
/// `None` where neither can be read.
#[must_use]
pub fn total() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|meminfo| kib_field(&meminfo, "MemTotal:"));
    let limit = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .iter()
    .find_map(|path| std::fs::read_to_string(path).ok())
    .and_then(|text| text.trim().parse::<u64>().ok());
    match (limit, machine) {
        (Some(limit), Some(machine)) => Some(limit.min(machine)),
        (limit, machine) => limit.or(machine),
    }
}

fn kib_field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_files_are_kibibytes() {
        let text = "VmRSS:\t  2048 kB\nRssAnon:\t    1024 kB\n";
        assert_eq!(kib_field(text, "RssAnon:"), Some(1024 * 1024));
        assert_eq!(kib_field(text, "MemTotal:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_uses_some_of_what_there_is() {
        let used = heap_in_use().unwrap().bytes();
        assert!(used > 0 && used < total().unwrap());
    }
}
