// SPDX-License-Identifier: GPL-2.0-only

//! The model checker's version of `kmod/core/platform.rs`: its atomics, and cells in which it detects every access that
//! the protocol does not order.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{fence, Ordering};

pub(super) use loom::sync::atomic::{AtomicI64, AtomicU64};
pub use loom::thread::yield_now as spin_loop;

pub use std::sync::Arc;

/// A fixed array on the heap.
pub type Array<T> = Vec<T>;

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
