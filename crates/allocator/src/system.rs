//! The system's allocator.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    #![expect(unsafe_code, reason = "glibc's statistics are C functions")]

    use std::thread;
    use std::time::Duration;

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
        // Without the thread memory is given back later, or not at all: nothing else depends on it.
        thread::Builder::new()
            .name("trim".to_owned())
            .stack_size(64 << 10)
            .spawn(trim_when_idle)
            .ok();
    }

    /// How often it is looked whether there is something to do.
    const LOOK: Duration = Duration::from_secs(10);
    /// The share of one CPU from which on the program is busy.
    const BUSY: f64 = 0.02;

    /// Gives free memory back to the kernel when work is over: what a burst needed lies between
    /// what is still in use, where glibc keeps it for ever. While there is work it would be needed
    /// again at once.
    fn trim_when_idle() {
        let (mut before, mut was_busy) = (0.0, true);
        loop {
            #[expect(clippy::disallowed_methods, reason = "a thread of its own")]
            thread::sleep(LOOK);
            let now = cpu_seconds();
            let is_busy = now - before > BUSY * LOOK.as_secs_f64();
            if was_busy && !is_busy {
                // SAFETY: malloc_trim has no preconditions; it takes the heaps' locks itself.
                unsafe { libc::malloc_trim(0) };
            }
            (before, was_busy) = (now, is_busy);
        }
    }

    /// The CPU time of the process so far.
    fn cpu_seconds() -> f64 {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: the clock exists on every Linux, and the pointer is to a timespec.
        unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
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
