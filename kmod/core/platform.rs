// SPDX-License-Identifier: GPL-2.0-only

//! Atomics, fences and arrays, as the pure logic needs them. In the kernel they are those of `kext`; on the
//! host those of the standard library; under `--cfg loom` those of the model checker.

#[cfg(MODULE)]
use crate::kext::logic_backend as backend;

#[cfg(all(not(MODULE), not(loom)))]
#[path = "host.rs"]
mod backend;

#[cfg(all(not(MODULE), loom))]
#[path = "../../tests/core/loom_backend.rs"]
mod backend;

pub use backend::{
    read_fence,
    spin_loop,
    without_preemption,
    write_fence,
    Arc,
    Array,
    Plain16,
    Plain64,
    Plain8, //
};

/// A 64-bit word that one context writes and any context reads.
///
/// Its writer knows what it wrote last, so it has no need to read the word, nor ever of a locked
/// instruction. (Nor should it read: to the model checker, a writer's own read hides the reads of
/// others before it.)
pub struct Word(backend::AtomicWord);

impl Word {
    /// A word that holds `value`.
    pub fn new(value: u64) -> Self {
        Self(backend::AtomicWord::new(value))
    }

    /// Reads the word, with no ordering.
    #[inline]
    pub fn load(&self) -> u64 {
        self.0.load()
    }

    /// Reads the word; everything that its writer did before [`Self::store_release`] is visible afterwards.
    #[inline]
    pub fn load_acquire(&self) -> u64 {
        self.0.load_acquire()
    }

    /// Writes the word, with no ordering.
    #[inline]
    pub fn store(&self, value: u64) {
        self.0.store(value);
    }

    /// Writes the word; everything done before is visible to a context that reads it by
    /// [`Self::load_acquire`].
    #[inline]
    pub fn store_release(&self, value: u64) {
        self.0.store_release(value);
    }
}

/// A count that any context changes and any context reads, with no ordering.
pub struct Count(backend::AtomicCount);

impl Count {
    /// A count of 0.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(backend::AtomicCount::new())
    }

    /// The count; 0 when it is below.
    pub fn load(&self) -> u64 {
        u64::try_from(self.0.load()).unwrap_or(0)
    }

    /// Adds to the count; a negative amount takes from it.
    pub fn add(&self, amount: i64) {
        self.0.add(amount);
    }
}
