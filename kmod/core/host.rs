// SPDX-License-Identifier: GPL-2.0-only

//! The host's side of [`super`]: the standard library.

use std::sync::atomic::{fence, AtomicI64, AtomicU16, AtomicU64, AtomicU8, Ordering};

pub use std::hint::spin_loop;

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
    ($name:ident, $atomic:ident, $number:ty) => {
        /// A number whose owner changes by a protocol: it is never written while others access it.
        pub struct $name($atomic);

        impl $name {
            /// A cell that holds `value`.
            pub fn new(value: $number) -> Self {
                Self($atomic::new(value))
            }

            /// Reads the value.
            #[inline]
            pub fn get(&self) -> $number {
                self.0.load(Ordering::Relaxed)
            }

            /// Writes the value.
            #[inline]
            pub fn set(&self, value: $number) {
                self.0.store(value, Ordering::Relaxed);
            }
        }
    };
}

plain!(Plain64, AtomicU64, u64);
plain!(Plain16, AtomicU16, u16);
plain!(Plain8, AtomicU8, u8);

/// Orders the relaxed stores before it against those after it, for a context that pairs it with
/// [`read_fence`].
pub fn write_fence() {
    fence(Ordering::Release);
}

/// Orders the relaxed loads before it against those after it; pairs with [`write_fence`].
pub fn read_fence() {
    fence(Ordering::Acquire);
}

/// Calls `function`. The host's scheduler lets every thread go on some time.
pub fn without_preemption<R>(function: impl FnOnce() -> R) -> R {
    function()
}
