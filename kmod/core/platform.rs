// SPDX-License-Identifier: GPL-2.0-only

//! Atomics, fences and arrays, as the pure logic needs them.
//!
//! Atomics are those of `core::sync::atomic`, or, under `--cfg loom`, of the model checker. A load or a store is one
//! instruction, as READ_ONCE(), WRITE_ONCE(), smp_load_acquire() and smp_store_release() are on the architectures
//! that the kernel builds Rust for. The kernel crate's atomics are calls of C functions, of which an event would
//! take thirty. Fences, which order against C code as well, and arrays are those of `kext` in the kernel, and of
//! the standard library on the host.

use core::sync::atomic::Ordering;

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
    Array, //
};

#[cfg(not(loom))]
#[path = "plain.rs"]
mod plain;
#[cfg(loom)]
use backend as plain;

use plain::{
    AtomicI64,
    AtomicU64, //
};
pub use plain::{
    Plain16,
    Plain64,
    Plain8, //
};

/// A 64-bit word that one context writes and any context reads.
///
/// Its writer knows what it wrote last, so it has no need to read the word, nor ever of a locked
/// instruction. (Nor should it read: to the model checker, a writer's own read hides the reads of
/// others before it.)
pub struct Word(AtomicU64);

impl Word {
    /// A word that holds `value`.
    pub fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    /// Reads the word, with no ordering.
    #[inline]
    pub fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Reads the word; everything that its writer did before [`Self::store_release`] is visible afterwards.
    #[inline]
    pub fn load_acquire(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Writes the word, with no ordering.
    #[inline]
    pub fn store(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Writes the word; everything done before is visible to a context that reads it by
    /// [`Self::load_acquire`].
    #[inline]
    pub fn store_release(&self, value: u64) {
        self.0.store(value, Ordering::Release);
    }
}

/// A small state that several contexts change, each by one step from what it was. Every change is ordered with
/// everything around it.
pub struct State(AtomicU64);

impl State {
    /// A state with the number `value`.
    pub fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    /// The state's number, with no ordering.
    #[inline]
    pub fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Changes the state from `old` to `new`, which may be the same; tells whether it was `old`.
    #[inline]
    pub fn change(&self, old: u64, new: u64) -> bool {
        let order = Ordering::SeqCst;
        self.0.compare_exchange(old, new, order, order).is_ok()
    }

    /// Changes the state to `new`, whatever it was.
    pub fn set(&self, new: u64) {
        self.0.swap(new, Ordering::SeqCst);
    }
}

/// A count that any context changes and any context reads, with no ordering.
pub struct Count(AtomicI64);

impl Count {
    /// A count of 0.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    /// The count; 0 when it is below.
    pub fn load(&self) -> u64 {
        u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Adds to the count; a negative amount takes from it.
    pub fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
}
