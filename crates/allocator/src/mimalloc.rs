//! mimalloc.
//!
//! It counts what it has committed, freed or not, which says no more than the kernel does. So no
//! probe is set: memory_limiter falls back to the resident memory and knows that it is that.

#[global_allocator]
static ALLOCATOR: ::mimalloc::MiMalloc = ::mimalloc::MiMalloc;

pub(super) const fn install() {}
