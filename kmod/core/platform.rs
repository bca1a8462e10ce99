// SPDX-License-Identifier: GPL-2.0-only

//! Atomics, fences and arrays for the pure logic.
//!
//! Atomics are those of `core::sync::atomic`, or, with `--cfg loom`, those of the model checker. A
//! load or a store is one instruction, as READ_ONCE(), WRITE_ONCE(), smp_load_acquire() and
//! smp_store_release() are on the architectures for which the kernel builds Rust. The kernel
//! crate's atomics are calls of C functions; each event would need about thirty. Fences and arrays
//! are those of `kext` in the kernel, and of the standard library on the host. The kernel's fences
//! also order against C code.

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
/// The writer knows its last value, so it needs neither a read of the word nor a locked
/// instruction. (It should not read the word: in the model checker, a read by the writer hides
/// earlier reads of other contexts.)
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

    /// Reads the word. Everything that its writer did before [`Self::store_release`] is then
    /// visible.
    #[inline]
    pub fn load_acquire(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Writes the word, with no ordering.
    #[inline]
    pub fn store(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Writes the word. Everything done before is visible to a context that reads it with
    /// [`Self::load_acquire`].
    #[inline]
    pub fn store_release(&self, value: u64) {
        self.0.store(value, Ordering::Release);
    }
}

/// A small state that several contexts change, each with an atomic step from the current state.
/// Every change is fully ordered.
pub struct State(AtomicU64);

impl State {
    /// A state of value `value`.
    pub fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    /// Reads the state, with no ordering.
    #[inline]
    pub fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Changes the state from `old` to `new`, which may be equal. Tells whether the state was
    /// `old`.
    #[inline]
    pub fn change(&self, old: u64, new: u64) -> bool {
        let order = Ordering::SeqCst;
        self.0.compare_exchange(old, new, order, order).is_ok()
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

    /// Reads the count; 0 when it is negative.
    pub fn load(&self) -> u64 {
        u64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// Adds `amount`, which may be negative, to the count.
    pub fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
}
