//! jemalloc.

use headwater_service::memory::HeapStats;
use tikv_jemalloc_ctl::{epoch, stats};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

pub(super) fn install() {
    headwater_service::memory::set_heap_probe(probe);
}

fn probe() -> HeapStats {
    // The figures are of the last epoch; a failure leaves them as they were.
    let read = || -> Result<HeapStats, tikv_jemalloc_ctl::Error> {
        epoch::advance()?;
        Ok(HeapStats {
            allocated: stats::allocated::read()? as u64,
            total_allocated: None,
            system: stats::resident::read()? as u64,
        })
    };
    read().unwrap_or_default()
}
