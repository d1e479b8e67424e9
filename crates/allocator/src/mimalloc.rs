//! mimalloc.
#![expect(unsafe_code, reason = "mimalloc's statistics are C functions")]

use headwater_service::memory::HeapStats;

#[global_allocator]
static ALLOCATOR: ::mimalloc::MiMalloc = ::mimalloc::MiMalloc;

pub(super) fn install() {
    headwater_service::memory::set_heap_probe(probe);
}

/// mimalloc counts committed memory, the nearest to what is in use that it has at no cost.
fn probe() -> HeapStats {
    let (mut commit, mut unused) = (0_usize, 0_usize);
    let mut others = [0_usize; 6];
    let [elapsed, user, system, rss, peak_rss, peak_commit] = &mut others;
    // SAFETY: every pointer is to a valid, writable `usize` that outlives the call.
    unsafe {
        libmimalloc_sys::mi_process_info(
            elapsed,
            user,
            system,
            rss,
            peak_rss,
            &raw mut commit,
            peak_commit,
            &raw mut unused,
        );
    }
    HeapStats {
        allocated: commit as u64,
        total_allocated: None,
        system: commit as u64,
    }
}
