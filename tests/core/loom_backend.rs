// SPDX-License-Identifier: GPL-2.0-only

//! The model checker's side of `kmod/core/platform.rs`: its atomics, and cells in which it notices every
//! access that the protocol does not order.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{fence, AtomicI64, AtomicU64, Ordering};

pub use loom::thread::yield_now as spin_loop;

pub use std::sync::Arc;

/// A fixed array on the heap.
pub type Array<T> = Vec<T>;

pub(super) struct AtomicWord(AtomicU64);

impl AtomicWord {
    pub(super) fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    pub(super) fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn load_acquire(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn store(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(super) fn store_release(&self, value: u64) {
        self.0.store(value, Ordering::Release);
    }
}

pub(super) struct AtomicCount(AtomicI64);

impl AtomicCount {
    pub(super) fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    pub(super) fn load(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
}

macro_rules! plain {
    ($name:ident, $number:ty) => {
        /// A number whose owner changes by a protocol: it is never written while others access it.
        pub struct $name(UnsafeCell<$number>);

        // SAFETY: The model checker panics at each access that is a race.
        unsafe impl Sync for $name {}

        impl $name {
            /// A cell that holds `value`.
            pub fn new(value: $number) -> Self {
                Self(UnsafeCell::new(value))
            }

            /// Reads the value.
            pub fn get(&self) -> $number {
                // SAFETY: The model checker has made sure that nobody writes.
                self.0.with(|value| unsafe { *value })
            }

            /// Writes the value.
            pub fn set(&self, value: $number) {
                // SAFETY: The model checker has made sure that nobody else accesses it.
                self.0.with_mut(|place| unsafe { *place = value });
            }
        }
    };
}

plain!(Plain64, u64);
plain!(Plain16, u16);
plain!(Plain8, u8);

/// As on the host.
pub fn write_fence() {
    fence(Ordering::Release);
}

/// As on the host.
pub fn read_fence() {
    fence(Ordering::Acquire);
}

/// As on the host.
pub fn without_preemption<R>(function: impl FnOnce() -> R) -> R {
    function()
}
