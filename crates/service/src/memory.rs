//! What is known about the process's memory.
//!
//! Without help only the kernel's figures are known. A distribution whose allocator keeps
//! statistics says so with [`set_heap_probe`], before anything else runs.

use std::fs;
use std::sync::OnceLock;

/// Figures of the allocator, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeapStats {
    /// Allocated and not freed; shown as `otelcol_process_runtime_heap_alloc_bytes`.
    pub allocated: u64,
    /// Allocated since the start, freed or not; `None` if the allocator does not count it.
    pub total_allocated: Option<u64>,
    /// Taken from the operating system; shown as
    /// `otelcol_process_runtime_total_sys_memory_bytes`.
    pub system: u64,
}

static HEAP_PROBE: OnceLock<fn() -> HeapStats> = OnceLock::new();

/// Sets where the allocator's figures come from, for own metrics and for components such as
/// memory_limiter. The first call counts; false if it was not this one.
pub fn set_heap_probe(probe: fn() -> HeapStats) -> bool {
    let first = HEAP_PROBE.set(probe).is_ok();
    headwater_core::memory::set_heap_probe(|| HEAP_PROBE.get().map(|probe| probe().allocated));
    first
}

/// The allocator's figures, or the nearest that the kernel has: anonymous resident memory for
/// what is allocated, the data segment for what was taken. `None` where neither is known.
#[must_use]
pub fn heap() -> Option<HeapStats> {
    if let Some(probe) = HEAP_PROBE.get() {
        return Some(probe());
    }
    Some(HeapStats {
        allocated: headwater_core::memory::heap_in_use()?.bytes(),
        total_allocated: None,
        system: Status::read()?.bytes("VmData:")?,
    })
}

/// Resident memory in bytes; `None` where it is not known.
#[must_use]
pub fn resident() -> Option<u64> {
    Status::read()?.bytes("VmRSS:")
}

/// /proc/self/status.
struct Status(String);

impl Status {
    fn read() -> Option<Self> {
        fs::read_to_string("/proc/self/status").ok().map(Self)
    }

    fn bytes(&self, key: &str) -> Option<u64> {
        let rest = self.0.lines().find_map(|line| line.strip_prefix(key))?;
        let kibibytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_bytes() {
        let status = Status("Name:\tx\nVmRSS:\t    8192 kB\nRssAnon:\t 4 kB\n".into());
        assert_eq!(status.bytes("VmRSS:"), Some(8 << 20));
        assert_eq!(status.bytes("RssAnon:"), Some(4096));
        assert_eq!(status.bytes("VmData:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory() {
        assert!(resident().unwrap() > 100_000);
        assert!(heap().unwrap().allocated > 10_000);
    }
}
