//! The allocator of a distribution, and what it knows about itself.
//!
//! memory_limiter needs to know how many bytes are in use. The kernel's figures do not say: an
//! allocator keeps freed memory for later. So each allocator is asked for its own count.
//!
//! The generated `main` of a distribution calls [`install`] first. The features `mimalloc` and
//! `jemalloc` replace the system's allocator for the whole program.

#[cfg(feature = "jemalloc")]
mod jemalloc;
#[cfg(all(feature = "mimalloc", not(feature = "jemalloc")))]
mod mimalloc;
#[cfg(not(any(feature = "mimalloc", feature = "jemalloc")))]
mod system;

#[cfg(feature = "jemalloc")]
use jemalloc as chosen;
#[cfg(all(feature = "mimalloc", not(feature = "jemalloc")))]
use mimalloc as chosen;
#[cfg(not(any(feature = "mimalloc", feature = "jemalloc")))]
use system as chosen;

/// Tunes the allocator for a collector and tells the service where to read its figures.
///
/// Call it once, before threads are started.
pub fn install() {
    chosen::install();
}

#[cfg(test)]
mod tests {
    // mimalloc has no such count, see its module.
    #[cfg(not(feature = "mimalloc"))]
    #[test]
    fn what_is_allocated_shows_and_what_is_freed_does_not() {
        super::install();
        let before = headwater_service::memory::heap().unwrap().allocated;
        let block = vec![1_u8; 32 << 20];
        let with = headwater_service::memory::heap().unwrap().allocated;
        assert_eq!(block.len(), 32 << 20);
        drop(block);
        let after = headwater_service::memory::heap().unwrap().allocated;
        assert!(with >= before + (31 << 20), "{before} {with}");
        assert!(after < with - (31 << 20), "{with} {after}");
    }
}
