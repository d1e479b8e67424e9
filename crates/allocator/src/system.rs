//! The system's allocator.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    #![expect(unsafe_code, reason = "glibc's statistics are C functions")]

    use headwater_service::memory::HeapStats;

    /// Blocks from this size on are mapped and given back to the kernel when they are freed.
    /// glibc would raise the threshold to 32 MiB on its own and keep what batches once needed:
    /// with it fixed, span edits at full load peak at 83 MiB instead of 355, for less CPU time
    /// (benches/README.md). A limit to the number of arenas changed neither, so there is none.
    const MAPPED_FROM: libc::c_int = 4 << 20;
    /// Free memory at the end of a heap beyond this goes back to the kernel.
    const KEPT: libc::c_int = 8 << 20;

    pub(super) fn install() {
        for (parameter, value) in [
            (libc::M_MMAP_THRESHOLD, MAPPED_FROM),
            (libc::M_TRIM_THRESHOLD, KEPT),
        ] {
            // SAFETY: mallopt takes any parameter and value; what it does not know it ignores.
            unsafe { libc::mallopt(parameter, value) };
        }
        headwater_service::memory::set_heap_probe(probe);
    }

    fn probe() -> HeapStats {
        // SAFETY: mallinfo2 has no preconditions; it takes the heaps' locks itself.
        let info = unsafe { libc::mallinfo2() };
        HeapStats {
            allocated: (info.uordblks + info.hblkhd) as u64,
            total_allocated: None,
            system: (info.arena + info.hblkhd) as u64,
        }
    }
}

pub(super) fn install() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::install();
}
